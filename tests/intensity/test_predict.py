"""One method for all zones, the best that covers them all, and a word on each that was left."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from greenai_infra.intensity.choice.tiers import Tiers
from greenai_infra.intensity.forecasting.predict import predict
from greenai_infra.intensity.model.values import (
    Basis,
    Flag,
    Intensity,
    Kind,
    Provenance,
    Series,
    Signal,
    Unavailable,
    constant,
)
from greenai_infra.intensity.sources.climatology import Climatology

AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = AS_OF + 24 * HOUR


class Scripted:
    """A source that has a forecast, a history and a newest value for the zones that are named."""

    def __init__(
        self, name: str, *, forecast: str = "", history: str = "", latest: str = "", reach_h: int = 24
    ) -> None:
        self.name = name
        self.as_of = AS_OF
        self.has = {"forecast": forecast.split(), "history": history.split(), "latest": latest.split()}
        self.reach_h = reach_h
        self.asked: list[str] = []

    def _value(self, zone: str, kind: Kind) -> Intensity:
        return Intensity(zone, 100.0, Provenance(self.name, Signal.AVERAGE, Basis.LIFECYCLE, kind, AS_OF))

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        self.asked.append("latest")
        return {
            zone: self._value(zone, Kind.LIVE) if zone in self.has["latest"] else Unavailable(zone, "no latest")
            for zone in zones
        }

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        self.asked.append("history")
        return {
            zone: constant(self._value(zone, Kind.HISTORY), start, end)
            if zone in self.has["history"]
            else Unavailable(zone, "no history")
            for zone in zones
        }

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        self.asked.append("forecast")
        end = min(end, AS_OF + self.reach_h * HOUR)
        return {
            zone: constant(self._value(zone, Kind.FORECAST), start, end)
            if zone in self.has["forecast"]
            else Unavailable(zone, "no forecast")
            for zone in zones
        }


def kinds(answers: Mapping[str, Series | Unavailable]) -> dict[str, Kind | None]:
    return {zone: answer.provenance.kind if isinstance(answer, Series) else None for zone, answer in answers.items()}


def test_forecast_of_all_zones_is_all_that_is_asked() -> None:
    source = Scripted("s", forecast="A B", history="A B", latest="A B")
    answers, notes, *_ = predict(source, ["A", "B"], AS_OF, END)
    assert kinds(answers) == {"A": Kind.FORECAST, "B": Kind.FORECAST}
    assert source.asked == ["forecast"]
    assert notes == ["s: forecast is used for all 2 zones"]


def test_climatology_answers_for_all_where_one_zone_lacks_a_forecast() -> None:
    answers, notes, *_ = predict(Scripted("s", forecast="A", history="A B", latest="A B"), ["A", "B"], AS_OF, END)
    assert kinds(answers) == {"A": Kind.CLIMATOLOGY, "B": Kind.CLIMATOLOGY}
    assert notes == [
        "s, forecast: no answer for 1 of 2 zones (B: no forecast)",
        "s: climatology of its history is used for all 2 zones",
    ]


def test_newest_value_is_held_as_a_flagged_fallback() -> None:
    answers, notes, *_ = predict(Scripted("s", latest="A"), ["A"], AS_OF, END)
    series = answers["A"]
    assert isinstance(series, Series)
    assert (series.start, series.end) == (AS_OF, END)
    assert series.provenance.kind is Kind.LATEST
    assert series.provenance.flags == {Flag.FALLBACK}
    assert notes[-1] == "s: newest value held constant is used for A"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # The zone that nobody knows takes no other zone down with it.
        (Scripted("s", forecast="A B", history="A"), {"A": Kind.FORECAST, "B": Kind.FORECAST, "C": None}),
        (Scripted("s", forecast="A", history="A B"), {"A": Kind.CLIMATOLOGY, "B": Kind.CLIMATOLOGY, "C": None}),
        # No method covers both A and B: the first that covers most, and not one each.
        (Scripted("s", forecast="A", latest="B"), {"A": Kind.FORECAST, "B": None, "C": None}),
        (Scripted("s"), {"A": None, "B": None, "C": None}),
    ],
)
def test_methods_are_never_mixed(source: Scripted, expected: dict[str, Kind | None]) -> None:
    assert kinds(predict(source, ["A", "B", "C"], AS_OF, END).answers) == expected


def test_short_forecast_is_returned_and_noted() -> None:
    answers, notes, *_ = predict(Scripted("s", forecast="A", history="A", reach_h=6), ["A"], AS_OF, END)
    assert kinds(answers) == {"A": Kind.FORECAST}
    assert notes[-1] == "s: the forecast of A ends at 2026-03-10T18:00:00Z, before 2026-03-11T12:00:00Z"


def test_forced_climatology_has_no_other_method() -> None:
    answers, *_ = predict(Climatology(Scripted("s", forecast="A", latest="A"), AS_OF), ["A"], AS_OF, END)
    assert kinds(answers) == {"A": None}


def test_later_tier_answers_for_all_and_is_flagged() -> None:
    first, second = Scripted("first", forecast="A", latest="A"), Scripted("second", forecast="A B")
    answers, notes, *_ = predict(Tiers("auto", [first, second], ["a first word"]), ["A", "B"], AS_OF, END)
    for answer in answers.values():
        assert isinstance(answer, Series)
        assert answer.provenance.source == "second"
        assert answer.provenance.flags == {Flag.FALLBACK}
    assert notes[0] == "a first word"
    assert "first was left: no answer for 1 of 2 zones (B: no forecast)" in notes


def test_first_tier_with_a_lesser_method_comes_before_the_second_tier() -> None:
    tiers = Tiers("auto", [Scripted("first", history="A"), Scripted("second", forecast="A")])
    assert kinds(predict(tiers, ["A"], AS_OF, END).answers) == {"A": Kind.CLIMATOLOGY}


def test_tiers_answer_latest_from_one_source() -> None:
    tiers = Tiers("auto", [Scripted("first", latest="A"), Scripted("second", latest="A B")])
    answers = tiers.latest(["A", "B"])
    assert {answer.provenance.source for answer in answers.values() if isinstance(answer, Intensity)} == {"second"}
    assert tiers.latest(["A"])["A"] == Scripted("first", latest="A").latest(["A"])["A"]


def test_window_of_held_value_keeps_the_value() -> None:
    series = predict(Scripted("s", latest="A"), ["A"], AS_OF, END).answers["A"]
    assert isinstance(series, Series)
    np.testing.assert_array_equal(series.g_per_kwh, [100.0])


def test_forecast_that_ends_before_the_shortest_run_covers_nothing() -> None:
    live = Scripted("energy-charts", forecast="A", history="A", reach_h=2)
    found = predict(live, ["A"], AS_OF, END, least=8 * HOUR)
    assert kinds(found.answers) == {"A": Kind.CLIMATOLOGY}
    assert found.notes[0] == (
        "energy-charts, forecast: no answer for 1 of 1 zone (A: its forecast ends at 2026-03-10T14:00:00Z, "
        "before the shortest run could end at 2026-03-10T20:00:00Z)"
    )
    assert kinds(predict(live, ["A"], AS_OF, END, least=2 * HOUR).answers) == {"A": Kind.FORECAST}


def test_tier_with_nothing_but_a_short_forecast_is_left_for_the_next() -> None:
    tiers = Tiers("auto", [Scripted("neso", forecast="A", reach_h=2)], last=Scripted("embedded", forecast="A"))
    found = predict(tiers, ["A"], AS_OF, END, least=8 * HOUR)
    assert found.answered_by == "embedded"


def test_reasons_why_nothing_is_known_are_all_told() -> None:
    answer = predict(Scripted("s"), ["A"], AS_OF, END).answers["A"]
    assert answer == Unavailable("A", "no forecast; no history; no latest")
