"""Reading WattTime's answers (API v3), and refusing what can't be believed.

{"data": [{"point_time", "value"}, ...], "meta": {"region", "signal_type": "co2_moer", "units": "lbs_co2_per_mwh",
"data_point_period_seconds": 300, "model": {"date", "type"}, "warnings": [{"type", "message"}], "generated_at"}}
A value holds from its point_time for the period; only a forecast has generated_at. https://docs.watttime.org
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.signals import MARGINAL_DIRECT
from greenai_infra.intensity.model.checks import STALE_AFTER
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.intensity.model.reading import check_not_ahead, entries, number, points_of, shown, time_s
from greenai_infra.intensity.model.values import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from greenai_infra.intensity.model.points import Points

SIGNAL_TYPE = "co2_moer"
UNITS = "lbs_co2_per_mwh"
G_PER_KWH_OF_LB_PER_MWH = 0.45359237
"""One pound is 453.59237 g by definition, one MWh 1,000 kWh."""

_log = logging.getLogger(__name__)


def read_token(answer: Mapping[str, Any]) -> str:
    """The token of an answer to a login, fit for a header. Raises AnswerError, which never shows it."""
    token = answer.get("token")
    if not isinstance(token, str) or not token or len(token) > 8192 or not (token.isascii() and token.isprintable()):
        raise AnswerError("answered a login without a token")
    return token


def read_historical(answer: Mapping[str, Any], region: str, now: datetime) -> Points:
    """What was published; a null is a gap. Raises AnswerError."""
    meta, flags = _frame(answer, region)
    points = points_of(_pairs(answer), _period_s(meta), MARGINAL_DIRECT, flags, factor=G_PER_KWH_OF_LB_PER_MWH)
    check_not_ahead(points.starts_s[-1], now)
    return points


def read_forecast(answer: Mapping[str, Any], region: str, now: datetime) -> Points:
    """What is expected; a null is a gap; stale if it was made over six hours ago. Raises AnswerError."""
    meta, flags = _frame(answer, region)
    issued_s = time_s(meta.get("generated_at"))
    check_not_ahead(issued_s, now)
    if now.timestamp() - issued_s > STALE_AFTER.total_seconds():
        flags |= {Flag.STALE}
    return points_of(_pairs(answer), _period_s(meta), MARGINAL_DIRECT, flags, issued_s, factor=G_PER_KWH_OF_LB_PER_MWH)


def _frame(answer: Mapping[str, Any], region: str) -> tuple[Mapping[str, Any], frozenset[Flag]]:
    """The checked `meta`. Values of a proxy model, and any that WattTime itself warns about, count as estimated."""
    meta = answer.get("meta")
    if not isinstance(meta, dict):
        raise AnswerError("answered without 'meta', so that region and unit are not known")
    for key, expected in (("region", region), ("signal_type", SIGNAL_TYPE), ("units", UNITS)):
        said = meta.get(key)
        if said != expected:
            raise AnswerError(f"was asked for {key} {expected} and answered with {shown(said)}")
    model = meta.get("model")
    flags = set()
    if isinstance(model, dict) and "proxy" in str(model.get("type")).casefold():
        flags.add(Flag.ESTIMATED)
    if warnings := meta.get("warnings"):
        flags.add(Flag.ESTIMATED)
        _log.warning("WattTime warns about its values for %s: %s", region, _message(warnings))
    return meta, frozenset(flags)


def _message(warnings: object) -> str:
    first = warnings[0] if isinstance(warnings, list) else warnings
    return shown(first.get("message") or first.get("type") if isinstance(first, dict) else first)


def _period_s(meta: Mapping[str, Any]) -> float:
    period_s = number(meta.get("data_point_period_seconds"))
    if period_s is None:
        raise AnswerError("does not say how long a value holds (data_point_period_seconds)")
    return period_s


def _pairs(answer: Mapping[str, Any]) -> Iterator[tuple[float, object]]:
    """(start in Unix seconds, pounds per MWh) of each point."""
    for entry in entries(answer.get("data"), "data"):
        yield time_s(entry.get("point_time")), entry.get("value")
