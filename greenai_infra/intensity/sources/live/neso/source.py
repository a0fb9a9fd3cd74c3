"""`neso`: carbon intensity of Great Britain or of a region, from NESO's Carbon Intensity API; no key.

Average signal, direct basis: its own factors (`/intensity/factors`) are those of burning fuel, 937 for coal and 394 for
gas, and 0 for nuclear, wind, solar and hydro; imports and losses are counted. Half hours. Data: CC BY 4.0.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import ceiling_to, floor_to, format_minute
from greenai_infra.intensity.model.questions import Question
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.coverage import ask_covered
from greenai_infra.intensity.service.live import LiveAnswers, Publisher
from greenai_infra.intensity.sources.live.neso.answers import (
    HALF_HOUR_S,
    read_current,
    read_forecast,
    read_history,
    read_regional_forecast,
    step_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.model.questions import Failure
    from greenai_infra.intensity.service.cache import AnswerCache
    from greenai_infra.intensity.service.http import Client
    from greenai_infra.intensity.service.live import Answer

ZONE = "GB"
REGIONS = (
    "North Scotland", "South Scotland", "North West England", "North East England", "Yorkshire",
    "North Wales and Merseyside", "South Wales", "West Midlands", "East Midlands", "East England",
    "South West England", "South England", "London", "South East England", "England", "Scotland", "Wales",
)  # fmt: skip
"""Names of regions 1 to 17."""

HALF_HOUR = timedelta(seconds=HALF_HOUR_S)
MAX_RANGE = timedelta(days=14)  # per question about the past


class Neso:
    """NESO asked as of now. Regions have forecasts only: their newest value is estimated, their history empty.

    Raises ValueError for an unknown region.
    """

    def __init__(
        self,
        base_url: str,
        *,
        region_id: int | None = None,
        as_of: datetime,
        cache: AnswerCache | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        if region_id is not None and not 1 <= region_id <= len(REGIONS):
            raise ValueError(f"region {region_id}: NESO numbers its regions from 1 to {len(REGIONS)}")
        self.name = "neso" if region_id is None else f"neso:{region_id}"
        self.as_of = as_of
        self._region_id = region_id
        self._base_url = base_url
        self._timeout_s = total_timeout_s
        title = "NESO" if region_id is None else f"NESO, {REGIONS[region_id - 1]}"
        publisher = Publisher(self.name, title, base_url, Signal.AVERAGE, Basis.DIRECT)
        self._answers = LiveAnswers(publisher, as_of, cache)

    def uncovered(self, zone: str) -> str:
        """Returns why this zone can't be answered, "" if it may be."""
        return "" if zone == ZONE else f"NESO covers {ZONE}, not {zone}"

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The current half hour; estimated where it isn't measured yet."""
        if self._region_id is None:
            answers = self._ask(zones, "latest", "intensity", lambda answer: read_current(answer, self.as_of))
        else:
            answers = {
                zone: one if isinstance(one, Unavailable) else one._replace(points=step_at(one.points, self.as_of))
                for zone, one in self._forecast(zones).items()
            }
        return {zone: self._answers.value(zone, one) for zone, one in answers.items()}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The measured half hours that overlap [start, end), at most the last fourteen days of it."""
        if self._region_id is not None:
            reason = f"NESO forecasts region {self._region_id}, and publishes nothing measured for it"
            return {zone: Unavailable(zone, self.uncovered(zone) or reason) for zone in zones}
        now = floor_to(self.as_of, HALF_HOUR)
        last = min(ceiling_to(end, HALF_HOUR), now + HALF_HOUR)
        first = min(max(floor_to(start, HALF_HOUR), last - MAX_RANGE), last - HALF_HOUR)
        reach = f"history {(last - first) / HALF_HOUR:.0f} half hours, {(now - last) / HALF_HOUR:.0f} ago"
        path = f"intensity/{format_minute(first)}/{format_minute(last)}"
        answers = self._ask(zones, reach, path, lambda answer: read_history(answer, self.as_of))
        return {zone: self._answers.series(zone, one, start, end, Kind.HISTORY) for zone, one in answers.items()}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The half hours that overlap [start, end), up to 48 h from now."""
        answers = self._forecast(zones)
        return {zone: self._answers.series(zone, one, start, end, Kind.FORECAST) for zone, one in answers.items()}

    def _forecast(self, zones: Sequence[str]) -> dict[str, Answer | Unavailable]:
        path = f"intensity/{format_minute(floor_to(self.as_of, HALF_HOUR))}/fw48h"
        region_id = self._region_id
        if region_id is None:
            return self._ask(zones, "forecast 48 h", path, read_forecast)
        path = f"regional/{path}/regionid/{region_id}"
        return self._ask(zones, "forecast 48 h", path, lambda answer: read_regional_forecast(answer, region_id))

    def _ask(
        self, zones: Sequence[str], question: str, path: str, read: Callable[[Any], Points]
    ) -> dict[str, Answer | Unavailable]:
        def fetch(open_zones: Sequence[str]) -> dict[str, Points | Failure]:
            fetched = self._client.fetch_all([Question(path, read=read) for _ in open_zones])
            return dict(zip(open_zones, fetched, strict=True))

        return ask_covered(zones, self.uncovered, lambda covered: self._answers.ask(covered, question, fetch))

    @cached_property
    def _client(self) -> Client:
        from greenai_infra.intensity.service.http import Client

        return Client(self._base_url, total_timeout_s=self._timeout_s)
