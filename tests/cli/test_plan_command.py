"""`plan`, `explain`, `schema` and help as a user meets them: exit codes, text, files."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from greenai_infra.cli.main import COMMANDS, main

from .in_process import run_here

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "templates" / "workloads").glob("*.yaml"))
FINETUNE = ROOT / "templates" / "workloads" / "finetune-7b.yaml"
AT = ["--at", "2026-03-01T00:00:00Z"]
JOB = """
name: a-job
project: pp1
team: tt1
kind: training
work: {accelerator_hours: {hours: 80, accelerator: H100}}
hardware: {accelerators: [H100], count: 8}
where: {providers: [aws]}
when: {deadline: +72h}
"""
WIDE = """
name: wide
project: pp1
team: tt1
kind: training
work: {accelerator_hours: {hours: 400, accelerator: TPU-v5e}}
hardware: {accelerators: [TPU-v5e, TPU-v6e], count: 128}
"""


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ELECTRICITYMAPS_TOKEN", "ELECTRICITYMAPS_BASE_URL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run_here(*arguments, cwd=cwd)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "w.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def forecast(path: Path, zone: str = "SE-SE3", hours: int = 400) -> Path:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [f"{zone},{(start + timedelta(hours=h)).isoformat()},{20 if h < 100 else 10}" for h in range(hours)]
    head = ["# signal: average", "# basis: lifecycle", "# kind: forecast", "zone,datetime,g_per_kwh"]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_plan_that_the_readme_shows_is_what_the_command_prints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^    finetune-7b: .*?(?=^      \.\.\.$)", readme, re.MULTILINE | re.DOTALL)
    assert shown is not None

    done = run("plan", FINETUNE, "--source", "embedded", "--at", "2026-11-24T08:28:00Z")

    assert done.stdout.startswith(textwrap.dedent(shown.group()))


def test_where_no_zone_of_the_file_is_known_the_error_names_them_with_the_nearest(tmp_path: Path) -> None:
    workload = written(tmp_path, JOB)
    source = forecast(tmp_path / "f.csv", zone="SE-SE33")

    done = run("plan", workload, "--source", source, "--at", "2026-03-01T00:00:00Z")

    assert done.returncode == 1
    assert "has no intensity for any candidate region" in done.stderr
    assert "zone SE-SE33 is unknown; did you mean SE-SE3" in done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_plans_without_account_key_or_network(example: Path) -> None:
    done = run("plan", example, "--hardware", "--explain", *AT)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith(f"{example.stem}: ")


@pytest.mark.parametrize("text", [JOB, WIDE], ids=["job", "wide"])
def test_piped_text_is_plain_and_fits_80_columns(tmp_path: Path, text: str) -> None:
    done = run("plan", written(tmp_path, text), "--hardware", "--explain", *AT)

    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []


def test_a_plan_that_exists_ends_with_0_and_names_the_next_step(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"

    done = run("plan", FINETUNE, *AT, "--out", out)

    assert done.returncode == 0
    assert f"pin it:  greenai-infra select {out}" in done.stdout
    assert json.loads(out.read_text(encoding="utf-8"))["workload"]["name"] == "finetune-7b"


def test_what_is_printed_as_json_is_what_is_written(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"

    done = run("plan", FINETUNE, *AT, "--json", "--out", out)

    assert done.stdout == out.read_text(encoding="utf-8")


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        assert run("plan", FINETUNE, *AT, "--hardware", "--out", tmp_path / name).returncode == 0

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_explain_from_the_file_alone_prints_what_plan_explained(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    explained = run("plan", FINETUNE, *AT, "--hardware", "--explain").stdout
    run("plan", FINETUNE, *AT, "--hardware", "--out", out)

    assert run("explain", out).stdout == explained


def test_a_workload_that_fits_nowhere_ends_with_1_and_says_which_constraint_removed_what(tmp_path: Path) -> None:
    done = run("plan", written(tmp_path, JOB + "limits: {cost_usd: 1}\n"), *AT)

    assert done.returncode == 1
    assert "limits.cost_usd (1.0) removed" in done.stderr
    assert "the cheapest is" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.yaml"], "missing.yaml: cannot be read: No such file or directory"),
        (["."], "cannot be read: Is a directory"),
        ([FINETUNE, "--at", "2026-03-01T00:00:00"], "has no time zone; write 'Z'"),
        ([FINETUNE, "--at", "tomorrow"], "'tomorrow' is not a time"),
        ([FINETUNE, "--source", "carrier-pigeon"], "'carrier-pigeon' is not a source of intensity"),
        ([FINETUNE, "--source", "file:nowhere.csv"], "there is no such CSV file"),
        ([FINETUNE, "--source", "electricity-maps"], "ELECTRICITYMAPS_TOKEN is not set"),
        ([FINETUNE, "--basis", "guessed"], "Invalid value for '--basis'"),
        ([FINETUNE, "--out", "no/such/folder/plan.json"], "plan.json: cannot be written: No such file or directory"),
        ([], "Missing argument 'WORKLOAD'"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_message(tmp_path: Path, arguments: list[object], message: str) -> None:
    done = run("plan", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_binary_file_is_no_workload(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes(bytes(range(256)) * 8)

    done = run("plan", path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {path}:1: not valid YAML")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_nothing_is_left_in_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)

    done = run("plan", FINETUNE, *AT, "--out", folder / "plan.json")

    assert done.returncode == 2
    assert list(folder.iterdir()) == []


def test_a_plan_that_fails_leaves_the_former_file_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    out.write_text("former", encoding="utf-8")

    run("plan", FINETUNE, "--source", "file:nowhere.csv", "--out", out)

    assert out.read_text(encoding="utf-8") == "former"
    assert list(tmp_path.iterdir()) == [out]


def test_a_forecast_in_a_file_moves_the_job_to_its_clean_hours(tmp_path: Path) -> None:
    # From hour 100 on it is half as dirty; a deadline of 72 h does not reach it, one of 120 h does.
    source = f"file:{forecast(tmp_path / 'forecast.csv')}"
    soon = json.loads(run("plan", written(tmp_path, JOB), *AT, "--source", source, "--json").stdout)
    later = written(tmp_path, JOB.replace("+72h", "+120h"))
    waited = json.loads(run("plan", later, *AT, "--source", source, "--json").stdout)

    assert soon["placement"]["start"] == "2026-03-01T00:00:00Z"
    assert waited["placement"]["start"] == "2026-03-05T04:00:00Z"
    assert waited["placement"]["intensity"]["kind"] == "forecast"


def test_a_forecast_that_ends_too_early_is_said(tmp_path: Path) -> None:
    source = f"file:{forecast(tmp_path / 'f.csv', hours=3)}"

    done = run("plan", written(tmp_path, JOB + "baseline: {region: eu-north-1}\n"), *AT, "--source", source)

    assert done.returncode == 1
    assert "the intensity source removed" in done.stderr
    assert "needs 10.1 h; the intensity of SE-SE3 is known to 2026-03-01T03:00:00Z, 3.0 h after" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json", "is not a plan"),
        (b"[1, 2]", "is not a plan: expected an object"),
        (b"{}", "has no schema_version"),
        (b"\xff\xfe", "is not a plan"),
        (b'{"placement": {}, "schema_version": "0"}', "has schema_version '0', this release reads '1'"),
        (b'{"placement": {}, "schema_version": "99"}', "has schema_version '99', this release reads '1'"),
    ],
)
def test_a_file_that_is_no_plan_of_this_version_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)

    done = run("explain", path)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def implemented() -> list[str]:
    return [name for name in COMMANDS if (ROOT / f"{COMMANDS[name][0].replace('.', '/')}.py").exists()]


@pytest.mark.parametrize("name", implemented())
def test_help_of_each_command_says_what_it_does_and_how(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    helps = [result.output]
    if isinstance(command, click.Group):
        helps = [CliRunner().invoke(main, [name, inner, "--help"]).output for inner in command.commands]
    assert all("Example" in text for text in helps)


@pytest.mark.parametrize("name", ["plan", "explain", "schema"])
def test_the_example_in_the_help_runs(tmp_path: Path, name: str) -> None:
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    run("plan", FINETUNE, *AT, "--out", tmp_path / "plan.json")
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.epilog is not None
    words = shlex.split(command.epilog.removeprefix("Example:").partition(">")[0])

    done = run(*words[1:], cwd=tmp_path)

    assert words[0] == "greenai-infra"
    assert done.returncode == 0, done.stderr


def test_the_help_of_all_lists_every_command() -> None:
    output = CliRunner().invoke(main, ["--help"]).output

    assert all(name in output for name in COMMANDS)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("no_color", [True, False])
def test_a_terminal_gets_styles_unless_no_color_is_set(no_color: bool) -> None:
    import pty

    parent, child = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    if no_color:
        environment["NO_COLOR"] = "1"
    command = [sys.executable, "-m", "greenai_infra", "plan", str(FINETUNE), *AT]
    with subprocess.Popen(command, stdout=child, stderr=child, env=environment) as process:
        os.close(child)
        shown = b""
        try:
            while piece := os.read(parent, 65536):
                shown += piece
        except OSError:
            pass  # the other end was closed
    os.close(parent)

    assert process.returncode == 0
    assert b"finetune-7b" in shown
    colours = [code for code in shown.split(b"\x1b[")[1:] if code[:1] == b"3" and code[1:2].isdigit()]
    assert not no_color or colours == []
