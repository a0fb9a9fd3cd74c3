"""From a workload and traces to the comparison of strategies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.errors import InputError
from greenai_infra.planning.backtest.intervals import Blocks, blocks_of, bounds, resampled_means
from greenai_infra.planning.backtest.job import Job, allowed_regions, job_of
from greenai_infra.planning.backtest.starts import Starts, choose_starts
from greenai_infra.planning.backtest.strategies import NOW, ORACLE, Outcome, Replay, replay_all
from greenai_infra.planning.backtest.traces import HOUR_S, History, Trace, common_history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.backtest.running import Floats
    from greenai_infra.planning.workload import Workload

KG_PER_G_S_KW = 1 / (3600.0 * 1000.0)  # g/kWh x s x kW in kg
NOTHING = 1e-9  # share of the baseline's emissions below which a saving is rounding


class Mean(NamedTuple):
    """A mean over start times with its interval; `value` is None where undefined, the ends where unknown."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one strategy. Savings are against `now`; percentages are ratios of means, not means of ratios.

    `waited_hours` is how much later the run ended than a run started at once. `zones` has the share of start times at
    which each zone was chosen, and is None for a strategy that moves between zones.
    """

    strategy: str
    emissions_kg: Mean
    saving_kg: Mean
    saving_percent: Mean
    oracle_percent: Mean
    waited_hours: Mean
    zones: dict[str, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """A comparison with its inputs.

    `history` has the zones that may be chosen, followed by the baseline's zone if it may not be chosen. `left_out` are
    the zones of the traces that the workload does not allow; `all_zones` says that its rules about places were not
    applied.
    """

    workload: Workload
    job: Job
    history: History
    left_out: tuple[str, ...]
    all_zones: bool
    starts: Starts
    seed: int
    blocks: Blocks
    rows: tuple[Row, ...]


def make_backtest(
    workload: Workload,
    traces: Sequence[Trace],
    offers: Sequence[Offer],
    *,
    baseline: str | None = None,
    starts: int | None = None,
    seed: int = 0,
    all_zones: bool = False,
) -> Backtest:
    """Replays a workload at `starts` start times of the traces (None: all of them, up to a default).

    Zones in which the workload's rules allow no region are left out, except the baseline's, unless `all_zones`.
    Raises InputError for traces that can't be replayed or are too short, NoPlacement if no hardware fits.
    """
    _check_signal(workload, traces)
    may_run = list(traces) if all_zones else _allowed(workload, traces)
    zones = {trace.zone for trace in may_run}
    wanted, stated = baseline, workload.resolved.baseline_region
    if baseline is None and stated is not None:
        wanted = stated.zone
    beside = [trace for trace in traces if trace.zone == wanted and wanted not in zones]
    left_out = tuple(trace.zone for trace in traces if trace.zone not in zones)
    history = common_history([*may_run, *beside])
    job = job_of(workload, offers, history.zones, baseline)
    chosen = choose_starts(history, job.latest_end_s, starts, seed)
    blocks = blocks_of(chosen.starts_s, job.latest_end_s)
    choices = replace(history, traces=tuple(may_run), g_per_kwh=history.g_per_kwh[: len(may_run)])
    outcomes = replay_all(Replay(job, choices, chosen.starts_s), Replay(job, history, chosen.starts_s))
    rows = _rows(outcomes, job, history, chosen, blocks, seed)
    return Backtest(workload, job, history, left_out, all_zones, chosen, seed, blocks, rows)


def _allowed(workload: Workload, traces: Sequence[Trace]) -> list[Trace]:
    """The traces of zones that hold a region which the workload's rules about places allow."""
    zones = {region.zone for region in allowed_regions(workload)}
    allowed = [trace for trace in traces if trace.zone in zones]
    if not allowed:
        raise InputError(
            f"the workload's `where` allows no region in {', '.join(trace.zone for trace in traces)}; "
            "give traces of other zones, or include these with --all-zones"
        )
    return allowed


def _check_signal(workload: Workload, traces: Sequence[Trace]) -> None:
    found = sorted({trace.series.provenance.signal.value for trace in traces})
    if found != [workload.signal]:
        raise InputError(
            f"the workload asks for {workload.signal} intensity, the traces have {', '.join(found)}; "
            "change `signal` or give other traces"
        )


def _rows(
    outcomes: Mapping[str, Outcome], job: Job, history: History, starts: Starts, blocks: Blocks, seed: int
) -> tuple[Row, ...]:
    names = list(outcomes)
    at_once_s = starts.starts_s + job.slack.earliest_s + job.duration_s
    kg = np.stack([outcome.sums for outcome in outcomes.values()], axis=1) * (job.power_kw * KG_PER_G_S_KW)
    waited = np.stack([outcome.ends_s - at_once_s for outcome in outcomes.values()], axis=1) / HOUR_S
    columns = np.concatenate([kg, waited], axis=1)
    values = _figures(columns.mean(axis=0), names)
    low = high = np.full(values.shape, np.nan)
    if blocks.starts is not None:
        low, high = bounds(_figures(resampled_means(columns, blocks.starts, seed), names))
    shares = [_shares(outcome, history.zones) for outcome in outcomes.values()]
    rows = []
    for index, (name, share) in enumerate(zip(names, shares, strict=True)):
        ends = zip(values[:, index], low[:, index], high[:, index], strict=True)
        emitted, saving, percent, kept, wait = (Mean(*map(_known, figure)) for figure in ends)
        rows.append(Row(name, emitted, saving, percent, kept, wait, share))
    return tuple(rows)


def _figures(means: Floats, names: Sequence[str]) -> Floats:
    """The five figures of a row: (..., 2 x strategies) means of kg and hours waited give (..., 5, strategies)."""
    kg, waited = np.split(means, 2, axis=-1)
    now = kg[..., [names.index(NOW)]]
    saving = now - kg
    of_oracle = saving[..., [names.index(ORACLE)]]
    percent = np.divide(100 * saving, now, out=np.full_like(kg, np.nan), where=now > 0)
    kept = np.divide(100 * saving, of_oracle, out=np.full_like(kg, np.nan), where=of_oracle > NOTHING * now)
    return np.stack([kg, saving, percent, kept, waited], axis=-2)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _shares(outcome: Outcome, zones: Sequence[str]) -> dict[str, float] | None:
    if outcome.zone is None:
        return None
    counts = np.bincount(outcome.zone, minlength=len(zones))
    return {zone: int(count) / outcome.zone.size for zone, count in zip(zones, counts, strict=True) if count}
