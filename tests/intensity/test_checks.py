"""What is believed of a number: limits by signal and basis, and against the yearly means of the zone."""

import pytest

from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.catalog.tables import lifecycle, lifecycle_zones
from greenai_infra.intensity.model.checks import Meaning, far_off, implausible, wrong_unit

LIFECYCLE = (Signal.AVERAGE, Basis.LIFECYCLE)
DIRECT = (Signal.AVERAGE, Basis.DIRECT)
MARGINAL = (Signal.MARGINAL, Basis.DIRECT)


@pytest.mark.parametrize(
    ("g_per_kwh", "meaning", "problem"),
    [
        (1.0, LIFECYCLE, ""),
        (0.99, LIFECYCLE, "less than any grid emits over its life cycle (1); is the unit g/kWh?"),
        (0.0, LIFECYCLE, "0 g/kWh is emitted by no grid over its life cycle"),
        (0.0, DIRECT, ""),
        (0.0, MARGINAL, ""),
        (0.0, (Signal.MARGINAL, Basis.LIFECYCLE), ""),
        (-0.1, DIRECT, "is negative"),
        (3000.0, MARGINAL, ""),
        (3000.1, MARGINAL, "more than any grid emits"),
        (float("nan"), DIRECT, "not an intensity"),
    ],
)
def test_limits_by_signal_and_basis(g_per_kwh: float, meaning: Meaning, problem: str) -> None:
    found = implausible(g_per_kwh, meaning)
    assert problem in found
    assert bool(found) is bool(problem)


def test_every_embedded_mean_is_plausible() -> None:
    for zone in lifecycle_zones():
        mean = lifecycle(zone)
        assert mean is not None
        assert not implausible(mean.g_per_kwh, LIFECYCLE)


@pytest.mark.parametrize(
    ("zone", "meaning", "g_per_kwh", "off"),
    [
        ("FR", LIFECYCLE, 33, False),
        ("FR", LIFECYCLE, 1200, True),
        ("SE-SE3", LIFECYCLE, 2.0, True),  # its least yearly mean is 20
        ("SE-SE3", LIFECYCLE, 2.1, False),
        ("PL", LIFECYCLE, 40, True),
        ("PL", DIRECT, 40, False),  # less than the life cycle, by as much as it likes
        ("FR", DIRECT, 1200, True),  # but not more
        ("PL", DIRECT, 0.9, True),  # coal burns in every hour there
        ("SE-SE3", DIRECT, 0, False),
        ("FR", MARGINAL, 1200, False),
        ("nowhere", LIFECYCLE, 1200, False),
    ],
)
def test_ten_times_off_the_yearly_means(zone: str, meaning: Meaning, g_per_kwh: float, off: bool) -> None:
    assert bool(far_off(zone, meaning, g_per_kwh)) is off


def test_the_means_that_a_value_is_far_off_are_named() -> None:
    # Of Poland the table has 797 in 2021 and less in each year after it.
    assert "40 g/kWh is 10 times off the yearly means of PL (" in far_off("PL", LIFECYCLE, 40)


@pytest.mark.parametrize(
    ("zone", "meaning", "values", "suspect"),
    [
        ("GB", DIRECT, [0.1, 0.2], True),
        ("GB", DIRECT, [0.1, 20], False),
        ("GB", DIRECT, [0, 0], False),
        ("SE-SE3", DIRECT, [0.1, 0.2], False),  # water, wind and nuclear power burn nothing
        ("US-CAL-CISO", MARGINAL, [0.4] * 24, True),
        ("US-CAL-CISO", MARGINAL, [0.4] * 3, False),  # some hours of curtailment
    ],
)
def test_values_that_are_small_together_look_like_kg(
    zone: str, meaning: Meaning, values: list[float], suspect: bool
) -> None:
    assert bool(wrong_unit(zone, meaning, values)) is suspect
