"""What is built keeps its name from version to version, and components of one program don't take each other's."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import mocks

from greenai_infra.contracts.stack.training import read_training_config
from greenai_infra.errors import InputError
from greenai_infra.previews.offline.program import run_program
from greenai_infra.previews.run import preview
from greenai_infra.previews.sdk.providers import Providers
from greenai_infra.project.project import read_stack
from greenai_infra.stacks.names import LONGEST, regional_name

from .declare import CONFIGS, ROOT, Declared
from .several import AWS_SECTIONS, PROGRAMS, config_values, write_several

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = Path(__file__).parent / "urns"
EXAMPLES = sorted(file.stem for file in RECORDED.glob("*.txt"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_stacks_that_stand_keep_their_urns(example: str, tmp_path: Path) -> None:
    """A URN that goes is a resource that `up` destroys: recorded before components took their names from themselves."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    for file in (ROOT / "Pulumi.yaml", CONFIGS / f"Pulumi.{example}.yaml"):
        shutil.copy(file, tmp_path)
    program = read_stack(tmp_path, example)

    recorded, failure = run_program(program, Providers(program.config).check)

    assert failure is None
    now = {urn.split("::", 2)[2] for urn in recorded.registrations}
    assert set((RECORDED / f"{example}.txt").read_text().split()) - now == set()


def declare_several(cloud: str) -> Declared:
    """What the program with several components declares under Pulumi's mocks."""
    declared = Declared()

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        exec(compile(PROGRAMS[cloud][0], "several", "exec"), {})

    asyncio.set_event_loop(asyncio.new_event_loop())  # the mocks want one, and another test may have closed it
    mocks.set_mocks(declared, project="several", stack="dev", preview=False)
    pulumi.runtime.set_all_config(config_values(cloud), [])
    program()
    return declared


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_several_components_share_no_name(cloud: str) -> None:
    declared = declare_several(cloud)

    # By type and name alone: stricter than the engine, which knows the parents' types too.
    names = Counter((one.type, one.name) for one in declared.everything)
    assert [name for name, times in names.items() if times > 1] == []
    begins = ("tune-north", "tune-west", "answers", "chat")
    for one in declared.resources:
        bare = one.name.partition("-")[2] if one.type.endswith(":SecurityGroup") else one.name
        assert bare.startswith(begins), one


@pytest.mark.parametrize(
    ("kind", "given"), [("LogGroup", "name"), ("Alias", "name"), ("Account", "accountId"), ("IAMCustomRole", "roleId")]
)
def test_names_that_are_given_differ_too(kind: str, given: str) -> None:
    found = declare_several("gcp" if kind in ("Account", "IAMCustomRole") else "aws").of(kind)

    names = [(one.inputs.get("region"), one.inputs[given]) for one in found]
    assert len(set(names)) == len(names) >= 4


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_several_components_preview_without_a_word(cloud: str, tmp_path: Path) -> None:
    write_several(tmp_path, cloud)

    result = preview(tmp_path, "dev")

    assert [one for one in result.findings if one.severity == "error"] == []
    assert not result.stopped
    regions = {"aws": {"eu-north-1", "eu-west-3"}, "gcp": {"northamerica-northeast1", "us-west1", "europe-north1"}}
    assert regions[cloud] <= {one.region for one in result.built}
    assert len(result.built) > 130


def test_a_name_that_buckets_can_t_take_is_refused() -> None:
    from greenai_infra.stacks.aws import TrainingRegion, TrainingRegionArgs

    args = TrainingRegionArgs(read_training_config(AWS_SECTIONS["north"]))
    asyncio.set_event_loop(asyncio.new_event_loop())
    for name in ("TuneNorth", "ab", "x" * 41, "tune_north"):
        mocks.set_mocks(Declared(), project="several", stack="dev", preview=False)
        with pytest.raises(InputError, match=f"component '{name}' of workload finetune-7b"):
            TrainingRegion(name, args)


@pytest.mark.parametrize(
    ("name", "region", "expected"),
    [
        ("tune", "eu-north-1", "tune-eu-north-1"),
        ("a" * 16, "northamerica-northeast1", "a" * 16 + "-northamerica-northeast1"),
        # sha256 of 17 times `a` begins with b860 by `printf aaaaaaaaaaaaaaaaa | sha256sum`.
        ("a" * 17, "northamerica-northeast1", "a" * 11 + "-b860-northamerica-northeast1"),
    ],
)
def test_a_region_s_name_fits(name: str, region: str, expected: str) -> None:
    assert regional_name(name, region) == expected
    assert len(expected) <= LONGEST


LOADED = """
import sys
from greenai_infra.stacks.{cloud} import {name}
print(*sorted(one for one in sys.modules if one.startswith("greenai_infra.stacks.{cloud}.")))
"""


@pytest.mark.parametrize(
    ("cloud", "name", "others"),
    [
        ("aws", "CarbonLedger", ("aws.training", "aws.inference", "aws.cache", "aws.alarms")),
        ("gcp", "InferenceCache", ("gcp.training", "gcp.inference", "gcp.alarms")),
    ],
)
def test_a_component_is_imported_alone(cloud: str, name: str, others: tuple[str, ...]) -> None:
    code = LOADED.format(cloud=cloud, name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not [
        one for one in done.stdout.split() if one.startswith(tuple(f"greenai_infra.stacks.{o}" for o in others))
    ]


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_every_public_name_is_there(cloud: str) -> None:
    import importlib

    package: Any = importlib.import_module(f"greenai_infra.stacks.{cloud}")
    found: Callable[..., Any]
    for name in package.__all__:
        found = getattr(package, name)
        assert found.__name__ == name
    with pytest.raises(AttributeError, match="TrainingRegions"):
        _ = package.TrainingRegions
