"""The files of `init ci`: workflows for GitHub and an include for GitLab, rendered from `templates/ci`."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.project.stack_files import read_project, stack_files
from greenai_infra.scaffold.written_files import render, write_files
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence


PYTHON = "3.12"
PULUMI_CLI = "3.259.0"  # what the engine tests run on
GITHUB_PREVIEW = ".github/workflows/carbon-preview{of}.yml"
GITHUB_TRAINING = ".github/workflows/carbon-training{of}.yml"
GITLAB = ".gitlab/greenai-infra{of}.gitlab-ci.yml"
CLOUD_NAMES = {"aws": "Train on AWS", "gcp": "Train on Google Cloud"}
STOP_COMMANDS = """echo "::stop-commands::$(python -P -c 'import uuid; print(uuid.uuid4())')\""""
"""What follows in a step of GitHub gives no workflow command, whatever names and values it prints."""
_ACTIONS = Path(__file__).parent.parent / "data" / "github-actions.csv"
_SAFE_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")


REPOSITORY, PYPI = "repository", "pypi"
_GIT = re.compile(r"git\+https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._/-]+@[0-9a-f]{40}")


def git_source(text: str) -> str:
    """Where to install from, as the user names it. Raises InputError unless it is an https URL of an exact commit."""
    if text in (REPOSITORY, PYPI) or _GIT.fullmatch(text):
        return text
    raise InputError(
        f"--install {text}: expected {REPOSITORY}, {PYPI}, or git+https://HOST/OWNER/greenai-infra@COMMIT with all 40 "
        "digits of the commit: a branch or tag can be moved"
    )


def known_source(root: Path) -> str:
    """Where the jobs of a repository can install from without being told. Raises InputError if that is nowhere.

    The repository itself, if it holds the toolkit; else the commit that this installation was made from: of a clone
    its HEAD, at the remote `origin`.
    """
    own = root / "pyproject.toml"
    if (root / "greenai_infra").is_dir() and own.is_file() and 'name = "greenai-infra"' in own.read_text("utf-8"):
        return REPOSITORY
    recorded = json.loads(_recorded() or "{}")
    url, commit = recorded.get("url", ""), recorded.get("vcs_info", {}).get("commit_id", "")
    if "dir_info" in recorded:
        clone = unquote(url.removeprefix("file://"))
        url, commit = _git(clone, "remote", "get-url", "origin"), _git(clone, "rev-parse", "HEAD")
    if _GIT.fullmatch(found := f"git+{url}@{commit}"):
        return found
    raise InputError(
        "greenai-infra has no release yet, so nobody may trust a package of this name; say where the jobs get it: "
        "--install git+https://HOST/OWNER/greenai-infra@COMMIT (your fork or mirror), or put it into this repository"
    )


def _recorded() -> str | None:
    """Returns where pip installed this package from (PEP 610); None for an index."""
    return distribution("greenai-infra").read_text("direct_url.json")


def _git(folder: str, *arguments: str) -> str:
    """What git prints, empty where it fails or is not there."""
    try:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@dataclass(frozen=True)
class Choices:
    """The user's choices. The jobs log in to `clouds`; without `engine` they need no login.

    `project` is the project's folder relative to the repository, `.` for the repository itself. `source` is where the
    jobs install greenai-infra from: REPOSITORY (the repository that they run in), PYPI (the release of this version),
    or a commit read by `git_source`.
    """

    project: str
    clouds: tuple[str, ...]
    engine: bool = True
    source: str = REPOSITORY
    fail_on: str = "error"
    comment_when: str = "always"

    @property
    def of(self) -> str:
        """What tells the project's files and jobs from those of other projects in the repository; empty for `.`."""
        return "" if self.project == "." else "-" + self.project.strip("./").replace("/", "-")

    @property
    def title(self) -> str:
        """The same in the names that people read."""
        return "" if self.project == "." else f" ({self.project})"

    def path(self, name: str) -> str:
        """Returns the path of a file in the project."""
        return name.format(of=self.of)


def ci_files(choices: Choices, forges: Sequence[str]) -> dict[str, str]:
    """Path below the repository's folder -> text. Raises InputError for a folder that a shell would not take whole."""
    if not _SAFE_PATH.fullmatch(choices.project) or ".." in choices.project.split("/"):
        raise InputError(
            f"the project lies in {choices.project!r}; CI files take only paths of letters, digits, and _ . - /"
        )
    files = {}
    if "github" in forges:
        files[choices.path(GITHUB_PREVIEW)] = _render("github-preview.yml.j2", _with_engine_steps(choices))
        for cloud in choices.clouds if choices.engine else ():
            only = replace(choices, clouds=(cloud,))
            facts = {"cloud_name": CLOUD_NAMES[cloud], "training_run": _training_run(cloud)}
            name = GITHUB_TRAINING if only == choices else GITHUB_TRAINING.replace(".yml", f"-{cloud}.yml")
            files[choices.path(name)] = _render("github-training.yml.j2", _with_engine_steps(only) | facts)
    if "gitlab" in forges:
        runs = {cloud: _training_run(cloud) for cloud in choices.clouds}
        files[choices.path(GITLAB)] = _render("gitlab.yml.j2", _variables(choices) | {"training_run": runs})
    return files


def write_ci(root: Path, choices: Choices, forges: Sequence[str], force: bool) -> list[tuple[str, str]]:
    """Write the files below the repository's folder, as `write_files` does."""
    return write_files(root, ci_files(choices, forges), force)


def place_in_repository(project_dir: Path) -> tuple[Path, str]:
    """The repository's folder, and the project's below it. Raises InputError if the folder is not in a repository."""
    project = read_project(project_dir).file.parent.resolve()
    for folder in (project, *project.parents):
        if (folder / ".git").exists():
            return folder, project.relative_to(folder).as_posix()
    raise InputError(f"{project} lies in no git repository; make one with: git init")


def clouds_of(project_dir: Path) -> tuple[str, ...]:
    """Returns the clouds that the stack files name, AWS by default."""
    found = set()
    for stack in stack_files(project_dir):
        found |= {key.split(":")[0] for key in stack.config}
        found |= {str(section.get("provider")) for section in stack.config.values() if isinstance(section, dict)}
    return tuple(cloud for cloud in CLOUD_NAMES if cloud in found) or ("aws",)


def settings_to_make(choices: Choices, forges: Sequence[str]) -> list[str]:
    """Returns what the user has to set up so that the jobs work, a line per item."""
    lines = []
    if "github" in forges:
        lines.append(f"GitHub  required check `Carbon gate{choices.title}`")
    if "gitlab" in forges:
        lines += [
            f"GitLab  in .gitlab-ci.yml: include: [{{local: {choices.path(GITLAB)}}}]",
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
        if choices.source == REPOSITORY:
            return f"'./{checkout}{wanted}'" if checkout != "." else f"'.{wanted}'"
        if choices.source == PYPI:
            return f"'greenai-infra{wanted}=={greenai_infra.__version__}'"
        return f"'greenai-infra{wanted} @ {choices.source}'"

    def install_by_hash(checkout: str) -> str:
        return render("ci/install-by-hash.sh.j2", {"pins": pins, "greenai_infra": install(checkout, ())}).rstrip("\n")

    scope = f" --scope {choices.project}" if choices.of else ""
    pins = shipped("templates/ci/requirements.txt").read_text(encoding="utf-8").rstrip("\n")

    return {
        "uses": _uses,
        "install": install,
        "extras": choices.clouds,
        "clouds": choices.clouds,
        "engine": choices.engine,
        "from_repository": choices.source == REPOSITORY,
        "install_by_hash": install_by_hash,
        "of": choices.of,
        "title": choices.title,
        "scope": scope,
        "stop_commands": STOP_COMMANDS,
        "comment_options": scope + ("" if choices.comment_when == "always" else f" --when {choices.comment_when}"),
        "fail_on": choices.fail_on,
        "project": choices.project,
        "python": PYTHON,
        "pulumi": PULUMI_CLI,
        "path": choices.path(GITLAB),
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
