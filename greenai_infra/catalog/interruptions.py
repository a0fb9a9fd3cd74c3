"""How often a spot machine is taken back: rates by instance type, measured or derived, with a wide band."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import table

ANY = "*"
_COLUMNS = (
    "provider", "instance_type", "per_hour", "per_hour_low", "per_hour_high", "basis", "year", "source", "evidence",
    "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InterruptionRate:
    """Interruptions per hour of a running machine, with low and high end.

    `instance_type` is the type that the figures belong to, `*` where the requested type is unknown.
    """

    instance_type: str
    per_hour: float
    low: float
    high: float
    basis: str
    source: str
    year: int
    note: str


def interruption_rate(provider: str, instance_type: str) -> InterruptionRate:
    """The rate of a type, else of the first type of its family in the table, else the provider's wide guess."""
    rates = _rates()
    family = instance_type.partition(".")[0] + "."
    kin = [rate for (cloud, kind), rate in rates.items() if cloud == provider and kind.startswith(family)]
    return rates.get((provider, instance_type)) or (kin[0] if kin else rates[provider, ANY])


@cache
def _rates() -> dict[tuple[str, str], InterruptionRate]:
    return {
        (row.text("provider"), row.text("instance_type")): InterruptionRate(
            instance_type=row.text("instance_type"),
            per_hour=row.number("per_hour"),
            low=row.number("per_hour_low"),
            high=row.number("per_hour_high"),
            basis=row.text("basis"),
            source=row.text("source"),
            year=row.integer("year"),
            note=row.text("note"),
        )
        for row in table("spot-interruptions.csv", _COLUMNS)
    }
