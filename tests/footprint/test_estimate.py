"""Arithmetic of bands."""

from __future__ import annotations

import pytest

from greenai_infra.footprint.constants import constants
from greenai_infra.footprint.estimate import Estimate


def ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.low, estimate.value, estimate.high


def test_sums_add_end_by_end() -> None:
    assert ends(Estimate(2, 1, 4) + Estimate(10, 10, 20)) == (11, 12, 24)


def test_products_multiply_end_by_end() -> None:
    assert ends(Estimate(2, 1, 4) * Estimate(10, 5, 20)) == (5, 20, 80)
    assert ends(3 * Estimate(2, 1, 4)) == (3, 6, 12)


def test_a_quotient_is_low_where_its_divisor_is_high() -> None:
    assert ends(Estimate(12, 6, 24) / Estimate(2, 1, 4)) == (1.5, 6, 24)
    assert ends(Estimate(12, 6, 24) / 2) == (3, 6, 12)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(1, 2, 3), (3, 1, 2), (-1, -2, 3), (1, 0, float("inf")), (float("nan"), 0, 1), (1, float("nan"), 2)],
)
def test_what_is_no_band_around_a_value_is_refused(value: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="band"):
        Estimate(value, low, high)


def test_every_constant_has_a_band_a_unit_a_source_and_a_year() -> None:
    for name, one in constants().items():
        assert one.low <= one.value <= one.high, name
        assert one.unit, name
        assert one.source, name
        assert 2000 < one.year < 2100, name
