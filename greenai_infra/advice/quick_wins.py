"""The source document's checklist and quick wins, each computed for a plan; ranked by kg, then by effort.

No measure has a flat percentage. A changed run is computed again on the plan's machine in its place; comparisons that
the plan makes (place, time, hardware, constraints) are taken from its document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.advice.of_hardware import other_hardware, plan_hardware, tpu
from greenai_infra.advice.of_model import batch, cache, distil, quantise
from greenai_infra.advice.of_place import lift, place, wait
from greenai_infra.advice.of_running import as_planned, habits, sleep, spot

if TYPE_CHECKING:
    from greenai_infra.advice.measure import Measure
    from greenai_infra.advice.subject import Subject
    from greenai_infra.monitoring.emissions_runs import Measured


@dataclass(frozen=True, slots=True)
class Known:
    """What only the user knows; None means unknown."""

    measured: Measured | None = None
    emissions_file: str = ""
    hit_rate: float | None = None
    cache_node: str | None = None
    student: str | None = None
    distillation_kg: float | None = None


def quick_wins(subject: Subject, known: Known) -> dict[str, Any]:
    """The measures as one document."""
    found: list[Measure] = [
        place(subject),
        lift(subject),
        wait(subject),
        plan_hardware(subject),
        other_hardware(subject),
        tpu(subject),
        quantise(subject),
        batch(subject),
        cache(subject, known.hit_rate, known.cache_node),
        distil(subject, known.student, known.distillation_kg),
        sleep(subject),
        as_planned(subject, known.measured),
        spot(subject),
        *habits(subject, known.emissions_file),
    ]
    chosen = subject.chosen
    return {
        "workload": subject.workload.name,
        "plan_id": subject.document.get("plan_id"),
        "hours": chosen["run_hours"],
        "emissions_kg": chosen["emissions_kg"],
        "cost_usd": chosen["cost_usd"],
        "on": f"{chosen['machines']} in {chosen['provider']}:{chosen['region']}",
        "intensity": chosen["intensity"],
        "baseline_kg": subject.document["baseline"].get("emissions_kg"),
        "measures": [{"rank": rank, **one.as_json()} for rank, one in enumerate(sorted(found, key=_order), 1)],
    }


def _order(measure: Measure) -> tuple[int, float, float, str]:
    return measure.order
