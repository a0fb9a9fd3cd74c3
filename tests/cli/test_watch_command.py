"""`watch` as a user meets it: a source that changes, real signals, bounds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.cli import pace as cli_pace
from greenai_infra.intensity.choice import fallback
from tests.cli.grid import HOUR, Grid
from tests.intensity.web import Reply
from tests.planning.paces import FakePace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
SWEDEN, QUEBEC = "aws:eu-north-1", "aws:ca-central-1"
WORKLOAD = """
name: a-job
project: pp1
team: tt1
kind: training
work: {accelerator_hours: {hours: 40, accelerator: H100}}
hardware: {accelerators: [H100], count: 8}
where: {allow: [aws:eu-north-1, aws:ca-central-1]}
when: {deadline: +24h}
"""


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD, encoding="utf-8")
    return path


@pytest.fixture
def grid(greenai: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Grid]:
    """The service, with settings by which it is asked; `greenai` clears those of the user before."""
    grid = Grid()
    monkeypatch.setenv("ELECTRICITYMAPS_TOKEN", "sekret")
    monkeypatch.setenv("ELECTRICITYMAPS_BASE_URL", grid.service.url)
    monkeypatch.setenv("GREENAI_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield grid
    grid.service.close()


@pytest.fixture
def hours_pass(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, dict[str, Any]]], None]:
    """Lets an hour pass between rounds at once; after round k the grid changes as `changes[k]` says."""

    def prepare(changes: dict[int, dict[str, Any]]) -> None:
        def on_wait(number: int) -> None:
            grid.now += HOUR
            for name, value in changes.get(number, {}).items():
                setattr(grid, name, value)

        monkeypatch.setattr(fallback, "NOW_TOLERANCE", timedelta(days=30))
        monkeypatch.setattr(cli_pace, "RealPace", lambda: FakePace(start=grid.now, on_wait=on_wait))

    return prepare


def test_only_changes_of_a_live_source_are_told(
    greenai: Command, workload: Path, grid: Grid, hours_pass: Callable[[dict[int, dict[str, Any]]], None]
) -> None:
    small = {**grid.levels, "SE-SE3": 21.0}  # 5 % more
    large = {**grid.levels, "SE-SE3": 90.0}
    hours_pass({2: {"levels": small}, 3: {"levels": large}, 4: {"fails": True}, 5: {"fails": False}})

    done = greenai("watch", workload, "--source", "electricity-maps", "--every", "1h", "--rounds", "6")

    lines = [line[21:] for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in lines] == ["first", "best", "switch", "error", "source", "end"]
    assert lines[0].startswith(f"first     {SWEDEN} at once, ")
    assert lines[0].endswith("; source electricity-maps")
    assert lines[1].startswith(f"best      {QUEBEC}, ")
    assert f"from {SWEDEN} to {QUEBEC}: " in lines[2]
    assert "electricity-maps has no intensity for any candidate region" in lines[3]
    assert lines[4] == "source    regained: electricity-maps answers again after 1 failed rounds"
    assert lines[5] == "end       ended as planned after 6 rounds (1 failed), 3 changes"


def test_a_source_that_another_one_stands_in_for_is_lost_and_regained(
    greenai: Command,
    workload: Path,
    hours_pass: Callable[[dict[int, dict[str, Any]]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fallback, "order", lambda: {"electricity-maps": ("electricity-maps",)})
    hours_pass({1: {"fails": True}, 2: {"fails": False}})

    done = greenai("watch", workload, "--every", "1h", "--rounds", "3", "--threshold", "100", "--json")

    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events if event["event"] != "emissions"] == ["first", "source", "source", "end"]
    sources = [event for event in events if event["event"] == "source"]
    assert [(one["state"], one["source"]) for one in sources] == [
        ("lost", "embedded"),
        ("regained", "electricity-maps"),
    ]
    assert "licence has ended" in sources[0]["reason"]
    assert "sekret" not in done.out + done.err


def start_watch(*options: object, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "greenai_infra", "watch", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
    )


def stopped_after(process: subprocess.Popen[str], number: signal.Signals) -> tuple[float, str, str]:
    """Seconds from the signal to the end, and what was printed after it."""
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    return time.monotonic() - began, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_ends_it(workload: Path, number: signal.Signals) -> None:
    process = start_watch(workload, "--source", "embedded", "--every", "1h")
    assert process.stdout is not None
    assert " first " in process.stdout.readline()

    seconds, out, err = stopped_after(process, number)

    assert process.returncode == 0
    assert seconds < 30
    assert out.endswith(f"end       stopped by {number.name} after 1 rounds (0 failed), 0 changes\n")
    assert out.count("\n") == 1
    assert err == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_service_does_not_answer_ends_it(
    workload: Path, grid: Grid, tmp_path: Path, number: signal.Signals
) -> None:
    grid.service.scripts["forecast"] = lambda asked: Reply({}, delay_s=90)
    process = start_watch(
        workload, "--source", "electricity-maps", environment={"GREENAI_CACHE_DIR": str(tmp_path / "cache")}
    )
    for _ in range(200):
        if grid.service.asked:
            break
        time.sleep(0.05)
    assert grid.service.asked

    seconds, out, err = stopped_after(process, number)

    assert process.returncode == 0
    assert seconds < 30
    assert out.endswith(f"end       stopped by {number.name} after 0 rounds (0 failed), 0 changes\n")
    assert err == ""


def test_json_while_a_signal_comes_ends_with_an_object(workload: Path) -> None:
    process = start_watch(workload, "--source", "embedded", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "first"
    _, out, _ = stopped_after(process, signal.SIGTERM)
    assert json.loads(out)["reason"] == "stopped by SIGTERM"


def test_a_watch_where_every_round_fails_ends_with_1(greenai: Command, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD + "limits: {cost_usd: 1}\n", encoding="utf-8")
    done = greenai("watch", path, "--source", "embedded", "--rounds", "1")
    assert done.code == 1
    assert [line[21:26] for line in done.out.splitlines()] == ["error", "end  "]
    assert done.out.count("\n") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--every", "30s"], "'30s' is not a duration"),
        (["--every", "0.5m"], "--every 0.5m is too often"),
        (["--for", "60d"], "the watch would last longer than 31 days"),
        (["--every", "1d", "--rounds", "99"], "the watch would last longer than 31 days"),
        (["--rounds", "0"], "Invalid value for '--rounds'"),
        (["--threshold", "101"], "Invalid value for '--threshold'"),
        (["--current", "mars"], "'mars' is not a region in the catalog"),
        (["--source", "pigeon"], "'pigeon' is not a source of intensity"),
        (["--source", "file:nowhere.csv"], "there is no such CSV file"),
    ],
)
def test_what_cannot_be_used_ends_with_2(greenai: Command, workload: Path, options: list[str], message: str) -> None:
    done = greenai("watch", workload, *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize(("every", "rounds", "failed"), [("6h", 4, 0), ("5h", 5, 1)])
def test_a_deadline_ends_the_watch(
    monkeypatch: pytest.MonkeyPatch, greenai: Command, workload: Path, every: str, rounds: int, failed: int
) -> None:
    # A run of 5.2 h has until 24 h: a round at 20 h comes too late for it, and none is at 24 h.
    monkeypatch.setattr(cli_pace, "RealPace", lambda: FakePace(start=datetime(2026, 11, 1, tzinfo=UTC)))
    done = greenai("watch", workload, "--source", "embedded", "--every", every, "--for", "10d")
    assert done.out.endswith(f"ended as planned after {rounds} rounds ({failed} failed), 0 changes\n")
    assert done.out.count("h are left until the deadline") == failed
