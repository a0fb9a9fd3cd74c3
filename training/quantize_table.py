"""What quantising found, as text of 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from greenai_infra.numbers import significant
from greenai_infra.reporting.tables import plain_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.measure import Speed
    from training.quantize import Quantized

WIDTH = 80


def table(result: Quantized) -> list[str]:
    """Size and accuracy, latency and energy by batch size, the picks with their reasons, and what is not available."""
    return [*_quality(result), *_speeds(result), *_picks(result), *_not_available(result)]


def _quality(result: Quantized) -> list[str]:
    rows = []
    for one in result.candidates:
        if one.accuracy is not None and one.accuracy_drop is not None and one.size_bytes is not None:
            share, drop = one.accuracy, one.accuracy_drop
            accuracy = f"{100 * share.value:.1f} ({100 * share.low:.1f} to {100 * share.high:.1f})"
            lost = "" if one is result.candidates[0] else f"{100 * drop.value:.2f} ({100 * drop.high:.2f})"
            rows.append([one.name, f"{one.size_bytes / 1000:,.0f}", accuracy, lost])
    title = f"{result.test_examples} test examples, calibrated with {result.calibration_examples} of the training data"
    return [title, *plain_lines(["", "kB", "accuracy %", "points lost (at most)"], rows, (1, 2, 3), WIDTH)]


def _speeds(result: Quantized) -> list[str]:
    picked = {(one.candidate, one.batch_size) for one in result.picks}

    def lines(title: str, text: Callable[[Speed], str]) -> list[str]:
        rows = [
            [name, *(text(speed) + ("*" if (name, size) in picked else " ") for size, speed in by_size.items())]
            for name, by_size in result.measured.speeds.items()
        ]
        headers = ["", *(f"batch {one.batch_size} " for one in result.picks)]
        return ["", title, *plain_lines(headers, rows, range(1, len(headers)), WIDTH)]

    found = lines("Latency of a batch, ms: median (* picked)", lambda speed: significant(speed.latency_ms_median))
    how = ", ".join(f"{part} {how}" for part, (how, _) in result.measured.energy.items())
    if not how:
        return [*found, *result.measured.notes]
    return [
        *found,
        *lines(
            f"Energy of one inference, mJ, of the whole machine ({how})",
            lambda speed: (
                "?" if speed.energy_j_per_inference is None else significant(1000 * speed.energy_j_per_inference)
            ),
        ),
    ]


def _picks(result: Quantized) -> list[str]:
    lines = ["", f"Picked by {result.picks[0].decided_by}:"]
    for one in result.picks:
        lines += _folded(f"batch {one.batch_size}: {one.candidate}: {one.reason}")
    return lines


def _not_available(result: Quantized) -> list[str]:
    found = [f"{one.name}: {one.unavailable}" for one in result.candidates if one.unavailable]
    return ["", "Not available here:", *(line for one in found for line in _folded(one))] if found else []


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
