"""From a stack's declared resources to the part `standing` of its preview: per resource, in total, and what is unknown.

A total is the sum of the known figures; its low and high come from prices that are estimates. `unpriced` names every
resource without a price, to show that the sum is partial; unpublished energy is null in the resource's row, with a
note. The intensity is the plan's, from the stack's config: a resource in any other region has no kilograms here.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import short_type
from greenai_infra.contracts.planned import known_pue, planned_load, planned_run
from greenai_infra.footprint.standing import HOURS_PER_MONTH, monthly_kg, monthly_kwh
from greenai_infra.previews.standing.charge import Charge, Surroundings, nothing, unknown
from greenai_infra.previews.standing.free import FREE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.previews.standing.charge import Rule

MODULES = {"aws": "aws", "aws:elasticache": "elasticache", "aws:sagemaker": "sagemaker", "gcp": "gcp"}
"""Where a service's rules are, or those of all the others of its cloud."""
FIGURES = ("energy_kwh_per_month", "emissions_kg_per_month", "cost_usd_per_month")
COST_BAND = ("cost_usd_per_month_low", "cost_usd_per_month_high")
INTENSITY_KEYS = ("zone", "signal", "basis", "source", "kind", "observed_at")


def standing(
    resources: Sequence[DeclaredResource], section: Mapping[str, Any], *others: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the part `standing`. `section` is the stack's config section, as a mapping; empty without a section.

    `others` are the sections of further regions. Their intensity applies to resources there; they plan no run.
    """
    built = [one for one in resources if one.custom and not one.read and not one.is_provider]
    around = Surroundings(built, {one.urn: one for one in built})
    intensity = _intensity(section)
    places = {str(one.get("region") or ""): one for one in (*others, section)}
    rows = []
    for resource in built:
        there = places.get(resource.region, section)
        rows.append(_row(resource, charge_of(resource, around), _intensity(there), _pue(resource, there)))
    return {
        "hours_per_month": int(HOURS_PER_MONTH),
        "intensity": intensity,
        "resources": rows,
        "total": {key: _total(rows, key) for key in (*FIGURES, *COST_BAND)},
        "unpriced": sorted(str(row["name"]) for row in rows if row["cost_usd_per_month"] is None),
        "planned_run": planned_run(section),
        "planned_load": planned_load(section),
    }


def charge_of(resource: DeclaredResource, around: Surroundings) -> Charge:
    """Returns what a resource draws and costs, as far as a rule or the table of free types knows it."""
    rule = rules_of(resource.type.partition("/")[0]).get(resource.type)
    if rule is not None:
        return rule(resource, around)
    what = resource.type.rsplit(":", 1)[-1]
    if resource.type in FREE:
        return nothing(what, FREE[resource.type])
    return unknown(short_type(resource.type), f"no standing figure is known for {resource.type}")


@cache
def rules_of(service: str) -> Mapping[str, Rule]:
    """By type of resource, the rules of a service such as `aws:sagemaker`; other services' catalogs aren't loaded."""
    module = MODULES.get(service) or MODULES.get(service.partition(":")[0])
    rules: Mapping[str, Rule] = import_module(f"{__package__}.{module}").RULES if module else {}
    return rules


def _row(
    resource: DeclaredResource, charge: Charge, intensity: Mapping[str, Any] | None, pue: float | None
) -> dict[str, Any]:
    energy_kwh = None if charge.power_w is None else monthly_kwh(charge.power_w)
    emissions_kg, note = None, charge.note
    if energy_kwh == 0:
        emissions_kg = 0.0
    elif energy_kwh is not None and intensity is not None and pue is not None:
        emissions_kg = monthly_kg(energy_kwh, pue, float(intensity["g_per_kwh"]))
    elif energy_kwh is not None:
        why = (
            "the stack's config has no carbon intensity" if intensity is None else "not in the region of the intensity"
        )
        note = "; ".join(filter(None, (note, why)))
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "what": charge.what,
        "energy_kwh_per_month": energy_kwh,
        "emissions_kg_per_month": emissions_kg,
        "cost_usd_per_month": charge.usd_per_month,
        "cost_usd_per_month_low": charge.usd_band.low if charge.usd_band else charge.usd_per_month,
        "cost_usd_per_month_high": charge.usd_band.high if charge.usd_band else charge.usd_per_month,
        "cost_is_estimate": charge.usd_band is not None,
        "energy_source": charge.energy_source,
        "price_source": charge.price_source,
        "note": note,
    }


def _total(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """Returns the sum of the known values. None if they sum to zero and others are unknown: zero would mislead."""
    known = [row[key] for row in rows if row[key] is not None]
    total = float(sum(known))
    return None if total == 0 and len(known) < len(rows) else total


def _pue(resource: DeclaredResource, section: Mapping[str, Any]) -> float | None:
    """Returns the PUE of the section's region, from the catalog; None for a resource elsewhere, or if unknown."""
    provider, region = str(section.get("provider") or "aws"), str(section.get("region") or "")
    if not region or (resource.region and resource.region != region):
        return None
    return known_pue(provider, region)


def _intensity(section: Mapping[str, Any]) -> dict[str, Any] | None:
    carbon = section.get("carbon")
    if not isinstance(carbon, dict) or not isinstance(carbon.get("intensity_g_per_kwh"), int | float):
        return None
    return {
        "g_per_kwh": float(carbon["intensity_g_per_kwh"]),
        **{key: str(carbon.get(key, "")) for key in INTENSITY_KEYS},
    }
