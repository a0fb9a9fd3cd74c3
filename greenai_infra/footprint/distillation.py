"""Whether distilling a model pays in carbon: its one-time cost against the saving of each inference.

    saving (kg an inference) = teacher - student                both at the same batch, hardware and grid
    yearly savings (kg)      = saving x inferences a day x 365 - distillation
    break-even (inferences)  = distillation / saving, rounded up; undefined where the student does not save

Distillation counts everything: the teacher's outputs, the student's training, evaluation, failed runs. End to end it
costs about 2.4 times plain fine-tuning (1B to 13B students of a 32B teacher; Lambert and Luccioni 2026, arXiv
2605.13981). Figures are computed exactly in the decimals in which they are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite

DAYS_PER_YEAR = 365
END_TO_END = (
    "counted end to end, distillation costs about 2.4 times the energy of plain fine-tuning (arXiv 2605.13981): "
    "teacher's outputs, student's training, evaluation and failed runs all belong in its kg"
)


@dataclass(frozen=True, slots=True)
class DistillationROI:
    """The return on a distillation. `teacher_kg` and `student_kg` are kg CO2e per inference, `distillation_kg` once.

    Raises ValueError for negative or non-finite figures, and for zero inferences.
    """

    teacher_kg: float
    student_kg: float
    distillation_kg: float
    daily_inferences: float

    def __post_init__(self) -> None:
        for name in ("teacher_kg", "student_kg", "distillation_kg"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a finite number of 0 or more, not {value:g}")
        if not (isfinite(self.daily_inferences) and self.daily_inferences > 0):
            raise ValueError(f"daily_inferences must be a finite number above 0, not {self.daily_inferences:g}")

    @property
    def saving_kg_per_inference(self) -> float:
        """kg CO2e that each inference of the student saves; negative where it emits more."""
        return float(self._saving)

    @property
    def yearly_savings_kg(self) -> float:
        """kg CO2e saved in the first year, net of the distillation; negative where it does not pay."""
        yearly = self._saving * _exact(self.daily_inferences) * DAYS_PER_YEAR
        return float(yearly - _exact(self.distillation_kg))

    @property
    def breakeven_inferences(self) -> int | None:
        """Inferences after which the distillation is paid back, rounded up; None where the student does not save."""
        return ceil(_exact(self.distillation_kg) / self._saving) if self._saving > 0 else None

    @property
    def breakeven_days(self) -> float | None:
        """Days until break-even."""
        inferences = self.breakeven_inferences
        return None if inferences is None else inferences / self.daily_inferences

    @property
    def multiple(self) -> float | None:
        """kg saved in the first year over kg spent; None for a distillation of 0 kg."""
        if self.distillation_kg == 0:
            return None
        return self.yearly_savings_kg / self.distillation_kg + 1

    @property
    def _saving(self) -> Fraction:
        return _exact(self.teacher_kg) - _exact(self.student_kg)


def _exact(value: float) -> Fraction:
    """The decimal number as written, not the nearest binary number."""
    return Fraction(repr(value))
