"""Standing power and emissions against figures worked out by hand."""

from __future__ import annotations

import pytest

from greenai_infra.footprint.standing import idle_instance_power_w, monthly_kg, monthly_kwh, node_power_w


def test_a_kilowatt_draws_730_kwh_in_a_month() -> None:
    assert monthly_kwh(1000.0) == 730.0


def test_emissions_are_energy_times_pue_times_intensity() -> None:
    # 100 kWh x 1.2 x 50 g/kWh = 6,000 g
    assert monthly_kg(100.0, 1.2, 50.0) == pytest.approx(6.0)


def test_a_cache_node() -> None:
    # 2 vCPU x (0.4743 + 0.5 x (1.693 - 0.4743)) W = 2 x 1.08365 = 2.1673 W
    # 13.07 GiB = 14.0338 GB x 0.392 W = 5.5012 W
    assert node_power_w(2, 13.07, 0.4743, 1.693) == pytest.approx(7.6685, abs=1e-3)


def test_an_instance_that_waits() -> None:
    # An eighth of a host of 1,200 W beside each chip of 108 W.
    assert idle_instance_power_w(108.0, 1) == pytest.approx(258.0)
    assert idle_instance_power_w(108.0, 8) == pytest.approx(2064.0)
