"""Measuring models: a clock and a meter that the models themselves put on, and the intervals against other sources."""

from __future__ import annotations

import random
from statistics import NormalDist
from typing import TYPE_CHECKING

import pytest
import torch
from scipy.stats import binomtest

from greenai_infra.errors import InputError
from greenai_infra.tracking.meter import Reading, Told
from training.measure import accuracy, accuracy_drop, measure_speeds, median_interval, right_answers, size_on_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor


class Bench:
    """Models that take stated seconds and watts, on a clock of their own."""

    def __init__(self, how: str = "measured") -> None:
        self.now_s = self.used_j = 0.0
        self.how = how
        self.batches: list[Tensor] = []

    def model(self, fixed_s: float, row_s: float, watts: float) -> Callable[[Tensor], None]:
        def run(batch: Tensor) -> None:
            self.batches.append(batch)
            took_s = fixed_s + row_s * len(batch)
            self.now_s += took_s
            self.used_j += watts * took_s

        return run

    def clock(self) -> float:
        return self.now_s

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        self.give = on_reading

    def read(self) -> None:
        self.give(Reading(self.now_s, {"cpu": self.used_j / 3.6e6}))

    def stop(self) -> None:
        pass

    def told(self) -> Told:
        return Told({"cpu": (self.how, "counter"), "ram": ("estimated", "modules")})  # type: ignore[dict-item]


def test_latency_throughput_and_energy_of_each_candidate_and_batch_size() -> None:
    bench = Bench()
    models = {"first": bench.model(0.004, 0.001, 50), "second": bench.model(0.008, 0.00025, 40)}
    measured = measure_speeds(models, torch.zeros(3, 2), (1, 16), block_s=0.05, meter=bench, clock=bench.clock)
    one, many = measured.speeds["second"][1], measured.speeds["second"][16]
    assert one.latency_ms_median == pytest.approx(8.25)
    assert one.energy_j_per_inference == pytest.approx(0.33)
    assert [one.time_ratio.value, one.time_ratio.low] == pytest.approx([1.65, 1.65])  # 8.25 to 5 ms
    assert one.energy_ratio is not None
    assert one.energy_ratio.value == pytest.approx(1.32)
    assert many.throughput_per_s == pytest.approx(16 / 0.012)
    assert many.time_ratio.high == pytest.approx(0.6)  # 12 to 20 ms
    assert many.energy_j_per_inference == pytest.approx(0.03)  # 40 W x 12 ms over 16
    assert measured.speeds["first"][16].time_ratio.value == 1
    assert {len(batch) for batch in bench.batches} == {1, 16}  # more than there are rows
    assert measured.energy_is_measured


def test_a_burst_on_the_machine_falls_on_all_candidates_alike() -> None:
    bench = Bench()
    plain = bench.model(0.01, 0, 10)
    noise = random.Random(3)

    def busy(batch: Tensor) -> None:
        plain(batch)
        if bench.now_s > 1.0:  # from here on the machine is three times as slow
            bench.now_s += 0.02 + noise.uniform(0, 0.002)

    measured = measure_speeds({"a": busy, "b": busy}, torch.zeros(1, 1), (1,), meter=bench, clock=bench.clock)
    ratio = measured.speeds["b"][1].time_ratio
    assert ratio.low <= 1 <= ratio.high
    assert ratio.high < 1.1


def test_a_slow_beginning_is_left_out() -> None:
    bench = Bench()
    plain = bench.model(0.01, 0, 10)

    def cold(batch: Tensor) -> None:
        plain(batch)
        if bench.now_s < 0.2:
            bench.now_s += 0.05

    measured = measure_speeds({"a": cold, "b": plain}, torch.zeros(1, 1), (1,), meter=bench, clock=bench.clock)
    ratio = measured.speeds["b"][1].time_ratio
    assert [ratio.low, ratio.high] == pytest.approx([1, 1])


def test_it_ends_between_blocks_when_the_run_must() -> None:
    bench = Bench()
    asked = iter(range(5))
    run = bench.model(0.15, 0, 10)
    with pytest.raises(StopIteration):
        measure_speeds({"a": run}, torch.zeros(1, 1), (1,), meter=bench, clock=bench.clock, check=lambda: next(asked))
    assert len(bench.batches) == 10  # five blocks of 0.2 s, two calls each


def test_where_the_meter_shows_nothing_energy_is_unknown() -> None:
    bench = Bench()
    measured = measure_speeds({"a": bench.model(0.1, 0, 0)}, torch.zeros(1, 1), (1,), meter=bench, clock=bench.clock)
    assert measured.speeds["a"][1].energy_j_per_inference is None


def test_without_codecarbon_energy_is_unknown_and_the_reason_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    bench = Bench()
    measured = measure_speeds({"a": bench.model(0.1, 0, 1)}, torch.zeros(1, 1), (1,), clock=bench.clock)
    assert measured.speeds["a"][1].energy_j_per_inference is None
    assert measured.speeds["a"][1].energy_ratio is None
    assert not measured.energy_is_measured
    assert "pip install" in measured.notes[0]


def test_the_real_meter_gives_the_energy_of_the_machine() -> None:
    layer = torch.nn.Linear(8, 8)
    measured = measure_speeds({"a": layer}, torch.zeros(4, 8), (4,), rounds=6, block_s=0.1)
    speed = measured.speeds["a"][4]
    assert speed.energy_j_per_inference is not None
    watts = speed.energy_j_per_inference * speed.throughput_per_s
    assert 1 < watts < 2000
    assert set(measured.energy) >= {"cpu", "ram"}


# Ranks of the 95 % interval of a median: Conover (1999), and any table of the binomial distribution.
@pytest.mark.parametrize(("count", "rank"), [(6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (15, 4), (20, 6), (25, 8)])
def test_median_interval_takes_the_ranks_of_the_tables(count: int, rank: int) -> None:
    values = [float(value) for value in range(1, count + 1)]
    random.Random(count).shuffle(values)
    found = median_interval(values)
    assert (found.low, found.high) == (rank, count + 1 - rank)
    assert found.value == (count + 1) / 2


def test_too_few_rounds_for_an_interval_are_refused() -> None:
    with pytest.raises(InputError, match="5 rounds are too few"):
        median_interval([1.0] * 5)


@pytest.mark.parametrize(("right", "count"), [(0, 20), (19, 20), (97, 100), (450, 450)])
def test_accuracy_has_the_wilson_interval_of_scipy(right: int, count: int) -> None:
    found = accuracy(torch.arange(count) < right)
    reference = binomtest(right, count).proportion_ci(method="wilson")
    assert found.value == right / count
    assert [found.low, found.high] == pytest.approx([reference.low, reference.high], abs=1e-7)


def test_drop_of_accuracy_is_paired() -> None:
    """Worked by hand: 100 examples, 8 lost, 2 won: (9 - 3) / 102, half width z sqrt((12/102 - (6/102)^2) / 102)."""
    baseline = torch.tensor([True] * 90 + [False] * 10)
    other = baseline.clone()
    other[:8], other[90:92] = False, True
    found = accuracy_drop(baseline, other)
    half = NormalDist().inv_cdf(0.975) * ((12 / 102 - (6 / 102) ** 2) / 102) ** 0.5
    assert found.value == pytest.approx(0.06)
    assert [found.low, found.high] == pytest.approx([6 / 102 - half, 6 / 102 + half])


def test_drop_holds_the_true_one_as_often_as_it_says() -> None:
    """2,000 draws with 5 % lost and 2 % won: the interval of 95 % holds the true 3 % in 95 % of them, give or take."""
    draw = torch.Generator().manual_seed(1)
    held = 0
    for _ in range(2000):
        chance = torch.rand(400, generator=draw)
        found = accuracy_drop(chance > 0.02, (chance > 0.02) & (chance < 0.95) | (chance < 0.02))
        held += found.low <= 0.03 <= found.high
    assert 0.935 <= held / 2000 <= 0.975


def test_labels_below_zero_are_left_out_for_classes_and_for_tokens() -> None:
    logits = torch.tensor([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    labels = torch.tensor([[1, 1], [-100, 1]])
    assert right_answers(lambda inputs: inputs, [(logits, labels)]).tolist() == [True, False, True]


def test_size_counts_every_file(tmp_path: Path) -> None:
    def save(folder: Path) -> None:
        (folder / "inner").mkdir()
        (folder / "a").write_bytes(b"x" * 1000)
        (folder / "inner" / "b").write_bytes(b"x" * 24)

    assert size_on_disk(save) == 1024
