"""What stands between a user and the engine: one message that names the mending command, and nothing done."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from .command_line import WITHOUT_SITE, CommandLine, Run, packages_without
from .engine_cli import ROOT, Engine
from .project import SAMPLE, Project, write_project
from .training_project import copy_program
from .warm import LANGUAGES, PROVIDERS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

STACK_FILE = "# ours\nconfig:\n  aws:region: eu-north-1\n"


class Sample(Project):
    """A small project with a stack file, of which the engine doesn't know yet."""

    @property
    def command_line(self) -> CommandLine:
        return CommandLine(self.folder, self.engine.environment)

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def stacks(self) -> list[str]:
        """The stacks in the backend."""
        return [one["name"] for one in json.loads(self.engine.pulumi("stack", "ls", "--json", cwd=self.folder).stdout)]


@pytest.fixture
def sample(engine: Engine, tmp_path: Path) -> Sample:
    write_project(tmp_path, SAMPLE)
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK_FILE)
    return Sample(engine.apart(tmp_path / "engine"), tmp_path, "dev")


def assert_explained(run: Run, what: str, remedy: str, code: int = 1) -> None:
    """One error that says what is wrong and how to mend it, and shows no insides."""
    assert run.code == code, run.said
    assert run.err.startswith("error: ")
    assert what in run.err.splitlines()[0]
    assert remedy in run.err
    assert run.err.count("to mend it: ") == 1
    assert "Traceback" not in run.err
    assert ".py" not in run.err


def assert_untouched(sample: Sample) -> None:
    assert sample.file.read_text() == STACK_FILE
    assert sample.stacks() == []


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("destroy", "--yes")], ids=lambda words: words[0])
def test_no_cli(sample: Sample, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "empty").mkdir()

    run = sample.command_line.without(PATH=str(tmp_path / "empty"))(*command)

    assert_explained(run, "there is no `pulumi` on PATH", "https://www.pulumi.com/docs/install/")
    assert "greenai-infra preview --offline" in run.err
    assert_untouched(sample)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo v3.100.0", "your current CLI version is 3.100.0"),
        ("exit 3", "`pulumi version` fails with exit code 3"),
    ],
)
def test_a_cli_that_is_too_old_or_broken(sample: Sample, tmp_path: Path, script: str, what: str) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "pulumi"
    other.write_text(f"#!/bin/sh\n{script}\n")
    other.chmod(0o755)

    run = sample.command_line.without(PATH=f"{other.parent}:/bin:/usr/bin")("preview")

    assert_explained(run, what, "https://www.pulumi.com/docs/install/")
    assert "there is no `pulumi`" not in run.err


@pytest.mark.parametrize(
    ("package", "what"), [("pulumi", "the Pulumi SDK is not installed"), ("pulumi_aws", "an SDK package is missing")]
)
def test_an_sdk_that_is_not_installed(sample: Sample, tmp_path: Path, package: str, what: str) -> None:
    settings = packages_without(tmp_path / "packages", package)

    run = sample.command_line.without(PROVIDERS, LANGUAGES, **settings)("preview", command=WITHOUT_SITE)

    assert run.code == 1, run.said
    assert what in run.err.splitlines()[0]
    assert run.err.endswith("to mend it: pip install 'greenai-infra[aws]'\n")
    assert "Traceback" not in run.err


def test_no_backend_and_the_command_that_is_named_makes_one(sample: Sample, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command_line = sample.command_line.without("PULUMI_BACKEND_URL", HOME=str(home), PULUMI_HOME=str(home / ".pulumi"))

    run = command_line("preview")
    remedy = re.search(r"^  (mkdir .*)$", run.err, re.MULTILINE)
    assert remedy, run.err
    subprocess.run(remedy[1], shell=True, cwd=tmp_path, env=dict(command_line.environment), check=True)
    mended = command_line("preview")

    assert_explained(run, "dev: Pulumi has no backend", "pulumi login")
    assert mended.code == 0, mended.said
    assert (home / ".pulumi-state" / ".pulumi" / "stacks").is_dir()


def test_a_backend_folder_that_is_not_there(sample: Sample, tmp_path: Path) -> None:
    run = sample.command_line.without(PULUMI_BACKEND_URL=(tmp_path / "gone").as_uri())("up", "--yes")

    assert_explained(run, "dev: Pulumi's backend can't be opened", "pulumi login")
    assert str(tmp_path / "gone") in run.err
    assert_untouched(sample)


@pytest.mark.parametrize("settings", [{}, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/nonexistent/passphrase"}])
def test_no_passphrase(sample: Sample, settings: dict[str, str]) -> None:
    run = sample.command_line.without("PULUMI_CONFIG_PASSPHRASE", **settings)("up", "--yes")

    assert_explained(run, "dev: there is no passphrase", "export PULUMI_CONFIG_PASSPHRASE=...")
    assert_untouched(sample)


def test_another_passphrase_than_the_stack_was_made_with(sample: Sample) -> None:
    sample.pulumi("stack", "init", "--no-select")
    made = sample.file.read_text()

    run = sample.command_line.without(PULUMI_CONFIG_PASSPHRASE="another-one")("up", "--yes")
    sample.file.write_text("".join(line for line in made.splitlines(True) if not line.startswith("encryptionsalt")))
    mended = sample.command_line.without(PULUMI_CONFIG_PASSPHRASE="another-one")("preview")

    assert_explained(run, "dev: the passphrase is not the one", "take encryptionsalt out of Pulumi.dev.yaml")
    assert "another-one" not in run.said
    assert mended.code == 0, mended.said


def test_destroying_a_stack_that_the_backend_does_not_know(sample: Sample) -> None:
    run = sample.command_line("destroy", "--yes")

    assert_explained(run, "dev: the stack is not in Pulumi's backend", "pulumi whoami --verbose")
    assert_untouched(sample)


def test_a_stack_that_another_update_has_locked(sample: Sample, tmp_path: Path) -> None:
    sample.pulumi("stack", "init", "--no-select")
    locks = tmp_path / "engine" / "state" / ".pulumi" / "locks" / "organization" / "sample" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "ann", "hostname": "laptop", "timestamp": "2026-01-01T00:00:00Z"}
    (locks / "11111111-1111-4111-8111-111111111111.json").write_text(json.dumps(lock))

    run = sample.command_line("up", "--yes")

    assert_explained(run, "dev: another update of the stack runs", "pulumi cancel --stack dev")
    assert "ann@laptop" in run.err
    assert sample.resources() == []


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_no_terminal_and_no_yes(sample: Sample, command: str) -> None:
    run = sample.command_line(command)

    assert run.code == 2
    assert run.said == "error: no terminal to ask the question on; use --yes to go on without a question\n"
    assert_untouched(sample)


def test_a_program_that_fails_is_quoted_without_its_traceback(sample: Sample) -> None:
    (sample.folder / "__main__.py").write_text("import pulumi\n\nprices = {}\nprices['H100']\n")

    run = sample.command_line("up", "--yes")

    assert run.code == 1
    assert run.err == (
        "error: dev: the stack's program failed.\n"
        "  | KeyError: 'H100'\n"
        "  | at __main__.py:4\n"
        "to mend it: correct Pulumi.dev.yaml or the program, and look again:  "
        "greenai-infra preview --offline --stack dev\n"
    )
    assert sample.resources() == []


@pytest.fixture
def misspelt(engine: Engine, tmp_path: Path) -> Sample:
    """Our own program, with a count that is no number."""
    copy_program(tmp_path, "now")
    project = Sample(engine.apart(tmp_path / "engine"), tmp_path, "now")
    project.pulumi("stack", "init", "--no-select")
    project.file.write_text(project.file.read_text().replace("instance_count: 1", "instance_count: many"))
    return project


def test_a_config_value_that_can_not_be_used(misspelt: Sample) -> None:
    run = misspelt.command_line("preview", "--json")

    assert_explained(run, "now: the stack's program failed", "correct Pulumi.now.yaml", code=2)
    assert len(re.findall(r"training: instance_count: .*\(is 'many'\)", run.err)) == 1
    assert run.out == ""


@pytest.mark.parametrize("rule", ["deny: [aws:ca-central-1]", "allow: [aws:us-west-2]"])
def test_a_region_that_its_workload_denies_by_now(engine: Engine, tmp_path: Path, rule: str) -> None:
    """Refused by the program itself, so plain `pulumi up` stops too; nothing is declared."""
    copy_program(tmp_path, "now")
    project = Sample(engine.apart(tmp_path / "engine"), tmp_path, "now")
    project.pulumi("stack", "init", "--no-select")
    text = (ROOT / "templates" / "workloads" / "finetune-7b.yaml").read_text()
    where = "where:\n  providers: [aws]\n"
    assert where in text
    denied = text.replace("name: finetune-7b\n", "name: classify\n").replace(where, f"{where}  {rule}\n")
    (tmp_path / "workload.yaml").write_text(denied)
    said = f"region: aws:ca-central-1 is ruled out by where.{rule.partition(':')[0]} in workload.yaml now"

    for command in (("up", "--yes"), ("preview",)):
        run = project.command_line(*command)
        assert run.code == 1, run.said
        assert said in run.err
        assert "Traceback" not in run.said
    plain = project.engine.pulumi("up", "--yes", "--stack", "now", cwd=tmp_path, check=False)
    assert plain.returncode != 0
    assert said in plain.stdout + plain.stderr
    assert [one["type"] for one in project.resources()] in ([], ["pulumi:pulumi:Stack"])


def test_a_secret_in_the_training_section_is_refused(misspelt: Sample) -> None:
    """Hyperparameters and tags can be read by anybody who may look at the job."""
    misspelt.pulumi("config", "set", "--secret", "--path", "greenai-infra:training.hyperparameters.token", "hush-token")

    online = misspelt.command_line("preview", "--json")
    offline = misspelt.command_line("preview", "--offline", "--stack", "now")

    assert_explained(online, "now: the stack's program failed", "keep it in AWS Secrets Manager", code=2)
    assert offline.code == 2
    assert "keep it in AWS Secrets Manager" in " ".join(offline.out.split())
    assert "hush-token" not in online.said + offline.said


def test_messages_name_commands_that_there_are(sample: Sample) -> None:
    """The one command that every message falls back on works where the engine does not."""
    empty = sample.command_line.without("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", PATH=os.defpath)

    run = empty("preview", "--offline", "--stack", "dev")

    assert run.code == 0, run.said
