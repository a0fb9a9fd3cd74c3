"""The carbon equation by hand."""

from __future__ import annotations

import pytest

from greenai_infra.footprint.equation import operational_kg, transfer_kg


def test_pue_multiplies_the_computers_and_not_the_network() -> None:
    # (100 kWh x 1.2 + 5 kWh) x 300 g/kWh = 37,500 g. Adding kWh to grams would give another figure.
    assert operational_kg(100, 1.2, 300) + transfer_kg(5, 300) == pytest.approx(37.5)


def test_cooling_is_not_counted_twice() -> None:
    # PUE 1.5 holds 50 kWh of cooling and losses already: 150 kWh, not 200.
    assert operational_kg(100, 1.5, 1000) == pytest.approx(150)


def test_no_energy_emits_nothing() -> None:
    assert operational_kg(0, 1.2, 400) == 0
