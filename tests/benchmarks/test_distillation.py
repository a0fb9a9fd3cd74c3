"""Stored teacher outputs against the usual loop: `python -m tests.benchmarks.distillation` prints the tables."""

from __future__ import annotations

from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

distillation = pytest.importorskip("tests.benchmarks.distillation", reason="torch is not installed")
USUAL, LABELS = 1 / 3, 1.1


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    distillation.torch.set_num_threads(1)


@pytest.mark.parametrize("name", ["digits", "text", "words"])
def test_later_epochs_take_a_third_of_the_usual_loop_and_no_more_than_labels_alone(
    name: str, tmp_path: Path, benchmark: Any, hold: Callable[[str, float, float, float], None]
) -> None:
    """Teachers of 20, 28 and 4 times the student's parameters; the last with the vocabulary of GPT-2."""
    found = benchmark.pedantic(distillation.measure, (distillation.PAIRS[name], tmp_path), rounds=1)
    hold(f"distillation, {name}, to the usual loop", found.stored_s, found.usual_s, USUAL)
    hold(f"distillation, {name}, to labels alone", found.stored_s, found.labels_s, LABELS)


def test_a_student_of_sampled_outputs_is_as_good_as_of_exact_ones(benchmark: Any) -> None:
    found = benchmark.pedantic(distillation.accuracy_by_seed, rounds=1)
    exact, sampled = found["exact, teacher at each step"], found["sampled, k = 30"]
    assert abs(mean(sampled) - mean(exact)) <= 2 * ((stdev(exact) ** 2 + stdev(sampled) ** 2) / len(exact)) ** 0.5
    assert mean(found["top-k, k = 12 (biased)"]) > mean(exact)


def test_peak_memory_is_not_higher(tmp_path: Path, benchmark: Any) -> None:
    usual = distillation.peak_mb("usual", tmp_path)
    stored = benchmark.pedantic(distillation.peak_mb, ("stored", tmp_path), rounds=1)
    assert stored <= usual * 1.01  # pages are not counted to the megabyte
    assert distillation.peak_mb("later", tmp_path) <= usual * 1.01
