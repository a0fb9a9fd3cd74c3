"""`init ci`: files for CI beside what is there, never over it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import InputError
from greenai_infra.scaffold import ci_files

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Command

PREVIEW = ".github/workflows/carbon-preview-infra.yml"
TRAINING = ".github/workflows/carbon-training-infra.yml"
GITLAB = ".gitlab/greenai-infra-infra.gitlab-ci.yml"


COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = f"git+https://git.example.com/tools/greenai-infra@{COMMIT}"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a project in a folder of it; greenai-infra was installed from a commit."""
    recorded = json.dumps({"url": SOURCE[4:-41], "vcs_info": {"vcs": "git", "commit_id": COMMIT}})
    monkeypatch.setattr(ci_files, "_recorded", lambda: recorded)
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "infra")
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def test_github(repository: Path, greenai: Command) -> None:
    done = greenai("init", "ci", "--github", "--dir", "infra")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:2] == [f"wrote {PREVIEW}", f"wrote {TRAINING}"]
    written = files(repository)
    assert set(written) == {PREVIEW, TRAINING}
    assert "          PROJECT: infra\n" in written[PREVIEW]
    assert f"'greenai-infra[aws] @ {SOURCE}'" in written[PREVIEW]
    for name in ("AWS_ROLE_ARN", "AWS_REGION", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "Carbon gate"):
        assert name in done.out
    assert "GCP_" not in done.out


def test_gitlab_from_inside_the_project(repository: Path, greenai: Command) -> None:
    done = greenai("init", "ci", "--gitlab", "--fail-on", "warning", cwd=repository / "infra")
    assert done.code == 0
    assert set(files(repository)) == {GITLAB}
    assert "--fail-on warning" in files(repository)[GITLAB]
    assert f"include: [{{local: {GITLAB}}}]" in done.out
    assert "GITLAB_TOKEN, environment scope carbon-gate" in done.out
    assert "environment scopes of the secret: carbon-preview and carbon-training" in done.out


def test_without_credentials_no_variable_is_asked_for(repository: Path, greenai: Command) -> None:
    done = greenai("init", "ci", "--github", "--offline-only", "--dir", "infra")
    assert set(files(repository)) == {PREVIEW}
    assert done.out == f"wrote {PREVIEW}\n\nSet up by hand:\n  GitHub  required check `Carbon gate (infra)`\n"


@pytest.mark.parametrize(
    ("config", "clouds"),
    [
        ("aws:region: eu-north-1", ["aws"]),
        ("gcp:project: x", ["gcp"]),
        ("shop:inference: {provider: gcp}", ["gcp"]),
        ("shop:title: x", ["aws"]),
    ],
)
def test_the_clouds_are_those_of_the_stack_files(
    repository: Path, greenai: Command, config: str, clouds: list[str]
) -> None:
    (repository / "infra" / "Pulumi.one.yaml").write_text(f"config:\n  {config}\n")
    greenai("init", "ci", "--github", "--dir", "infra")
    written = files(repository)[PREVIEW]
    assert ("configure-aws-credentials" in written) == ("aws" in clouds)
    assert ("google-github-actions" in written) == ("gcp" in clouds)


def test_both_clouds_have_a_training_workflow_each(repository: Path, greenai: Command) -> None:
    greenai("init", "ci", "--github", "--cloud", "gcp", "--cloud", "aws", "--cloud", "aws", "--dir", "infra")
    assert set(files(repository)) == {
        PREVIEW,
        TRAINING.replace(".yml", "-aws.yml"),
        TRAINING.replace(".yml", "-gcp.yml"),
    }


def test_what_is_there_is_never_overwritten(repository: Path, greenai: Command) -> None:
    (repository / PREVIEW).parent.mkdir(parents=True)
    (repository / PREVIEW).write_text("mine")

    done = greenai("init", "ci", "--github", "--dir", "infra")

    assert (done.code, done.out) == (2, "")
    assert f"already has {PREVIEW}, with other content; overwrite it with --force" in done.err
    assert files(repository) == {PREVIEW: "mine"}


def test_with_force_it_is_and_the_rest_stays(repository: Path, greenai: Command) -> None:
    (repository / PREVIEW).parent.mkdir(parents=True)
    (repository / PREVIEW).write_text("mine")
    (repository / PREVIEW).with_name("other.yml").write_text("mine too")
    done = greenai("init", "ci", "--github", "--force", "--dir", "infra")
    assert done.out.splitlines()[:2] == [f"replaced {PREVIEW}", f"wrote {TRAINING}"]
    assert files(repository)[PREVIEW].startswith("# Written by `greenai-infra init ci --github`")
    assert files(repository)[PREVIEW.replace("carbon-preview-infra", "other")] == "mine too"


def test_a_second_time_nothing_changes(repository: Path, greenai: Command) -> None:
    greenai("init", "ci", "--github", "--dir", "infra")
    before = (repository / PREVIEW).stat().st_mtime_ns
    done = greenai("init", "ci", "--github", "--dir", "infra")
    assert done.out.splitlines()[:2] == [f"unchanged {PREVIEW}", f"unchanged {TRAINING}"]
    assert (repository / PREVIEW).stat().st_mtime_ns == before


def test_a_folder_in_place_of_the_file_is_an_error(repository: Path, greenai: Command) -> None:
    (repository / PREVIEW).mkdir(parents=True)
    done = greenai("init", "ci", "--github", "--force", "--dir", "infra")
    assert done.code == 2
    assert "carbon-preview-infra.yml can't be read: Is a directory" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(repository: Path, greenai: Command) -> None:
    (repository / ".github").mkdir(mode=0o555)
    done = greenai("init", "ci", "--github", "--dir", "infra")
    assert done.code == 2
    assert "can't be made: Permission denied" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dir", "infra"), "say --github or --gitlab (a project in a folder named ci: greenai-infra init ./ci)"),
        (("--github",), "has no Pulumi.yaml"),
        (("--github", "--dir", "infra", "--cloud", "azure"), "'azure' is not one of"),
    ],
)
def test_wrong_usage(repository: Path, greenai: Command, arguments: tuple[str, ...], words: str) -> None:
    done = greenai("init", "ci", *arguments)
    assert done.code == 2
    assert words in done.err
    assert files(repository) == {}


@pytest.mark.parametrize(
    "source",
    [
        "main",
        SOURCE.replace(COMMIT, "main"),
        SOURCE.replace(COMMIT, COMMIT[:12]),
        SOURCE.replace("https", "http"),
        SOURCE.replace("git.example.com", "ann:hush@git.example.com"),
        SOURCE + " --index-url https://evil.example",
        "greenai-infra",
    ],
)
def test_a_source_that_can_be_moved_is_refused(repository: Path, greenai: Command, source: str) -> None:
    done = greenai("init", "ci", "--github", "--install", source, "--dir", "infra")
    assert done.code == 2
    assert "with all 40 digits of the commit" in done.err
    assert files(repository) == {}


def test_without_a_release_a_source_must_be_known(
    repository: Path, greenai: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ci_files, "_recorded", lambda: None)
    done = greenai("init", "ci", "--github", "--dir", "infra")
    assert done.code == 2
    assert "greenai-infra has no release yet" in done.err

    (repository / "greenai_infra").mkdir()
    (repository / "pyproject.toml").write_text('[project]\nname = "greenai-infra"\n')
    assert greenai("init", "ci", "--github", "--dir", "infra").code == 0
    assert "python -P -m pip install './head[aws]'" in files(repository)[PREVIEW]


def test_a_clone_with_a_remote_is_a_source(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()

    def git(*arguments: str) -> str:
        settings = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        done = subprocess.run(["git", *settings, *arguments], cwd=clone, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    recorded = json.dumps({"url": clone.as_uri(), "dir_info": {"editable": True}})
    monkeypatch.setattr(ci_files, "_recorded", lambda: recorded)
    with pytest.raises(InputError, match="no release yet"):
        ci_files.known_source(repository)

    git("remote", "add", "origin", "https://git.example.com/tools/greenai-infra.git")
    expected = f"git+https://git.example.com/tools/greenai-infra.git@{git('rev-parse', 'HEAD')}"
    assert ci_files.known_source(repository) == expected


def test_two_projects_of_a_repository_have_files_names_and_comments_of_their_own(
    repository: Path, greenai: Command
) -> None:
    for folder in ("a/infra", "b/infra"):
        (repository / folder).mkdir(parents=True)
        (repository / folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        assert greenai("init", "ci", "--github", "--gitlab", "--offline-only", "--dir", folder).code == 0

    written = files(repository)
    assert {name for name in written if name.startswith(".git")} == {
        f".github/workflows/carbon-preview-{one}-infra.yml" for one in "ab"
    } | {f".gitlab/greenai-infra-{one}-infra.gitlab-ci.yml" for one in "ab"}
    for one in "ab":
        github = written[f".github/workflows/carbon-preview-{one}-infra.yml"]
        gitlab = written[f".gitlab/greenai-infra-{one}-infra.gitlab-ci.yml"]
        assert f"name: Carbon gate ({one}/infra)\n" in github
        assert f"--scope {one}/infra" in github
        assert f"--scope {one}/infra" in gitlab
        assert f"carbon-gate-{one}-infra:\n" in gitlab


def test_a_project_outside_a_repository_is_refused(repository: Path, greenai: Command) -> None:
    (repository / ".git").rmdir()
    done = greenai("init", "ci", "--github", "--dir", "infra")
    assert done.code == 2
    assert "lies in no git repository; make one with: git init" in done.err


def test_a_folder_that_a_shell_would_not_take_whole_is_refused(repository: Path, greenai: Command) -> None:
    odd = repository / "a b; rm"
    (repository / "infra").rename(odd)
    done = greenai("init", "ci", "--github", "--dir", odd)
    assert done.code == 2
    assert "the project lies in 'a b; rm'" in done.err


def test_a_folder_named_ci_can_still_be_a_project(tmp_path: Path, greenai: Command) -> None:
    done = greenai("init", "./ci")
    assert done.code == 0
    assert (tmp_path / "ci" / "Pulumi.yaml").is_file()


def test_help_tells_both_forms(greenai: Command) -> None:
    done = greenai("init", "--help")
    assert done.code == 0
    assert "DIR" in done.out
    assert "init ci --help" in done.out
