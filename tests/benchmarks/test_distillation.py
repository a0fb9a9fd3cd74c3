"""Stored teacher outputs against the usual loop: `python -m tests.benchmarks.distillation` prints the tables."""

from __future__ import annotations

from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import pytest
import torch

from tests.benchmarks.conftest import OUTCOMES, Outcome
from tests.benchmarks.distillation import PAIRS, accuracy_by_seed, measure, peak_mb

if TYPE_CHECKING:
    from pathlib import Path

USUAL, LABELS = 1 / 3, 1.1


@pytest.mark.parametrize("name", ["digits", "text", "words"])
def test_later_epochs_take_a_third_of_the_usual_loop_and_no_more_than_labels_alone(
    name: str, tmp_path: Path, benchmark: Any
) -> None:
    """Teachers of 20, 28 and 4 times the student's parameters; the last with the vocabulary of GPT-2."""
    torch.set_num_threads(1)
    found = benchmark.pedantic(measure, (PAIRS[name], tmp_path), rounds=1)
    OUTCOMES.append(Outcome(f"distillation, {name}, to the usual loop", found.stored_s, found.usual_s, USUAL))
    OUTCOMES.append(Outcome(f"distillation, {name}, to labels alone", found.stored_s, found.labels_s, LABELS))
    assert found.stored_s <= USUAL * found.usual_s
    assert found.stored_s <= LABELS * found.labels_s


def test_a_student_of_sampled_outputs_is_as_good_as_of_exact_ones(benchmark: Any) -> None:
    torch.set_num_threads(1)
    found = benchmark.pedantic(accuracy_by_seed, rounds=1)
    exact, sampled = found["exact, teacher at each step"], found["sampled, k = 30"]
    assert abs(mean(sampled) - mean(exact)) <= 2 * ((stdev(exact) ** 2 + stdev(sampled) ** 2) / len(exact)) ** 0.5
    assert mean(found["top-k, k = 12 (biased)"]) > mean(exact)


def test_peak_memory_is_not_higher(tmp_path: Path, benchmark: Any) -> None:
    usual = peak_mb("usual", tmp_path)
    stored = benchmark.pedantic(peak_mb, ("stored", tmp_path), rounds=1)
    assert stored <= usual * 1.01  # pages are not counted to the megabyte
    assert peak_mb("later", tmp_path) <= usual * 1.01
