"""Processes and threads that write to one file at once, and are killed: nothing that was acknowledged is lost."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from greenai_infra.contracts.ledger_entry import EntryType
from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.entries import OverBudget
from greenai_infra.ledger.locate import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES, THREADS = 8, 8
BUDGET_KG = 40.0


def write(ledger: Path, acknowledged: Path, process: int) -> None:
    """Record and reserve without end. What has returned is written down, in one write a line."""
    budget = CarbonBudget(ledger=ledger, team="t", project="p")
    file = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write_on(thread: int) -> None:
        for turn in range(10**6):
            name = f"{process}-{thread}-{turn}"
            # Every other run is known to all processes, so that they try to record the same.
            run = f"shared-{thread}-{turn}" if turn % 2 else name
            budget.record(run_id=run, kg=0.001, kind="inference")
            os.write(file, f"run {run}\n".encode())
            try:
                budget.reserve(run_id=f"held-{name}", kg=1.0, kind="training")
                os.write(file, f"reservation held-{name}\n".encode())
            except OverBudget:
                os.write(file, b"refused\n")

    threads = [threading.Thread(target=write_on, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_writers_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    ledger, acknowledged = tmp_path / "ledger.db", tmp_path / "acknowledged"
    CarbonBudget(ledger=ledger, team="t", project="p").set(year_kg=BUDGET_KG, training_share=0.7)
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=write, args=(ledger, acknowledged, number)) for number in range(PROCESSES)]
    for writer in writers:
        writer.start()
    until = time.monotonic() + 30
    while (not acknowledged.exists() or b"refused" not in acknowledged.read_bytes()) and time.monotonic() < until:
        time.sleep(0.02)
    for writer in random.sample(writers, len(writers)):
        time.sleep(random.random() / 50)
        assert writer.pid is not None
        assert writer.is_alive()
        os.kill(writer.pid, signal.SIGKILL)
    for writer in writers:
        writer.join()

    said = acknowledged.read_text().splitlines()
    assert "refused" in said
    entries = open_ledger(ledger).entries("t", "p")
    stored = Counter(f"{entry.type.value} {entry.entry_id}" for entry in entries)
    assert set(stored.values()) == {1}, "no id twice"
    assert set(said) - {"refused"} <= set(stored), "what was acknowledged is stored"
    reserved_kg = sum(entry.kg for entry in entries if entry.type is EntryType.RESERVATION)
    assert reserved_kg == 28, "70 % of 40 kg: to the limit and not beyond"
    assert len(stored) - len(set(said)) <= 2 * PROCESSES * THREADS, "a writer has one call under way"
