"""Accelerator chips: power, speed, memory and embodied emissions, all per chip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import near, table
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.catalog.read import Row

PRECISIONS = ("fp32", "bf16", "fp16", "fp8", "int8")
_COLUMNS = (
    "name", "vendor", "family", "uses", "tdp_w", "power_w", "power_w_low", "power_w_high", "power_source",
    *(f"tflops_{precision}" for precision in PRECISIONS), "memory_gb", "bandwidth_gb_per_s",
    "embodied_kg", "embodied_kg_low", "embodied_kg_high", "embodied_boundary", "embodied_year", "embodied_source",
    "embodied_class", "source", "year", "evidence", "note",
)  # fmt: skip
_CLASS_COLUMNS = (
    "class", "kg_per_gb", "kg_per_gb_low", "kg_per_gb_high", "boundary", "year", "source", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Embodied:
    """Emissions of making hardware, in kgCO2e: a value within its low and high published or estimated figures.

    `boundary` says what is counted (a chip's board, its share of a baseboard, with the host's share). Figures with
    different boundaries must not be compared directly.
    """

    kg: float
    low: float
    high: float
    boundary: str
    year: int
    source: str

    @property
    def is_estimate(self) -> bool:
        """Whether the figure is an estimate from other hardware, because it is not published."""
        return "(estimate)" in self.boundary

    @property
    def holds_host(self) -> bool:
        """Whether the figure of a chip includes its share of the server."""
        return self.boundary.startswith("with host share")


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A chip.

    `tdp_w` is None where the vendor does not publish it; `power_w` with its low and high is then an estimate, derived
    as `power_source` says. Where TDP is published all three equal it, unless the note gives a different limit.
    `embodied` is the published figure, or else an estimate by the chip's class and memory. `tflops` holds dense peak
    TFLOPS (TOPS for int8) for exactly the precisions that the chip supports. `evidence`: R read in a repository, P read
    on a public page, S quoted by another, K known and not re-read.
    """

    name: str
    vendor: str
    family: str
    uses: frozenset[str]
    tdp_w: float | None
    power_w: float
    power_w_low: float
    power_w_high: float
    power_source: str
    tflops: Mapping[str, float]
    memory_gb: float
    bandwidth_gb_per_s: float
    embodied: Embodied
    source: str
    year: int
    evidence: str
    note: str


@cache
def accelerators() -> tuple[Accelerator, ...]:
    """Every chip of the catalog."""
    return tuple(_accelerator(row) for row in table("accelerators.csv", _COLUMNS))


def find_accelerator(name: str) -> Accelerator:
    """The chip of that name; case does not matter. Raises InputError for an unknown or ambiguous name."""
    wanted = name.strip().casefold()
    known = accelerators()
    for chip in known:
        if chip.name.casefold() == wanted:
            return chip
    variants = [chip.name for chip in known if chip.name.casefold().startswith(f"{wanted}-")] if wanted else []
    if variants:
        raise InputError(f"'{name}' is ambiguous; write {' or '.join(variants)}")
    hint = near(name, [chip.name for chip in known])
    raise InputError(f"'{name}' is not an accelerator in the catalog{hint} (`greenai-infra catalog accelerators`)")


def _accelerator(row: Row) -> Accelerator:
    speeds = {precision: row.optional(f"tflops_{precision}") for precision in PRECISIONS}
    return Accelerator(
        name=row.text("name"),
        vendor=row.text("vendor"),
        family=row.text("family"),
        uses=frozenset(row.text("uses").split()),
        tdp_w=row.optional("tdp_w"),
        power_w=row.number("power_w"),
        power_w_low=row.number("power_w_low"),
        power_w_high=row.number("power_w_high"),
        power_source=row.text("power_source"),
        tflops={precision: speed for precision, speed in speeds.items() if speed is not None},
        memory_gb=row.number("memory_gb"),
        bandwidth_gb_per_s=row.number("bandwidth_gb_per_s"),
        embodied=_embodied(row),
        source=row.text("source"),
        year=row.integer("year"),
        evidence=row.text("evidence"),
        note=row.text("note"),
    )


def _embodied(row: Row) -> Embodied:
    if not row.text("embodied_kg"):
        return _embodied_by_class(row.text("embodied_class"), row.number("memory_gb"))
    return Embodied(
        kg=row.number("embodied_kg"),
        low=row.number("embodied_kg_low"),
        high=row.number("embodied_kg_high"),
        boundary=row.text("embodied_boundary"),
        year=row.integer("embodied_year"),
        source=row.text("embodied_source"),
    )


def _embodied_by_class(name: str, memory_gb: float) -> Embodied:
    """Embodied emissions per GB of memory of the class's chips with a figure, times this chip's memory."""
    row = _classes()[name]
    return Embodied(
        kg=row.number("kg_per_gb") * memory_gb,
        low=row.number("kg_per_gb_low") * memory_gb,
        high=row.number("kg_per_gb_high") * memory_gb,
        boundary=row.text("boundary"),
        year=row.integer("year"),
        source=f"{name}, {row.text('kg_per_gb')} kg a GB: {row.text('source')}",
    )


@cache
def _classes() -> dict[str, Row]:
    return {row.text("class"): row for row in table("embodied-classes.csv", _CLASS_COLUMNS)}
