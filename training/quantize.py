"""Quantise a model to INT8 by every way that works here, measure each, and pick what is really better.

    result = quantize(model, calibration=train_images, inputs=test_images, labels=test_labels)
    print("\n".join(table(result)))
    save(result, Path("model"))                       # only what was picked for some batch size
    run = load(Path("model"), Network(), batch_size=64)   # later: a model of the same architecture, any weights

Nothing is assumed of INT8: whether it is smaller, faster or as accurate depends on the processor, the library's
kernels, the layers and the batch size. "Keep fp32" is an answer.
"""

from __future__ import annotations

import copy
import json
import time
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import torch

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole
from training.job import PICKS
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
    size_on_disk,
)
from training.quantize_methods import METHODS, Method, Run, compiled, quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from training.measure import MeterToAsk

SCHEMA_VERSION = 1
MAX_ACCURACY_DROP = 0.02
MIN_GAIN = 0.05
TEST_BATCH = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A method used on this model. Without `unavailable`, the reason why it can't be used, all else is known.

    `accuracy_drop` is against fp32 on the same examples. `preparation_s` is quantising, calibrating and compiling.
    """

    name: str
    what: str
    needs: str
    note: str
    unavailable: str = ""
    size_bytes: int | None = None
    accuracy: Interval | None = None
    accuracy_drop: Interval | None = None
    preparation_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """What to serve a batch size with, why, and why none of the others."""

    batch_size: int
    candidate: str
    decided_by: str
    reason: str
    verdicts: dict[str, str]


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
            "versions": _versions(),
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
    and may end it all by raising. Raises InputError for what can't be.
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
            candidates.append(Candidate(*told, unavailable=_reason(error)))
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
        measured = measure_speeds(runs, inputs, batch_sizes, rounds=rounds, block_s=block_s, meter=meter)
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


def _reason(error: Exception) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return first if isinstance(error, InputError) else f"{type(error).__name__}: {first}"[:200]


def pick(
    candidates: Sequence[Candidate], measured: Measured, batch_size: int, max_accuracy_drop: float, min_gain: float
) -> Pick:
    """The candidate of the least energy, where the processor has a counter; else of the least time.

    An estimate of energy follows time. Of those that the best one does not beat beyond doubt, the smallest. The
    baseline, the first candidate, where no other is better.
    """
    baseline = candidates[0].name
    by_energy = measured.energy_is_measured
    unit = "energy" if by_energy else "time"
    verdicts: dict[str, str] = {}
    better: dict[str, Interval] = {}
    rejected: dict[str, Interval] = {}
    for one in candidates[1:]:
        if one.unavailable or one.accuracy_drop is None:
            verdicts[one.name] = f"not available: {one.unavailable}"
            continue
        speed = measured.speeds[one.name][batch_size]
        ratio = speed.energy_ratio if by_energy and speed.energy_ratio else speed.time_ratio
        said = f"{ratio.value:.3g} times the {unit} of {baseline} ({ratio.low:.3g} to {ratio.high:.3g})"
        loss, most = 100 * one.accuracy_drop.high, 100 * max_accuracy_drop
        faults = [f"may lose {loss:.2f} points of accuracy, more than {most:g}"] if loss > most else []
        if ratio.low > 1:
            faults.append("is worse")
        elif ratio.high > 1 - min_gain:
            faults.append("gains nothing beyond doubt")
        (rejected if faults else better)[one.name] = ratio
        verdicts[one.name] = "; ".join([*faults, said])
    if better:
        end = min(ratio.high for ratio in better.values())
        sizes = {one.name: one.size_bytes or 0 for one in candidates}
        best = min((name for name in better if better[name].low <= end), key=sizes.__getitem__)
        return Pick(batch_size, best, unit, verdicts[best], verdicts)
    if not rejected:
        return Pick(batch_size, baseline, unit, f"keep {baseline}: there is no other", verdicts)
    nearest = min(rejected, key=lambda name: rejected[name].value)
    return Pick(batch_size, baseline, unit, f"keep {baseline}: {nearest} {verdicts[nearest]}", verdicts)


def save(result: Quantized, folder: Path, identity: Mapping[str, Any] | None = None) -> list[Path]:
    """Write each model that was picked, and last `picks.json`, which says how to load them; the files written.

    fp32 is a safetensors file; a .pt is a state that `torch.load(weights_only=True)` reads; a .pt2 of PT2E is an
    archive of torch.export. That is bound to its release of torch, so that fp32 is written beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    methods = {method.name: method for method in METHODS}
    written: list[Path] = []
    names = list(dict.fromkeys(one.candidate for one in result.picks))
    if any(methods[name].suffix == ".pt2" for name in names):
        names.append(result.candidates[0].name)
    for name in names:
        path = folder / methods[name].file_name
        if path not in written:
            unfinished = path.with_name(f".{path.stem}.unfinished{path.suffix}")
            with quiet(), torch.no_grad():
                methods[name].write(result.models[name], result.example, unfinished)
            unfinished.replace(path)
            written.append(path)
    told = {
        "schema_version": SCHEMA_VERSION,
        "identity": dict(identity or {}),
        "versions": _versions(),
        "input": {"shape": list(result.example.shape[1:]), "dtype": str(result.example.dtype).removeprefix("torch.")},
        "picks": {
            str(one.batch_size): {"candidate": one.candidate, "file": methods[one.candidate].file_name}
            for one in result.picks
        },
        "load": "training.quantize.load(folder, model of the same architecture, batch_size)",
    }
    write_whole(folder / PICKS, json.dumps(told, indent=2) + "\n")
    return [*written, folder / PICKS]


def load(folder: Path, model: nn.Module, batch_size: int = 1) -> Run:
    """The pick for a batch size, ready to be called: that of the largest measured size which is not larger, else of the
    smallest. `model` has the saved architecture and any weights; it is used up. Raises InputError naming the file."""
    path = folder / PICKS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        picks = {int(size): one for size, one in told["picks"].items()}
        size = max((size for size in picks if size <= batch_size), default=min(picks))
        method = next(one for one in METHODS if one.name == picks[size]["candidate"])
        dtype, shape = getattr(torch, told["input"]["dtype"]), told["input"]["shape"]
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise InputError(f"{path} is not what quantize writes: {type(error).__name__}: {error}") from None
    example = torch.zeros(max(2, batch_size), *shape, dtype=dtype)
    with quiet(), torch.no_grad():
        try:
            found = method.read(model.eval(), example, folder / picks[size]["file"])
        except (OSError, RuntimeError, LookupError) as error:
            raise InputError(f"{folder / picks[size]['file']} can't be loaded: {_reason(error)}") from None
        return compiled(found, [example[:batch_size]]) if method.compiled else found


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"torch": str(torch.__version__), "quantized_engine": str(torch.backends.quantized.engine)}
    try:
        found["torchao"] = version("torchao")
    except PackageNotFoundError:
        return found
    return found
