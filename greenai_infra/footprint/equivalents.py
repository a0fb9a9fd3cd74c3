"""Kilograms of CO2e as everyday quantities: car kilometres, and urban trees grown for ten years."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "equivalents.csv"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A thing that emits (or takes up) `kg_co2e`, and the edition of its source."""

    name: str
    kg_co2e: float
    unit: str
    edition: str
    source: str

    def count(self, emissions_kg: float) -> float:
        """The number of them that equals `emissions_kg`, with its sign. Raises ValueError for a non-finite number."""
        if not isfinite(emissions_kg):
            raise ValueError(f"emissions_kg must be finite, not {emissions_kg}")
        return emissions_kg / self.kg_co2e


@cache
def equivalents() -> dict[str, Equivalent]:
    """Every equivalent by name: `car_km` and `urban_tree`."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["name"]: Equivalent(row["name"], float(row["kg_co2e"]), row["unit"], row["edition"], row["source"])
            for row in csv.DictReader(file)
        }


def car_km(emissions_kg: float) -> float:
    """Kilometres of an average US passenger car with the same emissions."""
    return equivalents()["car_km"].count(emissions_kg)


def urban_trees(emissions_kg: float) -> float:
    """Urban tree seedlings that take up as much in ten years of growth (not in a year)."""
    return equivalents()["urban_tree"].count(emissions_kg)


def edition() -> str:
    """The edition to print beside the figures, such as `EPA calculator, edition 2024`."""
    (edition,) = {row.edition for row in equivalents().values()}
    return f"EPA Greenhouse Gas Equivalencies Calculator, edition {edition}"
