"""Layers, width and KV cache of a model with only its parameters known, by rules fitted to published shapes.

Each figure is scale x (active parameters)^a x (total parameters)^b, in billions; scales and exponents are in
`data/model-shapes.csv` (`tests/calibration/fit_shapes.py` made them from `open-models.csv`).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from greenai_infra.footprint.inference import ServedModel

_FILE = Path(__file__).parent.parent / "data" / "model-shapes.csv"
NO_WINDOW = 1e12  # tokens


class _Rule(NamedTuple):
    scale: float
    active_exponent: float
    total_exponent: float

    def of(self, active_b: float, total_b: float) -> float:
        return float(self.scale * active_b**self.active_exponent * total_b**self.total_exponent)


@cache
def _rules() -> dict[tuple[str, str], _Rule]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row["architecture"], row["quantity"]): _Rule(
                float(row["scale"]), float(row["active_exponent"]), float(row["total_exponent"])
            )
            for row in csv.DictReader(file)
        }


def shaped_model(
    parameters: float,
    active_parameters: float,
    architecture: str,
    weight_bytes: float,
    kv_bytes_per_token: float | None = None,
) -> ServedModel:
    """A served model from these figures alone; `architecture` is dense, moe, hybrid, hybrid-moe or rnn."""
    total_b, active_b = parameters / 1e9, active_parameters / 1e9

    def of(quantity: str) -> float:
        return _rules()[architecture, quantity].of(active_b, total_b)

    layers = of("layers")
    kv = of("kv_bytes_per_token") if kv_bytes_per_token is None else kv_bytes_per_token
    sparse = active_parameters < parameters
    return ServedModel(
        parameters=parameters,
        active_parameters=active_parameters,
        matmul_parameters=active_parameters * of("matmul_share"),
        expert_share=min(0.5, of("expert_share")) if sparse else 1.0,
        layers=layers,
        hidden_size=of("hidden_size"),
        vocabulary=of("vocabulary"),
        kv_bytes_per_token=kv,
        kv_bytes_past_window=kv,
        window_tokens=NO_WINDOW,
        state_layers=layers * of("state_layer_share"),
        weight_bytes=weight_bytes,
    )
