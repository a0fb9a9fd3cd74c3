"""The language host under the real engine: programs that fail, settings that reach them, and policy packs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import projects
from .project import SAMPLE, Project

if TYPE_CHECKING:
    from .engine_cli import Engine

pytestmark = pytest.mark.engine

MakeProject = Callable[..., Project]

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def tagged(args, report):
    if args.resource_type == "aws:sns/topic:Topic" and not args.props.get("tags"):
        report("a topic needs tags")


PolicyPack("sample-pack", [ResourceValidationPolicy("topics-are-tagged", "Topics need tags.", tagged,
           enforcement_level=EnforcementLevel.MANDATORY)])
"""


@pytest.fixture(params=["cold", "warm"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> MakeProject:
    """On each of the two hosts: the plugin, and what an engine attaches to."""
    engine: Engine = request.getfixturevalue("cold_engine" if request.param == "cold" else "engine")
    return projects(engine, tmp_path)


def write_pack(folder: Path) -> str:
    pytest.importorskip("pulumi_policy")
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "__main__.py").write_text(PACK)
    return str(folder)


def test_config_and_secrets_reach_the_program_and_outputs_the_stack(project: MakeProject) -> None:
    program = """
import pulumi

config = pulumi.Config()
pulumi.export("plain", config.require("word"))
pulumi.export("secret", config.require_secret("password"))
print("said by the program", pulumi.get_project(), pulumi.runtime.is_dry_run())
"""
    sample = project(program, {"word": "green"})
    sample.pulumi("config", "set", "--secret", "password", "hush")

    up = sample.pulumi("up", "--yes", "--skip-preview")

    assert "said by the program sample False" in up.stdout
    assert "hush" not in up.stdout
    assert sample.engine.json("stack", "output", cwd=sample.folder, stack=sample.stack) == {
        "plain": "green",
        "secret": "[secret]",
    }


def test_a_program_that_raises_stops_the_preview_with_its_traceback(project: MakeProject) -> None:
    stopped = project('raise ValueError("no such region")\n').pulumi("preview", check=False)

    assert stopped.returncode != 0
    assert "ValueError: no such region" in stopped.stdout


def test_a_program_that_exits_stops_the_preview_with_its_code(project: MakeProject) -> None:
    stopped = project("import os\nos._exit(7)\n").pulumi("preview", check=False)

    assert stopped.returncode != 0
    assert "the program ended with exit code 7" in stopped.stdout


def test_a_violated_policy_stops_preview_and_up(project: MakeProject, tmp_path_factory: pytest.TempPathFactory) -> None:
    sample = project(SAMPLE)
    pack = write_pack(tmp_path_factory.mktemp("policy") / "pack")

    preview = sample.pulumi("preview", "--policy-pack", pack, check=False)
    up = sample.pulumi("up", "--yes", "--skip-preview", "--policy-pack", pack, check=False)

    for stopped in (preview, up):
        assert stopped.returncode != 0
        assert "a topic needs tags" in stopped.stdout
        assert "topics-are-tagged" in stopped.stdout
    assert not [item for item in sample.resources() if item["type"] == "aws:sns/topic:Topic"]


def test_a_kept_policy_lets_the_preview_pass(project: MakeProject, tmp_path_factory: pytest.TempPathFactory) -> None:
    sample = project(SAMPLE.replace('"news", region=region', '"news", region=region, tags={"purpose": "alarm"}'))
    pack = write_pack(tmp_path_factory.mktemp("policy") / "pack")

    assert sample.pulumi("preview", "--policy-pack", pack).returncode == 0
