"""Reads Electricity Maps' answers (API v4; the same in v3), and refuses implausible values.

latest: {"zone", "carbonIntensity", "datetime", "emissionFactorType", "isEstimated", "estimationMethod"}
history: {"zone", "history": [...]}; past-range: {"zone", "data": [...]}
forecast: {"zone", "updatedAt", "forecast": [...]}, each entry with "carbonIntensity" and "datetime"
A sandbox token gets made-up values, marked by a `_disclaimer` and by `estimationMethod: "SANDBOX_MODE_DATA"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.intensity.model.checks import STALE_AFTER
from greenai_infra.intensity.model.points import HOUR_S
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.intensity.model.reading import check_not_ahead, points_of, shown, time_s
from greenai_infra.intensity.model.values import Basis, Flag, Signal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from greenai_infra.intensity.model.points import Points

UNITS = ("gco2eq/kwh", "gco2e/kwh", "gco2/kwh", "gco₂eq/kwh")
MAX_POINTS = 5000


def read_access(answer: object) -> dict[str, frozenset[str]]:
    """What a token may ask of each zone: paths, which may end in `*`. Empty where the answer to `zones` doesn't say.

    {"FR": {"zoneName": "France", "access": ["carbon-intensity/latest", ...]}, ...}
    """
    if not isinstance(answer, dict):
        return {}
    access = {}
    for zone, entry in answer.items():
        allowed = entry.get("access") if isinstance(entry, dict) else None
        if not isinstance(allowed, list) or not all(isinstance(path, str) for path in allowed):
            return {}
        access[zone] = frozenset(path.removeprefix("/").removeprefix("v4/").removeprefix("v3/") for path in allowed)
    return access


def read_latest(answer: Mapping[str, Any], zone: str, basis: Basis, now: datetime) -> Points:
    """The newest value. Raises AnswerError."""
    flags = _check_frame(answer, zone, basis, is_forecast=False)
    start_s, value, point_flags = _point(answer, zone, basis)
    if value is None:
        raise AnswerError("has no value right now (carbonIntensity is null)")
    check_not_ahead(start_s, now)
    return _points([(start_s, value)], basis, flags | point_flags)


def read_history(answer: Mapping[str, Any], zone: str, basis: Basis, now: datetime) -> Points:
    """What was observed; a null is a gap. Raises AnswerError."""
    flags = _check_frame(answer, zone, basis, is_forecast=False)
    values, point_flags = _list(answer, ("history", "data"), zone, basis)
    check_not_ahead(max(start_s for start_s, _ in values), now)
    return _points(values, basis, flags | point_flags)


def read_forecast(answer: Mapping[str, Any], zone: str, basis: Basis, now: datetime) -> Points:
    """What is expected; a null is a gap; stale if it was made over six hours ago. Raises AnswerError."""
    flags = _check_frame(answer, zone, basis, is_forecast=True)
    values, point_flags = _list(answer, ("forecast", "data"), zone, basis)
    issued_s = None
    if answer.get("updatedAt") is not None:
        issued_s = time_s(answer["updatedAt"])
        check_not_ahead(issued_s, now)
        if now.timestamp() - issued_s > STALE_AFTER.total_seconds():
            flags |= {Flag.STALE}
    return _points(values, basis, (flags | point_flags) - {Flag.ESTIMATED}, issued_s)


def _points(
    values: list[tuple[float, object]], basis: Basis, flags: frozenset[Flag], issued_s: float | None = None
) -> Points:
    return points_of(values, HOUR_S, (Signal.AVERAGE, basis), flags, issued_s)


def _check_frame(answer: Mapping[str, Any], zone: str, basis: Basis, *, is_forecast: bool) -> frozenset[Flag]:
    """Refuse an answer about something else; return SANDBOX if it says so."""
    _check_zone(answer.get("zone"), zone)
    granularity = answer.get("temporalGranularity", "hourly")
    if granularity != "hourly":
        raise AnswerError(f"was asked for hourly means and answered with {shown(granularity)}")
    unit = answer.get("unit")
    if unit is not None and str(unit).replace(" ", "").casefold() not in UNITS:
        raise AnswerError(f"answered in {shown(unit)}, not gCO2eq/kWh")
    if not is_forecast and basis is not Basis.LIFECYCLE and "emissionFactorType" not in answer:
        entries = answer.get("history", answer.get("data"))
        entries = entries if isinstance(entries, list) else []
        if not entries or not all(isinstance(entry, dict) and "emissionFactorType" in entry for entry in entries):
            raise AnswerError(f"does not say that its values are {basis}")
    _check_basis(answer, basis)
    said = " ".join(str(text) for key, text in answer.items() if "disclaimer" in key.casefold())
    return frozenset({Flag.SANDBOX}) if "sandbox" in said.casefold() else frozenset()


def _check_zone(said: object, zone: str) -> None:
    if said != zone:
        raise AnswerError(f"was asked about {zone} and answered about {shown(said)}")


def _check_basis(part: Mapping[str, Any], basis: Basis) -> None:
    said = part.get("emissionFactorType", basis.value)
    if said != basis.value:
        raise AnswerError(f"was asked for {basis} values and answered with {shown(said)}")


def _list(
    answer: Mapping[str, Any], keys: tuple[str, ...], zone: str, basis: Basis
) -> tuple[list[tuple[float, object]], frozenset[Flag]]:
    """(start in Unix seconds, value) of each entry, and the flags of any of them."""
    entries = next((answer[key] for key in keys if key in answer), None)
    if not isinstance(entries, list) or not entries:
        raise AnswerError(f"answered without a list of values ('{keys[0]}')")
    if len(entries) > MAX_POINTS:
        raise AnswerError(f"answered with {len(entries):,} values")
    values: list[tuple[float, object]] = []
    flags: frozenset[Flag] = frozenset()
    for entry in entries:
        if not isinstance(entry, dict):
            raise AnswerError(f"answered with {shown(entry)} where a value should be")
        start_s, value, point_flags = _point(entry, zone, basis)
        values.append((start_s, value))
        flags |= point_flags
    return values, flags


def _point(entry: Mapping[str, Any], zone: str, basis: Basis) -> tuple[float, object, frozenset[Flag]]:
    """Returns start, value and flags of an entry."""
    _check_zone(entry.get("zone", zone), zone)
    _check_basis(entry, basis)
    flags = set()
    method = str(entry.get("estimationMethod") or "")
    if "sandbox" in method.casefold():
        flags.add(Flag.SANDBOX)
    if method or entry.get("isEstimated") is not False:  # also where it no longer says that it is measured
        flags.add(Flag.ESTIMATED)
    return time_s(entry.get("datetime")), entry.get("carbonIntensity"), frozenset(flags)
