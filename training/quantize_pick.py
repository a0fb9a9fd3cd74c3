"""The measured choice of a candidate for a batch size, and the reasons against the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.quantize_methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.measure import Interval, Measured

BOUND_TO_ITS_TORCH = {method.name for method in METHODS if method.suffix == ".pt2"}
"""Candidates whose file only the release of torch that wrote it is sure to read."""


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
    """The candidate for a batch size, why, and the reasons against the others."""

    batch_size: int
    candidate: str
    decided_by: str
    reason: str
    verdicts: dict[str, str]


def pick(
    candidates: Sequence[Candidate], measured: Measured, batch_size: int, max_accuracy_drop: float, min_gain: float
) -> Pick:
    """The candidate of the least energy, where the processor has a counter; else of the least time.

    An estimate of energy follows time. Of those that the best one does not beat beyond doubt, the smallest. One whose
    file is bound to its release of torch must gain `min_gain` over those that are not. The baseline, the first
    candidate, where no other is better.
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
        loss, may_lose = 100 * one.accuracy_drop.high, 100 * max_accuracy_drop
        faults = [f"may lose {loss:.2f} points of accuracy, more than {may_lose:g}"] if loss > may_lose else []
        if ratio.low > 1:
            faults.append("is worse")
        elif ratio.high > 1 - min_gain:
            faults.append("gains nothing beyond doubt")
        (rejected if faults else better)[one.name] = ratio
        verdicts[one.name] = "; ".join([*faults, said])
    portable = [ratio.low for name, ratio in better.items() if name not in BOUND_TO_ITS_TORCH]
    if portable:
        most = min(portable) * (1 - min_gain)
        better = {name: ratio for name, ratio in better.items() if name not in BOUND_TO_ITS_TORCH or ratio.high < most}
    if better:
        end = min(ratio.high for ratio in better.values())
        sizes = {one.name: one.size_bytes or 0 for one in candidates}
        best = min((name for name in better if better[name].low <= end), key=sizes.__getitem__)
        return Pick(batch_size, best, unit, verdicts[best], verdicts)
    if not rejected:
        return Pick(batch_size, baseline, unit, f"keep {baseline}: there is no other", verdicts)
    nearest = min(rejected, key=lambda name: rejected[name].value)
    return Pick(batch_size, baseline, unit, f"keep {baseline}: {nearest} {verdicts[nearest]}", verdicts)
