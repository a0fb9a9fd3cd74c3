"""The standing figures of a preview as lines of text: what stands, and what a change makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.service_prices import FETCH
from greenai_infra.contracts.declared import short_type
from greenai_infra.numbers import exact, significant
from greenai_infra.reporting.tables import plain_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNITS = (("energy_kwh", "kWh"), ("emissions_kg", "kg CO2e"), ("cost_usd", "USD"))
MONTHLY = tuple((f"{name}_per_month", unit) for name, unit in UNITS)
RUN = (
    ("energy_kwh", "kWh"),
    ("operational_kg", "kg CO2e operational"),
    ("emissions_kg", "kg with embodied and transfer"),
    ("cost_usd", "USD"),
)
LOAD = (("energy_kwh_per_month", "kWh"), ("operational_kg_per_month", "kg CO2e operational"))
COMPARED = (
    ("a month", "standing", MONTHLY),
    ("planned run", "planned_run", RUN),
    ("planned load", "planned_load", LOAD),
)
HEADERS = ("", *(unit for _, unit in UNITS))
RIGHT = (1, 2, 3)
NOT_KNOWN = "?"
ESTIMATE = "~"


def standing_lines(standing: Mapping[str, Any], budget: Mapping[str, Any] | None, width: int) -> Iterator[str]:
    """A table of standing resources, by kind, then what it leaves out and its assumptions."""
    rows = list(_kinds(standing["resources"]))
    total = standing["total"]
    if rows:
        sums = [_figure(total[key]) for key, _ in MONTHLY]
        if any(one.get("cost_is_estimate") for one in standing["resources"]):
            sums[-1] = ESTIMATE + sums[-1]
        rows.append(("known in total", *sums))
        yield from plain_lines(HEADERS, rows, RIGHT, width)
    else:
        yield "nothing that costs or draws anything by standing there"
    yield from _notes(standing)
    if run := standing["planned_run"]:
        figures = ", ".join(f"{_figure(run[key])} {unit}" for key, unit in RUN)
        yield f"planned run {str(run['plan_id'])[:12]}, once: {figures}"
    if load := standing["planned_load"]:
        figures = ", ".join(f"{_figure(load[key])} {unit}" for key, unit in LOAD)
        yield f"planned load, {significant(load['requests_per_second'])} requests/s, a month: {figures}"
    if budget:
        limits = f"{significant(budget['daily_kg'])} kg a day, {significant(budget['monthly_kg'])} kg a month"
        yield f"carbon budget: {limits} (alarms of {budget['stack']})"


def _kinds(resources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """One row for all resources of the same words; those that are known to be zero in all are left out."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in resources:
        if any(one[key] != 0 for key, _ in MONTHLY):
            groups.setdefault(one["what"], []).append(one)
    for what, members in groups.items():
        label = what if len(members) == 1 else f"{len(members)} x ({what})"
        sums = [_figure(_sum([one[key] for one in members])) for key, _ in MONTHLY]
        if any(one.get("cost_is_estimate") for one in members) and sums[-1] != NOT_KNOWN:
            sums[-1] = ESTIMATE + sums[-1]
        yield (label, *sums)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _figure(value: float | None) -> str:
    return NOT_KNOWN if value is None else significant(value)


def _notes(standing: Mapping[str, Any]) -> Iterator[str]:
    unknown = [(sum(one[key] is None for one in standing["resources"]), unit) for key, unit in MONTHLY]
    if parts := [f"{unit} of {count}" for count, unit in unknown if count]:
        yield f"unknown, so left out of the total: {', '.join(parts)} resources (--json says why)"
    if any(one.get("cost_is_estimate") for one in standing["resources"]):
        low, high = (significant(standing["total"][f"cost_usd_per_month_{end}"]) for end in ("low", "high"))
        yield f"{ESTIMATE} an estimate, as by us-east-1's price for a region's; in total {low} to {high} USD"
    if any(FETCH in one["note"] for one in standing["resources"]):
        yield f"AWS's prices of a region, without an account: {FETCH}"
    if intensity := standing["intensity"]:
        yield (
            f"kg: operational, at {significant(intensity['g_per_kwh'])} gCO2eq/kWh, {intensity['signal']}, "
            f"{intensity['basis']} ({intensity['source']}); kWh before PUE, kg with it"
        )


def change_lines(change: Mapping[str, Any], width: int) -> Iterator[str]:
    """What a change makes of a stack: resources, figures with base, head and difference, findings."""
    resources, findings = change["resources"], change["findings"]
    counts = ", ".join(f"{len(resources[kind])} {kind}" for kind in ("added", "changed", "removed"))
    if reason := resources.get("reason"):
        counts = f"not compared, {reason}"
    yield f"resources: {counts}" + ("; the base has no such stack" if change["new_stack"] else "")
    for sign, kind in (("+", "added"), ("~", "changed"), ("-", "removed")):
        for one in resources[kind]:
            what = f" ({', '.join(one['properties'])})" if kind == "changed" else ""
            yield f"{sign} {short_type(one['type'])} {one['name']}{what}"
    rows, reasons = [], []
    for title, part, keys in COMPARED:
        for key, unit in keys if change[part] else ():
            figure = change[part][key]
            rows.append((f"{unit}, {title}", *(_figure(figure[side]) for side in ("base", "head")), _signed(figure)))
            if figure["reason"]:
                reasons.append(f"{unit}, {title}: not compared, {figure['reason']}")
    yield from plain_lines(("", "base", "now", "change"), rows, RIGHT, width)
    yield from reasons
    idle = len(findings["not_judged"])
    unsaid = f", {idle} not judged: the rule no longer runs" if idle else ""
    yield f"findings: {len(findings['new'])} new, {len(findings['resolved'])} resolved{unsaid}"
    yield from _gate_lines(change["gate"])


def _gate_lines(gate: Mapping[str, Any]) -> Iterator[str]:
    """What the change takes away from the carbon gate; nothing where it asks as much as before."""
    if gate["removed"] or gate["weaker"]:
        yield f"! the change {'removes' if gate['removed'] else 'loosens'} the carbon gate:"
    for one in gate["weaker"]:
        yield f"! {weaker_words(one)}"


def weaker_words(one: Mapping[str, Any]) -> str:
    """`cost-cap: mandatory -> disabled`, `region-intensity: max_g_per_kwh 100 -> 500`."""
    what = "" if one["what"] == "severity" else f"{one['what']} "
    return f"{one['rule']}: {what}{setting_words(one['base'])} -> {setting_words(one['head'])}"


def setting_words(value: Any) -> str:
    """A severity or setting of a rule as a person reads it."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, bool) or value is None:
        return "no limit" if value is None else str(value).lower()
    return exact(value) if isinstance(value, int | float) else str(value)


def _signed(figure: Mapping[str, Any]) -> str:
    change = figure["change"]
    if change is None:
        return NOT_KNOWN
    return ("+" if change > 0 else "") + significant(change)
