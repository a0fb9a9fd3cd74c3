"""`energy-charts`: carbon intensity of European countries from Energy-Charts (Fraunhofer ISE); no key.

Average signal. The basis is an assumption: the documentation of its API (1.5, 2025-10) does not describe `co2eq`, and
no other statement of its publisher was found. Life cycle is assumed, as the unit is CO2 equivalents and the values are
too high for direct emissions: an answer for France of 2026-10-04 holds 47 to 65 g/kWh, while for 2024 Google states 16
direct and Electricity Maps 33 life cycle. Every value says so. Data: CC BY 4.0, credit Energy-Charts.info.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import ceiling_to, floor_to, format_minute
from greenai_infra.intensity.model.questions import Question
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.coverage import ask_covered, explained
from greenai_infra.intensity.service.live import LiveAnswers, Publisher
from greenai_infra.intensity.sources.live.energy_charts.answers import read_forecast, read_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.model.questions import Failure
    from greenai_infra.intensity.service.cache import AnswerCache
    from greenai_infra.intensity.service.http import Client
    from greenai_infra.intensity.service.live import Answer

    Reader = Callable[[Mapping[str, Any], datetime], Points]

TITLE = "Energy-Charts"
COUNTRIES = frozenset(
    "AT BE BG CH CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV NL NO PL PT SE SI SK".split()  # noqa: SIM905
)
"""Zones that are a whole country which `co2eq` answers for; `uk` and `ro` were seen to give 404 (2026-10-06)."""

BASIS_NOTE = "its publisher states no basis; taken to be life cycle"
QUARTER = timedelta(minutes=15)
RECENT = timedelta(hours=24)  # range of the request for the newest value, which is one to three hours old
MAX_RANGE = timedelta(days=10)  # per question about the past


class EnergyCharts:
    """Energy-Charts asked as of now, a request per country and kind of question.

    A country that is split into several zones is answered only as a whole, never for a single zone.
    """

    name = "energy-charts"

    def __init__(
        self,
        base_url: str,
        *,
        as_of: datetime,
        cache: AnswerCache | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        self.as_of = as_of
        self._base_url = base_url
        self._timeout_s = total_timeout_s
        publisher = Publisher(self.name, TITLE, base_url, Signal.AVERAGE, Basis.LIFECYCLE)
        self._answers = LiveAnswers(publisher, as_of, cache)

    def uncovered(self, zone: str) -> str:
        """Returns why this zone can't be answered, "" if it may be."""
        if zone in COUNTRIES:
            return ""
        country = zone.partition("-")[0]
        if country != zone and country in COUNTRIES:
            return f"{TITLE} knows {country} as a whole only, not {zone}"
        return f"{TITLE} does not cover {zone}"

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest measured value of the last day."""
        now = floor_to(self.as_of, QUARTER)
        answers = self._ask(zones, "latest", _window(now - RECENT, now), read_measured)
        return {zone: explained(self._answers.value(zone, one), BASIS_NOTE) for zone, one in answers.items()}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """What was measured within [start, end), at most the last ten days of it."""
        now = floor_to(self.as_of, QUARTER)
        last = min(ceiling_to(end, QUARTER), now)
        first = min(max(floor_to(start, QUARTER), last - MAX_RANGE), last - QUARTER)
        reach = f"history {(last - first) / QUARTER:.0f} quarter hours, {(now - last) / QUARTER:.0f} ago"
        answers = self._ask(zones, reach, _window(first, last), read_measured)
        return self._series(answers, start, end, Kind.HISTORY)

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), as far as its forecast reaches: today, from evening on tomorrow."""
        answers = self._ask(zones, "forecast", {}, read_forecast)
        return self._series(answers, start, end, Kind.FORECAST)

    def _series(
        self, answers: Mapping[str, Answer | Unavailable], start: datetime, end: datetime, kind: Kind
    ) -> dict[str, Series | Unavailable]:
        return {
            zone: explained(self._answers.series(zone, one, start, end, kind), BASIS_NOTE)
            for zone, one in answers.items()
        }

    def _ask(
        self, zones: Sequence[str], question: str, window: Mapping[str, str], read: Reader
    ) -> dict[str, Answer | Unavailable]:
        def fetch(open_zones: Sequence[str]) -> dict[str, Points | Failure]:
            questions = [
                Question("co2eq", {"country": zone.lower(), **window}, read=lambda answer: read(answer, self.as_of))
                for zone in open_zones
            ]
            return dict(zip(open_zones, self._client.fetch_all(questions), strict=True))

        return ask_covered(zones, self.uncovered, lambda covered: self._answers.ask(covered, question, fetch))

    @cached_property
    def _client(self) -> Client:
        from greenai_infra.intensity.service.http import Client

        return Client(self._base_url, total_timeout_s=self._timeout_s)


def _window(start: datetime, end: datetime) -> dict[str, str]:
    """Start and end as Energy-Charts reads them; a time without `Z` would be local to the country."""
    return {"start": format_minute(start), "end": format_minute(end)}
