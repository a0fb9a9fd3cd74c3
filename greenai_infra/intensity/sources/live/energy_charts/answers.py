"""Reading Energy-Charts' answers to `co2eq`, and refusing what can't be believed.

{"unix_seconds": [...], "co2eq": [491.5, ..., null], "co2eq_forecast": [null, ..., 505.0], "deprecated": false}

The lists run parallel; a value holds from its time, in UTC, for a quarter hour (an hour in some countries). The answer
does not say which country it is about, so that this can't be checked.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.signals import AVERAGE_LIFECYCLE
from greenai_infra.clock import EARLIEST_YEAR, LATEST_YEAR
from greenai_infra.intensity.model.points import HOUR_S
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.intensity.model.reading import MAX_POINTS, check_not_ahead, number, points_of, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from greenai_infra.intensity.model.points import Points

STEPS_S = (900, 1800, HOUR_S)
YEAR_S = 365 * 24 * HOUR_S


def read_measured(answer: Mapping[str, Any], now: datetime) -> Points:
    """What was measured, without the nulls at either end; a null between is a gap. Raises AnswerError."""
    points = _points(answer, "co2eq", "has no measured value for this time")
    check_not_ahead(points.starts_s[-1], now)
    return points


def read_forecast(answer: Mapping[str, Any], now: datetime) -> Points:
    """What is expected, without the nulls at either end. Raises AnswerError."""
    return _points(answer, "co2eq_forecast", "has no forecast right now")


def _points(answer: Mapping[str, Any], key: str, absent: str) -> Points:
    starts_s, values = _list(answer, "unix_seconds"), _list(answer, key)
    if len(starts_s) != len(values):
        raise AnswerError(f"answered with {len(starts_s):,} times and {len(values):,} values")
    pairs = [(_time_s(start_s), value) for start_s, value in zip(starts_s, values, strict=True)]
    points = points_of(pairs, _step_s([start_s for start_s, _ in pairs]), AVERAGE_LIFECYCLE)
    known = [index for index, g_per_kwh in enumerate(points.g_per_kwh) if g_per_kwh is not None]
    if not known:
        raise AnswerError(absent)
    part = slice(known[0], known[-1] + 1)
    return replace(points, starts_s=points.starts_s[part], g_per_kwh=points.g_per_kwh[part])


def _list(answer: Mapping[str, Any], key: str) -> list[Any]:
    found = answer.get(key)
    if not isinstance(found, list) or not found:
        raise AnswerError(f"answered without a list of values ('{key}')")
    if len(found) > MAX_POINTS:
        raise AnswerError(f"answered with {len(found):,} values")
    return found


def _time_s(seconds: object) -> float:
    """Unix seconds of our era; milliseconds are not."""
    found = number(seconds)
    if found is None or not (EARLIEST_YEAR - 1970) * YEAR_S <= found < (LATEST_YEAR - 1970) * YEAR_S:
        raise AnswerError(f"answered with {shown(seconds)} where a time should be")
    return found


def _step_s(starts_s: list[float]) -> int:
    """What parts the times: the shortest distance, of which every other must be a multiple."""
    ordered = sorted(set(starts_s))
    distances = {after - before for before, after in pairwise(ordered)}
    step_s = min(distances, default=0.0)
    if step_s not in STEPS_S or any(distance % step_s for distance in distances):
        raise AnswerError(f"answered in steps that are not understood ({step_s / 60:g} minutes)")
    return int(step_s)
