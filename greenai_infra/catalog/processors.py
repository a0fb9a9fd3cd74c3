"""Power of server processors by virtual CPU, for machines without accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import table

_COLUMNS = ("processor", "idle_w_per_vcpu", "full_w_per_vcpu", "source", "year", "evidence", "note")


@dataclass(frozen=True, slots=True)
class ProcessorPower:
    """Watts at the server's wall by vCPU, idle and at full load, memory of the measured server included."""

    processor: str
    idle_w_per_vcpu: float
    full_w_per_vcpu: float
    source: str
    year: int
    note: str


@cache
def processors() -> dict[str, ProcessorPower]:
    """Every processor by its name."""
    return {
        row.text("processor"): ProcessorPower(
            processor=row.text("processor"),
            idle_w_per_vcpu=row.number("idle_w_per_vcpu"),
            full_w_per_vcpu=row.number("full_w_per_vcpu"),
            source=row.text("source"),
            year=row.integer("year"),
            note=row.text("note"),
        )
        for row in table("processor-power.csv", _COLUMNS)
    }
