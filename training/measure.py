"""Measure models against each other on this machine: latency, throughput, energy, accuracy and size on disk.

Speed and energy are measured in rounds: in each round every candidate runs for a short block, in an order that changes.
So whatever else the machine does falls on all of them alike, and a candidate is held against the first one (the
baseline) by the ratios within the rounds. An interval holds its true value with 95 % confidence.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import comb, isfinite, nan, sqrt
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from greenai_infra.errors import InputError
from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.tracking.codecarbon_meter import CodecarbonMeter
from greenai_infra.tracking.meter import Meter, Reading, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torch import Tensor

CONFIDENCE = 0.95
Z = 1.959964
"""Standard normal quantile of CONFIDENCE, two-sided."""
BATCH_SIZES = (1, 8, 64)
ROUNDS = 11
BLOCK_S = 0.2


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Speed:
    """One candidate at one batch size. Energy is the whole machine's, with its idle share; None where not measured.

    `time_ratio` and `energy_ratio` are to the baseline, below 1 is better: the median over the rounds.
    """

    batch_size: int
    calls: int
    latency_ms_median: float
    latency_ms_p95: float
    throughput_per_s: float
    energy_j_per_inference: float | None
    time_ratio: Interval
    energy_ratio: Interval | None


@dataclass(frozen=True, slots=True)
class Measured:
    """`speeds[name][batch size]`, and how energy is known: by component "measured" or "estimated" and by what."""

    speeds: dict[str, dict[int, Speed]]
    energy: dict[str, tuple[str, str]] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def energy_is_measured(self) -> bool:
        """Whether the processor that computes has an energy counter; RAM is estimated nearly everywhere."""
        part = "gpu" if "gpu" in self.energy else "cpu"
        return self.energy.get(part, ("estimated", ""))[0] == "measured"


class MeterToAsk(Meter, Protocol):
    """A meter that gives a reading when it is asked."""

    def read(self) -> None:
        """Give a reading now."""
        ...


def measure_speeds(
    candidates: Mapping[str, Callable[[Tensor], object]],
    inputs: Tensor,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    *,
    rounds: int = ROUNDS,
    block_s: float = BLOCK_S,
    meter: MeterToAsk | None = None,
    clock: Callable[[], float] = time.perf_counter,
    check: Callable[[], object] = lambda: None,
) -> Measured:
    """Time every candidate at every batch size; the first candidate is the baseline.

    `inputs` has shape (n, ...); a batch takes its first rows, again from the start where n is too few. A block runs for
    `block_s` seconds, or for one call where that takes longer. A round before the first one warms up and is left out.
    `check` is called before each block and may end it all by raising. Energy is None where the blocks are too short for
    the meter, and without codecarbon, which a note says.
    """
    energy = _Energy(meter)
    try:
        speeds: dict[str, dict[int, Speed]] = {name: {} for name in candidates}
        for batch_size in batch_sizes:
            batch = inputs[torch.arange(batch_size) % len(inputs)]
            blocks = _run_blocks(candidates, batch, rounds, block_s, energy, clock, check)
            baseline = next(iter(blocks.values()))
            for name, own in blocks.items():
                speeds[name][batch_size] = _speed(batch_size, own, baseline)
    finally:
        told = energy.stop()
    return Measured(speeds, dict(told.how), told.hardware, told.notes)


@dataclass(frozen=True, slots=True)
class _Block:
    """The seconds of each call of one candidate in one round, and the joules of them all; NaN where not measured."""

    calls_s: list[float]
    energy_j: float


def _run_blocks(
    candidates: Mapping[str, Callable[[Tensor], object]],
    batch: Tensor,
    rounds: int,
    block_s: float,
    energy: _Energy,
    clock: Callable[[], float],
    check: Callable[[], object],
) -> dict[str, list[_Block]]:
    names = list(candidates)
    blocks: dict[str, list[_Block]] = {name: [] for name in names}
    with torch.no_grad():  # torchao's tensors do not run under inference_mode
        for number in range(-1, rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                check()
                run = candidates[name]
                energy_before_j = energy.read_j()
                calls_s: list[float] = []
                end_s = clock() + block_s
                while not calls_s or clock() < end_s:
                    start_s = clock()
                    _finished(run(batch))
                    calls_s.append(clock() - start_s)
                energy_after_j = energy.read_j()
                if number >= 0:
                    blocks[name].append(_Block(calls_s, energy_after_j - energy_before_j))
    return blocks


def _finished(output: object) -> object:
    """The output once it is there: a GPU computes after the call has returned."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return output


def _speed(batch_size: int, own: list[_Block], baseline: list[_Block]) -> Speed:
    calls_s = [call for block in own for call in block.calls_s]
    energy_j = sum(block.energy_j for block in own) if all(block.energy_j > 0 for block in own) else nan
    return Speed(
        batch_size=batch_size,
        calls=len(calls_s),
        latency_ms_median=1000 * median(calls_s),
        latency_ms_p95=1000 * float(np.quantile(calls_s, 0.95)),
        throughput_per_s=batch_size * len(calls_s) / sum(calls_s),
        energy_j_per_inference=energy_j / (batch_size * len(calls_s)) if isfinite(energy_j) else None,
        time_ratio=median_interval([median(a.calls_s) / median(b.calls_s) for a, b in zip(own, baseline, strict=True)]),
        energy_ratio=_energy_ratio(own, baseline),
    )


def _energy_ratio(own: list[_Block], baseline: list[_Block]) -> Interval | None:
    if not all(block.energy_j > 0 for block in (*own, *baseline)):
        return None
    return median_interval(
        [(a.energy_j / len(a.calls_s)) / (b.energy_j / len(b.calls_s)) for a, b in zip(own, baseline, strict=True)]
    )


class _Energy:
    """Joules of the machine since some moment, asked for at the edges of the blocks."""

    def __init__(self, meter: MeterToAsk | None) -> None:
        self._last: Reading | None = None
        self._missing = ""
        try:
            self._meter: MeterToAsk | None = meter or CodecarbonMeter(every_s=600.0)
            self._meter.start(self._take)
        except InputError as error:
            self._meter, self._missing = None, f"no energy was measured: {error}"

    def _take(self, reading: Reading) -> None:
        self._last = reading

    def read_j(self) -> float:
        if self._meter is not None:
            self._meter.read()
        return nan if self._last is None else sum(self._last.kwh.values()) * JOULES_PER_KWH

    def stop(self) -> Told:
        if self._meter is None:
            return Told({}, notes=(self._missing,))
        self._meter.stop()
        return self._meter.told()


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The median and the order statistics around it, whatever the distribution.

    Ends are the k-th smallest and k-th largest value with the largest k for which 2 P(B < k) <= 1 - confidence,
    B binomial(n, 1/2) (Conover, Practical Nonparametric Statistics, 3.2). Raises InputError where n is too small.
    """
    ordered = sorted(values)
    count = len(ordered)
    k, below = 0, 1 / 2**count
    while 2 * below <= 1 - confidence:
        k += 1
        below += comb(count, k) / 2**count
    if not k:
        raise InputError(f"{count} rounds are too few for an interval of {confidence:.0%}; take {ROUNDS}")
    return Interval(median(ordered), ordered[k - 1], ordered[-k])


def right_answers(model: Callable[[Tensor], Any], batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """For each label whether the largest logit is its own: bool, in the order of the batches.

    Logits have shape (..., classes), labels (...); a label below 0, as the usual -100, is left out.
    """
    found = []
    with torch.no_grad():
        for inputs, labels in batches:
            right = model(inputs).argmax(-1) == labels
            found.append(right[labels >= 0].flatten().cpu())
    return torch.cat(found)


def accuracy(right: Tensor) -> Interval:
    """Share of right answers with its Wilson score interval."""
    count = len(right)
    share = float(right.double().mean())
    scale = 1 + Z**2 / count
    middle = (share + Z**2 / (2 * count)) / scale
    half = Z / scale * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def accuracy_drop(right_of_baseline: Tensor, right_of_other: Tensor) -> Interval:
    """What the other loses against the baseline on the same examples, as a share; negative where it is better.

    Paired, so that the examples on which both are right or wrong add no noise: adjusted Wald interval of Bonett and
    Price (2012), which adds one example to each kind of disagreement.
    """
    count = len(right_of_baseline)
    lost = int((right_of_baseline & ~right_of_other).sum())
    won = int((~right_of_baseline & right_of_other).sum())
    lost_share, won_share = (lost + 1) / (count + 2), (won + 1) / (count + 2)
    middle = lost_share - won_share
    half = Z * sqrt((lost_share + won_share - middle**2) / (count + 2))
    return Interval((lost - won) / count, max(-1.0, middle - half), min(1.0, middle + half))


def size_on_disk(save: Callable[[Path], object]) -> int:
    """Bytes of the files that `save` writes into the folder it gets."""
    with TemporaryDirectory() as folder:
        save(Path(folder))
        return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
