"""The operational part of the carbon equation: (E x PUE + E_network) x I. PUE already includes cooling."""

from __future__ import annotations

HOURS_PER_YEAR = 365.25 * 24
JOULES_PER_KWH = 3.6e6


def operational_kg(energy_kwh: float, pue: float, intensity_g_per_kwh: float) -> float:
    """kg CO2e of IT energy at the wall of the server, PUE (ratio >= 1) and intensity over the run."""
    return energy_kwh * pue * intensity_g_per_kwh / 1000.0


def transfer_kg(network_kwh: float, intensity_g_per_kwh: float) -> float:
    """kg CO2e of moving data; PUE is not applied, because most of the path is outside the data centre."""
    return network_kwh * intensity_g_per_kwh / 1000.0
