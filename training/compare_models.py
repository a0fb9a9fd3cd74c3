"""A student compared with its teacher on this machine, and the return on the distillation by these measurements.

    compared = compare(teacher, student, inputs, labels)
    print("\n".join(compared.lines()))
    returns = compared.roi(batch_size=1, distillation_kg=0.002, g_per_kwh=380, pue=1.0, inferences_per_day=1e6)

Energy is the whole machine's while it does nothing but infer (training/measure.py); where no counter is readable it is
estimated from the processor's load, and says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.footprint.distillation import DistillationROI
from greenai_infra.footprint.equation import JOULES_PER_KWH, operational_kg
from greenai_infra.numbers import percent, significant
from greenai_infra.tracking.summary import folded
from training.measure import (
    BATCH_SIZES,
    BLOCK_S,
    ROUNDS,
    Interval,
    Measured,
    accuracy,
    accuracy_drop,
    measure_speeds,
    right_answers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from training.measure import MeterToAsk

TEACHER, STUDENT = "teacher", "student"
TEST_BATCH = 256


@dataclass(frozen=True)
class Compared:
    """Accuracy with Wilson intervals, the student's drop on the same examples, and speeds of both."""

    parameters: dict[str, int]
    accuracy: dict[str, Interval]
    accuracy_drop: Interval
    test_examples: int
    measured: Measured

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "test_examples": self.test_examples,
            "confidence": 0.95,
            "accuracy_drop": asdict(self.accuracy_drop),
            **{
                name: {
                    "parameters": self.parameters[name],
                    "accuracy": asdict(self.accuracy[name]),
                    "speeds": [asdict(one) for one in self.measured.speeds[name].values()],
                }
                for name in (TEACHER, STUDENT)
            },
            "energy": {
                part: {"how": how, "by": by, "of": "the whole machine"}
                for part, (how, by) in self.measured.energy.items()
            },
            "energy_is_measured": self.measured.energy_is_measured,
            "hardware": self.measured.hardware,
            "notes": list(self.measured.notes),
        }

    def lines(self) -> list[str]:
        """A table of at most 80 columns, and how the energy is known."""
        rows = [f"{'':<9}{'batch':>6}{'median ms':>11}{'p95 ms':>9}{'1/s':>10}{'mJ each':>10}{'energy':>9}{'time':>8}"]
        for name, speeds in self.measured.speeds.items():
            for size, one in speeds.items():
                joules, ratio = one.energy_j_per_inference, one.energy_ratio
                each = "?" if joules is None else significant(1000 * joules)
                rows.append(
                    f"{name:<9}{size:>6}{significant(one.latency_ms_median):>11}{significant(one.latency_ms_p95):>9}"
                    f"{significant(one.throughput_per_s):>10}{each:>10}"
                    f"{'?' if ratio is None else percent(100 * ratio.value):>9}{percent(100 * one.time_ratio.value):>8}"
                )
        rows.append("energy and time: as shares of the teacher's, the median over the rounds")
        for name, share in self.accuracy.items():
            rows.append(
                f"{name:<9}{self.parameters[name]:,} parameters, accuracy {100 * share.value:.1f} % "
                f"({100 * share.low:.1f} to {100 * share.high:.1f})"
            )
        drop = self.accuracy_drop
        rows.append(
            f"on the same {self.test_examples:,} examples the student loses {100 * drop.value:.1f} points "
            f"({100 * drop.low:.1f} to {100 * drop.high:.1f}), with 95 % confidence"
        )
        rows += [f"energy of {part}: {how}: {by}" for part, (how, by) in self.measured.energy.items()]
        rows += [f"note: {one}" for one in self.measured.notes]
        return [line for row in rows for line in folded(row).splitlines()]

    def roi(
        self,
        *,
        batch_size: int,
        distillation_kg: float | None,
        g_per_kwh: float | None,
        pue: float,
        inferences_per_day: float,
    ) -> dict[str, Any]:
        """The return at this batch size; figures are null where energy, intensity or the distillation is unknown.

        `breakeven_inferences` has `low` and `high` by the interval of the energy ratio; null where there is no saving.
        """
        teacher, student = (self.measured.speeds[name][batch_size] for name in (TEACHER, STUDENT))
        joules, ratio = teacher.energy_j_per_inference, student.energy_ratio
        stated: dict[str, Any] = {
            "batch_size": batch_size,
            "inferences_per_day": inferences_per_day,
            "g_per_kwh": g_per_kwh,
            "pue": pue,
            "distillation_kg": distillation_kg,
            "energy_is_measured": self.measured.energy_is_measured,
        }
        if joules is None or ratio is None:
            return {**stated, "unknown": "the energy of an inference is not known"}
        if distillation_kg is None or g_per_kwh is None:
            what = "emissions of the distillation are" if g_per_kwh is not None else "grid's intensity is"
            return {**stated, "unknown": f"the {what} not known"}
        teacher_kg = operational_kg(joules / JOULES_PER_KWH, pue, g_per_kwh)
        each = {
            name: DistillationROI(teacher_kg, teacher_kg * share, distillation_kg, inferences_per_day)
            for name, share in (("value", ratio.value), ("low", ratio.low), ("high", ratio.high))
        }
        found = each["value"]
        return {
            **stated,
            "teacher_kg_per_inference": found.teacher_kg,
            "student_kg_per_inference": found.student_kg,
            "student_share_of_energy": asdict(ratio),
            "saving_kg_per_inference": found.saving_kg_per_inference,
            "breakeven_inferences": {name: one.breakeven_inferences for name, one in each.items()},
            "breakeven_days": found.breakeven_days,
            "yearly_savings_kg": found.yearly_savings_kg,
            "multiple": found.multiple,
        }


def compare(
    teacher: nn.Module,
    student: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    rounds: int = ROUNDS,
    block_s: float = BLOCK_S,
    meter: MeterToAsk | None = None,
    check: Callable[[], object] = lambda: None,
) -> Compared:
    """Both on `inputs`, shape (n, ...), and `labels`, (n,) or (n, t), that neither was trained on.

    Labels below 0 are left out. `check` is called between measurements and may end it all by raising. Raises InputError
    where the two give other shapes of logits.
    """
    models = {TEACHER: teacher, STUDENT: student}
    was_training = {name: model.training for name, model in models.items()}
    try:
        for model in models.values():
            model.eval()
        shapes = {name: _classes(model, inputs[:1]) for name, model in models.items()}
        if shapes[TEACHER] != shapes[STUDENT]:
            raise InputError(f"the student has {shapes[STUDENT]} classes and the teacher {shapes[TEACHER]}")
        batches = list(zip(inputs.split(TEST_BATCH), labels.split(TEST_BATCH), strict=True))
        right = {name: right_answers(model, batches) for name, model in models.items()}
        if not len(right[TEACHER]):
            raise InputError("no label counts: there is nothing to compare the models by")
        measured = measure_speeds(models, inputs, batch_sizes, rounds=rounds, block_s=block_s, meter=meter, check=check)
    finally:
        for name, model in models.items():
            model.train(was_training[name])
    return Compared(
        parameters={name: sum(one.numel() for one in model.parameters()) for name, model in models.items()},
        accuracy={name: accuracy(one) for name, one in right.items()},
        accuracy_drop=accuracy_drop(right[TEACHER], right[STUDENT]),
        test_examples=len(right[TEACHER]),
        measured=measured,
    )


def _classes(model: nn.Module, inputs: Tensor) -> int:
    import torch

    with torch.no_grad():
        return int(model(inputs).shape[-1])
