"""Rows of SkyPilot's `vms.csv`, and the catalog's names for its names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.read import Row

REQUIRED = (
    "InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "Price", "SpotPrice", "Region",
    "AvailabilityZone",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row of vms.csv. Prices are USD per hour; None for an empty cell, 0.0 where the file says zero."""

    instance_type: str
    accelerator: str
    count: int
    vcpus: float | None
    memory_gib: float | None
    on_demand: float | None
    spot: float | None
    region: str
    zone: str


@dataclass(frozen=True, slots=True)
class Naming:
    """The catalog's name for SkyPilot's name of a chip (with an instance type's prefix, or a TPU's name prefix)."""

    provider: str
    skypilot_name: str
    instance_prefix: str
    accelerator: str
    cores_per_chip: int
    minimum_chips: int


def line_of(row: Row) -> Line:
    """A row; the count of accelerators is 0 where it is not a whole number."""
    count = row.optional("AcceleratorCount")
    return Line(
        instance_type=row.text("InstanceType"),
        accelerator=row.text("AcceleratorName"),
        count=int(count) if count and count == int(count) else 0,
        vcpus=row.optional("vCPUs"),
        memory_gib=row.optional("MemoryGiB"),
        on_demand=row.optional("Price"),
        spot=row.optional("SpotPrice"),
        region=row.text("Region"),
        zone=row.text("AvailabilityZone"),
    )


@cache
def namings() -> tuple[Naming, ...]:
    """The table of names, `data/skypilot-accelerators.csv`."""
    columns = ("provider", "skypilot_name", "instance_prefix", "accelerator", "cores_per_chip", "minimum_chips")
    return tuple(
        Naming(
            row.text("provider"),
            row.text("skypilot_name"),
            row.text("instance_prefix"),
            row.text("accelerator"),
            row.integer("cores_per_chip"),
            row.integer("minimum_chips"),
        )
        for row in table("skypilot-accelerators.csv", columns)
    )


def positive(price: float | None) -> float | None:
    """The price, or None for a zero, which the files use for an unknown price."""
    return price or None


def low_and_median(prices: Sequence[float]) -> tuple[float | None, float | None]:
    """Least and median of the zones' spot prices; None if no zone has a spot price."""
    return (round(min(prices), 6), round(median(prices), 6)) if prices else (None, None)
