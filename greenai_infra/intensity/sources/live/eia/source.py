"""`eia`: balancing authorities of the United States from their generation by fuel (Form EIA-930, EIA's API v2).

Average signal; life cycle or direct basis, as `data/fuel-factors.csv` has both. The intensity is that of what a
balancing authority generates: imports and what comes out of storage are left out. Hours; no forecast. Data: public
domain.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.fuels import eia_respondents, fuel_factors
from greenai_infra.clock import HOUR, ceiling_to, floor_to
from greenai_infra.intensity.model.points import Points
from greenai_infra.intensity.model.questions import AnswerError, Failure, Question
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.coverage import ask_covered, explained
from greenai_infra.intensity.service.live import LiveAnswers, Publisher
from greenai_infra.intensity.sources.live.eia.answers import (
    MAX_CODES,
    PAGE_ROWS,
    further_pages,
    read_mix,
    split_by_respondent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.model.settings import Access
    from greenai_infra.intensity.service.cache import AnswerCache
    from greenai_infra.intensity.service.http import Client
    from greenai_infra.intensity.service.live import Answer

TITLE = "EIA generation x fuel factors"
PATH = "electricity/rto/fuel-type-data/data/"
NOTE = "imports and storage left out, small negative output as zero"
RECENT = timedelta(hours=30)  # asked for the newest value: some report a day late, and a day shows what is usual
ORDER = {
    "sort[0][column]": "period",
    "sort[0][direction]": "asc",
    "sort[1][column]": "fueltype",
    "sort[1][direction]": "asc",
}
MAX_RANGE = timedelta(days=30)  # per question about the past
MOST_APART = 5  # up to this many zones are asked separately; more share questions, as EIA throttles


class Eia:
    """EIA asked as of now, a request per few zones and 5,000 rows. The key is a query parameter and never shown."""

    name = "eia"

    def __init__(
        self,
        access: Access,
        *,
        basis: Basis,
        as_of: datetime,
        cache: AnswerCache | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        self.as_of = as_of
        self._basis = basis
        self._access = access
        self._timeout_s = total_timeout_s
        publisher = Publisher(self.name, TITLE, access.base_url, Signal.AVERAGE, basis)
        self._answers = LiveAnswers(publisher, as_of, cache)

    def uncovered(self, zone: str) -> str:
        """Returns why this zone can't be answered, "" if it may be."""
        return "" if zone in eia_respondents() else f"EIA has no balancing authority for {zone}"

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest hour that is reported in full."""
        last = floor_to(self.as_of, HOUR)
        answers = self._ask(zones, "latest", last - RECENT, last)
        return {zone: explained(self._answers.value(zone, one), NOTE) for zone, one in answers.items()}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The hours that overlap [start, end), at most the last thirty days of it."""
        now = floor_to(self.as_of, HOUR)
        last = min(ceiling_to(end, HOUR), now)
        first = max(min(floor_to(start, HOUR), last - RECENT), last - MAX_RANGE)
        reach = f"history {(last - first) / HOUR:.0f} h, {(now - last) / HOUR:.0f} h ago"
        answers = self._ask(zones, reach, first, last)
        return {
            zone: explained(self._answers.series(zone, one, start, end, Kind.HISTORY), NOTE)
            for zone, one in answers.items()
        }

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Returns Unavailable for every zone."""
        reason = "EIA forecasts no generation by fuel"
        return {zone: Unavailable(zone, self.uncovered(zone) or reason) for zone in zones}

    def _ask(
        self, zones: Sequence[str], question: str, first: datetime, last: datetime
    ) -> dict[str, Answer | Unavailable]:
        """Points of the hours within [first, last)."""
        factors = {fuel: factor.g_per_kwh for fuel, factor in fuel_factors(self._basis).items()}

        def read(zone: str, pages: Sequence[Any]) -> Points:
            return read_mix(pages, eia_respondents()[zone], self._basis, factors, self.as_of)

        def read_first(zone: str, page: Any) -> Any:
            """The points, or the page itself if more of them follow."""
            return page if further_pages(page) else read(zone, [page])

        def fetch(open_zones: Sequence[str]) -> dict[str, Points | Failure]:
            deadline = time.monotonic() + self._client.total_timeout_s
            found: dict[str, Any] = dict(self._read_together(open_zones, first, last, read))
            apart = [zone for zone in open_zones if zone not in found]
            questions = [_question([zone], first, last, read=partial(read_first, zone)) for zone in apart]
            found |= zip(apart, self._client.fetch_all(questions, within_s=deadline - time.monotonic()), strict=True)
            begun = {zone: page for zone, page in found.items() if not isinstance(page, Points | Failure)}
            return found | self._read_on(begun, first, last, read, deadline - time.monotonic())

        return ask_covered(zones, self.uncovered, lambda covered: self._answers.ask(covered, question, fetch))

    def _read_together(
        self, zones: Sequence[str], first: datetime, last: datetime, read: Callable[[str, Sequence[Any]], Points]
    ) -> dict[str, Points | Failure]:
        """Returns points of zones that share questions, as many as fit a page; empty for few zones or long times.

        Zones missing from an answer, and the zones of an implausible answer, are left out: asked alone, each gets a
        separate answer or reason.
        """
        share = int(PAGE_ROWS // ((last - first) / HOUR * MAX_CODES))
        if len(zones) <= MOST_APART or share < 2:
            return {}
        groups = [zones[number : number + share] for number in range(0, len(zones), share)]

        def read_each(group: Sequence[str], answer: Any) -> dict[str, Points | Failure]:
            respondents = eia_respondents()
            try:
                answers = split_by_respondent(answer, [respondents[zone] for zone in group])
            except AnswerError:
                return {}
            return {
                zone: _points_or_reason(read, zone, [answers[respondents[zone]]])
                for zone in group
                if respondents[zone] in answers
            }

        answers = self._client.fetch_all(
            [_question(group, first, last, read=partial(read_each, group)) for group in groups]
        )
        found: dict[str, Points | Failure] = {}
        for group, answer in zip(groups, answers, strict=True):
            found |= dict.fromkeys(group, answer) if isinstance(answer, Failure) else answer
        return found

    def _read_on(
        self,
        begun: Mapping[str, Any],
        first: datetime,
        last: datetime,
        read: Callable[[str, Sequence[Any]], Points],
        within_s: float,
    ) -> dict[str, Points | Failure]:
        """Returns the points of zones whose answers go on after the first page, or why a page is missing."""
        places = [(zone, offset) for zone, page in begun.items() for offset in further_pages(page)]
        rest = self._client.fetch_all(
            [_question([zone], first, last, offset) for zone, offset in places], within_s=within_s
        )
        pages = {zone: [page] for zone, page in begun.items()}
        for (zone, _), page in zip(places, rest, strict=True):
            pages[zone].append(page)
        found: dict[str, Points | Failure] = {}
        for zone, answers in pages.items():
            failed = [one for one in answers if isinstance(one, Failure)]
            found[zone] = failed[0] if failed else _points_or_reason(read, zone, answers)
        return found

    @cached_property
    def _client(self) -> Client:
        from greenai_infra.intensity.service.http import Client

        key = self._access.token
        return Client(
            self._access.base_url,
            params={"api_key": key},
            secrets=[key],
            total_timeout_s=self._timeout_s,
        )


def _points_or_reason(
    read: Callable[[str, Sequence[Any]], Points], zone: str, pages: Sequence[Any]
) -> Points | Failure:
    try:
        return read(zone, pages)
    except AnswerError as error:
        return Failure(str(error), transient=True)


def _question(
    zones: Sequence[str],
    first: datetime,
    last: datetime,
    offset: int = 0,
    read: Callable[[Any], Any] | None = None,
) -> Question:
    """The rows of the hours within [first, last): EIA names an hour by its end, and includes both ends."""
    params: dict[str, str | list[str]] = {
        "frequency": "hourly",
        "data[0]": "value",
        "facets[respondent][]": [eia_respondents()[zone] for zone in zones],
        "start": _period(first + HOUR),
        "end": _period(last),
        "length": str(PAGE_ROWS),
    }
    if (last - first) / HOUR * MAX_CODES > PAGE_ROWS:  # more than a page may follow, and pages need an order
        params |= ORDER | {"offset": str(offset)}
    return Question(PATH, params, read=read)


def _period(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")
