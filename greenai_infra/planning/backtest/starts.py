"""The start times of a backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.errors import InputError
from greenai_infra.planning.backtest.climatology import HISTORY_S
from greenai_infra.planning.backtest.traces import HOUR_S, period

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.running import Floats
    from greenai_infra.planning.backtest.traces import History

DEFAULT_STARTS = 1000


class Starts(NamedTuple):
    """Start times in seconds from the begin of a history, how many are usable, and how many are lost to gaps."""

    starts_s: Floats
    usable: int
    left_out: int


def choose_starts(history: History, latest_end_s: float, count: int | None, seed: int) -> Starts:
    """`count` whole hours: the history is cut into equal shares, and each start is a random hour of its share.

    A start needs the days that the climatology looks back on before it, and `latest_end_s` seconds after it, without a
    gap in any trace. Random hours within equal shares cover every hour of the day and every season. None means
    DEFAULT_STARTS, or all usable hours if they are fewer. Raises InputError if the history is too short, or has fewer
    starts than asked for.
    """
    hours_before, hours_after = HISTORY_S // HOUR_S, int(np.ceil(latest_end_s / HOUR_S))
    hours = np.arange(hours_before, history.length_s // HOUR_S - hours_after + 1)
    if not hours.size:
        covered = f"{period(history.start, history.end)} ({history.length_s / HOUR_S:,.0f} h)"
        raise InputError(
            f"a start needs {hours_before} h of history and {latest_end_s / HOUR_S:,.1f} h ahead, "
            f"and the traces have in common only {covered}: {'; '.join(trace.covers for trace in history.traces)}"
        )
    per_hour = HOUR_S // history.step_s
    holes = np.isnan(history.g_per_kwh).any(axis=0).reshape(-1, per_hour).any(axis=1)
    before = np.concatenate([[0], np.cumsum(holes)])
    usable = hours[before[hours + hours_after] == before[hours - hours_before]]
    left_out = hours.size - usable.size
    wanted = min(DEFAULT_STARTS, usable.size) if count is None else count
    if wanted > usable.size or not usable.size:
        holes_in = ", ".join(f"{trace.zone} ({', '.join(trace.paths)})" for trace in history.traces if trace.holes)
        why = f"; {left_out} are left out for gaps in {holes_in}" if left_out else ""
        asked = f", {count} were asked for" if count is not None else ""
        raise InputError(f"the traces have only {usable.size} start times{asked}{why}")
    shares = np.arange(wanted + 1) * usable.size // wanted
    picked = np.random.default_rng(seed).integers(shares[:-1], shares[1:])
    return Starts(usable[picked] * float(HOUR_S), int(usable.size), left_out)
