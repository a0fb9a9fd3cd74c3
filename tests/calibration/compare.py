"""How far estimates of serving lie from the measured runs, beside others: python -m tests.calibration.compare

Ours are those of a fit that left the model's family out; EcoLogits gets the true batch and number of chips; the last is
the formula of the book chapter that this project began from: rated power x 2 x parameters / batch / precision.
EcoLogits' regression was itself fitted to runs of the same benchmark, so it has seen these families.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.estimates.serving_names import find_chip, find_precision
from tests.calibration.fit import QUICK, leave_out, shipped
from tests.calibration.measured import measured

CHAPTER_SPEEDS = {"fp32": 1.0, "fp16": 2.0, "bf16": 2.0, "fp8": 4.0, "int8": 4.0, "int4": 8.0, "mxfp4": 8.0}


class Accuracy(NamedTuple):
    """Median error of J a token (%), rank correlation, share within a factor of 2 (%)."""

    median_error_percent: float
    rank_correlation: float
    within_factor_2_percent: float


def accuracy(estimated: np.ndarray, true: np.ndarray) -> Accuracy:
    """Of estimates against measured values."""
    from scipy.stats import spearmanr

    error = np.abs(estimated / true - 1)
    within = np.abs(np.log(estimated / true)) <= np.log(2)
    return Accuracy(float(100 * np.median(error)), float(spearmanr(estimated, true)[0]), float(100 * within.mean()))


def ecologits() -> np.ndarray:
    """J per output token of the accelerators by EcoLogits 0.11, with each run's batch and number of chips."""
    from ecologits.impacts.llm import GPU_ENERGY_ALPHA, GPU_ENERGY_BETA, GPU_ENERGY_GAMMA, gpu_energy

    kwh = [
        row.accelerators
        * gpu_energy(
            model_active_parameter_count=(row.active_parameters or 0) / 1e9,
            output_token_count=1,
            batch_size=row.batch,
            gpu_energy_alpha=GPU_ENERGY_ALPHA,
            gpu_energy_beta=GPU_ENERGY_BETA,
            gpu_energy_gamma=GPU_ENERGY_GAMMA,
        )
        for row in measured().rows
    ]
    return np.array(kwh, dtype=np.float64) * 3.6e6


def chapter() -> np.ndarray:
    """J per output token by the chapter's formula, which gives J a request whatever its length."""
    joules = []
    for row in measured().rows:
        watts = find_accelerator(find_chip(row.accelerator).accelerator.name).power_w
        speed = CHAPTER_SPEEDS[find_precision(row.precision or "").name]
        request_ms = (row.parameters or 0) / 1e9 * 2 / (row.batch or 1) / speed
        joules.append(watts * request_ms / 1000 / (row.output_tokens or 1))
    return np.array(joules)


def main() -> None:
    of = measured()
    left_out = leave_out(of.families, shipped(), QUICK)
    print(
        f"{len(of.rows)} measured runs, {np.unique(of.families).size} families; J per output token, accelerators only"
    )
    print(f"{'':34}{'median error':>13}{'rank':>7}{'within x2':>11}")
    for name, estimated in (
        ("greenai-infra, family left out", left_out.j_per_output_token),
        ("EcoLogits 0.11", ecologits()),
        ("the chapter's formula", chapter()),
    ):
        found = accuracy(estimated, of.j_per_output_token)
        error, rank, within = found
        print(f"{name:34}{error:11.1f} %{rank:7.3f}{within:9.1f} %")
    for source in np.unique(of.sources):
        inside = of.sources == source
        ours = accuracy(left_out.j_per_output_token[inside], of.j_per_output_token[inside])
        theirs = accuracy(ecologits()[inside], of.j_per_output_token[inside])
        print(f"  {source}: ours {ours.median_error_percent:.1f} %, EcoLogits {theirs.median_error_percent:.1f} %")
    step = np.abs(left_out.between_tokens_s / of.between_tokens_s - 1)
    print(f"step time against median latency between tokens: {100 * np.nanmedian(step):.1f} %")


if __name__ == "__main__":
    main()
