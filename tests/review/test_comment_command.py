"""`greenai-infra comment`, as a CI job runs it: a process of its own against a server on loopback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.in_process import run_here
from tests.reporting.previews import STACK, finding, preview, rule, write

from .web import TOKEN, Reply

if TYPE_CHECKING:
    import subprocess

    from .web import Server

MARKER = f"<!-- greenai-infra: assistants/{STACK} -->"
STOPPED: dict[str, Any] = {"policy": {"rules": [rule("tags", violations=1)]}, "findings": [finding("tags")]}


def comment(cwd: Path, environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return run_here("comment", *arguments, cwd=cwd, environment={**kept, **environment})


def test_the_comment_is_posted_before_the_gate_fails(tmp_path: Path, github: Server, on_github: dict[str, str]) -> None:
    head, base = tmp_path / "head", tmp_path / "base"
    head.mkdir()
    base.mkdir()
    write(head / "one.json", preview(**STOPPED))
    write(head / "two.json", preview(stack="other"))
    write(base / "one.json", preview(policy={"rules": [rule("tags")]}))

    done = comment(tmp_path, on_github, head, "--base", base)

    assert done.returncode == 1
    assert done.stderr == f"the carbon gate fails: assistants/{STACK} is stopped by 1 rule\n"
    assert done.stdout.splitlines() == [
        f"created the comment {MARKER} on octo/infra pull request 7",
        "created the comment <!-- greenai-infra: assistants/other --> on octo/infra pull request 7",
    ]
    first, second = (one["body"] for one in github.comments)
    assert "stopped by 1 rule" in first
    assert "Carbon gate: passes" in second
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("fail_on", "changes", "code"),
    [
        ("error", {}, 0),
        ("error", STOPPED, 1),
        ("never", STOPPED, 0),
        ("error", {"findings": [finding("live", "warning")]}, 0),
        ("warning", {"findings": [finding("live", "warning")]}, 1),
    ],
)
def test_exit_codes(
    tmp_path: Path, github: Server, on_github: dict[str, str], fail_on: str, changes: dict[str, Any], code: int
) -> None:
    head = write(tmp_path / "head.json", preview(**changes))
    done = comment(tmp_path, on_github, head, "--fail-on", fail_on)
    assert done.returncode == code, done.stderr
    assert len(github.comments) == 1


@pytest.mark.parametrize(("head", "gone"), [("head/one.json", False), ("head", True)])
def test_only_a_whole_folder_says_that_a_stack_is_gone(tmp_path: Path, head: str, gone: bool) -> None:
    for folder, stacks in (("head", (STACK,)), ("base", (STACK, "other"))):
        (tmp_path / folder).mkdir()
        for place, stack in zip(("one", "two"), stacks, strict=False):
            write(tmp_path / folder / f"{place}.json", preview(stack=stack))
    done = comment(tmp_path, {}, head, "--base", "base", "--dry-run")
    assert done.returncode == 0
    assert ("assistants/other is previewed on the base branch only" in done.stderr) == gone


@pytest.mark.parametrize(("changes", "code"), [({}, 0), (STOPPED, 1)])
def test_on_a_fork_the_gate_still_decides(
    tmp_path: Path, github: Server, on_github: dict[str, str], changes: dict[str, Any], code: int
) -> None:
    github.read_only = True
    done = comment(tmp_path, on_github, write(tmp_path / "head.json", preview(**changes)))
    assert done.returncode == code
    assert Path(on_github["GITHUB_STEP_SUMMARY"]).read_text().startswith(MARKER)


def test_posting_that_fails_is_an_error_though_the_gate_passes(
    tmp_path: Path, github: Server, on_github: dict[str, str]
) -> None:
    github.next_replies = [Reply(401, {"message": "Bad credentials"})]
    done = comment(tmp_path, on_github, write(tmp_path / "head.json", preview()))
    assert done.returncode == 1
    assert done.stderr == (
        "error: the comment could not be posted: the token was refused: it is wrong or has expired (HTTP 401): "
        "Bad credentials; it is in the job's summary\n"
    )


def test_a_body_of_github_fits_into_its_limit(tmp_path: Path, github: Server, on_github: dict[str, str]) -> None:
    long = [finding(f"check-{number}", message="\U0001f4a9" * 2000) for number in range(500)]
    done = comment(tmp_path, on_github, write(tmp_path / "head.json", preview(findings=long)), "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    assert len(github.comments) == 1


def test_dry_run_prints_and_asks_nobody(tmp_path: Path, github: Server, on_github: dict[str, str]) -> None:
    head = write(tmp_path / "head.json", preview(**STOPPED))
    done = comment(tmp_path, on_github, head, "--dry-run", "--out", "c.md", "--html", "c.html")
    assert done.returncode == 1
    assert done.stdout.startswith(f"{MARKER}\n## ❌ Carbon gate: stopped by 1 rule")
    assert (tmp_path / "c.md").read_text() == done.stdout
    assert "<h2>❌ Carbon gate: stopped by 1 rule</h2>" in (tmp_path / "c.html").read_text()
    assert github.asked == []


def test_nothing_of_a_job_is_needed_to_look_at_it(tmp_path: Path) -> None:
    done = comment(tmp_path, {}, write(tmp_path / "head.json", preview()), "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")


def test_measured_emissions_are_a_comment_of_their_own(
    tmp_path: Path, github: Server, on_github: dict[str, str]
) -> None:
    head = write(tmp_path / "head.json", preview(**STOPPED))
    report = tmp_path / "emissions.csv"
    report.write_text("run_id,duration,emissions,energy_consumed\nr,3600,1,50\n")

    comment(tmp_path, on_github, head)
    done = comment(tmp_path, on_github, head, "--emissions", report)

    assert done.returncode == 0, done.stderr
    assert [one["body"].splitlines()[0] for one in github.comments] == [
        MARKER,
        f"<!-- greenai-infra: assistants/{STACK} emissions -->",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.json",), "nowhere.json"),
        ((), "give a PREVIEW"),
        (("head.json", "--max-wait", "nan"), "nan is not a number"),
        (("head.json", "--pr", "0"), "0 is not in the range"),
        (("head.json", "--base", "v2.json"), "schema_version 2"),
        (("head.json", "--emissions", "head.json"), "lacks the column duration"),
        (("head.json", "other.json", "--emissions", "head.json"), "--emissions belongs to one run"),
        (("head.json",), "not a GitHub or GitLab job"),
    ],
)
def test_wrong_usage_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    write(tmp_path / "head.json", preview())
    write(tmp_path / "other.json", preview(stack="other"))
    write(tmp_path / "v2.json", preview(schema_version=2))
    done = comment(tmp_path, {}, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
