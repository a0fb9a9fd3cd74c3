"""The files of `init ci`: workflows for GitHub and an include for GitLab, rendered from `templates/ci`."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.project.stack_files import read_project, stack_files
from greenai_infra.scaffold.written_files import render, write_files
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence


PYTHON = "3.12"
PULUMI_CLI = "3.259.0"  # what the engine tests run on
GITHUB_PREVIEW = ".github/workflows/carbon-preview.yml"
GITHUB_TRAINING = ".github/workflows/carbon-training.yml"
GITLAB = ".gitlab/greenai-infra.gitlab-ci.yml"
CLOUD_NAMES = {"aws": "Train on AWS", "gcp": "Train on Google Cloud"}
_ACTIONS = Path(__file__).parent.parent / "data" / "github-actions.csv"
_SAFE_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")


@dataclass(frozen=True)
class Choices:
    """What the user chose. `clouds` log in; without `engine` nothing does.

    `project` is the project's folder below the repository's, `.` for the same. With `from_repository` the jobs install
    the greenai-infra of the repository itself, else the package of this version.
    """

    project: str
    clouds: tuple[str, ...]
    engine: bool = True
    from_repository: bool = False
    fail_on: str = "error"


def ci_files(choices: Choices, forges: Sequence[str]) -> dict[str, str]:
    """Path below the repository's folder -> text. Raises InputError for a folder that a shell would not take whole."""
    if not _SAFE_PATH.fullmatch(choices.project) or ".." in choices.project.split("/"):
        raise InputError(
            f"the project lies in {choices.project!r}; CI files take only paths of letters, digits, and _ . - /"
        )
    files = {}
    if "github" in forges:
        files[GITHUB_PREVIEW] = _render("github-preview.yml.j2", _with_engine_steps(choices))
        for cloud in choices.clouds if choices.engine else ():
            only = replace(choices, clouds=(cloud,))
            facts = {"cloud_name": CLOUD_NAMES[cloud], "training_run": _training_run(cloud)}
            path = GITHUB_TRAINING if only == choices else GITHUB_TRAINING.replace(".yml", f"-{cloud}.yml")
            files[path] = _render("github-training.yml.j2", _with_engine_steps(only) | facts)
    if "gitlab" in forges:
        runs = {cloud: _training_run(cloud) for cloud in choices.clouds}
        files[GITLAB] = _render("gitlab.yml.j2", _variables(choices) | {"training_run": runs})
    return files


def write_ci(root: Path, choices: Choices, forges: Sequence[str], force: bool) -> list[tuple[str, str]]:
    """Write the files below the repository's folder, as `write_files` does."""
    return write_files(root, ci_files(choices, forges), force)


def place_in_repository(project_dir: Path) -> tuple[Path, str]:
    """The repository's folder, and the project's below it. Raises InputError if either is none."""
    project = read_project(project_dir).file.parent.resolve()
    for folder in (project, *project.parents):
        if (folder / ".git").exists():
            return folder, project.relative_to(folder).as_posix()
    raise InputError(f"{project} lies in no git repository; make one with: git init")


def clouds_of(project_dir: Path) -> tuple[str, ...]:
    """The clouds that the stack files name, AWS if they name none."""
    found = set()
    for stack in stack_files(project_dir):
        found |= {key.split(":")[0] for key in stack.config}
        found |= {str(section.get("provider")) for section in stack.config.values() if isinstance(section, dict)}
    return tuple(cloud for cloud in CLOUD_NAMES if cloud in found) or ("aws",)


def settings_to_make(choices: Choices, forges: Sequence[str]) -> list[str]:
    """What the user has to set up, one line each, so that the jobs work."""
    lines = []
    if "github" in forges:
        lines.append("GitHub  required check `Carbon gate`")
    if "gitlab" in forges:
        lines += [
            f"GitLab  in .gitlab-ci.yml: include: [{{local: {GITLAB}}}]",
            "GitLab  masked variable GITLAB_TOKEN, environment scope carbon-gate: project access token, api, Reporter",
            "GitLab  protect the environment carbon-gate, or trust everybody who may push: the file says why",
        ]
    if not choices.engine:
        return lines
    if "github" in forges:
        lines.append("GitHub  environments carbon-preview and carbon-training, the latter with reviewers")
    if "gitlab" in forges:
        lines.append("GitLab  environment scopes of the secret: carbon-preview and carbon-training; protect the latter")
    lines.append("variable PULUMI_BACKEND_URL, such as s3://BUCKET or https://api.pulumi.com")
    if "aws" in choices.clouds:
        lines.append("variables AWS_ROLE_ARN (a role that trusts the forge's OIDC provider), AWS_REGION")
    if "gcp" in choices.clouds:
        lines.append("variables GCP_WORKLOAD_IDENTITY_PROVIDER (projects/...), GCP_SERVICE_ACCOUNT (e-mail)")
    lines.append("secret   PULUMI_CONFIG_PASSPHRASE, or PULUMI_ACCESS_TOKEN for Pulumi Cloud")
    return lines


@cache
def pinned_actions() -> dict[str, tuple[str, str]]:
    """Action -> (full commit, version)."""
    with _ACTIONS.open(encoding="utf-8", newline="") as file:
        return {row["action"]: (row["commit"], row["version"]) for row in csv.DictReader(file)}


def _uses(action: str) -> str:
    commit, version = pinned_actions()[action]
    return f"{action}@{commit} # {version}"


def _variables(choices: Choices) -> dict[str, Any]:
    def install(checkout: str, extras: Sequence[str]) -> str:
        wanted = f"[{','.join(extras)}]" if extras else ""
        if choices.from_repository:
            return f"'./{checkout}{wanted}'" if checkout != "." else f"'.{wanted}'"
        return f"'greenai-infra{wanted}=={greenai_infra.__version__}'"

    return {
        "uses": _uses,
        "install": install,
        "extras": choices.clouds,
        "clouds": choices.clouds,
        "engine": choices.engine,
        "from_repository": choices.from_repository,
        "fail_on": choices.fail_on,
        "project": choices.project,
        "python": PYTHON,
        "pulumi": PULUMI_CLI,
        "path": GITLAB,
        "preview_all": shipped("templates/ci/preview-all.sh.j2").read_text(encoding="utf-8").rstrip("\n"),
    }


def _with_engine_steps(choices: Choices) -> dict[str, Any]:
    """The variables, with the steps that set the engine up, indented as the steps of a job."""
    variables = _variables(choices)
    steps = _render("github-engine-steps.yml.j2", variables) if choices.engine else ""
    return variables | {"engine_steps": indent(steps.rstrip("\n"), " " * 6)}


def _training_run(cloud: str) -> str:
    """The script that starts a training, or fetches the report of the newest run."""
    return _render("training-run.sh.j2", {"cloud": cloud}).rstrip("\n")


def _render(name: str, variables: dict[str, Any]) -> str:
    return render(f"ci/{name}", variables)
