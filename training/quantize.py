"""Quantises a model to INT8 by every method that works here, measures each, and picks what is really better.

    result = quantize(model, calibration=train_images, inputs=test_images, labels=test_labels)
    print("\n".join(table(result)))
    save(result, Path("model"))                       # only the picked candidates
    run = load(Path("model"), Network(), batch_size=64)   # later: a model of the same architecture, any weights

Nothing is assumed of INT8: whether it is smaller, faster or as accurate depends on the processor, the library's
kernels, the layers and the batch size. "Keep fp32" is an answer.
"""

from __future__ import annotations

import copy
import time
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import torch

from greenai_infra.errors import InputError
from training.measure import (
    BATCH_SIZES,
    BLOCK_S,
    ROUNDS,
    Measured,
    accuracy,
    accuracy_drop,
    measure_speeds,
    right_answers,
    size_on_disk,
)
from training.quantize_files import SCHEMA_VERSION, load, reason_of, save, versions
from training.quantize_methods import METHODS, Method, Run, compiled, quiet
from training.quantize_pick import Candidate, Pick, pick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from training.measure import MeterToAsk

MAX_ACCURACY_DROP = 0.02
MIN_GAIN = 0.05
TEST_BATCH = 256


@dataclass(frozen=True)
class Quantized:
    """Candidates with their measurements, and the pick of each batch size. `models` holds what can be saved."""

    candidates: list[Candidate]
    measured: Measured
    picks: list[Pick]
    max_accuracy_drop: float
    min_gain: float
    calibration_examples: int
    test_examples: int
    example: Tensor
    models: dict[str, nn.Module] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """All of it but the models."""
        return {
            "schema_version": SCHEMA_VERSION,
            "versions": versions(),
            "threads": torch.get_num_threads(),
            "hardware": self.measured.hardware,
            "energy": {
                part: {"how": how, "by": by, "of": "the whole machine"}
                for part, (how, by) in self.measured.energy.items()
            },
            "notes": list(self.measured.notes),
            "max_accuracy_drop": self.max_accuracy_drop,
            "min_gain": self.min_gain,
            "confidence": 0.95,
            "calibration_examples": self.calibration_examples,
            "test_examples": self.test_examples,
            "candidates": [
                {
                    **asdict(one),
                    "speeds": [asdict(speed) for speed in self.measured.speeds.get(one.name, {}).values()],
                }
                for one in self.candidates
            ],
            "picks": [asdict(pick) for pick in self.picks],
        }


def quantize(
    model: nn.Module,
    *,
    calibration: Tensor,
    inputs: Tensor,
    labels: Tensor,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    max_accuracy_drop: float = MAX_ACCURACY_DROP,
    min_gain: float = MIN_GAIN,
    compile_too: bool = True,
    rounds: int = ROUNDS,
    block_s: float = BLOCK_S,
    methods: Sequence[Method] = METHODS,
    meter: MeterToAsk | None = None,
    check: Callable[[], object] = lambda: None,
) -> Quantized:
    """Try every method on copies of the model, on its device; the first is the baseline.

    `calibration`, shape (n, ...), must come from the training data: what the model is judged by, `inputs` and `labels`,
    may not set its ranges. Logits have shape (n, ..., classes); labels below 0 are left out. A candidate is picked for
    a batch size if the interval of its accuracy's drop stays below `max_accuracy_drop` (a share: 0.02 is two points)
    and that of its gain above `min_gain`; without `compile_too` nothing is compiled. `check` is called before each step
    and measurement, and may end it all by raising. Raises InputError for what can't be.
    """
    _check(calibration, inputs, labels, batch_sizes, max_accuracy_drop, min_gain)
    original = copy.deepcopy(model).eval()
    batches = list(zip(inputs.split(TEST_BATCH), labels.split(TEST_BATCH), strict=True))
    sizes = [inputs[torch.arange(size) % len(inputs)] for size in batch_sizes]
    candidates: list[Candidate] = []
    runs: dict[str, Run] = {}
    models: dict[str, nn.Module] = {}
    right_of_fp32 = right_answers(original, batches)
    for method in methods:
        check()
        told = (method.name, method.what, method.needs, method.note)
        start_s = time.perf_counter()
        try:
            if method.compiled and not compile_too:
                raise InputError("not tried: nothing was to be compiled")
            with quiet(), torch.no_grad():
                quantized = method.quantize(copy.deepcopy(original), calibration)
                run: Run = compiled(quantized, sizes) if method.compiled else quantized
                _check_outputs(method, original, run, sizes)
                preparation_s = time.perf_counter() - start_s
                right = right_answers(run, batches)
                size_bytes = _size(method, quantized, calibration)
        except Exception as error:  # noqa: BLE001 - a library that can't do this model is a finding, not a failure
            candidates.append(Candidate(*told, unavailable=reason_of(error)))
            continue
        runs[method.name], models[method.name] = run, quantized
        candidates.append(
            Candidate(
                *told,
                size_bytes=size_bytes,
                accuracy=accuracy(right),
                accuracy_drop=accuracy_drop(right_of_fp32, right),
                preparation_s=preparation_s,
            )
        )
    check()
    with quiet():
        measured = measure_speeds(runs, inputs, batch_sizes, rounds=rounds, block_s=block_s, meter=meter, check=check)
    picks = [pick(candidates, measured, size, max_accuracy_drop, min_gain) for size in batch_sizes]
    return Quantized(
        candidates, measured, picks, max_accuracy_drop, min_gain, len(calibration), len(right_of_fp32),
        inputs[:2].clone(), models,
    )  # fmt: skip


def _check(
    calibration: Tensor,
    inputs: Tensor,
    labels: Tensor,
    batch_sizes: Sequence[int],
    max_accuracy_drop: float,
    min_gain: float,
) -> None:
    for name, share in (("max_accuracy_drop", max_accuracy_drop), ("min_gain", min_gain)):
        if not (isfinite(share) and 0 <= share < 1):
            raise InputError(
                f"{name} must be a share from 0 to below 1, not {share!r}: 0.02 is two points of a hundred"
            )
    if not batch_sizes or min(batch_sizes) < 1:
        raise InputError(f"batch sizes must be 1 or more, not {list(batch_sizes)}")
    if len(calibration) < 2:
        raise InputError(f"calibration needs at least 2 examples of the training data, not {len(calibration)}")
    if not len(inputs) or len(inputs) != len(labels):
        raise InputError(f"there must be a label for each test example: {len(inputs)} examples, {len(labels)} labels")


def _check_outputs(method: Method, original: nn.Module, run: Run, batches: list[Tensor]) -> None:
    """Raises InputError for outputs that are not finite, and for those of fp32 itself."""
    same = True
    for batch in batches:
        expected, found = original(batch), run(batch)
        if not torch.isfinite(found).all():
            raise InputError("its outputs are not finite")
        same = same and torch.equal(expected, found)
    if same and not method.name.startswith("fp32"):
        raise InputError("it quantises no layer of this model: its outputs are those of fp32, bit for bit")


def _size(method: Method, quantized: nn.Module, inputs: Tensor) -> int:
    def write(folder: Path) -> None:
        method.write(quantized, inputs, folder / method.file_name)

    return size_on_disk(write)


__all__ = ["Candidate", "Pick", "Quantized", "load", "pick", "quantize", "save"]
