"""`greenai-infra preview`, `up` and `destroy` on the real engine, held against what plain `pulumi` sees there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from .command_line import CommandLine, Run
from .project import SAMPLE, Project, write_project
from .training_project import copy_program

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine

STACK = "contiguous"
KEPT_SO_LONG = ("artifacts", "checkpoints", "data", "log of the runs", "log of the traffic")
"""What `retention_days` is set on: the life of three buckets' old versions, and of two logs."""

SALT = "encryptionsalt: "
SECRET = "hush-0451-hush"

SECRET_USER = """
token = config.require_secret("token")
aws.ssm.Parameter("token", region=region, type="SecureString", value=token)
pulumi.export("token", token)
pulumi.export("greeting", pulumi.Output.concat("bearer ", token))
"""

SAMPLE_RESOURCES = 6
"""The stack, a component with a bucket, a topic, an alarm, and the parameter that holds the secret."""


@dataclass(frozen=True)
class Life:
    """A stack from its first command to its last: what each command said, and what plain `pulumi` then saw."""

    project: Project
    runs: dict[str, Run]
    files: dict[str, str]
    seen: dict[str, Any]

    def run(self, name: str, *arguments: str) -> None:
        """Run a command, and keep what it said and what the stack's file is after it."""
        command_line = CommandLine(self.project.folder, self.project.engine.environment)
        self.keep(name, command_line(*arguments))

    def keep(self, name: str, run: Run) -> None:
        self.runs[name] = run
        self.files[name] = self.file.read_text()

    @property
    def file(self) -> Path:
        return self.project.folder / f"Pulumi.{self.project.stack}.yaml"

    @property
    def steps(self) -> list[tuple[str, str, dict[str, int]]]:
        """What the engine has in its history, first one first: kind, result, number of resources by change."""
        history = self.project.engine.json("stack", "history", cwd=self.project.folder, stack=self.project.stack)
        return [(one["kind"], one["result"], one["resourceChanges"]) for one in reversed(history)]


@pytest.fixture(scope="module")
def life(cold_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A training stack's whole life as a user's engine leads it, once for the tests of this file."""
    folder = tmp_path_factory.mktemp("training")
    project = Project(cold_engine.apart(folder / "engine"), folder, STACK)
    copy_program(folder, STACK)
    found = Life(project, {}, {}, {})
    found.file.write_text(laid_out(found.file.read_text()))
    found.files["before"] = found.file.read_text()

    found.run("up", "up", "--stack", STACK, "--yes")
    found.seen["preview"] = project.preview()["changeSummary"]
    found.seen["refresh"] = project.changes("refresh")
    found.file.write_text(found.file.read_text().replace("    slices:", "    retention_days: 60\n    slices:"))
    found.run("changed up", "up", "--yes")
    found.run("destroy", "destroy", "--yes")
    found.seen["resources after destroy"] = project.resources()
    found.seen["steps"] = found.steps
    return found


def laid_out(text: str) -> str:
    """A stack file as people write them: with comments, blank lines and a layout of their own."""
    text = text.replace("config:\n", "# ours, do not touch\n\nconfig:\n")
    return text.replace("    slices:", "\n    # the cheap night\n    slices:   # two at most") + "\n# the end\n"


def test_each_command_succeeds_and_complains_of_nothing(life: Life) -> None:
    for name, run in life.runs.items():
        assert (run.code, run.err) == (0, ""), f"{name}: {run.said}"


def test_up_says_how_much_it_built_and_how_to_read_the_outputs(life: Life) -> None:
    (_, _, built), *_ = life.seen["steps"]

    *_, summary, hint = life.runs["up"].out.splitlines()

    assert summary == f"{STACK} is up: {built['create']} created"
    assert hint.endswith(f"pulumi stack output --stack {STACK}")


def test_plain_pulumi_finds_what_up_built_and_nothing_to_change_in_it(life: Life) -> None:
    (_, _, built), *_ = life.seen["steps"]

    assert life.seen["preview"] == {"same": built["create"]}
    assert life.seen["refresh"] == {"same": built["create"]}


def test_a_change_in_the_stack_file_updates_what_depends_on_it(life: Life) -> None:
    assert life.runs["changed up"].out.splitlines()[-2] == f"{STACK} is up: {len(KEPT_SO_LONG)} updated"


def test_destroy_leaves_nothing_and_says_how_to_forget_the_rest(life: Life) -> None:
    assert life.seen["resources after destroy"] == []
    assert f"pulumi stack rm {STACK} --preserve-config" in life.runs["destroy"].out.splitlines()[-1]


def test_the_engine_remembers_each_step_as_its_own(life: Life) -> None:
    (_, _, built), *_ = life.seen["steps"]
    total, changed = built["create"], len(KEPT_SO_LONG)

    assert life.seen["steps"] == [
        ("update", "succeeded", {"create": total}),
        ("refresh", "succeeded", {"same": total}),
        ("update", "succeeded", {"update": changed, "same": total - changed}),
        ("destroy", "succeeded", {"delete": total}),
    ]


def test_of_the_stack_file_only_the_salt_is_new(life: Life) -> None:
    lines = life.files["up"].splitlines()

    assert [line for line in lines if not line.startswith(SALT)] == life.files["before"].splitlines()
    assert sum(line.startswith(SALT) for line in lines) == 1
    assert life.files["destroy"] == life.files["changed up"]


@pytest.fixture(scope="module")
def adopted(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A small stack with a secret that plain `pulumi` has built, beside that handled with `greenai-infra`."""
    folder = tmp_path_factory.mktemp("sample")
    project = Project(engine.apart(folder / "engine"), folder, "dev")
    write_project(folder, SAMPLE + SECRET_USER)
    project.pulumi("stack", "init", "--no-select")
    project.set(**{"aws:region": "eu-north-1"})
    project.pulumi("config", "set", "--secret", "token", SECRET)
    found = Life(project, {}, {}, {})
    at_terminal = CommandLine(folder, project.engine.environment).answered

    found.run("preview", "preview")
    found.run("json", "preview", "--json")
    found.seen["resources after preview"] = project.resources()
    project.pulumi("up", "--yes", "--skip-preview")
    found.run("up", "up", "--yes")
    found.seen["outputs"] = project.engine.json("stack", "output", "--show-secrets", cwd=folder, stack="dev")
    found.keep("no", at_terminal("n", "destroy"))
    project.set(threshold="11")
    found.keep("yes", at_terminal("y", "up"))
    found.run("destroy", "destroy", "--yes")
    found.run("destroy again", "destroy", "--yes")
    found.seen["steps"] = found.steps
    return found


def test_a_stack_of_plain_pulumi_is_taken_over_without_a_change(adopted: Life) -> None:
    run = adopted.runs["up"]

    assert (run.code, run.err) == (0, "")
    assert "dev is up: no changes\n" in run.out
    assert adopted.seen["steps"][1] == ("update", "succeeded", {"same": SAMPLE_RESOURCES})


def test_preview_says_what_would_be_built_and_builds_nothing(adopted: Life) -> None:
    run = adopted.runs["preview"]

    assert (run.code, run.err) == (0, "")
    assert f"+ {SAMPLE_RESOURCES} to create" in run.out
    assert adopted.seen["resources after preview"] == []


def test_preview_json_is_one_document_and_nothing_else(adopted: Life) -> None:
    run = adopted.runs["json"]

    document = json.loads(run.out)

    assert (run.code, run.err) == (0, "")
    assert document["changeSummary"] == {"create": SAMPLE_RESOURCES}
    assert len(document["steps"]) == SAMPLE_RESOURCES


def test_no_leaves_everything_as_it_is(adopted: Life) -> None:
    run = adopted.runs["no"]

    assert run.code == 1
    assert run.out.endswith(
        f"Remove dev: - {SAMPLE_RESOURCES} to delete? [y/N]: n\nerror: nothing was changed in dev\n"
    )
    assert [kind for kind, _, _ in adopted.seen["steps"]] == ["update", "update", "update", "destroy"]


def test_yes_goes_on(adopted: Life) -> None:
    run = adopted.runs["yes"]

    assert run.code == 0
    assert "Build dev: ~ 1 to update? [y/N]: y\n" in run.out
    assert "dev is up: 1 updated\n" in run.out
    assert adopted.seen["steps"][2] == ("update", "succeeded", {"update": 1, "same": SAMPLE_RESOURCES - 1})


def test_destroying_nothing_is_said_and_not_done(adopted: Life) -> None:
    run = adopted.runs["destroy again"]

    assert (run.code, run.err) == (0, "")
    assert run.out.endswith("dev has nothing built; there is nothing to remove\n")
    assert [kind for kind, _, _ in adopted.seen["steps"]].count("destroy") == 1


def test_neither_a_secret_nor_the_passphrase_is_ever_printed(adopted: Life) -> None:
    passphrase = adopted.project.engine.environment["PULUMI_CONFIG_PASSPHRASE"]
    assert adopted.seen["outputs"]["greeting"] == f"bearer {SECRET}"  # it is there to be printed

    for name, run in adopted.runs.items():
        assert SECRET not in run.said, name
        assert passphrase not in run.said, name
