"""What is measured of which method, by figures worked out by hand."""

import pytest

from greenai_infra.intensity.forecasting.accuracy import MIN_HINDCASTS
from greenai_infra.intensity.forecasting.predict import Method
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.embedded import EmbeddedYear

from .known import AS_OF, SINE, Known, accuracy


def test_days_that_repeat_make_a_climatology_without_error() -> None:
    measured = accuracy(Known(SINE * 7)).of("Z", 4, 44)

    assert (measured.method, measured.run_hours, measured.lag_hours, measured.reason) == ("climatology", 4, 24, "")
    assert measured.error_percent == pytest.approx(0, abs=1e-9)
    # Made at hour 168 - 4 - 24 = 140 and every three hours before it, down to 72: 23.
    assert measured.hindcasts == 23


def test_error_of_a_climatology_by_hand() -> None:
    # 100 at even and 200 at odd hours for five days, then 100 throughout for two. Runs and waits of one hour: hindcasts
    # at 166, 163, ..., 73, half of them at even hours. What is expected is 100 and 200, and from hour 144 on, when odd
    # hours have been there once without a peak, 100 and (5 x 200 + 100) / 6 = 183.33. It is right up to 118. The 8 from
    # 121 to 142 miss a change of 100 that did not come, the 8 from 145 to 166 one of 83.33: 1466.67.
    # Starting at once was expected to emit 16 x 100 at even hours, 12 x 200 and 4 x 183.33 at odd ones: 4733.33.
    measured = accuracy(Known([100.0, 200.0] * 60 + [100.0] * 48)).of("Z", 1, 1)

    assert measured.hindcasts == 32
    assert measured.error_percent == pytest.approx(100 * 1466.6667 / 4733.3333)


def test_persistence_is_measured_where_it_is_all_there_is() -> None:
    # A history of two days is too short for a climatology. Hourly 100, 200, ...: what is held is what was there an hour
    # before; a wait of an hour changes 100 either way. Made at 46, 43, ..., 1: even hours hold 200, odd ones 100.
    source = Known([100.0, 200.0] * 24, latest=150.0)

    measured = accuracy(source).of("Z", 1, 1)

    assert (measured.method, measured.hindcasts) == (Method.PERSISTENCE, 16)
    assert measured.error_percent == pytest.approx(100 * 16 * 100 / (8 * 200 + 8 * 100))
    assert source.asked == ["forecast", "history of Z", "latest", "history of Z"]  # the same question as before


@pytest.mark.parametrize(
    ("run_hours", "run", "slack_hours", "lag"),
    [(0.2, 1, 0.5, 1), (3.99, 4, 5.9, 5), (4.0, 4, 24.0, 24), (4.01, 5, 60.0, 24)],
)
def test_runs_are_rounded_up_and_waits_down_to_whole_hours(
    run_hours: float, run: int, slack_hours: float, lag: int
) -> None:
    measured = accuracy(Known(SINE * 7)).of("Z", run_hours, slack_hours)
    assert (measured.run_hours, measured.lag_hours) == (run, lag)


def test_a_run_too_long_for_the_history_is_not_measured() -> None:
    # 168 - 52 - 24 = 92: at 92, 89, ..., 74: seven.
    measured = accuracy(Known(SINE * 7)).of("Z", 52, 100)
    assert (measured.error_percent, measured.hindcasts) == (None, 7)
    assert measured.reason == "7 days give 7 hindcasts of a run of 52 h; 8 are needed"
    assert accuracy(Known(SINE * 7)).of("Z", 51, 100).hindcasts == MIN_HINDCASTS


def test_zero_throughout_is_not_measured() -> None:
    measured = accuracy(Known([0.0] * 168)).of("Z", 4, 20)
    assert (measured.error_percent, measured.reason) == (None, "the intensity that was expected is zero")


def test_a_yearly_mean_is_not_measured_and_asks_nothing() -> None:
    measured = accuracy(EmbeddedYear(AS_OF), zones=["FR"]).of("FR", 4, 20)
    assert (measured.method, measured.error_percent, measured.hindcasts) == ("yearly mean", None, 0)


def test_a_forecast_of_no_service_is_not_measured() -> None:
    source = Known(SINE * 7, forecast=[50.0] * 48)
    measured = accuracy(source).of("Z", 4, 20)
    assert (measured.error_percent, measured.reason) == (None, "its past forecasts are not known")
    assert source.asked == ["forecast"]


def test_a_forced_climatology_is_measured_as_one() -> None:
    measured = accuracy(Climatology(Known(SINE * 7), AS_OF)).of("Z", 4, 20)
    assert (measured.method, measured.hindcasts) == (Method.CLIMATOLOGY, 25)


def test_another_method_than_the_one_used_can_be_measured_on_the_same_history() -> None:
    held = accuracy(Known(SINE * 7)).of("Z", 4, 20, Method.PERSISTENCE)
    assert held.error_percent is not None
    assert held.error_percent > 10
