"""Thresholds against figures worked out by hand and those of the Site Reliability Workbook."""

from __future__ import annotations

import pytest

from greenai_infra.contracts.burn_rate import burn_rates


def test_thresholds_of_72_kg_are_those_worked_out_by_hand() -> None:
    # 72 kg in 720 h is 0.1 kg an hour. 14.4 x that for an hour is 1.44 kg, for five minutes 0.12 kg;
    # 6 x that for six hours is 3.6 kg, for half an hour 0.3 kg.
    fast, slow = burn_rates(72)
    assert (fast.long.length_s, fast.short.length_s) == (3600, 300)
    assert (slow.long.length_s, slow.short.length_s) == (21600, 1800)
    assert fast.long.threshold_kg == pytest.approx(1.44)
    assert fast.short.threshold_kg == pytest.approx(0.12)
    assert slow.long.threshold_kg == pytest.approx(3.6)
    assert slow.short.threshold_kg == pytest.approx(0.3)


def test_shares_of_the_budget_are_the_workbook_s() -> None:
    # Table 5-8: 2 % in 1 h and 5 min at burn rate 14.4; 5 % in 6 h and 30 min at burn rate 6.
    fast, slow = burn_rates(1)
    assert (fast.rate, slow.rate) == (14.4, 6)
    assert fast.long.threshold_kg == pytest.approx(0.02)
    assert slow.long.threshold_kg == pytest.approx(0.05)
    assert (fast.hours_left, slow.hours_left) == (50, 120)
    for rate in (fast, slow):
        assert rate.long.threshold_kg / rate.short.threshold_kg == pytest.approx(12)
