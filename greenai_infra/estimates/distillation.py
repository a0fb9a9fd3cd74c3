"""A complete estimate of a distillation: the sum of its parts, the return on them, and equivalents."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.footprint.distillation import END_TO_END, DistillationROI
from greenai_infra.footprint.equivalents import car_km, edition, urban_trees

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class DistillationEstimate:
    """The return on a distillation; `parts_kg` sum to `distillation_kg`. See `DistillationROI` for the other fields.

    Equivalents are of the yearly savings: kilometres of a car, urban trees grown for ten years, by `edition`.
    """

    teacher_kg: float
    student_kg: float
    parts_kg: Mapping[str, float]
    distillation_kg: float
    daily_inferences: float
    saving_kg_per_inference: float
    yearly_savings_kg: float
    breakeven_inferences: int | None
    breakeven_days: float | None
    multiple: float | None
    car_km: float
    urban_trees: float
    edition: str
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return asdict(self)


def estimate_distillation(
    teacher_kg: float, student_kg: float, parts_kg: Mapping[str, float], daily_inferences: float
) -> DistillationEstimate:
    """The return on a distillation that cost the sum of its parts. Raises InputError for impossible figures."""
    try:
        of = DistillationROI(teacher_kg, student_kg, sum(parts_kg.values()), daily_inferences)
    except ValueError as error:
        raise InputError(str(error)) from None
    notes = [END_TO_END, "both models' kg must be of the same batch, hardware and grid"]
    missing = [
        name for name in ("teacher_outputs", "student_training", "evaluation", "failed_runs") if name not in parts_kg
    ]
    if "distillation" not in parts_kg and missing:
        notes.append(f"not stated, so left out: {', '.join(missing).replace('_', ' ')}")
    return DistillationEstimate(
        teacher_kg=teacher_kg,
        student_kg=student_kg,
        parts_kg=dict(parts_kg),
        distillation_kg=of.distillation_kg,
        daily_inferences=daily_inferences,
        saving_kg_per_inference=of.saving_kg_per_inference,
        yearly_savings_kg=of.yearly_savings_kg,
        breakeven_inferences=of.breakeven_inferences,
        breakeven_days=of.breakeven_days,
        multiple=of.multiple,
        car_km=car_km(of.yearly_savings_kg),
        urban_trees=urban_trees(of.yearly_savings_kg),
        edition=edition(),
        notes=tuple(notes),
    )
