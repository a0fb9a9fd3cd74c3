"""What a stack's config plans: a run, or a continuous load, with the kilograms that a carbon budget counts.

    operational_kg (once, or a month)  = energy (kWh) x PUE x intensity (g/kWh) / 1000
    energy of a load (kWh a month)     = requests a second x 3600 x 730 x energy (J a request) / 3.6e6

Trackers report operational kilograms, and budgets are set in them; a plan's `emissions_kg` also includes transfer and
the embodied share. If PUE, intensity or energy is unknown, operational kilograms are None, never a guess.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.regions import find_region
from greenai_infra.contracts.stack.alarms import busiest_day_kg
from greenai_infra.contracts.stack.runs import Slice
from greenai_infra.errors import InputError
from greenai_infra.footprint.equation import JOULES_PER_KWH, operational_kg
from greenai_infra.footprint.standing import HOURS_PER_MONTH
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Mapping

FIGURES = ("plan_id", "energy_kwh", "emissions_kg", "cost_usd")


def known_pue(provider: str, region: str) -> float | None:
    """Returns the PUE of a region, from the catalog; None for a region missing from the catalog."""
    try:
        return find_region(f"{provider}:{region}").pue if region else None
    except InputError:
        return None


def section_pue(section: Mapping[str, Any]) -> float | None:
    """PUE of the region that a section is for."""
    return known_pue(str(section.get("provider") or "aws"), str(section.get("region") or ""))


def planned_run(section: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the run that a section plans; None for a section without a run, such as an endpoint's."""
    planned = section.get("planned")
    if not isinstance(planned, dict) or "slices" not in section:
        return None
    kg = _operational_kg(section, planned.get("energy_kwh"))
    return {
        **{key: planned.get(key) for key in FIGURES},
        "operational_kg": kg,
        "operational_kg_busiest_day": None if kg is None else _busiest_day_kg(section["slices"], kg),
    }


def planned_load(section: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns what a section plans to serve in a month of 730 hours; None unless it has both rate and energy."""
    planned = section.get("planned")
    rate = _number(section.get("requests_per_second"))
    joules = _number(planned.get("energy_j_per_request")) if isinstance(planned, dict) else None
    if rate is None or joules is None:
        return None
    energy_kwh = rate * 3600 * HOURS_PER_MONTH * joules / JOULES_PER_KWH
    return {
        "requests_per_second": rate,
        "energy_j_per_request": joules,
        "energy_kwh_per_month": energy_kwh,
        "operational_kg_per_month": _operational_kg(section, energy_kwh),
    }


def _operational_kg(section: Mapping[str, Any], energy_kwh: Any) -> float | None:
    carbon = section.get("carbon")
    intensity = _number(carbon.get("intensity_g_per_kwh")) if isinstance(carbon, dict) else None
    pue, kwh = section_pue(section), _number(energy_kwh)
    return None if pue is None or kwh is None or intensity is None else operational_kg(kwh, pue, intensity)


def _busiest_day_kg(slices: Any, kg: float) -> float | None:
    """kg in the busiest 24 hours, as the stack's program reckons them against its daily budget."""
    try:
        read = read_values(slices, list[Slice])
    except Unreadable:
        return None  # slices for a user's own program; ours refuses them
    return busiest_day_kg([(one.start, one.end) for one in read], kg) if read else None


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0
    return float(value) if usable else None
