"""Teacher against student: the return on carbon by hand from stated measurements, accuracy on the same examples."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from greenai_infra.errors import InputError
from greenai_infra.tracking.meter import Reading, Told
from training.compare_models import Compared, compare
from training.distill_digits import all_shifts
from training.distilled_pair import roi_lines
from training.measure import Interval, Measured, Speed

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = Interval(1.0, 1.0, 1.0)
QUARTER = Interval(0.25, 0.2, 0.4)
STATED: dict[str, Any] = {
    "batch_size": 1, "distillation_kg": 0.36, "g_per_kwh": 500.0, "pue": 1.2, "inferences_per_day": 1_000_000
}  # fmt: skip


def compared(ratio: Interval | None = QUARTER, joules: float | None = 7.2) -> Compared:
    teacher = Speed(1, 100, 10.0, 12.0, 100.0, joules, ONE, ONE)
    student = Speed(1, 400, 2.0, 3.0, 500.0, joules and joules / 4, Interval(0.2, 0.19, 0.21), ratio)
    share = Interval(0.9, 0.85, 0.94)
    measured = Measured({"teacher": {1: teacher}, "student": {1: student}}, {"cpu": ("estimated", "load")})
    return Compared({"teacher": 400, "student": 100}, {"teacher": share, "student": share}, ONE, 200, measured)


def test_return_on_carbon_by_hand() -> None:
    """7.2 J are 2e-6 kWh: x 1.2 x 500 / 1000 = 1.2e-6 kg; the student takes a quarter, so it saves 0.9e-6 kg each."""
    roi = compared().roi(**STATED)
    assert roi["teacher_kg_per_inference"] == pytest.approx(1.2e-6)
    assert roi["saving_kg_per_inference"] == pytest.approx(0.9e-6)
    assert roi["breakeven_inferences"]["value"] == 400_000  # 0.36 / 0.9e-6
    assert roi["breakeven_inferences"]["low"] == 375_000  # 0.36 / (1.2e-6 x 0.8)
    assert roi["breakeven_inferences"]["high"] == 500_000  # 0.36 / (1.2e-6 x 0.6)
    assert roi["yearly_savings_kg"] == pytest.approx(0.9 * 365 - 0.36)
    assert roi["energy_is_measured"] is False
    said = "\n".join(roi_lines(roi))
    assert "estimated, not read from a counter" in said
    assert "paid back after 400,000 inferences (375,000 to 500,000)" in said
    assert all(len(line) <= 78 for line in roi_lines(roi))


def test_energy_decides_and_not_latency() -> None:
    """A student that answers in a fifth of the time and takes more energy is never paid back."""
    roi = compared(Interval(1.1, 0.95, 1.2)).roi(**STATED)
    assert roi["breakeven_inferences"] == {"value": None, "low": 6_000_000, "high": None}
    assert roi["yearly_savings_kg"] < 0
    assert "never paid back" in roi_lines(roi)[-1]


@pytest.mark.parametrize(
    ("found", "stated", "said"),
    [
        (compared(None, None), {}, "the energy of an inference is not known"),
        (compared(), {"g_per_kwh": None}, "the grid's intensity is not known"),
        (compared(), {"distillation_kg": None}, "the emissions of the distillation are not known"),
    ],
)
def test_what_is_not_known_is_not_zero(found: Compared, stated: dict[str, Any], said: str) -> None:
    roi = found.roi(**{**STATED, **stated})
    assert roi["unknown"] == said
    assert "breakeven_inferences" not in roi
    assert said in roi_lines(roi)[0]


class Meter:
    """Stated joules a reading."""

    def __init__(self) -> None:
        self.joules = 0.0

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        self.give = on_reading

    def read(self) -> None:
        self.joules += 1.0
        self.give(Reading(0.0, {"cpu": self.joules / 3.6e6}))

    def stop(self) -> None:
        pass

    def told(self) -> Told:
        return Told({"cpu": ("measured", "counter")})


def test_models_are_compared_on_the_same_examples_by_time_energy_and_accuracy() -> None:
    torch.manual_seed(0)
    teacher = nn.Sequential(nn.Linear(3, 64), nn.Dropout(0.9), nn.Linear(64, 4)).train()
    student = nn.Linear(3, 4)
    inputs = torch.randn(50, 3)
    with torch.no_grad():
        labels = teacher.eval()(inputs).argmax(1)
        expected = float((student(inputs).argmax(1) == labels).double().mean())
    teacher.train()
    labels[40:] = -100
    found = compare(teacher, student, inputs, labels, batch_sizes=(1, 8), rounds=6, block_s=0.001, meter=Meter())
    assert teacher.training  # as it was
    assert found.test_examples == 40
    assert found.accuracy["teacher"].value == 1  # dropout is off
    assert found.accuracy["teacher"].low < 1
    assert found.accuracy_drop.value == pytest.approx(1 - found.accuracy["student"].value)
    assert found.accuracy["student"].value == pytest.approx(expected, abs=0.3)
    assert found.parameters == {"teacher": 64 * 4 + 65 * 4, "student": 16}
    assert found.measured.energy_is_measured
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [one["batch_size"] for one in document["student"]["speeds"]] == [1, 8]
    assert all(one["energy_j_per_inference"] > 0 for one in document["teacher"]["speeds"])
    assert all(len(line) <= 80 for line in found.lines()), found.lines()


def test_models_with_other_classes_are_refused() -> None:
    with pytest.raises(InputError, match="the student has 5 classes and the teacher 4"):
        compare(nn.Linear(3, 4), nn.Linear(3, 5), torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InputError, match="no label counts"):
        compare(nn.Linear(3, 4), nn.Linear(3, 4), torch.zeros(2, 3), torch.full((2,), -100))


def test_an_unknown_energy_is_a_question_mark() -> None:
    found = compared(None, None)
    assert "?" in found.lines()[1]
    assert replace(found, test_examples=3).as_json()["teacher"]["speeds"][0]["energy_j_per_inference"] is None


def test_every_shift_of_an_image_once() -> None:
    image = torch.zeros(1, 8, 8)
    image[0, 3, 4] = 1
    found = all_shifts(image.flatten(1)).view(9, 8, 8)
    assert {tuple(one.nonzero()[0].tolist()) for one in found} == {(y, x) for y in (2, 3, 4) for x in (3, 4, 5)}
