"""The carbon equation by hand, and SCI's own example."""

from __future__ import annotations

import pytest

from greenai_infra.footprint.equation import embodied_share_kg, operational_kg, transfer_kg


def test_a_server_of_a_tonne_over_four_years_carries_28_grams_an_hour() -> None:
    # SCI 1.1.0, example of M: TE 1,000 kg, EL 4 years, TiR 1 hour = 28.5 g with years of 365 days.
    assert embodied_share_kg(1000, 1, 4) * 1000 == pytest.approx(28.5, rel=0.002)


def test_one_gpu_of_eight_carries_an_eighth() -> None:
    assert embodied_share_kg(1000 / 8, 1, 4) == pytest.approx(embodied_share_kg(1000, 1, 4) / 8)


def test_pue_multiplies_the_computers_and_not_the_network() -> None:
    # (100 kWh x 1.2 + 5 kWh) x 300 g/kWh = 37,500 g. Adding kWh to grams would give another figure.
    assert operational_kg(100, 1.2, 300) + transfer_kg(5, 300) == pytest.approx(37.5)


def test_cooling_is_not_counted_twice() -> None:
    # PUE 1.5 holds 50 kWh of cooling and losses already: 150 kWh, not 200.
    assert operational_kg(100, 1.5, 1000) == pytest.approx(150)


def test_no_energy_emits_nothing() -> None:
    assert operational_kg(0, 1.2, 400) == 0
