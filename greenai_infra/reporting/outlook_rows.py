"""An outlook in rows that fit a screen, and its lowest and highest step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.clock import from_unix
from greenai_infra.intensity.model.values import cut

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.planning.outlook import Outlook

ROW_STEPS_S = (300, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Row:
    """One bar: the mean over [start, end), NaN in a gap; `chosen` if the chosen run takes part of it."""

    start: datetime
    end: datetime
    g_per_kwh: float
    chosen: bool


def rows_of(outlook: Outlook, most: int) -> list[Row]:
    """The series in at most `most` rows of equal length, which begin at multiples of it in UTC; the ends may be cut."""
    start_s, end_s = outlook.start.timestamp(), outlook.end.timestamp()
    finest = float(np.diff(outlook.series.edges_s).min())
    fitting = [step for step in ROW_STEPS_S if step >= finest and -(-end_s // step) - start_s // step <= most]
    step = fitting[0] if fitting else ROW_STEPS_S[-1]
    edges = [start_s, *np.arange(start_s // step + 1, -(-end_s // step)) * step, end_s]
    chosen = outlook.chosen
    rows = []
    for left, right in pairwise(edges):
        start, end = from_unix(float(left)), from_unix(float(right))
        within = chosen is not None and chosen.start < end and chosen.end > start
        rows.append(Row(start, end, outlook.series.mean(start, end), within))
    return rows


def extremes(outlook: Outlook) -> tuple[tuple[datetime, float] | None, float | None, tuple[datetime, float] | None]:
    """The lowest step, the mean over what is known, and the highest step."""
    part = cut(outlook.series, outlook.start, outlook.end)
    if part is None or np.all(np.isnan(part.g_per_kwh)):
        return None, None, None
    edges = np.clip(part.edges_s, outlook.start.timestamp(), outlook.end.timestamp())
    known = ~np.isnan(part.g_per_kwh)
    widths = np.diff(edges)[known]
    mean = float(np.dot(part.g_per_kwh[known], widths) / widths.sum())
    ends = [
        (from_unix(float(edges[index])), float(part.g_per_kwh[index]))
        for index in (int(np.nanargmin(part.g_per_kwh)), int(np.nanargmax(part.g_per_kwh)))
    ]
    return ends[0], mean, ends[1]
