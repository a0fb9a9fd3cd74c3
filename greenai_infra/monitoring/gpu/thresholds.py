"""The thresholds of the causes, as `gpu-waste.csv` has them with their sources."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.accelerators import accelerators
from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator

_COLUMNS = ("name", "value", "unit", "source", "year", "evidence", "note")


@cache
def threshold(name: str) -> float:
    """One threshold, in the unit that the table states."""
    return _values()[name]


@cache
def _values() -> dict[str, float]:
    return {row.text("name"): row.number("value") for row in table("gpu-waste.csv", _COLUMNS)}


@cache
def chip_of(name: str) -> Accelerator | None:
    """The catalog's chip by a driver's name of a card: `NVIDIA A100-SXM4-80GB` is A100-80GB. None if it has none."""
    words = _words(name)
    found = [chip for chip in accelerators() if _words(chip.name) <= words]
    return max(found, key=lambda chip: len(_words(chip.name)), default=None)


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.casefold())) - {""}
