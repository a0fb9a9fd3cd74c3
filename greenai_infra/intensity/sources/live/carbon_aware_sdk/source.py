"""`carbon-aware-sdk`: a WebApi of the Green Software Foundation's Carbon Aware SDK that the user runs.

The user states signal and basis, since the WebApi doesn't say: its data source WattTime is marginal direct, Electricity
Maps average life cycle. It also hides whether a value was measured or estimated, so its values are never called live.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import HOUR, format_time
from greenai_infra.intensity.model.questions import Failure, Question
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.coverage import ask_covered
from greenai_infra.intensity.service.live import LiveAnswers, Publisher
from greenai_infra.intensity.service.places import ask_by_place, watttime_regions
from greenai_infra.intensity.service.windows import past_window
from greenai_infra.intensity.sources.live.carbon_aware_sdk.answers import read_emissions, read_forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.model.checks import Meaning
    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.service.cache import AnswerCache
    from greenai_infra.intensity.service.http import Client
    from greenai_infra.intensity.service.live import Answer

    Reader = Callable[[Sequence[Any], Sequence[str], Meaning, datetime], Points]

TITLE = "Carbon Aware SDK"
RECENT = timedelta(hours=12)  # asked for the newest value; within the 24 h that Electricity Maps counts as recent
MAX_RANGE = timedelta(days=10)  # per hourly question to Electricity Maps, the strictest of the data sources
UNSAID = "its WebApi does not say whether it is measured or estimated"


class CarbonAwareSdk:
    """The WebApi asked as of now, a request per location, all at once; answers are kept in `cache`.

    A request for all locations would fail as a whole (400) for any unknown location, and values come under the
    data source's name of a place, which may differ from the requested name. `locations` has the location of each
    zone, as "westus"; "westus/CAISO_NORTH" accepts the second name in answers. Names of the zone itself, here and at
    WattTime, are always accepted. Methods never raise for a service's faults.
    """

    name = "carbon-aware-sdk"

    def __init__(
        self,
        base_url: str,
        *,
        locations: Mapping[str, str],
        signal: Signal,
        basis: Basis,
        as_of: datetime,
        cache: AnswerCache | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        self.as_of = as_of
        self._base_url = base_url
        self._timeout_s = total_timeout_s
        self._location_of: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}
        for zone, text in locations.items():
            location, _, name = (part.strip() for part in text.partition("/"))
            if location:
                self._location_of[zone] = location
                names = self._names.setdefault(location, [location])
                names += [*([name] if name else []), zone, *watttime_regions(zone)]
        self._meaning = (signal, basis)
        publisher = Publisher(self.name, TITLE, base_url, signal, basis)
        self._answers = LiveAnswers(publisher, as_of, cache)

    def uncovered(self, zone: str) -> str:
        """Returns why this zone can't be answered, "" if it may be."""
        if zone in self._location_of:
            return ""
        return f"no location of the {TITLE} is set for {zone}: add it to locations of [{self.name}] in config.toml"

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest value of the last 12 hours."""
        answers = self._emissions(zones, self.as_of - HOUR, self.as_of)
        return {zone: _not_live(self._answers.value(zone, answer)) for zone, answer in answers.items()}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), at most the last ten days of it."""
        answers = self._emissions(zones, start, end)
        return {zone: self._answers.series(zone, answer, start, end, Kind.HISTORY) for zone, answer in answers.items()}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), as far as its data source sees.

        The whole forecast is asked for: bounds beyond it are answered with 400, and a window with rolling means.
        """
        answers = self._ask(zones, "forecast", "emissions/forecasts/current", {}, read_forecast)
        return {zone: self._answers.series(zone, answer, start, end, Kind.FORECAST) for zone, answer in answers.items()}

    def _emissions(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Answer | Unavailable]:
        """Extends a short range to the last 12 hours, so that newest values and recent history share a question."""
        window = past_window(self.as_of, start, end, recent=RECENT, longest=MAX_RANGE)
        params = {"time": format_time(window.first), "toTime": format_time(window.last)}
        return self._ask(zones, f"emissions {window.reach}", "emissions/bylocations", params, read_emissions)

    def _ask(
        self, zones: Sequence[str], question: str, path: str, params: Mapping[str, str], read: Reader
    ) -> dict[str, Answer | Unavailable]:
        def question_of(location: str) -> Question:
            names = self._names[location]
            return Question(
                path,
                {"location": location, **params},
                list,
                read=lambda answer: read(answer, names, self._meaning, self.as_of),
            )

        def fetch(locations: Sequence[str]) -> dict[str, Points | Failure]:
            questions = [question_of(location) for location in locations]
            return {
                location: _explained(answer, location)
                for location, answer in zip(locations, self._client.fetch_all(questions), strict=True)
            }

        def ask(covered: Sequence[str]) -> dict[str, Answer | Unavailable]:
            place_of = {zone: self._location_of[zone] for zone in covered}
            return ask_by_place(place_of, lambda locations: self._answers.ask(locations, question, fetch))

        return ask_covered(zones, self.uncovered, ask)

    @cached_property
    def _client(self) -> Client:
        from greenai_infra.intensity.service.http import Client

        return Client(self._base_url, total_timeout_s=self._timeout_s)


def _not_live(value: Intensity | Unavailable) -> Intensity | Unavailable:
    if isinstance(value, Unavailable):
        return value
    provenance = replace(value.provenance.flagged(detail=UNSAID), kind=Kind.LATEST)
    return replace(value, provenance=provenance)


def _explained(answer: Any | Failure, location: str) -> Any | Failure:
    """A failure with what a user can do about it."""
    if not isinstance(answer, Failure):
        return answer
    if answer.status == 501 or "ForecastDataSource is not configured" in answer.reason:
        why = "its data source has no forecasts; name another as ForecastDataSource in its configuration"
    elif answer.status == 400:
        why = f"it did not understand the question about '{location}', which may be no location of its own"
    else:
        return answer
    return replace(answer, reason=f"{why}; {answer.reason}")
