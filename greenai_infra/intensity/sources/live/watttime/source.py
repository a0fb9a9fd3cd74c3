"""`watttime`: newest values, history and forecasts of WattTime's marginal signal `co2_moer` (API v3).

Signal marginal, basis direct: the Marginal Operating Emissions Rate is "the emissions rate of the electricity
generator(s) that are responding to changes in load", in pounds of CO2, not CO2e, per MWh: what plants emit in
operation, without fuel supply and construction (https://watttime.org/data-science/data-signals/marginal-co2). Every
marginal value comes out of a model; called live is what WattTime publishes as history, never a point of a forecast.
`/v3/signal-index` is not used: it is a percentile, which no factor turns into g/kWh.
"""

from __future__ import annotations

import math
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
from greenai_infra.intensity.sources.live.watttime.answers import SIGNAL_TYPE, read_forecast, read_historical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.model.settings import SignIn
    from greenai_infra.intensity.service.cache import AnswerCache
    from greenai_infra.intensity.service.live import Answer
    from greenai_infra.intensity.sources.live.watttime.client import WattTimeClient

    Reader = Callable[[Mapping[str, Any], str, datetime], Points]

TITLE = "WattTime"
FREE_REGION = "CAISO_NORTH"
STEP = timedelta(minutes=5)
RECENT = timedelta(hours=24)  # asked for the newest value: some regions are published hours late
MAX_RANGE = timedelta(days=32)  # per `historical` question
HORIZON_STEP_HOURS, MAX_HORIZON_HOURS = 6, 72


class WattTime:
    """WattTime asked as of now: one login, then a request per region, all regions at once; answers kept in `cache`.

    A zone is asked about as the WattTime region that the catalog names for it. Methods never raise for a service's
    faults: a zone without a plausible answer is Unavailable. A free account covers the region CAISO_NORTH only.
    """

    name = "watttime"

    def __init__(
        self,
        access: SignIn,
        *,
        as_of: datetime,
        cache: AnswerCache | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        self.as_of = as_of
        self._sign_in = access
        self._timeout_s = total_timeout_s
        publisher = Publisher(self.name, TITLE, access.base_url, Signal.MARGINAL, Basis.DIRECT)
        self._answers = LiveAnswers(publisher, as_of, cache)

    def uncovered(self, zone: str) -> str:
        """Returns why WattTime can't be asked about this zone, else "": a zone must be a single WattTime region."""
        names = watttime_regions(zone)
        if not names:
            return f"the catalog knows no region of {TITLE} for {zone}"
        if len(names) > 1:
            return f"{zone} is several regions of {TITLE}, each with its own values ({', '.join(names)})"
        return ""

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest published value, of five minutes, within the last 24 hours."""
        answers = self._historical(zones, self.as_of - HOUR, self.as_of)
        return {zone: self._answers.value(zone, answer) for zone, answer in answers.items()}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), at most the last 32 days of it."""
        answers = self._historical(zones, start, end)
        return {zone: self._answers.series(zone, answer, start, end, Kind.HISTORY) for zone, answer in answers.items()}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), up to 72 h from now; a forecast is made anew every five minutes."""
        wanted = (end - self.as_of + STEP) / (HORIZON_STEP_HOURS * HOUR)
        horizon = min(max(math.ceil(wanted), 1) * HORIZON_STEP_HOURS, MAX_HORIZON_HOURS)
        params = {"horizon_hours": str(horizon)}
        answers = self._ask(zones, f"forecast {horizon} h", "v3/forecast", params, read_forecast)
        return {zone: self._answers.series(zone, answer, start, end, Kind.FORECAST) for zone, answer in answers.items()}

    def _historical(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Answer | Unavailable]:
        """Extends a short range to the last 24 hours, so that newest values and a day's history share a question."""
        window = past_window(self.as_of, start, end, recent=RECENT, longest=MAX_RANGE)
        params = {"start": format_time(window.first), "end": format_time(window.last)}
        return self._ask(zones, f"historical {window.reach}", "v3/historical", params, read_historical)

    def _ask(
        self, zones: Sequence[str], question: str, path: str, params: Mapping[str, str], read: Reader
    ) -> dict[str, Answer | Unavailable]:
        common = {"signal_type": SIGNAL_TYPE, **params}

        def question_of(name: str) -> Question:
            return Question(path, {"region": name, **common}, read=lambda answer: read(answer, name, self.as_of))

        def fetch(names: Sequence[str]) -> dict[str, Points | Failure]:
            answers = self._client.fetch_all([question_of(name) for name in names])
            return {name: _explained(answer, name) for name, answer in zip(names, answers, strict=True)}

        def ask(covered: Sequence[str]) -> dict[str, Answer | Unavailable]:
            region_of = {zone: watttime_regions(zone)[0] for zone in covered}
            return ask_by_place(region_of, lambda names: self._answers.ask(names, question, fetch))

        return ask_covered(zones, self.uncovered, ask)

    @cached_property
    def _client(self) -> WattTimeClient:
        from greenai_infra.intensity.sources.live.watttime.client import WattTimeClient

        return WattTimeClient(self._sign_in, self._timeout_s)


def _explained(answer: Any | Failure, name: str) -> Any | Failure:
    """A failure with what a user can do about it."""
    if isinstance(answer, Failure) and answer.status == 403:
        why = f"the account does not cover the region {name} (a free one covers {FREE_REGION} only)"
        return replace(answer, reason=f"{why}; {answer.reason}")
    return answer
