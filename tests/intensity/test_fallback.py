"""The order of sources: the highest tier that covers every zone, own old answers after all of them, then the year."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from greenai_infra.errors import DataUnavailable, Refused
from greenai_infra.intensity.choice import fallback
from greenai_infra.intensity.choice.liveness import refuse_unless_live
from greenai_infra.intensity.choice.tiers import Tiers
from greenai_infra.intensity.choice.union import Union
from greenai_infra.intensity.choice.user_settings import read_settings
from greenai_infra.intensity.forecasting.predict import predict
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Provenance, Series, Signal, Unavailable
from greenai_infra.intensity.service.live_source import Asking

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
STANDS_IN = frozenset({Flag.CACHED, Flag.FALLBACK})


class Fixed:
    """A source with one value for the zones it names; it covers those that begin with one of `covers`."""

    def __init__(self, name: str, zones: str, *, covers: str = "", flags: frozenset[Flag] = frozenset()) -> None:
        self.name = name
        self.as_of = NOW
        self.zones = zones.split()
        self.covers = tuple(covers.split())
        self.flags = flags
        self.asked: list[list[str]] = []

    def uncovered(self, zone: str) -> str:
        return "" if not self.covers or zone.startswith(self.covers) else f"{self.name} is elsewhere"

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        self.asked.append(list(zones))
        kind = Kind.LATEST if self.flags else Kind.LIVE
        provenance = Provenance(self.name, Signal.AVERAGE, Basis.LIFECYCLE, kind, NOW, self.flags, "an hour old")
        return {
            zone: Intensity(zone, 100.0, provenance) if zone in self.zones else Unavailable(zone, "unknown")
            for zone in zones
        }

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        return {zone: Unavailable(zone, "no history") for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        return {zone: Unavailable(zone, "no forecast") for zone in zones}


def test_tier_with_a_doubtful_value_is_left_for_the_next() -> None:
    doubtful = Fixed("maps", "FR DE", flags=frozenset({Flag.DOUBTFUL}))
    tiers = Tiers("auto", [doubtful, Fixed("sdk", "FR DE")])
    assert answered(tiers, "FR", "DE") == ("sdk", {Flag.FALLBACK})
    assert tiers.notes == ["maps was left: no answer for 2 of 2 zones (FR: doubtful: an hour old)"]


def answered(tiers: Tiers, *zones: str) -> tuple[str, set[Flag]]:
    """Who answered for all zones, and with which flags."""
    answers = tiers.latest(zones)
    values = [one for one in answers.values() if isinstance(one, Intensity)]
    assert len(values) == len(zones), answers
    (source,) = {one.provenance.source for one in values}
    return source, set().union(*(one.provenance.flags for one in values))


def test_highest_tier_that_covers_every_zone_answers() -> None:
    tiers = Tiers("auto", [Fixed("a", "A"), Fixed("b", "A B"), Fixed("c", "A B")], last=Fixed("year", "A B"))
    assert answered(tiers, "A", "B") == ("b", {Flag.FALLBACK})
    assert tiers.answered_by == "b"
    assert tiers.notes == ["a was left: no answer for 1 of 2 zones (B: unknown)"]


def test_fresh_answer_of_a_lower_tier_comes_before_an_own_old_one() -> None:
    tiers = Tiers("auto", [Fixed("a", "A", flags=STANDS_IN), Fixed("b", "A")], last=Fixed("year", "A"))
    assert answered(tiers, "A") == ("b", {Flag.FALLBACK})


def test_own_old_answer_comes_before_the_year() -> None:
    tiers = Tiers("auto", [Fixed("a", "A", flags=STANDS_IN), Fixed("b", "")], last=Fixed("year", "A"))
    assert answered(tiers, "A") == ("a", {Flag.CACHED, Flag.FALLBACK})
    assert tiers.notes[0] == "a was left: no answer for 1 of 1 zone (A: an hour old)"


def test_tier_that_does_not_cover_all_is_not_asked_and_its_leaving_is_no_failure() -> None:
    public = Fixed("public", "DE", covers="DE")
    tiers = Tiers("auto", [public], last=Fixed("year", "DE JP"))
    assert answered(tiers, "DE", "JP") == ("year", set())
    assert public.asked == []
    assert tiers.notes == ["public was not asked: no answer for 1 of 2 zones (JP: public is elsewhere)"]


def test_nobody_knows() -> None:
    answers = Tiers("auto", [Fixed("a", ""), Fixed("b", "")]).latest(["A"])
    assert answers == {"A": Unavailable("A", "unknown")}


def test_union_asks_each_part_about_its_zones() -> None:
    german, british = Fixed("german", "DE", covers="DE"), Fixed("british", "GB", covers="GB")
    union = Union("public", [german, british], NOW, ["eia: EIA_API_KEY is not set"])

    answers = union.latest(["GB", "DE", "US-CAL-CISO"])

    assert list(answers) == ["GB", "DE", "US-CAL-CISO"]
    assert (german.asked, british.asked) == ([["DE"]], [["GB"]])
    assert answers["US-CAL-CISO"] == Unavailable(
        "US-CAL-CISO", "german is elsewhere; british is elsewhere; eia: EIA_API_KEY is not set"
    )


def test_union_asks_its_parts_at_the_same_time() -> None:
    together = Barrier(2, timeout=10)

    class Waits(Fixed):
        def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
            together.wait()  # answers nothing before the other part was asked
            return super().latest(zones)

    union = Union("public", [Waits("a", "A", covers="A"), Waits("b", "B", covers="B")], NOW)
    assert all(isinstance(one, Intensity) for one in union.latest(["A", "B"]).values())


def test_zones_beside_the_candidates_do_not_decide_who_answers() -> None:
    tiers = Tiers("auto", [Fixed("a", "A")], last=Fixed("embedded", "A B C"))
    found = predict(tiers, ["A"], NOW, NOW + timedelta(hours=3), beside=["B"], free=["C"])
    assert found.answered_by == "a"
    assert isinstance(found.answers["A"], Series)
    assert isinstance(found.answers["B"], Unavailable)
    assert isinstance(found.answers["C"], Unavailable)  # `a` is not known to ask a service, so C costs nothing


def test_free_zones_are_asked_of_who_asks_no_service_only() -> None:
    year = Fixed("embedded", "A B")
    found = predict(Tiers("auto", [], last=year), ["A"], NOW, NOW + timedelta(hours=3), free=["B"])
    assert isinstance(found.answers["B"], Series)
    live = Fixed("electricity-maps", "A B")
    found = predict(live, ["A"], NOW, NOW + timedelta(hours=3), free=["B"])
    assert set(found.answers) == {"A"}
    assert all("B" not in asked for asked in live.asked)


def asking(**changes: object) -> Asking:
    made = Asking(datetime.now(UTC), Signal.AVERAGE, Basis.LIFECYCLE, read_settings(), None)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_policy_without_settings_says_what_was_not_asked() -> None:
    tiers = fallback.automatic(asking())
    assert tiers.last is not None
    assert tiers.last.name == "embedded"
    assert tiers.notes == [
        "not asked: electricity-maps (ELECTRICITYMAPS_TOKEN is not set), watttime (WATTTIME_USER is not set), "
        "carbon-aware-sdk (CARBON_AWARE_SDK_URL is not set)"
    ]


def test_policy_with_a_key_asks_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTRICITYMAPS_TOKEN", "abc")
    tiers = fallback.automatic(asking())
    assert tiers.sources[0].name == "electricity-maps"
    assert "abc" not in repr(vars(tiers))


def test_yearly_means_are_no_marginal_fallback() -> None:
    with pytest.raises(DataUnavailable, match="no source of marginal direct intensity can be asked: not asked: "):
        fallback.automatic(asking(signal=Signal.MARGINAL, basis=Basis.DIRECT))


@pytest.mark.parametrize("flag", list(Flag))
def test_flagged_value_is_not_live_enough(flag: Flag) -> None:
    live = Provenance("s", Signal.AVERAGE, Basis.LIFECYCLE, Kind.LIVE, NOW)
    refuse_unless_live("electricity-maps", {"FR": live}, [])
    with pytest.raises(Refused, match=f"--require-live: FR is {flag}"):
        refuse_unless_live("electricity-maps", {"FR": live.flagged(flag)}, [])


@pytest.mark.parametrize("source", ["embedded", "file:x.csv", "climatology:file:x.csv", ""])
def test_source_without_a_service_is_not_live(source: str) -> None:
    with pytest.raises(Refused, match="not from a service\n  a was left"):
        refuse_unless_live(source, {}, ["a was left"])
