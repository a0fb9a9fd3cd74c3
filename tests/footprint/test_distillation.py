"""The return on a distillation, by hand: the chapter's example with its own inputs gives these, not what it prints."""

from __future__ import annotations

import pytest

from greenai_infra import DistillationROI


def test_the_chapter_s_example() -> None:
    # (0.001 - 0.0001) x 1,000,000 x 365 - 100 = 328,400; 100 / 0.0009 = 111,111.1; 328,400 / 100 + 1 = 3,285
    roi = DistillationROI(teacher_kg=0.001, student_kg=0.0001, distillation_kg=100, daily_inferences=1_000_000)

    assert roi.yearly_savings_kg == 328_400
    assert roi.breakeven_inferences == 111_112
    assert roi.breakeven_days == pytest.approx(0.111112)
    assert roi.multiple == 3285


def test_a_break_even_without_remainder_is_not_one_too_many() -> None:
    # 90 / 0.0009 = 100,000; in binary 0.001 - 0.0001 is a little more than 0.0009.
    assert DistillationROI(0.001, 0.0001, 90, 1).breakeven_inferences == 100_000
    assert DistillationROI(0.3, 0.1, 0.6, 1).breakeven_inferences == 3


@pytest.mark.parametrize("student_kg", [0.001, 0.002])
def test_no_break_even_where_the_student_does_not_save(student_kg: float) -> None:
    roi = DistillationROI(0.001, student_kg, 100, 1000)

    assert roi.breakeven_inferences is None
    assert roi.breakeven_days is None
    assert roi.yearly_savings_kg == pytest.approx(-100 - (student_kg - 0.001) * 365_000)


def test_a_distillation_that_cost_nothing_pays_at_once() -> None:
    roi = DistillationROI(0.001, 0.0001, 0, 1000)

    assert (roi.breakeven_inferences, roi.multiple) == (0, None)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["teacher_kg", "student_kg", "distillation_kg", "daily_inferences"])
def test_figures_that_can_t_be(key: str, wrong: float) -> None:
    stated = {"teacher_kg": 1.0, "student_kg": 0.1, "distillation_kg": 10.0, "daily_inferences": 5.0, key: wrong}
    with pytest.raises(ValueError, match=key):
        DistillationROI(**stated)
