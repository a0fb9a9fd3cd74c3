"""The effect of fewer bits per weight on memory, time and energy, by precision and batch; never a flat percentage.

The figures come from the serving estimate, against 16 bits with the same batch. Next to them are ratios that others
have measured (`data/quantisation-measured.csv`). They depend on the kernels: fewer bits may cost energy.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.read import table
from greenai_infra.errors import InputError
from greenai_infra.estimates.request import estimate_inference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenai_infra.estimates.request import RequestEstimate

BASELINE = "bf16"
PRECISIONS = (BASELINE, "fp8", "int8", "int4")
BATCHES = (1.0, 8.0, 64.0, 256.0)
FULL, SEVERAL = "full", "several"
KERNELS = (
    "8-bit kernels of mixtures of experts differ: those of DeepSeek-V3.1 and Llama 4 are in the fit, those of "
    "Qwen3-235B were measured to cost 54 to 61 % more energy than bf16 at batch 8, which the estimate does not show"
)
_COLUMNS = ("accelerator", "precision", "method", "batch", "throughput_ratio", "energy_ratio", "engine", "source")


@dataclass(frozen=True, slots=True)
class PrecisionRow:
    """A precision at a batch. Ratios are to 16 bits at that batch: of J per output token, and of tokens per second and
    accelerator."""

    precision: str
    batch: float
    accelerators: int
    memory_gb: float
    gpu_j_per_output_token: float
    gpu_j_per_output_token_low: float
    gpu_j_per_output_token_high: float
    step_time_ms: float
    energy_ratio: float
    throughput_ratio: float


@dataclass(frozen=True, slots=True)
class MeasuredRatios:
    """Ratios to 16 bits that others measured for a method, kernels and batch: least, median and most of `runs`.

    `batch` is a number of requests, or `full`. A ratio is None where it was not measured.
    """

    precision: str
    method: str
    engine: str
    batch: str
    accelerators: tuple[str, ...]
    runs: int
    throughput_ratio: tuple[float, float, float] | None
    energy_ratio: tuple[float, float, float] | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrecisionTable:
    """Precisions by batch, and measured ratios: of this accelerator if available, else of others."""

    model: str
    accelerator: str
    rows: tuple[PrecisionRow, ...]
    measured: tuple[MeasuredRatios, ...]
    measured_here: bool
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The table as plain values."""
        return asdict(self)


def compare_precisions(*, batch: float | None = None, **stated: Any) -> PrecisionTable:
    """The set-up of `estimate_inference` in each precision, at `batch` or at each batch of BATCHES.

    Without a count each precision takes the fewest accelerators that hold it. Raises InputError like
    `estimate_inference`.
    """
    if stated.pop("precision", None) is not None:
        raise InputError("the comparison covers all precisions: leave out --precision")
    rows, first = [], None
    for size in BATCHES if batch is None else (batch,):
        base = estimate_inference(precision=BASELINE, batch=size, **stated)
        first = first or base
        for precision in PRECISIONS:
            of = base if precision == BASELINE else estimate_inference(precision=precision, batch=size, **stated)
            rows.append(_row(of, base))
    assert first is not None
    here = [row for row in _measured() if first.accelerator == row["accelerator"]]
    several = [row for row in _measured() if row["accelerator"] == SEVERAL]
    return PrecisionTable(
        model=first.model,
        accelerator=first.accelerator,
        rows=tuple(sorted(rows, key=lambda row: (row.batch, PRECISIONS.index(row.precision)))),
        measured=tuple(_grouped([*here, *several] if here else _measured())),
        measured_here=bool(here),
        notes=tuple(_notes(first)),
    )


def _notes(first: RequestEstimate) -> Iterator[str]:
    for note in first.notes:
        if note.startswith("accelerators not given"):
            yield "accelerators not given: in each row the fewest that hold the model"
        else:
            yield note
    if first.is_mixture:
        yield KERNELS


def _row(of: RequestEstimate, base: RequestEstimate) -> PrecisionRow:
    here, there = (estimate.requests_per_second / estimate.accelerators for estimate in (of, base))
    return PrecisionRow(
        precision=of.precision,
        batch=of.batch,
        accelerators=of.accelerators,
        memory_gb=of.memory_gb,
        gpu_j_per_output_token=of.gpu_j_per_output_token,
        gpu_j_per_output_token_low=of.gpu_j_per_output_token_low,
        gpu_j_per_output_token_high=of.gpu_j_per_output_token_high,
        step_time_ms=of.step_time_ms,
        energy_ratio=of.gpu_j_per_output_token / base.gpu_j_per_output_token,
        throughput_ratio=here / there,
    )


@cache
def _measured() -> tuple[dict[str, str], ...]:
    return tuple({name: row.text(name) for name in _COLUMNS} for row in table("quantisation-measured.csv", _COLUMNS))


def _grouped(rows: Sequence[dict[str, str]]) -> list[MeasuredRatios]:
    groups: dict[tuple[str, str, str, str], list[dict[str, str]]] = {}
    for row in rows:
        engine = row["engine"].split("+")[0].strip()
        groups.setdefault((row["precision"], row["method"], engine, row["batch"]), []).append(row)
    return [
        MeasuredRatios(
            precision=precision,
            method=method,
            engine=engine,
            batch=batch,
            accelerators=tuple(sorted({row["accelerator"] for row in group})),
            runs=len(group),
            throughput_ratio=_span(group, "throughput_ratio"),
            energy_ratio=_span(group, "energy_ratio"),
            sources=tuple(sorted({row["source"] for row in group})),
        )
        for (precision, method, engine, batch), group in sorted(
            groups.items(), key=lambda item: (PRECISIONS.index(item[0][0]), *item[0][1:3], _order(item[0][3]))
        )
    ]


def _order(batch: str) -> float:
    return float("inf") if batch == FULL else float(batch)


def _span(group: Sequence[dict[str, str]], column: str) -> tuple[float, float, float] | None:
    values = sorted(float(row[column]) for row in group if row[column])
    return (values[0], values[len(values) // 2], values[-1]) if values else None
