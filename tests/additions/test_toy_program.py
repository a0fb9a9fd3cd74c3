"""A new program is a file in `stacks/`, and its section a file in the package; a user's own needs the first alone."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.contracts.stack import stack_specs

from .conftest import ROOT, Add, Copy

pytest.importorskip("pulumi_aws")

SECTION = '''
    """The section `queue` of an AWS stack."""

    from typing import Annotated

    from msgspec import Meta

    from greenai_infra.contracts.stack import StackSpec
    from greenai_infra.contracts.stack.fields import PROJECT, AwsRegion, CarbonTagged, carbon_example, read_typed


    class QueueConfig(CarbonTagged, frozen=True, kw_only=True):
        region: AwsRegion
        keep_days: Annotated[int, Meta(ge=1, le=14, examples=[4])]


    QUEUE_EXAMPLE = """\\
    greenai-infra:queue:
      workload: jobs
      project: platform
      team: platform
      region: eu-north-1
      keep_days: 4
    """ + carbon_example("SE-SE3", 20)


    def read_queue_config(values, where=f"{PROJECT}:queue"):
        return read_typed(QueueConfig, values, where, QUEUE_EXAMPLE)


    SPEC = StackSpec(program="queue", cloud="aws", config=QueueConfig, example=QUEUE_EXAMPLE, needs_budget=True)
    '''
PROGRAM = '''"""A queue of jobs."""

import pulumi_aws as aws
from greenai_infra.contracts.stack.queue import QUEUE_EXAMPLE, read_queue_config
from greenai_infra.stacks.config import read_section


def run():
    config = read_section("queue", read_queue_config, QUEUE_EXAMPLE)
    queue = aws.sqs.Queue("jobs", message_retention_seconds=config.keep_days * 86400, sqs_managed_sse_enabled=True)
    return {"url": queue.url}
'''
OWN = '''"""A program that the toolkit does not know."""

import pulumi
import pulumi_aws as aws


def run():
    days = pulumi.Config().require_object("trainings")["keep_days"]
    queue = aws.sqs.Queue("jobs", message_retention_seconds=days * 86400, policy=pulumi.Config().get("policy"))
    return {"url": queue.url}
'''
OPEN = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}]}'


def project_in(folder: Path, name: str, program: str, config: str) -> Path:
    """A project as `init` writes it, with one program more and one stack of it."""
    project = folder / "project"
    shutil.copytree(ROOT / "stacks", project / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", project)
    (project / "stacks" / f"{name}.py").write_text(program, encoding="utf-8")
    (project / "Pulumi.jobs.yaml").write_text(f"config:\n  aws:region: eu-north-1\n{config}", encoding="utf-8")
    return project


def previewed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_new_program_previews_and_is_gated(copy: Copy, tmp_path: Path) -> None:
    copy.write("contracts/stack/queue.py", SECTION)
    example = "".join(f"  {line}\n" for line in _example().splitlines())
    project = project_in(tmp_path, "queue", PROGRAM, f"  greenai-infra:program: queue\n{example}")

    found = previewed(copy.run("preview", "--offline", "--json", cwd=project))
    queue = next(one for one in found["resources"] if one["type"] == "aws:sqs/queue:Queue")
    assert queue["inputs"]["messageRetentionSeconds"] == 4 * 86400
    gate = {rule["id"]: rule["violations"] + rule["not_run"] for rule in found["policy"]["rules"]}
    assert gate["budget-alarm"] == 1  # as its SPEC says
    assert gate["carbon-tags"] == 1

    file = project / "Pulumi.jobs.yaml"
    file.write_text(file.read_text().replace("keep_days: 4", "keep_days: 15"))
    done = copy.run("preview", "--offline", cwd=project)
    assert done.returncode == 2
    assert "greenai-infra:queue: keep_days: must be at most 14" in done.stdout

    file.write_text(file.read_text().replace("greenai-infra:queue:", "greenai-infra:queu:"))
    done = copy.run("preview", "--offline", cwd=project)
    assert "unknown key 'greenai-infra:queu'; did you mean queue?" in done.stderr


def test_a_users_own_program_previews_and_is_gated(copy: Copy, tmp_path: Path) -> None:
    """Its section is called nearly as one of the toolkit's, as the file is."""
    config = "  greenai-infra:program: trainings\n  greenai-infra:trainings:\n    keep_days: 3\n"
    project = project_in(tmp_path, "trainings", OWN, config)

    found = previewed(copy.run("preview", "--offline", "--json", cwd=project))
    queue = next(one for one in found["resources"] if one["type"] == "aws:sqs/queue:Queue")
    assert queue["inputs"]["messageRetentionSeconds"] == 3 * 86400
    gate = {rule["id"]: rule["violations"] for rule in found["policy"]["rules"]}
    assert (gate["no-public-access"], gate["no-star-actions"], gate["budget-alarm"]) == (0, 0, 0)

    with (project / "Pulumi.jobs.yaml").open("a") as file:
        file.write(f"  greenai-infra:policy: '{OPEN}'\n")
    done = copy.run("check", cwd=project)
    assert done.returncode == 1
    assert done.stdout.startswith("Carbon gate SHUT for greenai-infra/jobs in eu-north-1 by carbon-tags,")
    assert "no-public-access, no-star-actions" in " ".join(done.stdout.split())


def test_every_program_has_its_section_and_every_section_its_program() -> None:
    from greenai_infra.contracts.programs import program_names
    from greenai_infra.contracts.stack import programs

    assert programs() == program_names(ROOT / "stacks")


def test_every_kind_of_workload_is_pinned_on_every_cloud() -> None:
    from greenai_infra.footprint.budget import KINDS

    pinned = {(spec.cloud, spec.program) for spec in stack_specs() if spec.pinner}
    assert pinned == {(cloud, kind) for cloud in ("aws", "gcp") for kind in KINDS}


def test_a_spec_is_read_from_its_file(add: Add) -> None:
    add("greenai_infra.contracts.stack", "queue", SECTION, stack_specs)
    assert ("queue", "aws") in {(spec.program, spec.cloud) for spec in stack_specs()}


def _example() -> str:
    from greenai_infra.contracts.stack.fields import carbon_example

    head = "workload: jobs\nproject: platform\nteam: platform\nregion: eu-north-1\nkeep_days: 4\n"
    section = "".join(f"  {line}\n" for line in head.splitlines())
    return "greenai-infra:queue:\n" + section + carbon_example("SE-SE3", 20)
