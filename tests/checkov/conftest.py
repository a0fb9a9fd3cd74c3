"""All example stacks, previewed once, and copies of some with a mistake in them, scanned by one run of checkov."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.apart import find_tool

from .planted import PLANTED
from .scan import ROOT, Scan, scan
from .terraform import labelled

if TYPE_CHECKING:
    from greenai_infra.contracts.declared import DeclaredResource

CONFIGS = ROOT / "tests" / "stacks" / "configs"


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, DeclaredResource]]:
    """What each example stack builds, by label, by the stack's name."""
    pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
    pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
    from greenai_infra.previews.run import preview

    project = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Pulumi.yaml", project)
    for name in ("stacks", "templates"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    found = {}
    for config in sorted(CONFIGS.glob("Pulumi.*.yaml")):
        shutil.copy(config, project)
        stack = config.name.split(".")[1]
        found[stack] = labelled(preview(project, stack))
    return found


@pytest.fixture(scope="session")
def planted(stacks: dict[str, dict[str, DeclaredResource]]) -> dict[str, dict[str, DeclaredResource]]:
    """One stack a mistake, with nothing in it but the resource that has it, under a label of its own."""
    made = {}
    for mistake in PLANTED:
        label, one = next((label, one) for label, one in stacks[mistake.stack].items() if one.type == mistake.type)
        inputs = {**one.inputs, **mistake.changes}
        inputs = {key: value for key, value in inputs.items() if value is not None}
        made[mistake.id] = {f"{mistake.id}__{label}": replace(one, inputs=inputs)}
    return made


@pytest.fixture(scope="session")
def scanned(
    stacks: dict[str, dict[str, DeclaredResource]],
    planted: dict[str, dict[str, DeclaredResource]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Scan:
    """What checkov says of all of them; the test is skipped where there is no checkov."""
    command, reason = find_tool("checkov")
    if command is None:
        pytest.skip(reason)
    return scan(command, tmp_path_factory.mktemp("terraform"), {**stacks, **planted})
