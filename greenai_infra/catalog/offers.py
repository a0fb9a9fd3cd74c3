"""Offers: accelerator instances by region with on-demand and spot prices, each with its date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import DATA, table_from, user_file
from greenai_infra.catalog.tpu import slice_sizes
from greenai_infra.catalog.vertex import attached_counts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from pathlib import Path

    from greenai_infra.catalog.read import Row

MAX_PRICE_AGE_DAYS = 180
EMBEDDED = DATA / "offers.csv"
COLUMNS = (
    "provider", "region", "instance_type", "accelerator", "accelerators", "vcpus", "memory_gib",
    "usd_per_hour_on_demand", "usd_per_hour_spot_min", "usd_per_hour_spot_median", "priced_on",
    "suspect", "per_chip", "minimum_chips", "source", "note",
)  # fmt: skip
ZONE_COLUMNS = ("zone_count", "zones")
"""Columns that catalogues of earlier releases lack."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An instance type in a region. Prices are USD per hour for the whole row, None where not listed.

    `accelerators` is the number of chips in the instance. With `per_chip`, the row is one chip of a slice or one
    attachable accelerator, bought in `minimum_chips` or more. `usd_per_hour_spot` is the median over the zones.
    `priced_on` is the day on or after which the price was read. `suspect` marks an on-demand price that is
    probably of another tariff. `zone_count` is the number of zones of the region in the price list, None if unknown;
    `zones` holds their names where the list has them (AWS by zone ID, because letters differ by account).
    """

    provider: str
    region: str
    instance_type: str
    accelerator: str
    accelerators: int
    vcpus: float | None
    memory_gib: float | None
    usd_per_hour_on_demand: float | None
    usd_per_hour_spot: float | None
    priced_on: date
    source: str
    note: str
    suspect: bool = False
    per_chip: bool = False
    minimum_chips: int = 1
    usd_per_hour_spot_min: float | None = None
    zone_count: int | None = None
    zones: tuple[str, ...] = ()

    @property
    def spot_is_dearer(self) -> bool:
        """Whether the spot price is known to be above the on-demand price."""
        spot, on_demand = self.usd_per_hour_spot, self.usd_per_hour_on_demand
        return spot is not None and on_demand is not None and spot > on_demand


def offers(*, include_suspect: bool = False, path: Path | None = None) -> tuple[Offer, ...]:
    """The offers in `path`, else in the user's refreshed catalogue if it exists, else the embedded offers.

    Rows with a suspect on-demand price are left out unless asked for. Raises InputError if the file is broken.
    """
    chosen = path or _default_path()
    return _known(chosen, chosen.stat().st_mtime_ns if chosen.exists() else 0, include_suspect)


def sold_together(offer: Offer) -> tuple[int, ...]:
    """Numbers of chips that are sold together, for an offer sold by the chip: sizes of slices, or GPUs of a machine."""
    return slice_sizes(offer.accelerator) or attached_counts(offer.instance_type)


def machine_count(offer: Offer, number: int) -> int:
    """The number of machines for that many chips of an offer; a slice counts as one machine."""
    return 1 if offer.per_chip and number in sold_together(offer) else number


def machines_text(offer: Offer, number: int) -> str:
    """That many of an offer: `4 x p5.48xlarge`, `16-chip tpu-v5litepod` for a slice, `1 x n1 + 4 x nvidia-tesla-t4`."""
    if not offer.per_chip or number not in sold_together(offer):
        return f"{number} x {offer.instance_type}"
    host, attached, gpu = offer.instance_type.partition("+")
    return f"1 x {host} + {number} x {gpu}" if attached else f"{number}-chip {host.removesuffix('-1')}"


def user_catalogue() -> Path:
    """The file that `greenai-infra catalog refresh` writes; it may be missing."""
    return user_file(EMBEDDED.name)


def price_age_days(offer: Offer, today: date) -> int:
    """Upper bound on the days since the price was read: `priced_on` is a lower bound."""
    return (today - offer.priced_on).days


def stale_price_warning(offers: Iterable[Offer], now: datetime) -> str | None:
    """A warning naming each provider whose oldest price is over MAX_PRICE_AGE_DAYS old, or None."""
    oldest: dict[str, Offer] = {}
    for offer in offers:
        held = oldest.get(offer.provider)
        if held is None or offer.priced_on < held.priced_on:
            oldest[offer.provider] = offer
    ages = {name: price_age_days(offer, now.date()) for name, offer in oldest.items()}
    stale = [
        f"{name} {oldest[name].priced_on} ({age} days)"
        for name, age in sorted(ages.items())
        if age > MAX_PRICE_AGE_DAYS
    ]
    if not stale:
        return None
    return (
        f"prices are older than {MAX_PRICE_AGE_DAYS} days: {', '.join(stale)}; "
        "renew them with `greenai-infra catalog refresh` (SkyPilot's public catalogue, no account)"
    )


def _default_path() -> Path:
    refreshed = user_catalogue()
    return refreshed if refreshed.is_file() else EMBEDDED


@cache
def _known(path: Path, modified_ns: int, include_suspect: bool) -> tuple[Offer, ...]:
    return tuple(offer for offer in _load(path, modified_ns) if include_suspect or not offer.suspect)


@cache
def _load(path: Path, modified_ns: int) -> tuple[Offer, ...]:
    """`modified_ns` is part of the key, so that a rewritten file is read again."""
    return tuple(_offer(row) for row in table_from(path, COLUMNS))


def _offer(row: Row) -> Offer:
    chips = row.integer("accelerators")
    if chips < 1:
        raise row.error("accelerators", "must be 1 or more")
    if row.integer("minimum_chips") < 1:
        raise row.error("minimum_chips", "must be 1 or more")
    return Offer(
        provider=row.text("provider"),
        region=row.text("region"),
        instance_type=row.text("instance_type"),
        accelerator=row.text("accelerator"),
        accelerators=chips,
        vcpus=row.optional("vcpus"),
        memory_gib=row.optional("memory_gib"),
        usd_per_hour_on_demand=_price(row, "usd_per_hour_on_demand"),
        usd_per_hour_spot=_price(row, "usd_per_hour_spot_median"),
        priced_on=row.day("priced_on"),
        source=row.text("source"),
        note=row.text("note"),
        suspect=row.flag("suspect"),
        per_chip=row.flag("per_chip"),
        minimum_chips=row.integer("minimum_chips"),
        usd_per_hour_spot_min=_price(row, "usd_per_hour_spot_min"),
        zone_count=row.integer("zone_count") if row.has("zone_count") and row.text("zone_count") else None,
        zones=tuple(row.text("zones").split()) if row.has("zones") else (),
    )


def _price(row: Row, column: str) -> float | None:
    value = row.optional(column)
    if value == 0:
        raise row.error(column, "is not a price; leave the cell empty if there is no price")
    return value
