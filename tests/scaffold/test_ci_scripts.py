"""The scripts of the written jobs, run by a shell as a runner does it: on two checkouts, up to the posted comment."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import jmespath
import pytest
import yaml

from greenai_infra.scaffold.ci_files import Choices, ci_files
from tests.reporting.previews import preview as preview_document
from tests.review.web import TOKEN, Server

from .ci_variants import script, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = "infra"
CHOICES = Choices(PROJECT, ("aws",))
PREVIEW, TRAINING, GITLAB = "carbon-preview-infra.yml", "carbon-training-infra.yml", "gitlab-ci.yml"
PULUMI = "name: shop\nruntime: {name: python, options: {toolchain: pip}}\nmain: stacks/\n"
PROGRAM = """
import pulumi, pulumi_aws as aws
topic = aws.sns.Topic("notices", display_name=pulumi.Config().get("title"))
"""


def tools(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment whose PATH begins with greenai-infra as it is tested, and with these stand-ins."""
    folder.mkdir(exist_ok=True)
    own = f'#!/bin/sh\nexec "{sys.executable}" -m greenai_infra "$@"\n'
    for name, text in {"greenai-infra": own, **scripts}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return {**kept, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def shell(text: str, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As GitHub runs a step without `shell:` on Linux."""
    file = cwd.parent / "step.sh"
    file.write_text(text)
    return subprocess.run(
        ["bash", "-e", str(file)], cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=300
    )


def project(folder: Path, titles: dict[str, str], program: str = PROGRAM) -> None:
    """A Pulumi project with a stack for each title."""
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PULUMI)
    (folder / "stacks" / "__main__.py").write_text(program)
    for stack, title in titles.items():
        (folder / f"Pulumi.{stack}.yaml").write_text(f"config:\n  aws:region: eu-north-1\n  shop:title: {title}\n")


@pytest.fixture
def github() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def on_pull_request(tmp_path: Path, github: Server) -> dict[str, str]:
    """The environment of a job on pull request 7."""
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    return {
        **tools(tmp_path / "bin"),
        "PROJECT": PROJECT,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "octo/infra",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_API_URL": github.url,
    }


def test_a_pull_request_from_checkouts_to_comments(tmp_path: Path, github: Server) -> None:
    work = tmp_path / "work"
    project(work / "head" / PROJECT, {"one": "new", "two": "fresh"})
    project(work / "base" / PROJECT, {"one": "old"})
    environment = on_pull_request(tmp_path, github)

    previewed = shell(script(CHOICES, PREVIEW, "preview", "Preview every stack of both"), work, environment)
    assert previewed.returncode == 0, previewed.stderr
    assert sorted(str(path.relative_to(work / "previews")) for path in (work / "previews").rglob("*.*")) == [
        "base/one.json", "head/one.json", "head/two.json",
        "project/Pulumi.one.yaml", "project/Pulumi.two.yaml", "project/Pulumi.yaml",
    ]  # fmt: skip

    done = shell(script(CHOICES, PREVIEW, "comment", "Comment, then pass or fail"), work, environment)

    first, second = (one["body"] for one in github.comments)
    assert first.startswith("<!-- greenai-infra: infra shop/one -->")
    assert "- changed `aws:sns:Topic` `notices`: `displayName`" in first
    assert "The base branch has no preview of this stack" in second
    # Whether the gate passes is the rules' business; that it was asked, and what it said, is this test's.
    assert done.returncode == int("stopped by" in first + second), done.stderr


def test_config_that_can_t_be_used_is_told_in_the_comment(tmp_path: Path, github: Server) -> None:
    """Its preview ends with 2 and a document: a comment says which key it is, and the gate is shut."""
    work = tmp_path / "work"
    project(work / "head" / PROJECT, {"one": "a"}, "import pulumi\npulumi.Config().require('colour')\n")
    project(work / "base" / PROJECT, {"one": "a"})
    environment = on_pull_request(tmp_path, github)

    previewed = shell(script(CHOICES, PREVIEW, "preview", "Preview every stack of both"), work, environment)
    done = shell(script(CHOICES, PREVIEW, "comment", "Comment, then pass or fail"), work, environment)

    assert previewed.returncode == 0, previewed.stdout
    assert done.returncode == 1, done.stderr
    [comment] = github.comments
    assert "Carbon gate: stopped by 1 check\n" in comment["body"]
    assert "shop:colour" in comment["body"]


def test_a_preview_that_fails_fails_the_job_and_leaves_no_half_document(tmp_path: Path) -> None:
    work = tmp_path / "work"
    project(work / "head" / PROJECT, {})
    (work / "head" / PROJECT / "Pulumi.bad.yaml").write_text("config: [not, a, mapping]\n")
    project(work / "base" / PROJECT, {})

    done = shell(
        script(CHOICES, PREVIEW, "preview", "Preview every stack of both"),
        work,
        {**tools(tmp_path / "bin"), "PROJECT": PROJECT},
    )

    assert done.returncode == 1
    assert "the offline preview of bad in head/infra failed with exit code" in done.stdout
    assert list((work / "previews" / "head").iterdir()) == []


def test_a_base_that_cannot_be_previewed_is_not_compared(tmp_path: Path) -> None:
    work = tmp_path / "work"
    project(work / "head" / PROJECT, {"one": "x"})
    (work / "base").mkdir()

    done = shell(
        script(CHOICES, PREVIEW, "preview", "Preview every stack of both"),
        work,
        {**tools(tmp_path / "bin"), "PROJECT": PROJECT},
    )

    assert done.returncode == 0, done.stderr
    assert list((work / "previews" / "base").iterdir()) == []


def gitlab_script(job: str, choices: Choices = CHOICES) -> str:
    (text,) = workflow(choices, GITLAB)[job]["script"]
    return f"set -eo pipefail\n{text}"


def test_a_merge_request_from_a_clone_to_notes(tmp_path: Path) -> None:
    work = tmp_path / "work"
    project(work / PROJECT, {"one": "old"})
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]

    def commit() -> str:
        subprocess.run([*git, "add", "."], cwd=work, check=True)
        subprocess.run([*git, "commit", "-qm", "x"], cwd=work, check=True)
        return subprocess.run([*git, "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True, text=True).stdout

    subprocess.run([*git, "init", "-q"], cwd=work, check=True)
    base = commit().strip()
    config = work / PROJECT / "Pulumi.one.yaml"
    config.write_text(config.read_text().replace("old", "new"))
    commit()
    server = Server("gitlab", user={"username": "project_42_bot"}, longest=1_000_000)
    environment = {
        **tools(tmp_path / "bin"),
        "PROJECT": PROJECT,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "GITLAB_CI": "true",
        "GITLAB_TOKEN": TOKEN,
        "CI_API_V4_URL": server.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
    }
    try:
        previewed = shell(gitlab_script("carbon-preview"), work, environment)
        assert previewed.returncode == 0, previewed.stderr
        done = shell(gitlab_script("carbon-gate"), work, environment)
    finally:
        server.close()

    (note,) = server.comments
    assert "- changed `aws:sns:Topic` `notices`: `displayName`" in note["body"]
    assert (work / "carbon-comment.md").read_text() == note["body"]
    assert done.returncode == int("stopped by" in note["body"])


AWS = """#!/bin/sh
[ "$AWS_REGION $AWS_DEFAULT_REGION" = "eu-north-1 eu-north-1" ] || exit 98
case "$1 $2" in
  "stepfunctions start-execution") echo started > started.txt ;;
  "stepfunctions list-executions") printf "$STATUS\\n" ;;
  "s3api list-objects-v2") cat "$KEYS" ;;
  "s3 cp") cp "$OUTPUT" "$4" ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
STACK_OUTPUT = """#!/bin/sh
case "$1 $2 $3" in
  "stack output state_machine_arn") echo arn:aws:states:eu-north-1:123456789012:stateMachine:x ;;
  "stack output region") echo eu-north-1 ;;
  "stack output artifact_uri") echo s3://bucket/artifacts/ ;;
  login*) ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
STEP = "Start the training, or fetch the report of the newest run"


FORGES = pytest.mark.parametrize("forge", ["github", "gitlab"])


def training(
    tmp_path: Path, forge: str, operation: str, status: str = "", keys: str = "", also: str = "", **scripts: str
) -> tuple[subprocess.CompletedProcess[str], Path]:
    work = tmp_path / "work"
    head = work / ("head" if forge == "github" else "") / PROJECT
    project(head, {"one": "x"})
    with tarfile.open(tmp_path / "output.tar.gz", "w:gz") as archive:
        report = b"run_id,duration,emissions,energy_consumed\nr,3600,1,50\n"
        for name in filter(None, ("emissions.csv", also)):
            entry = tarfile.TarInfo(f"./{name}")
            entry.size = len(report)
            archive.addfile(entry, io.BytesIO(report))
    (tmp_path / "keys").write_text(keys)
    environment = {
        **tools(tmp_path / "bin", aws=AWS, pulumi=STACK_OUTPUT, **scripts),
        "PROJECT": str(head.relative_to(work)),
        "STACK": "one",
        "OPERATION": operation,
        "AWS_REGION": "us-east-1",
        "STATUS": status,
        "KEYS": str(tmp_path / "keys"),
        "OUTPUT": str(tmp_path / "output.tar.gz"),
        "PULUMI_BACKEND_URL": "file:///tmp",
    }
    text = script(CHOICES, TRAINING, "train", STEP) if forge == "github" else gitlab_script("carbon-train")
    return shell(text, work, environment), work


@FORGES
def test_the_report_of_each_job_of_the_newest_run_is_fetched(tmp_path: Path, forge: str) -> None:
    done, work = training(
        tmp_path,
        forge,
        "report",
        "SUCCEEDED\\t2026-11-26T12:00:00+00:00\\nNone",
        "artifacts/a/output/output.tar.gz\nb.tar.gz\n",
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (work / "report").iterdir()) == [
        "emissions-1.csv", "emissions-2.csv", "preview.json"
    ]  # fmt: skip
    assert (work / "report" / "emissions-1.csv").read_text().endswith("r,3600,1,50\n")


@FORGES
def test_a_tracked_run_s_own_report_comes_first(tmp_path: Path, forge: str) -> None:
    status = "SUCCEEDED\\t2026-11-26T12:00:00+00:00\\nNone"
    done, work = training(tmp_path, forge, "report", status, "a/output.tar.gz\n", "emissions_report.json")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (work / "report").iterdir()) == ["emissions-1.json", "preview.json"]


@FORGES
@pytest.mark.parametrize(
    ("status", "keys", "words"),
    [
        ("RUNNING\\t2026-11-26T12:00:00+00:00", "", "there is nothing to report yet"),
        ("None", "", "there is nothing to report yet"),
        ("SUCCEEDED\\t2026-11-26T12:00:00+00:00", "None\n", "the run has left no emissions.csv"),
    ],
)
def test_without_a_report_the_job_fails_and_says_so(
    tmp_path: Path, forge: str, status: str, keys: str, words: str
) -> None:
    done, _ = training(tmp_path, forge, "report", status, keys)
    assert done.returncode == 1
    assert words in done.stdout


def test_a_start_does_not_wait(tmp_path: Path) -> None:
    done, work = training(tmp_path, "github", "start")
    assert done.returncode == 0, done.stderr
    assert (work / "started.txt").exists()


RECORDED = {"greenai-infra": '#!/bin/sh\necho "$*" >> calls.txt\n'}


@pytest.mark.parametrize(("operation", "started"), [("build", False), ("start", True)])
def test_gitlab_builds_the_stack_first(tmp_path: Path, operation: str, started: bool) -> None:
    done, work = training(tmp_path, "gitlab", operation, **RECORDED)
    assert done.returncode == 0, done.stderr
    assert (work / "calls.txt").read_text() == f"up --dir {PROJECT} --stack one --yes\n"
    assert (work / "started.txt").exists() == started


def test_gitlab_refuses_an_operation_that_is_none(tmp_path: Path) -> None:
    done, work = training(tmp_path, "gitlab", "destroy", **RECORDED)
    assert done.returncode == 1
    assert "CARBON_OPERATION is destroy; it can be build, start or report" in done.stdout
    assert not (work / "calls.txt").exists()


def test_gitlab_names_a_stack_that_is_not_there(tmp_path: Path) -> None:
    text = f"STACK=two\n{gitlab_script('carbon-train')}"
    work = tmp_path / "work"
    project(work / PROJECT, {"one": "x"})
    done = shell(text, work, {**tools(tmp_path / "bin"), "PROJECT": PROJECT, "OPERATION": "report"})
    assert done.returncode == 1
    assert f"there is no Pulumi.two.yaml in {PROJECT}" in done.stdout


GCLOUD = """#!/bin/sh
[ "$1" = auth ] || [ "$CLOUDSDK_CORE_PROJECT" = acme-ml ] || exit 98
case "$1 $2 $3" in
  "auth login --quiet") [ "$5" = credentials.json ] ;;
  "workflows execute train-flow") echo started > started.txt ;;
  "workflows executions list") printf 'SUCCEEDED\\t2026-11-26T12:00:00Z\\n' ;;
  "storage ls --long")
    echo "     52  2026-11-26T11:59:00Z  gs://bucket/artifacts/old/emissions.csv"
    echo "     52  2026-11-26T20:00:00Z  gs://bucket/artifacts/new/emissions.csv"
    echo "TOTAL: 2 objects, 104 bytes (104B)" ;;
  "storage cp gs://bucket/artifacts/new/emissions.csv") echo new > "$4" ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
OUTPUTS = """#!/bin/sh
case "$3" in
  workflow_name) echo train-flow ;;
  region) echo europe-north1 ;;
  artifact_uri) echo gs://bucket/artifacts/ ;;
  *) exit 99 ;;
esac
"""


@pytest.mark.parametrize("operation", ["start", "report"])
def test_gitlab_on_google_cloud(tmp_path: Path, operation: str) -> None:
    work = tmp_path / "work"
    project(work / PROJECT, {"one": "x"})
    stand_ins = {"gcloud": GCLOUD, "pulumi": OUTPUTS} | (RECORDED if operation == "start" else {})
    environment = {
        **tools(tmp_path / "bin", **stand_ins),
        "PROJECT": PROJECT,
        "STACK": "one",
        "OPERATION": operation,
        "GOOGLE_APPLICATION_CREDENTIALS": "credentials.json",
        "GCP_SERVICE_ACCOUNT": "ci@acme-ml.iam.gserviceaccount.com",
    }
    done = shell(gitlab_script("carbon-train", Choices(PROJECT, ("gcp",))), work, environment)
    assert done.returncode == 0, done.stderr
    assert (work / "started.txt").exists() == (operation == "start")
    if operation == "report":
        names = sorted(path.name for path in (work / "report").iterdir())
        assert names == ["emissions-1.csv", "preview.json"]
        assert (work / "report" / "emissions-1.csv").read_text() == "new\n"


def test_the_report_becomes_a_note_of_the_merge_request(tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "report").mkdir(parents=True)
    (work / "report" / "preview.json").write_text(json.dumps(preview_document()))
    for number, kg in ((1, 1.25), (2, 0.75)):
        rows = f"run_id,duration,emissions,energy_consumed\nr{number},3600,{kg},25\n"
        (work / "report" / f"emissions-{number}.csv").write_text(rows)
    server = Server("gitlab", user={"username": "project_42_bot"}, longest=1_000_000)
    environment = {
        **tools(tmp_path / "bin"),
        "CARBON_MERGE_REQUEST": "7",
        "GITLAB_CI": "true",
        "GITLAB_TOKEN": TOKEN,
        "CI_API_V4_URL": server.url,
        "CI_PROJECT_ID": "42",
    }
    try:
        done = shell(gitlab_script("carbon-report"), work, environment)
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    (note,) = server.comments
    assert "Measured emissions: 2.00 kg CO2e" in note["body"]


def test_only_what_the_run_has_written_is_asked_for() -> None:
    """The query of the script, by the library that the AWS CLI evaluates it with."""
    text = script(CHOICES, TRAINING, "train", STEP)
    query = text.split('--query "', 1)[1].split('"', 1)[0].replace("$started", "2026-11-26T12:00:00.123000+00:00")
    contents: list[dict[str, Any]] = [
        {"Key": "artifacts/old/output/output.tar.gz", "LastModified": "2026-11-26T11:59:59+00:00"},
        {"Key": "artifacts/new/output/output.tar.gz", "LastModified": "2026-11-26T21:03:25+00:00"},
        {"Key": "artifacts/new/output/model.tar.gz", "LastModified": "2026-11-26T21:03:25+00:00"},
    ]
    assert jmespath.search(query, {"Contents": contents}) == [["artifacts/new/output/output.tar.gz"]]
    assert jmespath.search(query, {}) is None


def test_the_plugin_step_tries_again(tmp_path: Path) -> None:
    flaky = '#!/bin/sh\necho "$*" >> calls.txt\n[ "$(wc -l < calls.txt)" -ge 3 ]\n'
    work = tmp_path / "work"
    work.mkdir()
    text = script(CHOICES, PREVIEW, "engine-preview", "Install the plugin for aws")
    environment = {**tools(tmp_path / "bin", pulumi=flaky, sleep="#!/bin/sh\n"), "VERSION": "7.51.1"}
    done = shell(text, work, environment)
    assert done.returncode == 0, done.stderr
    assert (work / "calls.txt").read_text() == "plugin install resource aws v7.51.1\n" * 3


def test_everything_that_is_written_is_whole_yaml() -> None:
    for text in ci_files(CHOICES, ("github", "gitlab")).values():
        assert isinstance(yaml.safe_load(text), dict)
        assert "@{" not in text
        assert "<%" not in text
