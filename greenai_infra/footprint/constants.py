"""Model constants with their band and source, from `data/model-constants.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "model-constants.csv"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value, its plausible band, its unit, and where it was taken from."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    year: int


@cache
def constants() -> dict[str, Constant]:
    """Every model constant by name."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["name"]: Constant(
                row["name"],
                float(row["value"]),
                float(row["low"]),
                float(row["high"]),
                row["unit"],
                row["source"],
                int(row["year"]),
            )
            for row in csv.DictReader(file)
        }


def constant(name: str) -> Constant:
    """One model constant; KeyError for a name that the file does not have."""
    return constants()[name]
