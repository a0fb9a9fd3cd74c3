"""Runs and writers that are killed at any moment: the tracker's last report is whole, the ledger's sums are exact."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.locate import open_ledger
from greenai_infra.monitoring.run_report import read_report
from greenai_infra.tracking import run as tracked_run
from tests.tracking.fakes import Bench, ready

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.campaign
SPAWN = multiprocessing.get_context("fork")
ROUNDS = 25
STEP_KWH, STEP_KG = 0.001, 0.001
RESET_EVERY = 7


def kill(process: Any) -> None:
    assert process.is_alive()
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def track(report: Path, steps: Path) -> None:
    """A run without end whose counter falls to zero every seventh reading, as that of a driver that was reloaded."""
    vars(tracked_run)["HEARTBEAT_S"] = 0.001
    bench = Bench()
    trainer = bench.trainer(report=str(report), run_id="killed")
    file = os.open(steps, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with trainer:
        ready(trainer)
        for step in range(10**6):
            os.write(file, b".")
            if step % RESET_EVERY == RESET_EVERY - 1:
                bench.kwh["cpu"] = 0.0
            bench.use(1.0, STEP_KWH)
            time.sleep(0.0005)


def energy_after(steps: int) -> float:
    """kWh: the interval of a reset is not known, and counts as none."""
    return STEP_KWH * (steps - steps // RESET_EVERY)


def test_the_last_report_of_a_killed_run_is_whole(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    drawn = random.Random(int(pytestconfig.getoption("--campaign-seed")))
    found = 0
    for number in range(ROUNDS):
        report, steps = tmp_path / f"{number}.json", tmp_path / f"{number}.steps"
        process = SPAWN.Process(target=track, args=(report, steps))
        process.start()
        while not report.exists():
            assert process.is_alive()
            time.sleep(0.002)
        time.sleep(drawn.random() / 10)
        kill(process)
        kept = read_report(report)  # refuses what is cut or not a report
        assert kept.status == "running"
        if kept.energy_kwh is None:  # killed before the first reading
            continue
        possible = [energy_after(step) for step in range(steps.stat().st_size + 1)]
        off_kwh = min(abs(kwh - kept.energy_kwh) for kwh in possible)
        assert off_kwh == pytest.approx(0, abs=1e-9), "the sum of whole intervals"
        assert kept.emissions_kg == pytest.approx(kept.energy_kwh * 0.5), "at 500 g/kWh"
        found += kept.energy_kwh > 0
    print(f"\n  tracker: {ROUNDS} runs killed, {ROUNDS} whole reports, {found} with energy")
    assert found > ROUNDS / 2


def write(ledger: Path, acknowledged: Path, name: str, count: int) -> None:
    budget = CarbonBudget(ledger=ledger, team="t", project="p")
    file = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in range(count):
        budget.record(run_id=f"{name}-{number}", kg=STEP_KG, kind="training")
        os.write(file, f"{name}-{number}\n".encode())


def test_sums_of_a_ledger_are_exact_while_writers_are_killed(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    drawn = random.Random(int(pytestconfig.getoption("--campaign-seed")))
    ledger, acknowledged = tmp_path / "ledger.db", tmp_path / "acknowledged"
    CarbonBudget(ledger=ledger, team="t", project="p").set(year_kg=1000.0)
    killed = 0
    for number in range(ROUNDS):
        steady = SPAWN.Process(target=write, args=(ledger, acknowledged, f"steady-{number}", 10))
        victim = SPAWN.Process(target=write, args=(ledger, acknowledged, f"victim-{number}", 10**6))
        for process in (steady, victim):
            process.start()
        time.sleep(drawn.random() / 6)
        kill(victim)
        killed += 1
        steady.join()
        assert steady.exitcode == 0, "a killed writer holds nobody up"
        entries = open_ledger(ledger).entries("t", "p")
        stored = [entry.entry_id for entry in entries if entry.kg == STEP_KG]
        said = acknowledged.read_text().splitlines()
        assert len(stored) == len(set(stored)), "none twice"
        assert set(said) <= set(stored), "none that was acknowledged is lost"
        assert len(stored) - len(said) <= killed, "a killed writer had one under way"
        status = CarbonBudget(ledger=ledger, team="t", project="p").status()
        assert status.used_kg == pytest.approx(STEP_KG * len(stored), rel=1e-12)
    print(f"\n  ledger: {killed} writers killed, {len(stored):,} entries, sums exact")
