"""Make `data/model-shapes.csv` from the open models' published shapes: python -m tests.calibration.fit_shapes

Least squares of log(quantity) on log(active) and log(total parameters), over models of 2024 and later (older ones cache
every head). Quantities that hardly follow the size are medians, with both exponents 0. The share of experts follows
active over total.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.catalog.models import models

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.catalog.models import OpenModel

FILE = Path(__file__).parents[2] / "greenai_infra" / "data" / "model-shapes.csv"
SIZED: dict[str, Callable[[OpenModel], float]] = {
    "layers": lambda one: one.layers,
    "hidden_size": lambda one: one.hidden_size,
    "kv_bytes_per_token": lambda one: one.kv_bytes_per_token,
}
MEDIANS: dict[str, Callable[[OpenModel], float]] = {
    "vocabulary": lambda one: one.vocabulary,
    "matmul_share": lambda one: one.matmul_parameters / one.active_parameters,
    "state_layer_share": lambda one: one.state_layers / one.layers,
}
COLUMNS = (
    "architecture", "quantity", "scale", "active_exponent", "total_exponent", "models", "median_error_percent", "source"
)  # fmt: skip


def rule(
    group: list[OpenModel], quantity: Callable[[OpenModel], float], *, sized: bool
) -> tuple[float, float, float, float]:
    """Scale, exponents of active and total parameters (in billions), and the median error of the rule in percent."""
    values = np.array([quantity(one) for one in group], dtype=float)
    if not sized:
        scale = float(np.median(values))
        return scale, 0.0, 0.0, float(np.median(np.abs(values / scale - 1)) * 100) if scale else 0.0
    active, total = (np.log([getattr(one, key) / 1e9 for one in group]) for key in ("active_parameters", "parameters"))
    sparse = bool(np.any(active < total - 0.01))
    columns = [np.ones(len(group)), active] if sparse else [np.ones(len(group)), total]
    found, *_ = np.linalg.lstsq(np.column_stack(columns), np.log(values), rcond=None)
    error = float(np.median(np.abs(np.exp(np.column_stack(columns) @ found) / values - 1)) * 100)
    exponents = (float(found[1]), 0.0) if sparse else (0.0, float(found[1]))
    return float(np.exp(found[0])), *exponents, error


def main() -> None:
    rows = []
    for architecture in ("dense", "moe", "hybrid", "hybrid-moe"):
        group = [one for one in models() if one.architecture == architecture and one.year >= 2024]
        quantities = {name: (of, True) for name, of in SIZED.items()} | {
            name: (of, False) for name, of in MEDIANS.items()
        }
        for name, (of, sized) in quantities.items():
            scale, active, total, error = rule(group, of, sized=sized)
            rows.append(
                (
                    architecture,
                    name,
                    f"{scale:.5g}",
                    f"{active:.3f}",
                    f"{total:.3f}",
                    len(group),
                    f"{error:.0f}",
                    "open-models.csv",
                )
            )
        if architecture.endswith("moe"):
            ratio = np.array([one.expert_share * one.parameters / one.active_parameters for one in group])
            error = float(np.median(np.abs(ratio / np.median(ratio) - 1)) * 100)
            rows.append(
                (
                    architecture,
                    "expert_share",
                    f"{np.median(ratio):.5g}",
                    "1.000",
                    "-1.000",
                    len(group),
                    f"{error:.0f}",
                    "open-models.csv",
                )
            )
    rows += [
        ("rnn", *row[1:5], 0, row[6], "as dense; no KV cache")
        for row in rows
        if row[0] == "dense" and row[1] != "kv_bytes_per_token"
    ]
    rows = [
        row
        if row[:2] != ("rnn", "state_layer_share")
        else ("rnn", "state_layer_share", "1", "0.000", "0.000", 0, "0", "every layer is recurrent")
        for row in rows
    ]
    rows.append(("rnn", "kv_bytes_per_token", "0", "0.000", "0.000", 0, "0", "no KV cache"))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
