"""Standing energy and emissions of a service that waits for work: pure arithmetic.

    energy (kWh a month)    = power (W) x 730 h / 1000              IT energy at the server's wall, before PUE
    emissions (kg a month)  = energy x PUE x intensity / 1000       operational, without embodied emissions

A month is 730 hours: 8,760 hours of a 365-day year, divided by twelve.
"""

from __future__ import annotations

from greenai_infra.footprint.equation import operational_kg
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.host_power import host_power_w

HOURS_PER_MONTH = 730.0
GB_PER_GIB = 1.073741824


def monthly_kwh(power_w: float) -> float:
    """kWh that a constant power in W draws in a month, before PUE."""
    return power_w * HOURS_PER_MONTH / 1000.0


def monthly_kg(energy_kwh: float, pue: float, intensity_g_per_kwh: float) -> float:
    """kg CO2e of a month's IT energy."""
    return operational_kg(energy_kwh, pue, intensity_g_per_kwh)


def node_power_w(vcpus: float, memory_gib: float, idle_w_per_vcpu: float, full_w_per_vcpu: float) -> float:
    """Watts of a node without accelerators: vCPUs at mean load, and memory (Cloud Carbon Footprint's method)."""
    load = Estimate.of("standing_cpu_load").value
    processors_w = vcpus * (idle_w_per_vcpu + load * (full_w_per_vcpu - idle_w_per_vcpu))
    return processors_w + memory_gib * GB_PER_GIB * Estimate.of("memory_w_per_gb").value


def idle_instance_power_w(idle_w_per_chip: float, chips: int) -> float:
    """Watts of an instance whose `chips` wait for requests, with their share of the host, counted as in `plan`."""
    return chips * idle_w_per_chip + float(host_power_w(chips))
