"""A plan as text at 80 columns, from the plan document alone."""

from __future__ import annotations

from typing import Any

from greenai_infra.numbers import duration, short_time, significant
from greenai_infra.reporting.lines import print_facts, print_lines, print_list
from greenai_infra.reporting.plan_money import cost_line, saving_lines, spot_facts, standing_facts
from greenai_infra.reporting.plan_tables import about, machines, show_alternatives, show_hardware, show_pareto

Document = dict[str, Any]
MIXED = "MIXED"


def show_plan(document: Document, *, explain: bool = False) -> None:
    """Prints the decision, its comparisons, and notes on the figures."""
    chosen = document["placement"]
    workload = document["workload"]
    mixed = bool(document["notes"]) and document["notes"][0].startswith(MIXED)
    if mixed:
        print_lines([document["notes"][0], "Their order can be wrong, and no saving follows from it.", ""])
    print_lines(
        [
            f"{workload['name']}: {chosen['accelerators']} x {chosen['accelerator']} in "
            f"{chosen['provider']}:{chosen['region']} ({chosen['place']})",
            *([] if mixed else saving_lines(document)),
        ]
    )
    print()
    print_facts(_facts(document))
    show_alternatives(document["alternatives"], document.get("ranked"))
    show_pareto(document["pareto"], document.get("pareto_usd_per_tonne", ()), document.get("ranked") or chosen)
    if "hardware" in document:
        show_hardware(document["hardware"])
    if explain:
        from greenai_infra.reporting.plan_reasons import show_reasons

        show_reasons(document)
    print_list("Notes", document["notes"])


def _facts(document: Document) -> list[tuple[str, str]]:
    chosen, intensity = document["placement"], document["placement"]["intensity"]
    energy = significant(chosen["energy_kwh"])
    facts = [
        ("runs", _runs(document)),
        ("on", f"{machines(chosen)}, {chosen['purchase'].replace('_', ' ')}{_zones(chosen)}"),
        (
            "energy",
            f"{energy} kWh ({significant(chosen['energy_kwh_low'])} to {significant(chosen['energy_kwh_high'])}) "
            f"at the servers, PUE {chosen['pue']} ({chosen['pue_year']}{_fleet(chosen)})",
        ),
        (
            "intensity",
            f"{significant(intensity['g_per_kwh'])} gCO2eq/kWh, {intensity['signal']}, {intensity['basis']}: "
            f"{intensity['kind']}{_flags(intensity)}, {intensity['source']}",
        ),
        ("emissions", _emissions(chosen)),
        *_ranked(document),
        *_data_moved(document),
        ("cost", cost_line(chosen)),
        *standing_facts(document),
        *spot_facts(document),
        *_serving_facts(document),
    ]
    return [*facts, ("baseline", _baseline(document))]


def _ranked(document: Document) -> list[tuple[str, str]]:
    """What the place was ranked by, where its time comes from another source."""
    ranked = document.get("ranked")
    if ranked is None:
        return []
    of = ranked["intensity"]
    by = f"{of['kind']}{_flags(of)}, {of['source']}"
    return [("ranked by", f"{significant(of['g_per_kwh'])} gCO2eq/kWh, {by}: {significant(ranked['emissions_kg'])} kg")]


def _zones(chosen: Document) -> str:
    """The zones that have the machines, as far as they are known."""
    zones = chosen.get("zones")
    return f", in {', '.join(zones)}" if zones else ""


def _data_moved(document: Document) -> list[tuple[str, str]]:
    """The origin of the data, and the energy of moving them; empty where they stay."""
    chosen = document["placement"]
    moved = chosen.get("transfer")
    if moved is None:
        return []
    data, origin = document["workload"]["data"], moved["origin_g_per_kwh"]
    ends = (
        f"the destination's {significant(moved['destination_g_per_kwh'])}"
        if origin is None
        else f"the mean of {significant(origin)} there and {significant(moved['destination_g_per_kwh'])} here"
    )
    what = f"{significant(data['size_gb'])} GB from {data['region']}, {significant(moved['energy_kwh'])} kWh"
    egress = significant(chosen["transfer_usd"])
    return [("data", f"{what} at {significant(moved['g_per_kwh'])} gCO2eq/kWh, {ends}; egress {egress} USD")]


def _serving_facts(document: Document) -> list[tuple[str, str]]:
    """Time and emissions of an answer; empty for training."""
    chosen, work = document["placement"], document["workload"]["work"]
    if document["workload"]["kind"] != "inference":
        return []
    requests = work["requests_per_second"] * 3600 * chosen["run_hours"]
    grams, joules = 1000 * chosen["emissions_kg"] / requests, 3.6e6 * chosen["energy_kwh"] / requests
    facts = [f"{significant(grams)} gCO2e, {significant(joules)} J"]
    if "answer_ms" in chosen:
        bound = f" (bound {significant(work['latency_bound_ms'] / 1000)} s)" if "latency_bound_ms" in work else ""
        facts.append(f"{significant(chosen['answer_ms'] / 1000)} s in a full batch{bound}")
    return [("a request", ", ".join(facts))]


def _runs(document: Document) -> str:
    chosen = document["placement"]
    waits = document["savings"]["waits_hours"]
    if waits > 0:
        when = f"after {duration(waits)}"
    else:
        when = "at once" if document["window"]["earliest"] == document["as_of"] else "at the earliest start"
    slices = chosen["slices"]
    ending = f"{short_time(chosen['start'])} to {short_time(chosen['end'])} UTC"
    if len(slices) == 1:
        return f"{when}, {ending}, {duration(chosen['run_hours'])}"
    return f"{when}, {ending}, {duration(chosen['run_hours'])} in {len(slices)} slices"


def _emissions(chosen: Document) -> str:
    embodied = chosen["embodied_kg"]
    share = "embodied unknown" if embodied is None else f"embodied {about(chosen)}{significant(embodied)}"
    transfer = f", transfer {significant(chosen['transfer_kg'])}" if chosen["transfer_kg"] else ""
    return (
        f"{significant(chosen['emissions_kg'])} kg CO2e ({significant(chosen['emissions_kg_low'])} to "
        f"{significant(chosen['emissions_kg_high'])}): "
        f"running {significant(chosen['operational_kg'])}{transfer}, {share}"
    )


def _baseline(document: Document) -> str:
    baseline = document["baseline"]
    if "unavailable" in baseline:
        return f"none: {baseline['unavailable']}"
    return (
        f"{significant(baseline['emissions_kg'])} kg, {significant(baseline['cost_usd'], 4)} USD on "
        f"{machines(baseline)} in {baseline['provider']}:{baseline['region']} at "
        f"once, {baseline.get('why', 'as the workload states')}"
    )


def _fleet(one: Document) -> str:
    return ", fleet mean" if one["pue_is_fleet_mean"] else ""


def _flags(intensity: Document) -> str:
    return f" [{', '.join(intensity['flags'])}]" if intensity["flags"] else ""
