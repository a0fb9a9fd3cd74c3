"""Steps of a training that is pure CPU work, tracked by GreenTrainer and by codecarbon alone. Run by a benchmark.

`steps PHASES ROUNDS` tracks phases of 60 steps, each by one of them, and prints the CPU seconds of every step in the
main thread, and those of all other threads over the phase. Both measure every 5 s and GreenTrainer writes its report
every 5 s, much more often than they do by default. `first ROUNDS` prints how many ms the first step of a run waits for
its tracker, and the slowest step of the next seconds.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from greenai_infra.tracking import run as run_module

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = 60
EVERY_S = 5


def step(rounds: int) -> int:
    total = 0
    for number in range(rounds):
        total += number * number
    return total


@contextmanager
def greenai() -> Iterator[None]:
    from greenai_infra import GreenTrainer

    with GreenTrainer(
        "benchmark", intensity=300, report="report.json", summary=False, measure_every_s=EVERY_S
    ) as trainer:
        assert trainer._run is not None
        assert trainer._run.meter_started.wait(60)
        yield


@contextmanager
def codecarbon() -> Iterator[None]:
    """The whole machine, as GreenTrainer uses it."""
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        country_iso_code="USA", measure_power_secs=EVERY_S, tracking_mode="machine", allow_multiple_runs=True,
        save_to_file=False, log_level="critical",
    )  # fmt: skip
    tracker.start()
    yield
    tracker.stop()


def steps(phases: int, rounds: int) -> None:
    vars(run_module)["HEARTBEAT_S"] = EVERY_S
    found: dict[str, list[list[float]]] = {"greenai": [], "codecarbon": [], "others": [[], []]}
    step(rounds)
    for number in range(2 * phases):
        which = (number + 1) // 2 % 2  # ours, theirs, theirs, ours: a drift of the machine meets both
        with (greenai, codecarbon)[which]():
            before_s = time.process_time() - time.thread_time()
            main_s = []
            for _ in range(STEPS):
                start_s = time.thread_time()
                step(rounds)
                main_s.append(time.thread_time() - start_s)
            found["others"][which].append(time.process_time() - time.thread_time() - before_s)
        found[("greenai", "codecarbon")[which]].append(main_s)
    print(json.dumps(found))


def first(rounds: int) -> None:
    from greenai_infra import GreenTrainer

    _ = GreenTrainer  # the import is no part of a run
    before_s = time.perf_counter()
    with GreenTrainer("first", region="eu-north-1", report=None, summary=False):
        step(rounds)
        first_s = time.perf_counter() - before_s
        worst_s = 0.0
        until_s = time.perf_counter() + 3
        while (start_s := time.perf_counter()) < until_s:
            step(rounds)
            worst_s = max(worst_s, time.perf_counter() - start_s)
    print(json.dumps([1000 * first_s, 1000 * worst_s]))


if __name__ == "__main__":
    if sys.argv[1] == "first":
        first(int(sys.argv[2]))
    else:
        steps(int(sys.argv[2]), int(sys.argv[3]))
