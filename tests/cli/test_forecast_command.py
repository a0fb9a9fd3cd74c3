"""`forecast` as a user meets it: bars, words, JSON, and what it says of a zone that there is none of."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenai_infra.reporting import outlook_text

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 10, tzinfo=UTC)
DAY = [300.0] * 8 + [100.0] * 4 + [300.0] * 12
"""Clean from 08:00 to 12:00."""


def table(path: Path, kind: str = "history", zone: str = "SE-SE3", day: list[float] = DAY) -> str:
    """A week before AT, or two days after it, of days alike; the source that reads it."""
    start, hours = (AT - timedelta(days=7), 168) if kind == "history" else (AT, 48)
    rows = [f"{zone},{(start + timedelta(hours=hour)).isoformat()},{day[hour % 24]}" for hour in range(hours)]
    head = ["# signal: average", "# basis: lifecycle", f"# kind: {kind}", "zone,datetime,g_per_kwh"]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return f"file:{path}"


@pytest.fixture
def history(tmp_path: Path) -> list[str]:
    return ["--source", table(tmp_path / "history.csv"), "--at", AT.isoformat()]


@pytest.mark.parametrize("name", ["SE-SE3", "se-se3", "aws:eu-north-1", "eu-north-1", "EU-NORTH-1"])
def test_a_zone_goes_by_its_name_and_by_that_of_its_region(greenai: Command, history: list[str], name: str) -> None:
    done = greenai("forecast", name, *history)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        "SE-SE3: expected carbon intensity, average, lifecycle\nfeeds aws:eu-north-1 (Stockholm)"
    )


def test_a_gcp_region_has_a_zone_too(greenai: Command, tmp_path: Path) -> None:
    source = table(tmp_path / "fi.csv", zone="FI")
    assert greenai("forecast", "gcp:europe-north1", "--source", source, "--at", AT.isoformat()).out.startswith(
        "FI: expected"
    )


def test_the_chosen_hours_are_marked_and_the_bars_are_to_scale(greenai: Command, history: list[str]) -> None:
    lines = greenai("forecast", "SE-SE3", "--hours", "24", "--run", "3", *history).out.splitlines()

    bars = [line for line in lines if "█" in line]
    assert len(bars) == 24
    assert [bar[2:13] for bar in bars if bar.startswith(">")] == ["03-10 08:00", "03-10 09:00", "03-10 10:00"]
    assert bars[0].count("█") / 3 - 1 < bars[8].count("█") <= bars[0].count("█") / 3
    assert "min 100 g/kWh (03-10 08:00), mean 267 g/kWh, max 300 g/kWh (03-10 00:00)" in lines
    text = " ".join(" ".join(lines).split())
    assert "> a run of 3 h: 03-10 08:00 to 03-10 11:00 UTC at 100 g/kWh, 66.7 % below" in text
    assert "forecast error: climatology, 0 % over 25 hindcasts (SE-SE3)" in text
    assert "climatology of file history.csv" in text
    assert "1.0 h old" in text
    assert "flags: none" in lines


@pytest.mark.parametrize("hours", ["24", "48", "200"])
def test_piped_text_is_plain_and_fits_80_columns_and_48_rows(greenai: Command, history: list[str], hours: str) -> None:
    done = greenai("forecast", "SE-SE3", "--hours", hours, *history)
    assert "\x1b" not in done.out
    assert [line for line in done.out.splitlines() if len(line) > 80] == []
    assert len([line for line in done.out.splitlines() if "█" in line]) <= 48


def test_json_has_every_step_and_where_it_comes_from(greenai: Command, history: list[str]) -> None:
    found = json.loads(greenai("forecast", "SE-SE3", "--hours", "24", "--run", "3", "--json", *history).out)

    assert [step["g_per_kwh"] for step in found["steps"]] == DAY
    assert found["steps"][0] == {"start": "2026-03-10T00:00:00Z", "end": "2026-03-10T01:00:00Z", "g_per_kwh": 300.0}
    assert found["chosen"] == {"start": "2026-03-10T08:00:00Z", "end": "2026-03-10T11:00:00Z", "g_per_kwh": 100.0}
    assert found["saving_percent"] == pytest.approx(100 * 2 / 3)
    assert (found["min_g_per_kwh"], found["max_g_per_kwh"]) == (100, 300)
    assert found["mean_g_per_kwh"] == pytest.approx((20 * 300 + 4 * 100) / 24)
    assert (found["zone"], found["regions"], found["kind"], found["flags"]) == (
        "SE-SE3", ["aws:eu-north-1", "gcp:europe-north2"], "climatology", [],
    )  # fmt: skip
    assert found["forecast_error"]["threshold_from"] == "measured"
    assert found["age_hours"] == 1


def test_a_forecast_in_a_file_has_no_measured_error(greenai: Command, tmp_path: Path) -> None:
    source = table(tmp_path / "forecast.csv", "forecast")
    text = " ".join(greenai("forecast", "SE-SE3", "--source", source, "--at", AT.isoformat()).out.split())
    assert "forecast error: forecast, not measured (SE-SE3: its past forecasts are not known)" in text
    assert "waits only for more than 10 %" in text


def test_a_yearly_mean_says_plainly_that_it_has_no_hours(greenai: Command) -> None:
    done = greenai("forecast", "SE-SE3", "--source", "embedded", "--at", "2026-11-01T00:00:00Z")
    assert done.code == 0
    assert "A yearly mean has no structure in time: it says where, not when" in done.out
    assert "█" not in done.out
    assert "g/kWh, the mean of 2025" in done.out


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("SE-SE33", "did you mean SE-SE3, "),
        ("eu-nrth-1", "did you mean eu-north-1, "),
        ("aws:eu-nrth-1", "did you mean aws:eu-north-1, "),
        ("Frankfurt", "in Frankfurt there are aws:eu-central-1, gcp:europe-west3"),
        ("Mars", "write a zone such as SE-SE3 or a region such as aws:eu-north-1"),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(greenai: Command, name: str, near: str) -> None:
    done = greenai("forecast", name)
    assert (done.code, done.out) == (2, "")
    assert f"unknown grid zone or region '{name}'" in done.err
    assert near in done.err


def test_a_zone_that_only_the_file_knows(greenai: Command, tmp_path: Path) -> None:
    source = table(tmp_path / "own.csv", zone="MY-PLANT")
    known = greenai("forecast", "MY-PLANT", "--source", source, "--at", AT.isoformat())
    unknown = greenai("forecast", "MY-PLAN", "--source", source, "--at", AT.isoformat())
    assert (known.code, unknown.code) == (0, 1)
    assert known.out.startswith("MY-PLANT: expected carbon intensity")
    assert "near: MY-PLANT" in unknown.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--run", "5", "--hours", "4"], "a run of 5 h does not fit into 4 h"),
        (["--hours", "0"], "Invalid value for '--hours'"),
        (["--run", "-1"], "Invalid value for '--run'"),
        (["--source", "pigeon"], "'pigeon' is not a source of intensity"),
    ],
)
def test_what_cannot_be_used_ends_with_2(greenai: Command, options: list[str], message: str) -> None:
    done = greenai("forecast", "SE-SE3", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_an_output_that_has_no_blocks_gets_plain_bars(tmp_path: Path) -> None:
    source = table(tmp_path / "history.csv")
    done = subprocess.run(
        [sys.executable, "-m", "greenai_infra", "forecast", "SE-SE3", "--source", source, "--at", AT.isoformat()],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"#####" in done.stdout
    assert done.stdout.isascii()


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("variable", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_they_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, variable: str, coloured: bool
) -> None:
    from greenai_infra.planning.outlook import look_ahead
    from tests.planning.made_up import Forecast, steps

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if variable:
        monkeypatch.setenv("NO_COLOR", variable)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    outlook_text.show(look_ahead(Forecast([steps("SE-SE3", DAY * 2)]), "SE-SE3", 48, 4), [])

    text = terminal.getvalue()
    assert ("\x1b[32m" in text) is coloured
    assert len([line for line in text.splitlines() if "█" in line]) <= 20  # of a screen of 24 lines
