"""Model constants with their band and source, from `data/model-constants.csv` and `data/serving-fit.csv`."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from msgspec import Struct

_DATA = Path(__file__).parent.parent / "data"


class Constant(Struct, frozen=True):
    """A value, its plausible band, its unit and its source."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    year: int


def _read(name: str) -> dict[str, Constant]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
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


@cache
def constants() -> dict[str, Constant]:
    """Every model constant by name."""
    return _read("model-constants.csv")


@cache
def serving_fit() -> dict[str, Constant]:
    """Every coefficient of the serving estimate by name; low and high span the fits that leave out one family."""
    return _read("serving-fit.csv")


@cache
def fitted() -> dict[str, float]:
    """The coefficients of the serving estimate as plain numbers."""
    return {name: constant.value for name, constant in serving_fit().items()}


def constant(name: str) -> Constant:
    """A model constant. Raises KeyError for an unknown name."""
    return constants()[name]
