"""Reading EIA's answers to `electricity/rto/fuel-type-data` (API v2), and refusing what can't be believed.

{"response": {"total": "2688", "frequency": "hourly", "data": [{"period": "2025-01-01T00", "respondent": "CISO",
"fueltype": "NG", "value": "9127", "value-units": "megawatthours"}, ...]}}

A period is the END of its hour, in UTC: "Hourly data are published using the hour ending time reporting convention"
(https://www.eia.gov/electricity/gridmonitor/about). `value` is text or a number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from greenai_infra.intensity.model.fuel_mix import intensity_g_per_kwh, usual
from greenai_infra.intensity.model.points import HOUR_S
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.intensity.model.reading import Unusable, check_not_ahead, entries, number, points_of, shown, time_s
from greenai_infra.intensity.model.values import Flag, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.model.values import Basis

PAGE_ROWS = 5000
MAX_PAGES = 4
FUELS = {
    "COL": "coal",
    "NG": "gas",
    "OIL": "oil",
    "NUC": "nuclear",
    "WAT": "hydro",
    "WND": "wind",
    "WNB": "wind",  # with integrated battery storage
    "SUN": "solar",
    "SNB": "solar",  # with integrated battery storage
    "GEO": "geothermal",
    "OTH": "other",
    "UNK": "other",
}
"""EIA's codes of generation, and the fuel of the factor table that each is counted as."""

STORAGE = frozenset({"BAT", "PS", "OES", "UES"})
"""Left out: what comes out of storage was counted when it was generated. Pumped hydro is PS, not WAT."""

MAX_CODES = 32  # per hour, known and unknown: more than EIA has ever listed
MAX_MWH = 1_000_000.0  # in an hour; the whole country generates about half of this
WHOLE_DIGITS = 7  # a whole number with less of them is below MAX_MWH
MAX_OTHER_SHARE = 0.2  # of an hour, above which its factor decides too much
_PERIOD = re.compile(r"\d{4}-\d\d-\d\dT\d\d")
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,9})?")

Hours = dict[float, dict[str, float | None]]
"""By start of the hour in Unix seconds: MWh by code of fuel, None where the fuel is listed without a value."""


def further_pages(answer: object) -> range:
    """Returns the first row of each page after the first; empty for an answer that `read_mix` refuses."""
    try:
        total = _total(answer) if isinstance(answer, dict) else 0
    except AnswerError:
        total = 0
    return range(PAGE_ROWS, min(total, MAX_PAGES * PAGE_ROWS), PAGE_ROWS)


def split_by_respondent(answer: Mapping[str, Any], respondents: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Splits a complete answer about several respondents into an answer for each; absent respondents are left out.

    Raises AnswerError if rows are missing, or about another respondent.
    """
    rows = list(_rows(answer))
    _check_total(answer, len(rows))
    of: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        respondent = row.get("respondent")
        if not isinstance(respondent, str) or respondent not in respondents:
            raise AnswerError(f"was asked about {', '.join(respondents)} and answered about {shown(respondent)}")
        of.setdefault(respondent, []).append(row)
    return {name: {"response": {**_response(answer), "total": len(some), "data": some}} for name, some in of.items()}


def read_mix(
    pages: Sequence[Mapping[str, Any]],
    respondent: str,
    basis: Basis,
    factors_g_per_kwh: Mapping[str, float],
    now: datetime,
) -> Points:
    """The intensity of every hour that is over and reported in full; the others are gaps. Raises AnswerError."""
    rows = [row for page in pages for row in _rows(page)]
    _check_total(pages[0], len(rows))
    hours, unusable = _hours(rows, respondent)
    check_not_ahead(max(hours), now)
    expected = usual(hours.values())
    known_once = {code for by_code in hours.values() for code, mwh in by_code.items() if mwh is not None}
    if not unusable and (never := sorted(expected - known_once)):
        raise AnswerError(f"lists {', '.join(never)} without a value in any hour, so that no intensity follows")
    now_s = now.timestamp()
    values: dict[float, object] = {}
    flags: frozenset[Flag] = frozenset()
    for start_s, by_code in hours.items():
        known = {code: mwh for code, mwh in by_code.items() if mwh is not None}
        complete = expected <= known.keys() and start_s + HOUR_S <= now_s
        mix = _by_fuel(known) if complete else {}
        values[start_s] = intensity_g_per_kwh(mix, factors_g_per_kwh) if mix else None
        if mix and mix.get("other", 0.0) > MAX_OTHER_SHARE * sum(mix.values()):
            flags = frozenset({Flag.ESTIMATED})
    return points_of((values | unusable).items(), HOUR_S, (Signal.AVERAGE, basis), flags)


def _check_total(answer: Mapping[str, Any], rows: int) -> None:
    total = _total(answer)
    if rows != total:
        raise AnswerError(f"answered with {rows:,} of {total:,} rows")


def _total(answer: Mapping[str, Any]) -> int:
    """Returns the number of rows on all pages, given as text or number."""
    total = _response(answer).get("total")
    if isinstance(total, bool) or not isinstance(total, int | str) or not re.fullmatch(r"\d{1,9}", str(total)):
        raise AnswerError(f"answered with {shown(total)} where the number of rows should be ('total')")
    return int(total)


def _response(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    response = answer.get("response")
    if not isinstance(response, dict):
        raise AnswerError("answered without a 'response'")
    frequency = response.get("frequency", "hourly")
    if frequency != "hourly":
        raise AnswerError(f"was asked for hours in UTC and answered with {shown(frequency)}")
    return response


def _rows(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return entries(_response(answer).get("data"), "data")


def _hours(rows: Sequence[Mapping[str, Any]], respondent: str) -> tuple[Hours, dict[float, Unusable]]:
    """Returns the generation in each hour, and what is wrong with implausible hours."""
    hours: Hours = {}
    unusable: dict[float, Unusable] = {}
    for row in rows:
        if row.get("respondent") != respondent:
            raise AnswerError(f"was asked about {respondent} and answered about {shown(row.get('respondent'))}")
        if row.get("value-units") != "megawatthours":
            raise AnswerError(f"answered in {shown(row.get('value-units'))}, not megawatthours")
        period, code = row.get("period"), row.get("fueltype")
        if not isinstance(period, str):
            raise AnswerError(f"answered with {shown(period)} where an hour should be")
        if not isinstance(code, str):
            raise AnswerError(f"answered with {shown(code)} where a fuel should be")
        start_s = _start_s(period)
        by_code = hours.setdefault(start_s, {})
        if code in STORAGE:
            continue
        try:
            mwh = _mwh(row.get("value"))
        except AnswerError as error:
            unusable.setdefault(start_s, Unusable(error))
            mwh = None
        if code not in FUELS:
            if mwh:
                raise AnswerError(f"answered with {mwh:g} MWh of {shown(code)}, a fuel that is not known here")
            continue
        if by_code.setdefault(code, mwh) != mwh:
            unusable.setdefault(start_s, Unusable(f"answered with two values of {code} for {period}"))
    return hours, unusable


@lru_cache(maxsize=4096)  # the answers about all zones name the same hours
def _start_s(period: str) -> float:
    """Start of an hour that is named by its end, in Unix seconds."""
    if not _PERIOD.fullmatch(period):
        raise AnswerError(f"answered with {shown(period)} where an hour should be")
    return time_s(f"{period}:00Z") - HOUR_S


def _mwh(value: object) -> float | None:
    """A number, also as text; None for null."""
    if isinstance(value, str):
        if value.isdecimal() and value.isascii() and len(value) < WHOLE_DIGITS:
            return float(value)  # the fast path for nearly all of thousands of values
        if not _NUMBER.fullmatch(value):
            raise AnswerError(f"answered with {shown(value)} where a number should be")
        value = float(value)
    mwh = number(value)
    if mwh is not None and abs(mwh) > MAX_MWH:
        raise AnswerError(f"answered with {mwh:g} MWh in an hour")
    return mwh


def _by_fuel(by_code: Mapping[str, float]) -> dict[str, float]:
    mix: dict[str, float] = {}
    for code, mwh in by_code.items():
        mix[FUELS[code]] = mix.get(FUELS[code], 0.0) + mwh
    return mix
