"""`electricity-maps`: live values, history and forecasts of Electricity Maps (API v4), for a token's zones.

Average signal; life cycle basis, or direct for latest and history (its forecast knows life cycle only).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, from_unix
from greenai_infra.intensity.cache import Kept, Key
from greenai_infra.intensity.checks import STALE_AFTER
from greenai_infra.intensity.electricity_maps_answers import AnswerError, read_forecast, read_history, read_latest
from greenai_infra.intensity.http import TOTAL_TIMEOUT_S, Client, Failure, Question
from greenai_infra.intensity.points import HOUR_S
from greenai_infra.intensity.values import Basis, Flag, Intensity, Kind, Provenance, Series, Signal, Unavailable, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.cache import AnswerCache
    from greenai_infra.intensity.points import Points
    from greenai_infra.intensity.settings import Access

    Reader = Callable[[Mapping[str, Any], str, Basis, datetime], Points]

NAME = "Electricity Maps"
HORIZONS_HOURS = (6, 24, 48, 72)
HOUR = timedelta(hours=1)
RECENT = timedelta(hours=24)  # what `history` covers without a range
MAX_RANGE = timedelta(days=10)  # of one hourly `past-range` question
PUBLISHING_DELAY = timedelta(minutes=5)  # before the value of a new hour is expected


class ElectricityMaps:
    """Electricity Maps asked as of now, one request a zone, all zones at once; answers are kept in `cache`.

    The zone is always our own, never looked up from the caller's address. No method raises for what a service can do
    wrong: a zone without a believable answer is Unavailable, or an own answer of less than six hours ago stands in,
    flagged as cached and as fallback.
    """

    name = "electricity-maps"

    def __init__(
        self,
        access: Access,
        *,
        as_of: datetime,
        basis: Basis = Basis.LIFECYCLE,
        cache: AnswerCache | None = None,
        total_timeout_s: float = TOTAL_TIMEOUT_S,
    ) -> None:
        self.as_of = as_of
        self._basis = basis
        self._cache = cache
        self._base_url = access.base_url
        self._client = Client(
            access.base_url, secret_header="auth-token", secret=access.token, total_timeout_s=total_timeout_s
        )

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest hourly mean, called live only if it is recent, measured and straight from the service."""
        answers = self._ask(zones, "latest", "carbon-intensity/latest", self._typed(), read_latest)
        return {
            zone: answer if isinstance(answer, Unavailable) else self._value(zone, *answer)
            for zone, answer in answers.items()
        }

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The hours that overlap [start, end), at most the last ten days of it."""
        last = min(_hour_up(end), _hour_up(self.as_of))
        first = max(_hour(start), last - MAX_RANGE)
        if first >= _hour(self.as_of) - RECENT:
            answers = self._ask(zones, "history", "carbon-intensity/history", self._typed(), read_history)
        else:
            reach = f"past-range {(last - first) / HOUR:.0f} h, {(_hour(self.as_of) - last) / HOUR:.0f} h ago"
            window = {"start": format_time(first), "end": format_time(last)}
            answers = self._ask(zones, reach, "carbon-intensity/past-range", self._typed() | window, read_history)
        return {zone: self._series(zone, answer, start, end, Kind.HISTORY) for zone, answer in answers.items()}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The hours that overlap [start, end), up to 72 h from now."""
        if self._basis is not Basis.LIFECYCLE:
            reason = f"{NAME} forecasts life cycle intensity only, not {self._basis}"
            return {zone: Unavailable(zone, reason) for zone in zones}
        wanted = math.ceil((end - self.as_of) / HOUR)
        horizon = next((hours for hours in HORIZONS_HOURS if hours >= wanted), HORIZONS_HOURS[-1])
        answers = self._ask(
            zones,
            f"forecast {horizon} h",
            "carbon-intensity/forecast",
            {"horizonHours": str(horizon)},
            read_forecast,
        )
        return {zone: self._series(zone, answer, start, end, Kind.FORECAST) for zone, answer in answers.items()}

    def _typed(self) -> dict[str, str]:
        return {"emissionFactorType": self._basis.value}

    def _ask(
        self,
        zones: Sequence[str],
        question: str,
        path: str,
        params: Mapping[str, str],
        read: Reader,
    ) -> dict[str, tuple[Points, str] | Unavailable]:
        """Points of each zone with a word on how they were had: from the cache while valid, else from the service."""
        keys = {
            zone: Key(f"{self.name} {self._base_url}", Signal.AVERAGE, self._basis, zone, question) for zone in zones
        }
        kept = {zone: self._cache.get(key, self.as_of) if self._cache else None for zone, key in keys.items()}
        answers: dict[str, tuple[Points, str] | Unavailable] = {
            zone: (had.points.flagged(Flag.CACHED), f"fetched {_ago(had, self.as_of)}")
            for zone, had in kept.items()
            if had and self.as_of < had.valid_until
        }
        open_zones = [zone for zone in keys if zone not in answers]
        common = {"temporalGranularity": "hourly", "disableCallerLookup": "true", **params}
        fetched = self._client.fetch_all([Question(path, {"zone": zone, **common}) for zone in open_zones])
        for zone, answer in zip(open_zones, fetched, strict=True):
            answers[zone] = self._believe(zone, answer, keys[zone], kept[zone], read)
        return {zone: answers[zone] for zone in zones}

    def _believe(
        self,
        zone: str,
        answer: dict[str, Any] | Failure,
        key: Key,
        kept: Kept | None,
        read: Reader,
    ) -> tuple[Points, str] | Unavailable:
        if isinstance(answer, Failure):
            reason, passing = answer.reason, answer.transient
        else:
            try:
                points = read(answer, zone, self._basis, self.as_of)
            except AnswerError as error:
                reason, passing = str(error), True
            else:
                if self._cache and Flag.SANDBOX not in points.flags:
                    self._cache.put(key, points, fetched_at=self.as_of, valid_until=self._valid_until(points))
                return points, ""
        if kept and passing:
            stand_in = kept.points.flagged(Flag.CACHED, Flag.FALLBACK)
            return stand_in, f"fetched {_ago(kept, self.as_of)}, since now {NAME} {reason}"
        return Unavailable(zone, f"{NAME}: {reason}")

    def _valid_until(self, points: Points) -> datetime:
        """When the service should have something newer: after the hour of a newest value, or the hour of asking."""
        next_hour = _hour(self.as_of) + HOUR
        if len(points.starts_s) == 1:
            next_hour = min(next_hour, from_unix(points.starts_s[0]) + HOUR)
        return next_hour + PUBLISHING_DELAY

    def _value(self, zone: str, points: Points, note: str) -> Intensity:
        newest = points.newest
        assert newest is not None, "a latest value is never null"
        start_s, g_per_kwh = newest
        observed_at = from_unix(start_s)
        flags = points.flags
        if self.as_of - observed_at > STALE_AFTER:
            flags |= {Flag.STALE}
        return Intensity(
            zone, g_per_kwh, self._provenance(Kind.LATEST if flags else Kind.LIVE, observed_at, flags, note)
        )

    def _series(
        self, zone: str, answer: tuple[Points, str] | Unavailable, start: datetime, end: datetime, kind: Kind
    ) -> Series | Unavailable:
        if isinstance(answer, Unavailable):
            return answer
        points, note = answer
        newest = points.newest
        try:
            edges_s, values = points.steps()
        except ValueError as error:
            return Unavailable(zone, f"{NAME}: {error}")
        if newest is None:
            return Unavailable(zone, f"{NAME}: every value is null")
        if kind is Kind.HISTORY:
            observed_at = from_unix(newest[0])
        else:
            first = from_unix(points.starts_s[0])
            if timedelta() < first - start <= HOUR:
                edges_s[0] -= HOUR_S
                note = "; ".join(filter(None, [note, "the hour before the first is taken to be like it"]))
            observed_at = min(first, self.as_of) if points.issued_s is None else from_unix(points.issued_s)
        part = cut(Series(zone, edges_s, values, self._provenance(kind, observed_at, points.flags, note)), start, end)
        if part is None or (kind is Kind.FORECAST and part.start > start):
            covered = f"{format_time(from_unix(float(edges_s[0])))} to {format_time(from_unix(float(edges_s[-1])))}"
            return Unavailable(zone, f"{NAME}: its {kind} covers {covered}, not {format_time(start)}")
        return part

    def _provenance(self, kind: Kind, observed_at: datetime, flags: frozenset[Flag], note: str) -> Provenance:
        return Provenance(NAME, Signal.AVERAGE, self._basis, kind, observed_at, flags, note)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hour_up(moment: datetime) -> datetime:
    return _hour(moment + HOUR - timedelta(microseconds=1))


def _ago(kept: Kept, now: datetime) -> str:
    minutes = max(0, round((now - kept.fetched_at).total_seconds() / 60))
    return f"{minutes} min ago" if minutes < 120 else f"{minutes / 60:.1f} h ago"
