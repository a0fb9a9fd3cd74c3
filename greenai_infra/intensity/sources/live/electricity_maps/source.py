"""`electricity-maps`: live values, history and forecasts of Electricity Maps (API v4), for a token's zones.

Average signal; life cycle basis, or direct for latest and history (its forecast knows life cycle only).
"""

from __future__ import annotations

import hashlib
import math
import time
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import HOUR, ceiling_to, floor_to, format_time
from greenai_infra.intensity.model.questions import Failure, Question
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.live import LiveAnswers, Publisher
from greenai_infra.intensity.sources.live.electricity_maps.answers import (
    read_access,
    read_forecast,
    read_history,
    read_latest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.model.settings import Access
    from greenai_infra.intensity.service.cache import AnswerCache
    from greenai_infra.intensity.service.http import Client
    from greenai_infra.intensity.service.live import Answer

    Reader = Callable[[Mapping[str, Any], str, Basis, datetime], Points]

TITLE = "Electricity Maps"
HORIZONS_HOURS = (6, 24, 48, 72)
RECENT = timedelta(hours=24)  # what `history` covers without a range
MAX_RANGE = timedelta(days=10)  # per hourly `past-range` question
LIST_VALID = timedelta(hours=24)
LIST_SHARE = 0.4  # of the time for a question, that asking first what the token covers may take


class ElectricityMaps:
    """Electricity Maps asked as of now, a request per zone, all zones at once; answers are kept in `cache`.

    The zone is always stated, never looked up from the caller's address. Methods never raise for a service's faults:
    a zone without a plausible answer is Unavailable.
    """

    name = "electricity-maps"

    def __init__(
        self,
        access: Access,
        *,
        as_of: datetime,
        basis: Basis = Basis.LIFECYCLE,
        cache: AnswerCache | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        self.as_of = as_of
        self._basis = basis
        self._sign_in = access
        self._cache = cache
        self._refused = False
        self._access: Mapping[str, frozenset[str]] | None = None
        self._timeout_s = total_timeout_s
        publisher = Publisher(self.name, TITLE, access.base_url, Signal.AVERAGE, basis)
        self._answers = LiveAnswers(publisher, as_of, cache)

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest hourly mean."""
        answers = self._ask(zones, "latest", "carbon-intensity/latest", self._typed(), read_latest)
        return {zone: self._answers.value(zone, answer) for zone, answer in answers.items()}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The hours that overlap [start, end), at most the last ten days of it."""
        last = min(ceiling_to(end, HOUR), ceiling_to(self.as_of, HOUR))
        first = max(floor_to(start, HOUR), last - MAX_RANGE)
        this_hour = floor_to(self.as_of, HOUR)
        if first >= this_hour - RECENT:
            answers = self._ask(zones, "history", "carbon-intensity/history", self._typed(), read_history)
        else:
            reach = f"past-range {(last - first) / HOUR:.0f} h, {(this_hour - last) / HOUR:.0f} h ago"
            window = {"start": format_time(first), "end": format_time(last)}
            answers = self._ask(zones, reach, "carbon-intensity/past-range", self._typed() | window, read_history)
        return {zone: self._answers.series(zone, answer, start, end, Kind.HISTORY) for zone, answer in answers.items()}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The hours that overlap [start, end), up to 72 h from now."""
        if self._basis is not Basis.LIFECYCLE:
            reason = f"{TITLE} forecasts life cycle intensity only, not {self._basis}"
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
        return {zone: self._answers.series(zone, answer, start, end, Kind.FORECAST) for zone, answer in answers.items()}

    def _typed(self) -> dict[str, str]:
        return {"emissionFactorType": self._basis.value}

    def _ask(
        self, zones: Sequence[str], question: str, path: str, params: Mapping[str, str], read: Reader
    ) -> dict[str, Answer | Unavailable]:
        common = {"temporalGranularity": "hourly", "disableCallerLookup": "true", **params}

        def question_of(zone: str) -> Question:
            return Question(
                path, {"zone": zone, **common}, read=lambda answer: read(answer, zone, self._basis, self.as_of)
            )

        def fetch(open_zones: Sequence[str]) -> dict[str, Points | Failure]:
            began = time.monotonic()
            asked = [zone for zone in open_zones if self._may_ask(zone, path)]
            left_s = self._client.total_timeout_s - (time.monotonic() - began)
            answers = self._client.fetch_all([question_of(zone) for zone in asked], within_s=left_s)
            found = dict(zip(asked, answers, strict=True))
            self._refused |= any(isinstance(one, Failure) and not one.transient for one in answers)
            reason = (
                "by its list of zones the token does not cover this zone, or not this question "
                "(the list is kept for a day; `greenai-infra sources --clear-cache` forgets it)"
            )
            return {zone: found.get(zone) or Failure(reason, transient=False) for zone in open_zones}

        return self._answers.ask(zones, question, fetch)

    def _may_ask(self, zone: str, path: str) -> bool:
        """False if the token is known not to cover this: after a refusal, the token's list is requested once a day.

        This spares a token for one zone sixty refusals at each further question.
        """
        if self._access is None and self._cache:
            self._access = read_access(self._cache.recall(self._list_name, self.as_of, LIST_VALID)) or None
        if self._access is None and self._refused:
            within_s = LIST_SHARE * self._client.total_timeout_s
            answer = self._client.fetch_all([Question("zones")], within_s=within_s)[0]
            self._access = read_access(answer)
            if self._access and self._cache:
                zones = {zone: {"access": sorted(paths)} for zone, paths in self._access.items() if paths}
                self._cache.remember(self._list_name, zones, self.as_of)
        if not self._access:
            return True
        return any(path.startswith(allowed.rstrip("*")) for allowed in self._access.get(zone, ()))

    @cached_property
    def _list_name(self) -> str:
        """Cache name of a token's coverage: a digest that hides the token and the address."""
        told = f"{self._sign_in.base_url} {self._sign_in.token}"
        return f"zones-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    @cached_property
    def _client(self) -> Client:
        from greenai_infra.intensity.service.http import Client

        token = self._sign_in.token
        return Client(
            self._sign_in.base_url,
            headers={"auth-token": token},
            secrets=[token],
            total_timeout_s=self._timeout_s,
        )
