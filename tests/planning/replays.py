"""Made-up histories and jobs for backtests, with round figures: 10 kW, intensities by hour from midnight UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.intensity.model.values import Basis, Kind, Provenance, Series, Signal
from greenai_infra.planning.backtest.job import Job, Slack
from greenai_infra.planning.backtest.strategies import Replay, replay_all
from greenai_infra.planning.backtest.traces import Trace, common_history

from .made_up import HOUR, T0, candidate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.catalog.regions import Region
    from greenai_infra.planning.backtest.strategies import Outcome
    from greenai_infra.planning.slots import Interruption

WEEK = 7 * 24


def trace(zone: str, values: Sequence[float], *, begins_h: float = 0.0, step_h: float = 1.0) -> Trace:
    """A history of average, lifecycle intensity; NaN is a hole."""
    provenance = Provenance("made up", Signal.AVERAGE, Basis.LIFECYCLE, Kind.HISTORY, T0)
    edges_s = T0.timestamp() + (begins_h + np.arange(len(values) + 1, dtype=np.float64) * step_h) * HOUR
    return Trace(Series(zone, edges_s, np.array(values, dtype=float), provenance), (f"{zone}.csv",))


def job(
    hours: float,
    *,
    deadline_h: float | None = None,
    earliest_h: float = 0.0,
    rule: Interruption | None = None,
    threshold: float | None = 0.1,
    baseline: str = "A",
    pue: dict[str, Region] | None = None,
) -> Job:
    """A run of 10 kW."""
    deadline_s = None if deadline_h is None else deadline_h * HOUR
    return Job(
        hardware=candidate("A", hours=hours),
        slack=Slack(earliest_h * HOUR, deadline_s),
        interruption=rule,
        wait_threshold=threshold,
        baseline_zone=baseline,
        baseline_from="made up",
        pue=pue or {},
        without_pue=() if pue else ("A",),
    )


def outcomes(
    zones: Mapping[str, Sequence[float]], one: Job, starts: Sequence[int] = (WEEK,), step_h: float = 1.0
) -> dict[str, Outcome]:
    """What every strategy comes to at start times given in hours."""
    history = common_history([trace(zone, values, step_h=step_h) for zone, values in zones.items()])
    return replay_all(Replay(one, history, np.array(starts) * HOUR))


def met(outcome: Outcome) -> list[float]:
    """The integral of intensity that each run met, in g/kWh x h."""
    return [float(value) / HOUR for value in outcome.sums]


def ended(outcome: Outcome) -> list[float]:
    """When each run ended, in hours from the begin of the history."""
    return [float(value) / HOUR for value in outcome.ends_s]
