"""Reads the answers of a Carbon Aware SDK WebApi (v1.2 to v1.8), and refuses implausible values.

emissions: [{"location", "time", "rating", "duration": "00:05:00"}, ...]
forecasts: [{"location", "generatedAt", "forecastData": [{"location", "timestamp", "value", "duration": 5}, ...]}]
Ratings and values are in g/kWh, a duration is a text or in minutes.
A forecast's `optimalDataPoints` (`optimalDataPoint` in older versions) are points of `forecastData` and ignored.
The WebApi names neither signal nor basis, and hides whether its data source estimated a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.intensity.model.checks import STALE_AFTER
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.intensity.model.reading import check_not_ahead, entries, number, points_of, shown, time_s
from greenai_infra.intensity.model.values import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.intensity.model.checks import Meaning
    from greenai_infra.intensity.model.points import Points

NO_TIME = "0001-01-01"
"""How .NET writes a time that was never set."""

_TIME_SPAN = re.compile(r"(?:(\d{1,4})\.)?(\d{1,2}):(\d\d):(\d\d)(?:\.0+)?")


def read_emissions(answer: Sequence[Any], names: Sequence[str], meaning: Meaning, now: datetime) -> Points:
    """What was observed at the place of these `names`, the first of which was asked for. Raises AnswerError."""
    values: list[tuple[float, object]] = []
    steps_s: set[float] = set()
    for entry in entries(answer, "emissions"):
        _check_place(entry.get("location"), names)
        values.append((time_s(entry.get("time")), entry.get("rating")))
        steps_s.add(_step_s(entry.get("duration")))
    points = points_of(values, _one(steps_s), meaning)
    check_not_ahead(points.starts_s[-1], now)
    return points


def read_forecast(answer: Sequence[Any], names: Sequence[str], meaning: Meaning, now: datetime) -> Points:
    """What is expected; stale if it was made over six hours ago. Raises AnswerError."""
    forecasts = list(entries(answer, "forecasts"))
    if len(forecasts) != 1:
        raise AnswerError(f"was asked for the forecast of one place and answered with {len(forecasts)}")
    (forecast,) = forecasts
    _check_place(forecast.get("location"), names)
    issued_s = _issued_s(forecast.get("generatedAt"))
    flags = set()
    if issued_s is not None:
        check_not_ahead(issued_s, now)
        if now.timestamp() - issued_s > STALE_AFTER.total_seconds():
            flags.add(Flag.STALE)
    values: list[tuple[float, object]] = []
    steps_s: set[float] = set()
    for entry in entries(forecast.get("forecastData"), "forecastData"):
        _check_place(entry.get("location") or names[0], names)
        values.append((time_s(entry.get("timestamp")), entry.get("value")))
        steps_s.add(_step_s(entry.get("duration")))
    return points_of(values, _one(steps_s), meaning, frozenset(flags), issued_s)


def _check_place(said: object, names: Sequence[str]) -> None:
    if not isinstance(said, str) or said.casefold() not in {name.casefold() for name in names}:
        raise AnswerError(
            f"was asked about {names[0]} and answered about {shown(said)}; if that is its name for the same place, "
            f"set the location to '{names[0]}/{said}'"
        )


def _issued_s(text: object) -> float | None:
    if text is None or (isinstance(text, str) and text.startswith(NO_TIME)):
        return None
    return time_s(text)


def _step_s(duration: object) -> float:
    """Seconds of a duration in minutes, or in .NET's text form [d.]hh:mm:ss."""
    if isinstance(duration, str):
        match = _TIME_SPAN.fullmatch(duration)
        if not match:
            raise AnswerError(f"answered with {shown(duration)} where a duration should be")
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    minutes_said = number(duration)
    if minutes_said is None:
        raise AnswerError("does not say how long a value holds (duration)")
    return minutes_said * 60


def _one(steps_s: set[float]) -> float:
    if len(steps_s) > 1:
        minutes = " and ".join(f"{step_s / 60:g}" for step_s in sorted(steps_s)[:3])
        raise AnswerError(f"answered with steps of {minutes} minutes side by side")
    (step_s,) = steps_s
    return step_s
