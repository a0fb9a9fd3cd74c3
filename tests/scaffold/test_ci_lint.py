"""The written workflows have no finding in zizmor and actionlint, and the linters do find what is planted."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement

from greenai_infra.scaffold.ci_files import PULUMI_CLI, Choices, ci_files, pinned_actions
from greenai_infra.templates import shipped

from .ci_variants import GIT, VARIANTS, actionlint, shellcheck, workflow, write_variants, zizmor

if TYPE_CHECKING:
    from collections.abc import Iterator

PREVIEW = "workflows/carbon-preview.yml"
AWS = Choices(".", ("aws",), source=GIT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_variants(tmp_path_factory.mktemp("variants"))


def workflows(paths: list[Path]) -> list[Path]:
    return [path for path in paths if path.parent.name == "workflows"]


def test_zizmor_finds_nothing(written: list[Path]) -> None:
    assert zizmor(*workflows(written)) == "[]"


def test_actionlint_and_shellcheck_find_nothing(written: list[Path]) -> None:
    assert actionlint(*workflows(written)) == ""


PLANTED = [
    ("zizmor", r"@de0fac2e\w+ # v6.0.2", "@v6", "unpinned-uses"),
    ("zizmor", r"  pull_request:\n", "  pull_request_target:\n", "dangerous-triggers"),
    ("zizmor", r"permissions: \{\}", "permissions: write-all", "excessive-permissions"),
    ("zizmor", r"          persist-credentials: false\n", "", "artipacked"),
    (
        "zizmor",
        r"run: python -P -m pip install [^\n]+",
        "run: echo ${{ github.event.pull_request.title }}",
        "template-injection",
    ),
    ("actionlint", r"needs: preview", "needs: previews", "job"),
    ("actionlint", r"needs\.preview\.result", "needs.preview.outcome", "property"),
    ("actionlint", r'"\$2/\$stack\.json"', "$2/$stack.json", "shellcheck"),
    ("actionlint", r"timeout-minutes: 20", "timeout_minutes: 20", "unexpected key"),
]


@pytest.mark.parametrize(("linter", "pattern", "replacement", "finding"), PLANTED)
def test_the_linters_find_what_is_planted(
    tmp_path: Path, linter: str, pattern: str, replacement: str, finding: str
) -> None:
    (text,) = [text for path, text in ci_files(AWS, ("github",)).items() if path.endswith(PREVIEW)]
    planted = re.sub(pattern, replacement, text)
    assert planted != text
    path = tmp_path / ".github" / "workflows" / "planted.yml"
    path.parent.mkdir(parents=True)
    path.write_text(planted)
    found = zizmor(path) if linter == "zizmor" else actionlint(path)
    assert finding in found


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for choices in VARIANTS:
        for path, text in ci_files(choices, ("github",)).items():
            for name, job in yaml.safe_load(text)["jobs"].items():
                yield f"{choices} {path} {name}", job


def test_every_action_is_pinned_to_the_commit_of_the_table(written: list[Path]) -> None:
    for path in workflows(written):
        for line in re.findall(r"uses: (.*)", path.read_text()):
            found = re.fullmatch(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
            assert found, line
            assert pinned_actions()[found[1]] == (found[2], found[3])
    commits = [commit for commit, _ in pinned_actions().values()]
    assert len(set(commits)) == len(commits)


def test_permissions_are_the_least_and_runs_are_bounded(written: list[Path]) -> None:
    for path in workflows(written):
        parsed = yaml.safe_load(path.read_text())
        triggers = parsed[True]  # YAML 1.1 reads `on` as true
        assert parsed["permissions"] == {}
        assert set(triggers) <= {"pull_request", "workflow_dispatch"}
        assert parsed["concurrency"]["group"]
    for name, job in jobs():
        granted = set(job["permissions"].items())
        assert granted <= {("contents", "read"), ("pull-requests", "write"), ("id-token", "write")}, name
        # What may comment never holds credentials of a cloud, and what runs the change's program may not comment.
        assert not {("pull-requests", "write"), ("id-token", "write")} <= granted, name
        assert job["timeout-minutes"] <= 90, name


def test_no_step_that_runs_the_change_holds_the_token() -> None:
    for name, job in jobs():
        holds = any("GITHUB_TOKEN" in step.get("env", {}) for step in job["steps"])
        heads = [
            step
            for step in job["steps"]
            if "checkout" in step.get("uses", "") and "base.sha" not in str(step["with"].get("ref", ""))
        ]
        assert not (holds and heads and "carbon-preview" in name), name
        assert all(
            step["with"]["persist-credentials"] is False for step in job["steps"] if "checkout" in step.get("uses", "")
        ), name


def test_the_gate_cannot_be_skipped() -> None:
    job = workflow(AWS, PREVIEW)["jobs"]["comment"]
    assert job["if"] == "always()"  # a required check that is skipped counts as passed
    assert job["steps"][0]["if"] == "needs.preview.result != 'success'"
    assert "exit 1" in job["steps"][0]["run"]


def test_without_engine_nothing_needs_credentials() -> None:
    files = ci_files(Choices(".", ("aws", "gcp"), engine=False), ("github", "gitlab"))
    assert sorted(files) == [".github/workflows/carbon-preview.yml", ".gitlab/greenai-infra.gitlab-ci.yml"]
    for text in files.values():
        assert not re.search(r"secrets\.|id-token|id_tokens|vars\.", text)


def test_the_pulumi_cli_is_the_one_that_the_engine_tests_run_on() -> None:
    module = Path(__file__).parents[2] / ".ci" / "engine" / "go.mod"
    assert f"pulumi/pkg/v3 v{PULUMI_CLI}" in module.read_text()


def gitlab_schema() -> dict[str, Any]:
    package = pytest.importorskip("check_jsonschema")
    (path,) = (Path(package.__file__).parent / "builtin_schemas" / "vendor").glob("gitlab-ci.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(schema, dict)
    return schema


@pytest.mark.parametrize("choices", VARIANTS, ids=str)
def test_the_gitlab_file_has_the_form_of_its_schema(choices: Choices) -> None:
    parsed = workflow(choices, "gitlab-ci.yml")
    jsonschema.Draft7Validator(gitlab_schema()).validate(parsed)
    for name, job in parsed.items():
        if "extends" in job:
            assert job["extends"] in parsed
        for needed in job.get("needs", []):
            assert (needed if isinstance(needed, str) else needed["job"]) in parsed
        if not name.startswith("."):
            assert job["timeout"]
            assert job["rules"]


@pytest.mark.parametrize("choices", VARIANTS[:3], ids=str)
def test_shellcheck_finds_nothing_in_the_scripts_of_gitlab(choices: Choices) -> None:
    for job in workflow(choices, "gitlab-ci.yml").values():
        assert shellcheck("\n".join([*job.get("before_script", []), *job.get("script", [])])) == ""


@pytest.mark.parametrize("planted", [{"script": 5}, {"stage": []}, {"rules": "always"}, {"artefacts": {}}])
def test_the_schema_finds_what_is_planted(planted: dict[str, Any]) -> None:
    parsed = workflow(AWS, "gitlab-ci.yml")
    parsed["carbon-preview"].update(planted)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(gitlab_schema()).validate(parsed)


def test_the_gitlab_gate_runs_no_code_of_the_change() -> None:
    gate = workflow(AWS, "gitlab-ci.yml")["carbon-gate"]
    assert gate["variables"] == {"GIT_STRATEGY": "none"}
    assert_installs_by_hash(gate["before_script"], f"'greenai-infra @ {GIT}'")


def test_from_the_repository_the_gitlab_gate_runs_the_base() -> None:
    gate = workflow(Choices(".", ("aws",), source="repository"), "gitlab-ci.yml")["carbon-gate"]
    worktree = 'git worktree add --detach .carbon-base "$CI_MERGE_REQUEST_DIFF_BASE_SHA"'
    assert gate["before_script"][1] == worktree
    assert_installs_by_hash(gate["before_script"][2:], "'./.carbon-base'")


def assert_installs_by_hash(scripts: list[str], source: str) -> None:
    """Pins with hashes first, then the toolkit without whatever it would bring."""
    (script,) = scripts
    by_hash, own = [line for line in script.splitlines() if "pip install" in line]
    for option in ("python -P -m pip", "--require-hashes", "--no-deps", "--only-binary :all:"):
        assert option in by_hash
    assert own == f"python -P -m pip install --quiet --no-deps --no-build-isolation {source}"


@pytest.mark.parametrize("choices", VARIANTS, ids=str)
def test_every_job_that_posts_installs_by_hash(choices: Choices) -> None:
    for ending in ("carbon-preview.yml", "carbon-training.yml"):
        for path, text in ci_files(replace(choices, project="."), ("github",)).items():
            if not path.endswith(ending):
                continue
            for job in yaml.safe_load(text)["jobs"].values():
                scripts = "\n".join(str(step.get("run", "")) for step in job["steps"])
                assert ("--require-hashes" in scripts) == ("greenai-infra comment" in scripts)


def test_the_pins_hold_every_dependency_at_a_version_that_it_takes() -> None:
    pins = {}
    for line in shipped("templates/ci/requirements.txt").read_text().splitlines():
        pinned, *hashes = line.split(" --hash=sha256:")
        name, _, version = pinned.partition("==")
        assert hashes
        assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes)
        pins[name] = version
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    for text in [*declared["project"]["dependencies"], *declared["build-system"]["requires"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name]), text


@pytest.mark.parametrize("choices", VARIANTS[:4], ids=str)
def test_a_step_that_prints_names_of_the_change_takes_no_workflow_command(choices: Choices) -> None:
    for text in ci_files(choices, ("github",)).values():
        for job in yaml.safe_load(text)["jobs"].values():
            for step in job["steps"]:
                run = str(step.get("run", ""))
                if "greenai-infra preview" in run or "greenai-infra comment" in run:
                    assert "::stop-commands::" in run.split("greenai-infra")[0]


@pytest.mark.parametrize("choices", VARIANTS, ids=str)
def test_a_scoped_secret_of_gitlab_reaches_only_the_jobs_that_need_it(choices: Choices) -> None:
    """A variable with an environment scope is given to the jobs of that environment and to no other."""
    parsed = workflow(choices, "gitlab-ci.yml")
    jobs = {name: job for name, job in parsed.items() if not name.startswith(".")}
    scopes = {name: job.get("environment", {}).get("name") for name, job in jobs.items()}
    assert scopes.pop("carbon-preview") is None  # it runs the change's code, and needs nothing
    for name, scope in scopes.items():
        posts = "greenai-infra comment" in str(jobs[name]["script"])
        assert scope == ("carbon-gate" if posts else "carbon-preview" if "preview" in name else "carbon-training")
        # Only a stack is deployed; an entry for each note would hide what is.
        assert (jobs[name]["environment"].get("action") == "access") == (scope != "carbon-training")


def test_what_to_scope_stands_in_the_gitlab_file() -> None:
    (text,) = ci_files(AWS, ("gitlab",)).values()
    header = " ".join(line.removeprefix("#").strip() for line in text.split(".carbon:")[0].splitlines())
    assert "GITLAB_TOKEN  scope carbon-gate, masked." in header
    assert "who may push a branch may change this file in it" in header
