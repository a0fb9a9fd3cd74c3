"""The mean by hour of day, against means worked out by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from greenai_infra.intensity.model.values import (
    Basis,
    Flag,
    Intensity,
    Kind,
    Provenance,
    Series,
    Signal,
    Unavailable,
    cut,
)
from greenai_infra.intensity.sources.climatology import Climatology, hourly_means

AS_OF = datetime(2026, 1, 11, 6, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Recorded:
    """A source with a history and nothing else."""

    name = "recorded"

    def __init__(self, series: Series, as_of: datetime = AS_OF) -> None:
        self.series = series
        self.as_of = as_of

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        return {zone: Unavailable(zone, "none") for zone in zones}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        return {zone: cut(self.series, start, end) or Unavailable(zone, "none") for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        return {zone: Unavailable(zone, "none") for zone in zones}


def recorded(
    start: datetime, values: Sequence[float], step_s: int = 3600, flags: frozenset[Flag] = frozenset()
) -> Series:
    edges = start.timestamp() + step_s * np.arange(len(values) + 1.0)
    provenance = Provenance("meter", Signal.MARGINAL, Basis.DIRECT, Kind.HISTORY, start, flags)
    return Series("FR", edges, np.array(values), provenance)


def expected(source: Recorded, start: datetime, end: datetime, days: int = 7) -> Series:
    answer = Climatology(source, source.as_of, days).forecast(["FR"], start, end)["FR"]
    assert isinstance(answer, Series), answer
    return answer


def test_each_hour_is_the_mean_of_that_hour_over_seven_days() -> None:
    # Hour h of day d has 10 d + h, from 1 January. The seven days before 11 January 06:00 are those of 4 to 11 January
    # for hours before 6 (days 4..10 of index, counted from 0) and 4 to 10 January after it (days 3..9).
    values = [10.0 * day + hour for day in range(10) for hour in range(24)] + [100.0 + hour for hour in range(6)]
    found = expected(Recorded(recorded(datetime(2026, 1, 1, tzinfo=UTC), values)), AS_OF, AS_OF + DAY)
    assert found.start == datetime(2026, 1, 11, 6, tzinfo=UTC)
    assert found.end == datetime(2026, 1, 12, 7, tzinfo=UTC)
    assert found.g_per_kwh[0] == pytest.approx(60 + 6)  # 06:00: days 3..9, mean 6
    assert found.g_per_kwh[17] == pytest.approx(60 + 23)  # 23:00: the same days
    assert found.g_per_kwh[18] == pytest.approx(70 + 0)  # 00:00: days 4..10, mean 7
    assert found.g_per_kwh[23] == pytest.approx(70 + 5)
    assert found.g_per_kwh[24] == pytest.approx(60 + 6)  # and again


def test_provenance_names_method_and_newest_observation() -> None:
    flags = frozenset([Flag.ESTIMATED])
    source = Recorded(recorded(datetime(2026, 1, 1, tzinfo=UTC), [50.0] * 300, flags=flags))
    of = expected(source, AS_OF, AS_OF + DAY).provenance
    assert of.kind is Kind.CLIMATOLOGY
    assert of.source == "climatology of meter"
    assert (of.signal, of.basis, of.flags) == (Signal.MARGINAL, Basis.DIRECT, flags)
    assert of.observed_at == datetime(2026, 1, 11, 5, tzinfo=UTC)


def test_observations_after_the_moment_of_planning_are_not_used() -> None:
    past, future = [50.0] * (24 * 10 + 6), [900.0] * 48
    source = Recorded(recorded(datetime(2026, 1, 1, tzinfo=UTC), past + future))
    assert set(expected(source, AS_OF, AS_OF + DAY).g_per_kwh) == {50.0}


def test_gaps_and_short_steps_weigh_by_their_time() -> None:
    # Half hours of 10 and 30 make an hour of 20; on one day the second half is missing, so 3 x 10 and 2 x 30: 18.
    values = [10.0, 30.0] * 24 * 3
    values[1] = float("nan")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    means, hours = hourly_means(recorded(start, values, 1800), start.timestamp(), (start + 3 * DAY).timestamp())
    assert means[0] == pytest.approx((3 * 10 + 2 * 30) / 5)
    assert means[1] == pytest.approx(20)
    assert (hours[0], hours[1]) == (2.5, 3)


def test_steps_off_the_utc_hour_count_for_both_hours() -> None:
    # India's full hours begin at half past in UTC.
    start = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    means, _ = hourly_means(recorded(start, [100.0, 200.0]), start.timestamp(), (start + 2 * HOUR).timestamp())
    assert means[18] == pytest.approx(100)  # 18:30 to 19:00
    assert means[19] == pytest.approx(150)  # half of each
    assert means[20] == pytest.approx(200)


def test_too_little_history_says_how_much_there_is() -> None:
    source = Recorded(recorded(AS_OF - 2 * DAY - timedelta(minutes=20), [50.0] * 48))
    answer = Climatology(source, AS_OF).forecast(["FR"], AS_OF, AS_OF + DAY)["FR"]
    assert isinstance(answer, Unavailable)
    assert "every hour of the day on 3 of the 7 days" in answer.reason
    assert "48 h there, 2 of its least observed hour" in answer.reason


def test_reason_of_the_inner_source_is_passed_on() -> None:
    source = Recorded(recorded(datetime(2020, 1, 1, tzinfo=UTC), [50.0] * 48))
    answer = Climatology(source, AS_OF).forecast(["FR"], AS_OF, AS_OF + DAY)["FR"]
    assert answer == Unavailable("FR", "none")
