"""From the rows of a zone to evenly spaced steps: order, duplicates, step length, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

STEPS_S = (300, 900, 1800, 3600)
MAX_STEPS = 3_000_000  # 28 years of five minutes; more means that a date is wrong


def even_steps(
    times_s: NDArray[np.float64], g_per_kwh: NDArray[np.float64], where: Callable[[int], str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Edges (n + 1,) and values (n,) of steps that start at `times_s`, and how many repeated rows were dropped.

    Rows may come in any order. A missing step is NaN, as is one whose row has no value (NaN).
    `where(row)` names a row's file and line for an error: InputError for two values at one time, a step length other
    than 5, 15, 30 or 60 minutes, or a time off the grid.
    """
    order = np.argsort(times_s, kind="stable")
    times_s, g_per_kwh = times_s[order], g_per_kwh[order]
    repeated = np.flatnonzero(np.diff(times_s) == 0) + 1
    differ = g_per_kwh[repeated] != g_per_kwh[repeated - 1]
    clash = repeated[differ & ~(np.isnan(g_per_kwh[repeated]) & np.isnan(g_per_kwh[repeated - 1]))]
    if clash.size:
        row = int(clash[0])
        when = format_time(from_unix(float(times_s[row])))
        raise InputError(
            f"{where(int(order[row]))}: {_number(g_per_kwh[row])} g/kWh at {when} "
            f"contradicts {_number(g_per_kwh[row - 1])} in {where(int(order[row - 1]))}"
        )
    keep = np.ones(times_s.size, dtype=bool)
    keep[repeated] = False
    times_s, g_per_kwh, order = times_s[keep], g_per_kwh[keep], order[keep]
    if times_s.size < 2:
        raise InputError(f"{where(int(order[0]))}: one row doesn't tell how long a step is; two or more a zone do")

    lengths, counts = np.unique(np.diff(times_s), return_counts=True)
    step_s = float(lengths[np.argmax(counts)])
    if step_s not in STEPS_S:
        raise InputError(f"{where(int(order[0]))}: steps of {step_s / 60:g} minutes; 5, 15, 30 and 60 are understood")
    index = (times_s - times_s[0]) / step_s
    off = np.flatnonzero(index != np.round(index))
    if off.size:
        raise InputError(f"{where(int(order[off[0]]))}: not on the grid of {step_s / 60:g} minutes of the rows before")
    count = int(index[-1]) + 1
    if count > MAX_STEPS:
        raise InputError(f"{where(int(order[-1]))}: {count:,} steps after the first row; is the date right?")
    values = np.full(count, np.nan)
    values[index.astype(np.int64)] = g_per_kwh
    return times_s[0] + step_s * np.arange(count + 1), values, int(repeated.size)


def means_of_samples(g_per_kwh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each of the n - 1 steps between n samples of a line that runs straight from sample to sample."""
    return (g_per_kwh[:-1] + g_per_kwh[1:]) / 2


def _number(value: Any) -> str:
    return f"{float(value):g}"
