"""A plan as a person reads it at 80 columns, from the plan document alone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from greenai_infra.numbers import duration, percent, short_time, significant
from greenai_infra.reporting.error_text import error_lines, forecast_error
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Document = dict[str, Any]
WIDTH = 80
ALTERNATIVES_SHOWN = 5
SLICES_SHOWN = 6


def show_plan(document: Document, *, explain: bool = False) -> None:
    """Print the decision, what it is compared with, and what a reader must know about the figures."""
    chosen = document["placement"]
    workload = document["workload"]
    if document["notes"] and document["notes"][0].startswith("MIXED"):
        _print_lines([document["notes"][0], "Their order can be wrong, and no saving follows from it.", ""])
    _print_lines(
        [
            f"{workload['name']}: {chosen['accelerators']} x {chosen['accelerator']} in "
            f"{chosen['provider']}:{chosen['region']} ({chosen['place']})"
        ]
    )
    print()
    _print_facts(_facts(document))
    _show_alternatives(document["alternatives"])
    _show_pareto(document["pareto"])
    if "hardware" in document:
        show_hardware(document["hardware"])
    if explain:
        _explain(document)
    _print_list("Notes", document["notes"])


def _facts(document: Document) -> list[tuple[str, str]]:
    chosen, intensity = document["placement"], document["placement"]["intensity"]
    machines = f"{chosen['instances']} x {chosen['instance_type']}"
    energy = significant(chosen["energy_kwh"])
    facts = [
        ("runs", _runs(document)),
        ("on", f"{machines}, {chosen['purchase'].replace('_', ' ')}"),
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
        *_data_moved(document),
        ("cost", f"{significant(chosen['cost_usd'], 4)} USD, prices of {chosen['priced_on']} or later"),
        *_serving_facts(document),
    ]
    return [*facts, ("baseline", _baseline(document))]


def _data_moved(document: Document) -> list[tuple[str, str]]:
    """Where the data come from, and what moving them takes; nothing where they stay."""
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
    egress = significant(chosen["transfer_usd"], 4)
    return [("data", f"{what} at {significant(moved['g_per_kwh'])} gCO2eq/kWh, {ends}; egress {egress} USD")]


def _serving_facts(document: Document) -> list[tuple[str, str]]:
    """What an answer takes and emits; nothing for training."""
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
    share = "embodied not known" if embodied is None else f"embodied {_about(chosen)}{significant(embodied)}"
    transfer = f", transfer {significant(chosen['transfer_kg'])}" if chosen["transfer_kg"] else ""
    return (
        f"{significant(chosen['emissions_kg'])} kg CO2e ({significant(chosen['emissions_kg_low'])} to "
        f"{significant(chosen['emissions_kg_high'])}): "
        f"running {significant(chosen['operational_kg'])}{transfer}, {share}"
    )


def _about(one: Document) -> str:
    """The mark of a figure whose embodied share is not published but estimated."""
    return "~" if one.get("embodied_is_estimate") else ""


def _baseline(document: Document) -> str:
    baseline, savings = document["baseline"], document["savings"]
    if "unavailable" in baseline:
        return f"none: {baseline['unavailable']}"
    change = "less" if savings["emissions_kg"] >= 0 else "MORE"
    percent = "" if savings["percent"] is None else f" ({abs(savings['percent']):.0f} %)"
    return (
        f"{significant(baseline['emissions_kg'])} kg, {significant(baseline['cost_usd'], 4)} USD on "
        f"{baseline['instances']} x {baseline['instance_type']} in {baseline['provider']}:{baseline['region']} at "
        f"once, {baseline.get('why', 'as the workload states')}: "
        f"the plan emits {significant(abs(savings['emissions_kg']))} kg{percent} {change}"
    )


def _fleet(one: Document) -> str:
    return ", fleet mean" if one["pue_is_fleet_mean"] else ""


def _flags(intensity: Document) -> str:
    return f" [{', '.join(intensity['flags'])}]" if intensity["flags"] else ""


def _show_alternatives(alternatives: Sequence[Document]) -> None:
    print()
    if not alternatives:
        print("No other region is allowed and able to run it.")
        return
    shown = alternatives[:ALTERNATIVES_SHOWN]
    more = f" (first {len(shown)} of {len(alternatives)} regions)" if len(shown) < len(alternatives) else ""
    _placement_table(f"Alternatives{more}", shown)


def _show_pareto(pareto: Sequence[Document]) -> None:
    print()
    if len(pareto) == 1:
        print("No allowed choice is cheaper than this one." if pareto else "")
        return
    _placement_table("Pareto front: cheaper only by emitting more", pareto)


def _placement_table(title: str, placements: Sequence[Document]) -> None:
    rows = [
        [
            f"{one['provider']}:{one['region']}",
            f"{one['instances']} x {one['instance_type']}",
            short_time(one["start"])[5:],
            significant(one["intensity"]["g_per_kwh"]),
            _about(one) + significant(one["emissions_kg"]),
            significant(one["cost_usd"], 4),
        ]
        for one in placements
    ]
    show_table(["region", "instances", "start UTC", "g/kWh", "kg CO2e", "USD"], rows, right={3, 4, 5}, title=title)
    _show_mark(placements)


def _show_mark(placements: Sequence[Document]) -> None:
    """What the mark of estimated embodied shares means, below a table that has it."""
    if any(map(_about, placements)):
        print("~ part of its embodied share is an estimate, not a published figure")


def show_hardware(rows: Sequence[Document]) -> None:
    """Print the comparison of accelerators; `*` marks the Pareto front of kg and USD."""
    print()
    table = []
    for row in rows:
        one = row["placement"]
        mark = ("*" if row["on_pareto_front"] else " ") + ("" if row["asked_for"] else "?")
        if one is None:
            continue
        table.append(
            [
                mark,
                row["accelerator"],
                str(one["accelerators"]),
                significant(one["run_hours"]),
                significant(one["energy_kwh"]),
                _about(one) + significant(one["emissions_kg"]),
                significant(one["cost_usd"], 4),
                f"{one['region']} (of {row['offered_in_regions']})",
            ]
        )
    show_table(
        ["", "accelerator", "chips", "hours", "kWh", "kg CO2e", "USD", "cleanest region"],
        table,
        right={2, 3, 4, 5, 6},
        title="Hardware for this workload (* Pareto front, ? not in the workload's list)",
    )
    _show_mark([row["placement"] for row in rows if row["placement"]])
    unfit = [f"{row['accelerator']}: {row['reason']}" for row in rows if row["placement"] is None]
    _print_list("Not possible", unfit)


def _explain(document: Document) -> None:
    _print_list("Why", _reasons(document))
    constraints = [f"{one['constraint']} ({one['value']}): {_constraint(one)}" for one in document["constraints"]]
    unpriced = "when.earliest, when.deadline, hardware.count and hardware.purchase are not priced"
    _print_list("What each constraint costs", [*(constraints or ["none removed anything"]), unpriced])
    slices = document["placement"]["slices"]
    if len(slices) > 1:
        shown = [f"{short_time(one['start'])} to {short_time(one['end'])} UTC" for one in slices[:SLICES_SHOWN]]
        rest = len(slices) - len(shown)
        _print_list("Slices", [*shown, *([f"and {rest} more"] if rest else [])])
    _print_list("Where intensity comes from", [*_intensity_sources(document), *error_lines(document)])
    unfit = [f"{one['instance_type']}: {one['reason']}" for one in document["inputs"]["unfit"]]
    _print_list("Instance types that can't run it", unfit)


def _reasons(document: Document) -> list[str]:
    savings = document["savings"]
    reasons = []
    if savings["waits_hours"] > 0 and savings["by_waiting_kg"] <= 0:
        reasons.append("it starts later because the source has no intensity for a start at the earliest moment")
    elif savings["by_waiting_kg"] > 0:
        reasons.append(f"waiting and slicing save {significant(savings['by_waiting_kg'])} kg against starting at once")
    else:
        threshold = forecast_error(document)["wait_threshold_percent"]
        reasons.append(f"no later start saves more than the {percent(threshold)} that a wait must save")
    for key, what in (("by_place_kg", "the place"), ("by_hardware_kg", "the hardware")):
        if savings.get(key):
            verb = "saves" if savings[key] >= 0 else "costs"
            reasons.append(f"{what} {verb} {significant(abs(savings[key]))} kg against the baseline")
    chosen = document["placement"]
    dirtier = [one for one in document["alternatives"] if one["emissions_kg"] >= chosen["emissions_kg"]]
    if dirtier:
        gap = dirtier[0]["emissions_kg"] - chosen["emissions_kg"]
        reasons.append(
            f"the next region, {dirtier[0]['provider']}:{dirtier[0]['region']}, emits {significant(gap)} kg more"
        )
    cleanest = document["pareto"][0]
    if cleanest["emissions_kg"] < chosen["emissions_kg"]:
        less = 1 - cleanest["emissions_kg"] / chosen["emissions_kg"]
        reasons.append(
            f"{cleanest['provider']}:{cleanest['region']} on {cleanest['instances']} x {cleanest['instance_type']} "
            f"emits {significant(100 * less, 2)} % less, which is less than the figures can tell, and costs "
            f"{significant(cleanest['cost_usd'] - chosen['cost_usd'], 4)} USD more"
        )
    return reasons


def _constraint(one: Document) -> str:
    best = one["without_it"]
    if one["costs_kg"] <= 0:
        return "costs no kg"
    return (
        f"{significant(one['costs_kg'])} kg; without it {best['provider']}:{best['region']} on "
        f"{best['instances']} x {best['instance_type']} for {significant(best['cost_usd'], 4)} USD"
    )


def _intensity_sources(document: Document) -> list[str]:
    inputs = document["inputs"]
    zones = inputs["intensity"]
    described = {
        f"{one['source']}, {one['kind']}" + (f" ({one['detail']})" if one["detail"] else "") for one in zones.values()
    }
    lines = [f"{len(zones)} zones: {'; '.join(sorted(described)[:3])}", *inputs["intensity_notes"]]
    if inputs["zones_without_intensity"]:
        lines.append(f"no value for {', '.join(inputs['zones_without_intensity'])}")
    return lines


def _print_facts(facts: Iterable[tuple[str, str]]) -> None:
    for name, value in facts:
        indent = " " * 12
        text = textwrap.fill(value, WIDTH, initial_indent=f"  {name:<10}", subsequent_indent=indent)
        print(text)


def _print_list(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    print(f"\n{title}")
    _print_lines(lines, bullet="- ")


def _print_lines(lines: Iterable[str], bullet: str = "") -> None:
    for line in lines:
        print(textwrap.fill(line, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet)))
