"""A backtest of 1,000 starts over two years of five zones, against plain loops over the same starts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pytest

from greenai_infra.planning.backtest.job import job_of
from greenai_infra.planning.backtest.replay import make_backtest
from greenai_infra.planning.backtest.starts import choose_starts
from greenai_infra.planning.backtest.strategies import Outcome, Replay, replay_all
from greenai_infra.planning.backtest.traces import common_history
from greenai_infra.planning.slots import slots_of
from tests.planning.made_up import HOUR, NORTH, TRAINING, offer, workload
from tests.planning.plain_backtest import PlainJob, plain_backtest
from tests.planning.replays import trace

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Compare

STARTS = 1000
LEAST = 1 / 100  # of the time of plain loops
SLICED_STARTS = 2  # the loops take a second for each


class Setting:
    """Five zones with daily and seasonal waves and noise that lasts for days; a job of 40 kWh."""

    def __init__(self, hours: float, when: str) -> None:
        rng = np.random.default_rng(11)
        hour = np.arange(2 * 8760)
        self.zones: dict[str, list[float]] = {}
        for number, level in enumerate((500, 430, 290, 260, 700)):
            noise = np.convolve(rng.normal(0, 0.06, hour.size + 71), np.ones(72) / 72**0.5, mode="valid")
            wave = 0.25 * np.sin((hour + 5 * number) * np.pi / 12) + 0.1 * np.sin(hour * 2 * np.pi / 8760)
            self.zones[f"Z{number}"] = list(map(float, level * np.clip(1 + wave + noise, 0.05, None)))
        self.traces = [trace(zone, values) for zone, values in self.zones.items()]
        self.workload = workload(TRAINING.replace("hours: 4,", f"hours: {hours},"), when=when)
        self.offers = [offer(NORTH)]
        self.history = common_history(self.traces)
        self.job = job_of(self.workload, self.offers, self.history.zones, None)
        self.starts = choose_starts(self.history, self.job.latest_end_s, STARTS, 0)

    def ours(self) -> None:
        """All that the command does once the files are read: hardware, starts, strategies and intervals."""
        make_backtest(self.workload, self.traces, self.offers, starts=STARTS, all_zones=True)

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        return replay_all(Replay(self.job, self.history, self.starts.starts_s))

    def plain(self, count: int) -> dict[str, list[tuple[float, float, str]]]:
        job, rule = self.job, self.job.interruption
        plain = PlainJob(job.duration_s / HOUR, job.slack.earliest_s / HOUR, job.latest_end_s / HOUR, None, "Z0")
        if rule is not None:
            slots = slots_of(3600, job.slack.earliest_s, job.latest_end_s, job.duration_s, rule)
            plain.slot, plain.resume_slots, plain.least_slots = slots.slot_s / HOUR, slots.overhead, slots.shortest
        return plain_backtest(self.zones, [int(start / HOUR) for start in self.starts.starts_s[:count]], plain)

    def check(self, plain: dict[str, list[tuple[float, float, str]]]) -> None:
        """Both must have found the same."""
        for name, expected in plain.items():
            sums = self.outcomes[name].sums[: len(expected)] / HOUR
            assert list(sums) == pytest.approx([total for total, _, _ in expected]), name


def test_unbroken_job_against_plain_loops(compare: Compare) -> None:
    setting = Setting(8.7, "{earliest: +1h, deadline: +72h}")
    found: dict[str, list[tuple[float, float, str]]] = {}

    compare(
        "backtest of 1,000 starts / plain loops over them",
        setting.ours,
        lambda: found.update(setting.plain(STARTS)),
        LEAST,
        2,
    )
    setting.check(found)


def test_interruptible_job_against_plain_loops(compare: Compare) -> None:
    rule = "interruptible: {resume_overhead_minutes: 10, minimum_slice_hours: 2}"
    setting = Setting(33, f"{{earliest: +1h, deadline: +10d, {rule}}}")
    found: dict[str, list[tuple[float, float, str]]] = {}

    compare(
        f"backtest of 1,000 starts in slices / plain loops over {SLICED_STARTS}",
        setting.ours,
        lambda: found.update(setting.plain(SLICED_STARTS)),
        LEAST * STARTS / SLICED_STARTS,
        2,
    )
    setting.check(found)
