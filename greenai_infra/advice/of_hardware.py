"""Quick wins of hardware: the plan's choice against the baseline's, and chips that the workload excludes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.advice.measure import DONE, NOT_FOR_THIS, SAVES, UNKNOWN, Measure, measure
from greenai_infra.catalog.accelerators import find_accelerator

if TYPE_CHECKING:
    from greenai_infra.advice.subject import Subject

COMPARE = "--hardware --out plan.json"


def plan_hardware(subject: Subject) -> Measure:
    """The plan's accelerator instead of the baseline's, both at the baseline's place."""
    saved, baseline = subject.document["savings"].get("by_hardware_kg"), subject.document["baseline"]
    if saved is None:
        return measure("plan-hardware", UNKNOWN, "needs a baseline in a region that also offers the plan's hardware")
    if saved <= 0:
        return measure("plan-hardware", DONE, f"{baseline['machines']} is as good there: the plan saves by its place")
    why = f"{subject.chosen['machines']} instead of {baseline['machines']}, both in {baseline['region']}"
    command = f"greenai-infra plan {subject.workload_file} --out plan.json && greenai-infra select plan.json"
    return measure("plan-hardware", SAVES, why, kg=saved, command=command)


def other_hardware(subject: Subject) -> Measure:
    """The best chip outside the workload's list, if it emits less than the choice; TPUs have a separate measure."""
    rows = _rows(subject)
    if rows is None:
        return _needs_comparison(subject, "other-hardware")
    fitting = [row for row in rows if row["placement"] and not _is_tpu(row["accelerator"])]
    better = [row for row in fitting if not row["asked_for"] and _saved_kg(subject, row) > 0]
    if not better:
        return measure("other-hardware", DONE, f"the plan's chip emits least of the {len(fitting)} chips that fit")
    return _switch(subject, "other-hardware", max(better, key=lambda row: _saved_kg(subject, row)))


def tpu(subject: Subject) -> Measure:
    """The best TPU, as the source document suggests."""
    rows = _rows(subject)
    if rows is None:
        return _needs_comparison(subject, "tpu")
    tpus = [row for row in rows if _is_tpu(row["accelerator"])]
    if _is_tpu(subject.chosen["accelerator"]):
        return measure("tpu", DONE, f"the plan runs on {subject.chosen['accelerator']}")
    fitting = [row for row in tpus if row["placement"]]
    if not fitting:
        return measure("tpu", NOT_FOR_THIS, f"no TPU is available: {_reasons(tpus)}")
    best = max(fitting, key=lambda row: _saved_kg(subject, row))
    if _saved_kg(subject, best) <= 0:
        why = f"the best, {best['accelerator']}, would emit {-_saved_kg(subject, best):.3g} kg more than the plan"
        return measure("tpu", NOT_FOR_THIS, why)
    return _switch(subject, "tpu", best)


def _reasons(rows: list[dict[str, Any]]) -> str:
    """Unavailable chips, grouped by reason."""
    chips: dict[str, list[str]] = {}
    for row in rows:
        chips.setdefault(row["reason"], []).append(row["accelerator"])
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in chips.items()) or "none in the catalogue"


def _switch(subject: Subject, key: str, row: dict[str, Any]) -> Measure:
    """A move to another chip, which needs new code."""
    other, chip = row["placement"], row["accelerator"]
    asked = subject.workload.hardware.accelerators
    listed = [chip] if asked == "any" else [*asked, chip]
    return measure(
        key,
        SAVES,
        f"{other['machines']} in {other['provider']}:{other['region']}, if your code runs on {chip}",
        kg=_saved_kg(subject, row),
        usd=subject.chosen["cost_usd"] - other["cost_usd"],
        change="" if row["asked_for"] else f"hardware: {{accelerators: [{', '.join(listed)}]}}",
        command=f"greenai-infra plan {subject.workload_file} {COMPARE}",
    )


def _rows(subject: Subject) -> list[dict[str, Any]] | None:
    return subject.document.get("hardware")


def _needs_comparison(subject: Subject, key: str) -> Measure:
    command = f"greenai-infra plan {subject.workload_file} {COMPARE}"
    return measure(
        key, UNKNOWN, "needs the comparison of hardware: the plan was made without --hardware", command=command
    )


def _saved_kg(subject: Subject, row: dict[str, Any]) -> float:
    return float(subject.chosen["emissions_kg"] - row["placement"]["emissions_kg"])


def _is_tpu(chip: str) -> bool:
    return find_accelerator(chip).family == "tpu"
