"""Reading the answers of NESO's Carbon Intensity API, and refusing what can't be believed.

Great Britain: {"data": [{"from": "2018-01-20T12:00Z", "to": ..., "intensity": {"forecast", "actual"}}, ...]}
a region: {"data": {"regionid", "shortname", "data": [{"from", "to", "intensity": {"forecast"}}, ...]}}
`actual` is null until it is measured. https://carbon-intensity.github.io/api-definitions
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.signals import AVERAGE_DIRECT
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.intensity.model.reading import check_not_ahead, entries, points_of, shown, time_s
from greenai_infra.intensity.model.values import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from greenai_infra.intensity.model.points import Points

HALF_HOUR_S = 1800
ESTIMATED = frozenset({Flag.ESTIMATED})


def read_current(answer: Mapping[str, Any], now: datetime) -> Points:
    """The current half hour: measured, else the forecast of it, which is estimated. Raises AnswerError."""
    measured = points_of(_pairs(answer.get("data"), "actual"), HALF_HOUR_S, AVERAGE_DIRECT)
    expected = points_of(_pairs(answer.get("data"), "forecast"), HALF_HOUR_S, AVERAGE_DIRECT, ESTIMATED)
    check_not_ahead(measured.starts_s[-1], now)
    points = expected if measured.g_per_kwh[-1] is None else measured
    if points.g_per_kwh[-1] is None:
        raise AnswerError("has no value right now (forecast and actual are null)")
    return replace(points, starts_s=points.starts_s[-1:], g_per_kwh=points.g_per_kwh[-1:])


def read_history(answer: Mapping[str, Any], now: datetime) -> Points:
    """What was measured; a null is a gap. Raises AnswerError."""
    points = points_of(_pairs(answer.get("data"), "actual"), HALF_HOUR_S, AVERAGE_DIRECT)
    check_not_ahead(points.starts_s[-1], now)
    return points


def read_forecast(answer: Mapping[str, Any]) -> Points:
    """What is expected for Great Britain; a null is a gap. Raises AnswerError."""
    return points_of(_pairs(answer.get("data"), "forecast"), HALF_HOUR_S, AVERAGE_DIRECT)


def read_regional_forecast(answer: Mapping[str, Any], region_id: int) -> Points:
    """Returns the forecast for a region. Raises AnswerError, also if the answer is about another region."""
    region = answer.get("data")
    if not isinstance(region, dict):
        raise AnswerError(f"answered with {shown(region)} where a region should be ('data')")
    if region.get("regionid") != region_id:
        raise AnswerError(f"was asked about region {region_id} and answered about {shown(region.get('regionid'))}")
    return points_of(_pairs(region.get("data"), "forecast"), HALF_HOUR_S, AVERAGE_DIRECT)


def step_at(points: Points, moment: datetime) -> Points:
    """Of a forecast the half hour that holds `moment`, as an estimate; all null if it is missing."""
    held = {
        start_s: g_per_kwh
        for start_s, g_per_kwh in zip(points.starts_s, points.g_per_kwh, strict=True)
        if start_s <= moment.timestamp() < start_s + points.step_s
    } or {points.starts_s[0]: None}
    return replace(points.flagged(Flag.ESTIMATED), starts_s=tuple(held), g_per_kwh=tuple(held.values()))


def _pairs(found: object, key: str) -> Iterator[tuple[float, object]]:
    """(start in Unix seconds, value) of every half hour."""
    for entry in entries(found, "data"):
        start_s, end_s = time_s(entry.get("from")), time_s(entry.get("to"))
        if end_s - start_s != HALF_HOUR_S:
            raise AnswerError(f"answered for {shown(entry['from'])} to {shown(entry['to'])}, not a half hour")
        intensity = entry.get("intensity")
        if not isinstance(intensity, dict) or (key == "forecast" and key not in intensity):
            raise AnswerError(f"answered with {shown(intensity)} where an intensity should be")
        yield start_s, intensity.get(key)
