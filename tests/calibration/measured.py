"""The 881 measured serving runs (ML.ENERGY v1 to v3) as the estimator sees them, and what was measured of each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from greenai_infra.estimates.serving import ServingRow
from greenai_infra.estimates.serving_names import read_architecture

FILE = Path(__file__).with_name("measured.csv")

FAMILIES = (
    ("phoenix", "bloom"), ("rwkv", "rwkv"), ("xgen", "xgen"), ("fastchat-t5", "t5"), ("h2ogpt", "open-llama"),
    ("pythia", "neox"), ("dolly", "neox"), ("redpajama", "neox"), ("stablelm", "neox"), ("codellama", "codellama"),
    ("llama-3", "llama-3"), ("llama-4", "llama-4"), ("qwen3", "qwen-3"), ("gpt-oss", "gpt-oss"),
    ("deepseek", "deepseek"), ("nemotron", "nemotron"),
    ("mixtral", "mistral"), ("mistral", "mistral"), ("gemma", "gemma"), ("phi-3", "phi-3"),
    ("starcoder", "starcoder"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows to estimate, and arrays of the same order: J per output token, seconds a step by throughput and by median
    latency between tokens (NaN where that was not measured), watts of all accelerators, family and source."""

    rows: tuple[ServingRow, ...]
    j_per_output_token: np.ndarray
    step_s: np.ndarray
    between_tokens_s: np.ndarray
    families: np.ndarray
    sources: np.ndarray


def family(model: str) -> str:
    """Which models count as one, as a fit that has seen siblings has seen the model. The rest derive from LLaMA."""
    name = model.split("/")[-1].casefold()
    return next((family for part, family in FAMILIES if part in name), "llama-1-2")


@cache
def measured() -> Measured:
    """Every measured run."""
    with FILE.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    rows = tuple(
        ServingRow(
            model=row["model"],
            parameters=float(row["params_b"]) * 1e9,
            active_parameters=float(row["active_params_b"]) * 1e9,
            architecture=read_architecture(row["architecture"]),
            accelerator=row["gpu"],
            accelerators=int(row["n_gpus"]),
            precision=row["precision"],
            batch=float(row["batch"]),
            input_tokens=None,
            output_tokens=float(row["output_tokens"]),
            engine=row["engine"],
        )
        for row in found
    )

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name] or "nan") for row in found])

    return Measured(
        rows=rows,
        j_per_output_token=column("energy_j_per_output_token"),
        step_s=column("batch") / column("output_tokens_per_s"),
        between_tokens_s=column("median_itl_ms") / 1000.0,
        families=np.array([family(row["model"]) for row in found]),
        sources=np.array([row["source"] for row in found]),
    )
