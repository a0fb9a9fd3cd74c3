"""Measured training figures of chips, from `data/training-measured.csv`: use of the peak, power of the node."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from msgspec import Struct

from greenai_infra.footprint.estimate import Estimate

_FILE = Path(__file__).parent.parent / "data" / "training-measured.csv"
_ANY_CHIP = "*"
MFU_DENSE, MFU_MIXTURE, NODE_POWER = "mfu_dense", "mfu_moe", "node_power_over_chip_power"


class TrainingFigure(Struct, frozen=True):
    """A training quantity of a chip with its band; `is_measured` is False for figures of other chips."""

    accelerator: str
    figure: Estimate
    is_measured: bool
    source: str
    year: int


def training_figure(accelerator: str, quantity: str) -> TrainingFigure:
    """The chip's row, or the default row for other chips."""
    rows = _rows()
    return rows.get((accelerator, quantity)) or rows[_ANY_CHIP, quantity]


@cache
def _rows() -> dict[tuple[str, str], TrainingFigure]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row["accelerator"], row["quantity"]): TrainingFigure(
                row["accelerator"],
                Estimate(float(row["value"]), float(row["low"]), float(row["high"])),
                row["basis"] == "measured",
                row["source"],
                int(row["year"]),
            )
            for row in csv.DictReader(file)
        }
