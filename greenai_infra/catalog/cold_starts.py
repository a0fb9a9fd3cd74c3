"""Start times of a model server, by size and storage of the weights; and the power of a chip without a model."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from collections.abc import Sequence

STORAGES = ("local", "download", "stream", "compile-cache")
_COLUMNS = (
    "storage", "weights_gb", "seconds", "seconds_low", "seconds_high", "runs", "basis", "source", "year", "note",
)  # fmt: skip


class ColdStart(NamedTuple):
    """Seconds from the start of the server's process to its first answer, on a running machine."""

    seconds: float
    seconds_low: float
    seconds_high: float
    source: str
    note: str


class _Measured(NamedTuple):
    weights_gb: float
    seconds: tuple[float, float, float]
    runs: int
    source: str
    year: int


def cold_start(weights_gb: float, storage: str) -> ColdStart:
    """The start with weights of a size in a storage of STORAGES, interpolated between the two nearest known sizes.

    Below the smallest and above the largest size the nearest is used, and the note says so.
    """
    rows = _rows()[storage]
    low, high = _around(weights_gb, rows)
    share = 0.0 if low is high else (weights_gb - low.weights_gb) / (high.weights_gb - low.weights_gb)
    value, least, most = (a + share * (b - a) for a, b in zip(low.seconds, high.seconds, strict=True))
    used = (low,) if low is high else (low, high)
    source = "; ".join(dict.fromkeys(f"{start.source}, {start.year}" for start in used))
    estimated = [f"{start.weights_gb:g} GB" for start in used if not start.runs]
    notes = [f"the starts at {' and '.join(estimated)} are estimates"] if estimated else []
    if not rows[0].weights_gb <= weights_gb <= rows[-1].weights_gb:
        notes.append(
            f"the start with {weights_gb:.3g} GB of weights is unknown: that with {low.weights_gb:g} GB is used"
        )
    return ColdStart(value, least, most, source, "; ".join(notes))


def no_model_w(accelerator: str) -> float | None:
    """Watts of a chip that is on without a process; None where not listed."""
    rows = table("idle-power.csv", ("accelerator", "no_model_w"))
    return {row.text("accelerator"): row.optional("no_model_w") for row in rows}.get(accelerator)


def _around(weights_gb: float, rows: Sequence[_Measured]) -> tuple[_Measured, _Measured]:
    if weights_gb <= rows[0].weights_gb:
        return rows[0], rows[0]
    for low, high in pairwise(rows):
        if weights_gb < high.weights_gb:
            return low, high
    return rows[-1], rows[-1]


@cache
def _rows() -> dict[str, tuple[_Measured, ...]]:
    by_storage: dict[str, list[_Measured]] = {}
    for row in table("cold-starts.csv", _COLUMNS):
        seconds = (row.number("seconds"), row.number("seconds_low"), row.number("seconds_high"))
        measured = _Measured(
            row.number("weights_gb"), seconds, row.integer("runs"), row.text("source"), row.integer("year")
        )
        by_storage.setdefault(row.text("storage"), []).append(measured)
    return {storage: tuple(sorted(rows, key=lambda start: start.weights_gb)) for storage, rows in by_storage.items()}
