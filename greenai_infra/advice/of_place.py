"""Quick wins of place and time, from the plan's comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.advice.measure import DONE, NOT_FOR_THIS, SAVES, UNKNOWN, Measure, measure
from greenai_infra.numbers import counted, significant

if TYPE_CHECKING:
    from greenai_infra.advice.subject import Subject


def place(subject: Subject) -> Measure:
    """The plan's region instead of the baseline's, same hardware."""
    document = subject.document
    saved, baseline = document["savings"].get("by_place_kg"), document["baseline"]
    command = f"greenai-infra plan {subject.workload_file} --out plan.json && greenai-infra select plan.json"
    if "unavailable" in baseline:
        return measure("place", UNKNOWN, f"no baseline to compare with: {baseline['unavailable']}")
    there = f"{baseline['provider']}:{baseline['region']}"
    here = f"{subject.chosen['provider']}:{subject.chosen['region']}"
    if saved is None:
        return measure("place", UNKNOWN, f"the plan's hardware is not offered in {there}: place and hardware save "
                       f"{significant(document['savings']['emissions_kg'])} kg together", command=command)  # fmt: skip
    if here == there or saved <= 0:
        return measure("place", DONE, f"{there}, where most people would run it, is the plan's choice or as clean")
    grid = subject.chosen["intensity"]
    why = (
        f"{here} instead of {there}: {grid['g_per_kwh']:.3g} against {baseline['intensity']['g_per_kwh']:.3g} g/kWh, "
        f"{grid['kind']}, {grid['source']}"
    )
    hardware_too = document["savings"]["by_hardware_kg"]
    usd = None if hardware_too else document["savings"]["cost_usd"]
    if usd is None:
        why += "; USD unknown apart from the change of hardware"
    return measure("place", SAVES, why, kg=saved, usd=usd, command=command)


def lift(subject: Subject) -> Measure:
    """The constraint of the workload that costs the most kg."""
    costly = [constraint for constraint in subject.document["constraints"] if constraint["costs_kg"] > 0]
    if not costly:
        return measure("lift", NOT_FOR_THIS, "no constraint of the workload costs any kg")
    worst = max(costly, key=lambda constraint: constraint["costs_kg"])
    other = worst["without_it"]
    where = f"{other['machines']} in {other['provider']}:{other['region']}"
    return measure(
        "lift",
        SAVES,
        f"without {worst['constraint']} ({worst['value']}) the plan would take {where} "
        f"({counted(len(costly), 'constraint')} at a cost in kg)",
        kg=worst["costs_kg"],
        usd=subject.chosen["cost_usd"] - other["cost_usd"],
        change=f"{worst['constraint']}: false" if str(worst["value"]) == "True" else f"a looser {worst['constraint']}",
        command=f"greenai-infra plan {subject.workload_file} --explain",
    )


def wait(subject: Subject) -> Measure:
    """The plan's start instead of starting at once."""
    if not subject.is_training:
        return measure(
            "wait",
            NOT_FOR_THIS,
            "an endpoint runs all the time; for requests that may wait, see advise serving with batch",
        )
    savings, window = subject.document["savings"], subject.document["window"]
    command = f"greenai-infra plan {subject.workload_file} --out plan.json"
    if window["deadline"] is None:
        return measure(
            "wait",
            UNKNOWN,
            "needs when.deadline: without a deadline the run starts at once",
            change="when: {deadline: +72h}",
            command=command,
        )
    if savings["by_waiting_kg"] > 0:
        why = f"starts {savings['waits_hours']:.3g} h later, by {subject.chosen['intensity']['source']}"
        return measure("wait", SAVES, why, kg=savings["by_waiting_kg"], usd=0.0, command=command)
    if subject.chosen["intensity"]["kind"] == "yearly mean":
        return measure(
            "wait",
            UNKNOWN,
            "needs hourly intensity: the plan uses yearly means; `greenai-infra sources` lists hourly sources",
            command=f"{command} --source auto",
        )
    return measure("wait", DONE, "no later start within the deadline saves more than the forecast's error")
