"""`backtest` as a user meets it: text, JSON, exit codes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .in_process import run_here

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "# signal: average\n# basis: lifecycle\n"
JOB = """
name: a-job
project: pp1
team: tt1
kind: training
work: {accelerator_hours: {hours: 80, accelerator: H100}}
hardware: {accelerators: [H100], count: 8}
where: {providers: [aws]}
when: {deadline: +48h}
"""
IN_SLICES = JOB.replace("+48h", "+48h, interruptible: {resume_overhead_minutes: 30, minimum_slice_hours: 2}")


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(cwd), "XDG_DATA_HOME": str(cwd), "COLUMNS": "80"}
    return run_here("backtest", *arguments, cwd=cwd, environment=environment)


def trace(path: Path, zone: str, level: float, *, hours: int = 3000, head: str = HEAD) -> str:
    """A day's wave around a level, and a slow drift."""
    rows = []
    for hour in range(hours):
        value = level * (1 + 0.3 * math.sin(hour * math.pi / 12) + 0.1 * math.sin(hour / 50))
        rows.append(f"{zone},{(START + timedelta(hours=hour)).isoformat()},{value:.2f}\n")
    path.write_text(head + "zone,datetime,g_per_kwh\n" + "".join(rows), encoding="utf-8")
    return path.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "sliced.yaml").write_text(IN_SLICES)
    trace(tmp_path / "one.csv", "US-MIDA-PJM", 400)
    trace(tmp_path / "two.csv", "SE-SE3", 30)
    return tmp_path


@pytest.mark.parametrize("workload", ["job.yaml", "sliced.yaml"])
def test_text_fits_80_columns_and_has_every_strategy_and_interval(folder: Path, workload: str) -> None:
    done = run(workload, "--trace", "one.csv", "two.csv", cwd=folder)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    names = ("now", "fixed greenest", "hourly greenest", "best window", "interruptible", "climatology", "oracle")
    assert all(f"\n{name}  " in done.stdout for name in names)
    assert ("not allowed" in done.stdout) == (workload == "job.yaml")
    assert "PUE of the region in each zone: US-MIDA-PJM 1.15 (aws:us-east-1), SE-SE3 1.1 (aws:eu-north-1)" in (
        " ".join(done.stdout.split())
    )


def test_zones_that_the_workload_does_not_allow_are_left_out_and_said(folder: Path) -> None:
    # Poland is the cleanest here, but has no region of AWS; Virginia is not in the EU and stays as the stated baseline.
    trace(folder / "three.csv", "PL", 10)
    traces = ("--trace", "one.csv", "two.csv", "three.csv", "--starts", 50)
    europe = JOB.replace("providers: [aws]", "providers: [aws], residency: [EU]") + "baseline: {region: us-east-1}\n"
    (folder / "europe.yaml").write_text(europe)

    made = json.loads(run("europe.yaml", *traces, "--json", cwd=folder).stdout)
    everywhere = json.loads(run("europe.yaml", *traces, "--json", "--all-zones", cwd=folder).stdout)

    assert made["baseline"]["zone"] == "US-MIDA-PJM"
    assert made["zones_left_out"] == ["US-MIDA-PJM", "PL"]
    assert {tuple(row["zones"]) for row in made["strategies"] if row["zones"]} == {("US-MIDA-PJM",), ("SE-SE3",)}
    assert "US-MIDA-PJM (except as the baseline), PL; --all-zones includes them" in " ".join(made["notes"])
    best = next(row for row in everywhere["strategies"] if row["strategy"] == "oracle")
    assert best["zones"] == {"PL": 1.0}
    assert everywhere["zones_left_out"] == []


def test_traces_of_forbidden_zones_alone_are_refused(folder: Path) -> None:
    (folder / "canada.yaml").write_text(JOB.replace("providers: [aws]", "providers: [aws], residency: [CA]"))

    done = run("canada.yaml", "--trace", "one.csv", "two.csv", cwd=folder)

    assert done.returncode == 2
    assert "`where` allows no region in US-MIDA-PJM, SE-SE3" in done.stderr
    assert "--all-zones" in done.stderr


def test_json_holds_the_figures_that_the_text_rounds(folder: Path) -> None:
    text = run("job.yaml", "--trace", "one.csv", "two.csv", "--starts", 200, cwd=folder).stdout
    made = json.loads(run("job.yaml", "--trace", "one.csv", "two.csv", "--starts", 200, "--json", cwd=folder).stdout)

    rows = {row["strategy"]: row for row in made["strategies"]}
    assert made["starts"]["count"] == 200
    assert rows["climatology"]["zones"] == {"SE-SE3": 1.0}
    assert f"{rows['climatology']['saving_percent']['mean']:.1f}" in text
    assert rows["oracle"]["oracle_percent"]["mean"] == pytest.approx(100)
    assert rows["now"]["emissions_kg"]["low"] < rows["now"]["emissions_kg"]["mean"]


def test_the_seed_decides_and_nothing_else(folder: Path) -> None:
    command = ("job.yaml", "--trace", "one.csv", "--trace", "two.csv", "--starts", 50, "--json")

    assert run(*command, cwd=folder).stdout == run(*command, cwd=folder).stdout
    assert run(*command, cwd=folder).stdout != run(*command, "--seed", 1, cwd=folder).stdout


def test_a_folder_and_a_pattern_name_the_same_traces(folder: Path) -> None:
    by_name = run("job.yaml", "--trace", "one.csv", "two.csv", "--starts", 20, "--json", cwd=folder)
    by_folder = run("job.yaml", "--trace", ".", "--starts", 20, "--json", cwd=folder)
    by_pattern = run("job.yaml", "--trace", "*.csv", "--starts", 20, "--json", cwd=folder)

    assert json.loads(by_folder.stdout)["strategies"] == json.loads(by_name.stdout)["strategies"]
    assert json.loads(by_pattern.stdout)["strategies"] == json.loads(by_name.stdout)["strategies"]


def test_traces_without_a_header_are_described_by_options(folder: Path) -> None:
    trace(folder / "bare.csv", "US-MIDA-PJM", 400, head="")

    done = run("job.yaml", "--trace", "bare.csv", "--basis", "direct", "--starts", 10, "--json", cwd=folder)

    assert json.loads(done.stdout)["traces"][0]["basis"] == "direct"
    assert "doesn't state its basis" in run("job.yaml", "--trace", "bare.csv", cwd=folder).stderr


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        (["A,2026-01-01T00:00:00Z,0", "A,2026-01-01T01:00:00Z,1"], 4, "0 g/kWh is emitted by no grid"),
        (["A,2026-01-01T00:00:00Z,1", "A,2026-01-01T01:00:00Z,-1"], 5, "-1 g/kWh is negative"),
        (["A,2026-01-01T00:00:00,1", "A,2026-01-01T01:00:00,1"], 4, "has no time zone"),
        (["A,2026-01-01T00:00:00Z,1"], 4, "one row doesn't tell how long a step is"),
        (["A,2026-01-01T00:00:00Z"], 4, "2 fields where 3 columns are named"),
        (["A,yesterday,1"], 4, "'yesterday' is not a time"),
    ],
)
def test_a_bad_row_ends_with_2_and_names_file_and_line(folder: Path, rows: list[str], line: int, problem: str) -> None:
    (folder / "bad.csv").write_text(HEAD + "zone,datetime,g_per_kwh\n" + "\n".join(rows) + "\n")

    done = run("job.yaml", "--trace", "one.csv", "bad.csv", cwd=folder)

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: bad.csv:{line}: ")
    assert problem in done.stderr
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Missing option '--trace'"),
        (["--trace", "nowhere.csv"], "there is no such CSV file"),
        (["--trace", "one.csv", "--starts", "0"], "Invalid value for '--starts'"),
        (["--trace", "one.csv", "--starts", "999999"], "the traces have only"),
        (["--trace", "one.csv", "--baseline", "XX"], "--baseline XX is in no trace; the traces have US-MIDA-PJM"),
        (["--trace", "one.csv", "short.csv"], "a start needs 168 h of history and 48.0 h ahead"),
        (["--trace", "one.csv", "later.csv"], "no whole hour in common"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_message(folder: Path, arguments: list[str], problem: str) -> None:
    trace(folder / "short.csv", "SE-SE3", 30, hours=200)
    later = "".join(f"FR,2031-01-01T0{hour}:00:00Z,50\n" for hour in range(3))
    (folder / "later.csv").write_text(HEAD + "zone,datetime,g_per_kwh\n" + later)

    done = run("job.yaml", *arguments, cwd=folder)

    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_fixed_deadline_alone_is_refused_with_what_to_write(folder: Path) -> None:
    (folder / "job.yaml").write_text(JOB.replace("+48h", "2026-02-01T00:00:00Z"))

    done = run("job.yaml", "--trace", "one.csv", cwd=folder)

    assert done.returncode == 2
    assert "is a fixed time" in done.stderr
    assert "+72h" in done.stderr


def test_large_jobs_are_shown_in_tonnes_within_80_columns(folder: Path) -> None:
    (folder / "big.yaml").write_text(JOB.replace("hours: 80,", "hours: 180000,").replace("count: 8", "count: 8192"))

    done = run("big.yaml", "--trace", "one.csv", "two.csv", cwd=folder)

    assert "t CO2e" in done.stdout, done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []


def test_climatology_does_what_plan_does_as_of_that_moment_and_meets_what_then_came(folder: Path) -> None:
    # Traces of a week and a day hold one start, after the week. The last day is unlike the week before.
    job = (
        JOB.replace("+48h", "+24h")
        .replace("hours: 80", "hours: 40")
        .replace("[aws]", "[aws], allow: [us-east-1, eu-north-1]")
    )
    (folder / "job.yaml").write_text(job)
    for name, zone, level in (("one.csv", "US-MIDA-PJM", 40), ("two.csv", "SE-SE3", 30)):
        trace(folder / name, zone, level, hours=192)
        lines = (folder / name).read_text().splitlines()
        last_day = [f"{line.rpartition(',')[0]},{level + 2 * hour}" for hour, line in enumerate(lines[-24:])]
        (folder / name).write_text("\n".join([*lines[:-24], *last_day]) + "\n")

    plan = planned("job.yaml", "--source", "climatology:file:.", "--at", "2026-01-08T00:00:00Z", "--json", cwd=folder)
    made = json.loads(run("job.yaml", "--trace", ".", "--starts", 1, "--json", cwd=folder).stdout)

    placement = plan["placement"]
    found = {row["strategy"]: row for row in made["strategies"]}["climatology"]
    assert found["zones"] == {placement["zone"]: 1.0}
    assert found["waited_hours"]["mean"] == pytest.approx(plan["savings"]["waits_hours"], abs=1e-3)
    assert 0 < found["waited_hours"]["mean"] < 19
    # The run of five hours and the start of 0.085 h begins w hours into a day of level, level + 2, level + 4, ...
    waited, level = found["waited_hours"]["mean"], 30 if placement["zone"] == "SE-SE3" else 40
    end = waited + 5.085
    met = sum((level + 2 * h) * max(0, min(h + 1, end) - max(h, waited)) for h in range(24)) / 5.085
    emitted_kg = placement["energy_kwh"] * placement["pue"] * met / 1000
    assert found["emissions_kg"]["mean"] == pytest.approx(emitted_kg, rel=1e-4)


def planned(*arguments: object, cwd: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "greenai_infra", "plan", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(cwd), "XDG_DATA_HOME": str(cwd)},
        cwd=cwd,
        check=True,
    )
    made: dict[str, Any] = json.loads(done.stdout)
    return made
