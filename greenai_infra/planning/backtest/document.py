"""A backtest as one JSON object: figures with intervals, and every definition and input behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from greenai_infra.clock import format_time, from_unix
from greenai_infra.planning.backtest import intervals, strategies
from greenai_infra.planning.backtest.notes import notes_of
from greenai_infra.planning.backtest.traces import HOUR_S
from greenai_infra.planning.inputs import provenance_document
from greenai_infra.planning.timing import DEFAULT_THRESHOLD_PERCENT

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.replay import Backtest, Mean, Row
    from greenai_infra.planning.backtest.traces import Trace

SCHEMA_VERSION = "1"
DEFINITIONS = {
    strategies.NOW: "in the baseline zone, at the earliest moment, without a break",
    strategies.FIXED: "at once in the zone with the least mean in all that the traces hold before the start time",
    strategies.HOURLY: "at once, in each clock hour in the zone that is greenest in that hour, moving for free: "
    "a bound on what moving could save, not a plan",
    strategies.WINDOW: "perfect forecast: the zone and the unbroken window before the deadline that emit least",
    strategies.INTERRUPTIBLE: "perfect forecast: the zone and the slices before the deadline that emit least, with the "
    "workload's resume overhead and minimum slice; unbroken where that emits less",
    strategies.CLIMATOLOGY: "as the planner chooses without a forecast: zone and time (or slices) by the mean of each "
    "hour of the day over the 7 days before the start time, waiting only by the planner's rule (see run.wait_rule); "
    "what it emits is taken from what then happened",
    strategies.ORACLE: "perfect knowledge: the least that the workload's rules on time allow in any one of the zones",
}
WAIT_RULE = (
    "a wait must save more than the workload's threshold; without one, more than the error of the climatology as it is "
    f"measured over the 7 days before; where that can't be measured, more than {DEFAULT_THRESHOLD_PERCENT:g} %"
)
FIGURES = {
    "emissions_kg": "mean over start times, kg CO2e: power x integral of (intensity x PUE) over the running time",
    "saving_kg": "mean of `now` less that of the strategy",
    "saving_percent": "100 x saving_kg / emissions_kg of `now`",
    "oracle_percent": "100 x saving_kg / saving_kg of the oracle",
    "waited_hours": "mean hours by which the run ends later than one at once (pauses and resumes included)",
}


def backtest_document(backtest: Backtest) -> dict[str, Any]:
    """The document of a backtest; the same for the same inputs and seed."""
    job, history, starts, blocks = backtest.job, backtest.history, backtest.starts, backtest.blocks
    return {
        "schema_version": SCHEMA_VERSION,
        "workload": msgspec.to_builtins(backtest.workload),
        "run": _run(backtest),
        "baseline": {"zone": job.baseline_zone, "why": job.baseline_from},
        "pue": {
            zone: {"region": r.key, "pue": r.pue, "year": r.pue_year, "is_fleet_mean": r.pue_is_fleet_mean}
            for zone, r in job.pue.items()
        }
        or None,
        "zones_left_out": list(backtest.left_out),
        "traces": [_trace(trace, mean) for trace, mean in zip(history.traces, _means(backtest), strict=True)],
        "range": {"start": format_time(history.start), "end": format_time(history.end)},
        "starts": {
            "count": int(starts.starts_s.size),
            "first": format_time(from_unix(history.start_s + float(starts.starts_s[0]))),
            "last": format_time(from_unix(history.start_s + float(starts.starts_s[-1]))),
            "usable": starts.usable,
            "left_out_for_holes": starts.left_out,
            "choice": "whole hours, one at random in each of as many equal shares of the usable ones",
            "seed": backtest.seed,
        },
        "intervals": {
            "level": intervals.LEVEL,
            "method": "circular block bootstrap over start times, percentiles",
            "block_days": blocks.days,
            "block_days_wanted": blocks.wanted_days,
            "block_starts": blocks.starts,
            "resamples": intervals.RESAMPLES,
            "seed": backtest.seed,
        },
        "strategies": _strategies(backtest),
        "figures": FIGURES,
        "notes": notes_of(backtest),
    }


def _run(backtest: Backtest) -> dict[str, Any]:
    job = backtest.job
    run, offer, rule = job.hardware.run, job.hardware.offer, job.interruption
    return {
        "instance_type": offer.instance_type,
        "instances": run.instances,
        "accelerator": offer.accelerator,
        "accelerators": run.accelerators,
        "offered_by": offer.provider,
        "hours": run.hours.value,
        "power_kw": job.power_kw,
        "energy_kwh": run.energy_kwh.value,
        "energy_kwh_low": run.energy_kwh.low,
        "energy_kwh_high": run.energy_kwh.high,
        "estimates": list(run.notes),
        "earliest_hours": job.slack.earliest_s / HOUR_S,
        "deadline_hours": None if job.slack.deadline_s is None else job.slack.deadline_s / HOUR_S,
        "wait_threshold_percent": backtest.workload.when.wait_threshold_percent,
        "wait_rule": WAIT_RULE,
        "interruption": None
        if rule is None
        else {"resume_overhead_s": rule.resume_overhead_s, "minimum_slice_s": rule.minimum_slice_s},
    }


def _trace(trace: Trace, mean: float | None) -> dict[str, Any]:
    series = trace.series
    return {
        "zone": trace.zone,
        "files": list(trace.paths),
        "start": format_time(series.start),
        "end": format_time(series.end),
        "step_minutes": float(series.edges_s[1] - series.edges_s[0]) / 60,
        "holes": trace.holes,
        "mean_g_per_kwh": mean,
        **provenance_document(series.provenance),
    }


def _means(backtest: Backtest) -> list[float | None]:
    """Mean of each zone over the common range."""
    rows = backtest.history.g_per_kwh
    return [None if np.isnan(row).all() else float(np.nanmean(row)) for row in rows]


def _strategies(backtest: Backtest) -> list[dict[str, Any]]:
    rows = {row.strategy: row for row in backtest.rows}
    return [
        {"strategy": name, "definition": definition, "allowed": name in rows, **_figures(rows.get(name))}
        for name, definition in DEFINITIONS.items()
    ]


def _figures(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {**dict.fromkeys(FIGURES), "zones": None}
    return {**{name: _mean(getattr(row, name)) for name in FIGURES}, "zones": row.zones}


def _mean(mean: Mean) -> dict[str, float | None]:
    return {"mean": mean.value, "low": mean.low, "high": mean.high}
