"""What a reader of a backtest must know, as sentences: what was left out, assumed or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.offers import machines_text
from greenai_infra.planning.backtest.intervals import LEAST_BLOCKS, RESAMPLES
from greenai_infra.planning.backtest.strategies import HOURLY
from greenai_infra.planning.backtest.traces import HOUR_S, period

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.replay import Backtest


def notes_of(backtest: Backtest) -> list[str]:
    """Notes on one backtest; those that affect its figures come first."""
    return [
        _hardware(backtest),
        _pue(backtest),
        "the embodied share and data transfer are left out, and so is what a resume adds to the embodied share; "
        "savings are of operation alone",
        *_places(backtest),
        f"{HOURLY} moves for free and breaks the workload's rules: a bound, which may lie above the oracle",
        *_ranges(backtest),
        *_intervals(backtest),
    ]


def _places(backtest: Backtest) -> list[str]:
    if backtest.all_zones:
        return [
            "every trace counts as a place where the workload may run, as --all-zones says: its `where` is not applied"
        ]
    if not backtest.left_out:
        return []
    zones = ", ".join(
        f"{zone} (except as the baseline)" if zone == backtest.job.baseline_zone else zone for zone in backtest.left_out
    )
    return [f"left out, as the workload's `where` allows no region there: {zones}; --all-zones includes them"]


def _hardware(backtest: Backtest) -> str:
    run, offer = backtest.job.hardware.run, backtest.job.hardware.offer
    note = (
        f"the same run in every zone, so that only the grid is compared: {run.accelerators} x {offer.accelerator} on "
        f"{machines_text(offer, run.instances)}, which needs the least energy of the accepted hardware"
    )
    return "; ".join([note, *run.notes])


def _pue(backtest: Backtest) -> str:
    job = backtest.job
    if job.without_pue:
        zones = ", ".join(job.without_pue)
        return f"no PUE is applied: the catalogue has no region in {zones}"
    return "PUE of the region in each zone: " + ", ".join(
        f"{zone} {region.pue:g} ({region.key}{', fleet mean' if region.pue_is_fleet_mean else ''})"
        for zone, region in job.pue.items()
    )


def _ranges(backtest: Backtest) -> list[str]:
    history, starts = backtest.history, backtest.starts
    notes = []
    if len({(trace.series.start, trace.series.end) for trace in history.traces}) > 1:
        notes.append(f"the traces cover different times: only {period(history.start, history.end)} is used")
    if starts.left_out:
        holes = ", ".join(trace.zone for trace in history.traces if trace.holes)
        notes.append(f"{starts.left_out} of {starts.left_out + starts.usable} start times touch a gap in {holes}")
    return notes


def _intervals(backtest: Backtest) -> list[str]:
    blocks, job = backtest.blocks, backtest.job
    if blocks.starts is None:
        return [f"{backtest.starts.starts_s.size} start times are too few for intervals: {LEAST_BLOCKS} are needed"]
    how = (
        f"intervals are 95 %, over start times: circular block bootstrap, {RESAMPLES:,} resamples, blocks of "
        f"{blocks.days:.3g} days, seed {backtest.seed}; they don't say how other years would differ"
    )
    if blocks.days < blocks.wanted_days:
        return [
            how,
            f"the traces are short: with {job.latest_end_s / HOUR_S:.4g} h to the deadline blocks should have "
            f"{blocks.wanted_days:.3g} days, so the intervals are TOO NARROW",
        ]
    return [how]
