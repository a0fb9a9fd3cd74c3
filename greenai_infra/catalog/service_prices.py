"""List prices of standing services: endpoints, keys, alarms, cache nodes, hosted instances."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.read import DATA, table_from, user_file
from greenai_infra.catalog.write import write_table
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from greenai_infra.catalog.read import Row

EMBEDDED = DATA / "service-prices.csv"

COLUMNS = ("provider", "item", "region", "usd", "unit", "priced_on", "source", "evidence", "note")
EVERYWHERE = "*"
FETCH = "greenai-infra catalog refresh-services"
"""The command that fetches prices of other regions."""
FALLBACK_REGION = "us-east-1"
"""The region whose prices serve as estimates for regions without a price: it has the most known prices."""
FROM_MEMORY = "K"
"""The value of `evidence` for a figure that was not read anywhere: an estimate."""
PROVIDERS_OWN = "P"
"""The value of `evidence` for a figure that the provider publishes."""
LIST_SOURCE = "AWS price list"
"""The beginning of the source of a price from AWS's list."""
SAGEMAKER = {"hosting": "sagemaker-hosting:", "training": "sagemaker-training:"}
"""Use -> prefix of the items of SageMaker's instances; the rest is the instance type."""
Key = tuple[str, str, str]
"""Provider, item, region."""


class ServicePrice(Struct, frozen=True):
    """USD per `unit` of an item, on demand, before free tiers and discounts. `region` is `*` for a global price.

    `priced_on` is None where the source has no date.
    """

    item: str
    region: str
    usd: float
    unit: str
    priced_on: date | None
    source: str
    note: str
    evidence: str = PROVIDERS_OWN


def service_prices() -> Mapping[Key, ServicePrice]:
    """Every known price; fetched prices replace embedded prices. Raises InputError if the user's file is broken."""
    return _prices()


def service_price(
    provider: str, item: str, region: str, known: Mapping[Key, ServicePrice] | None = None
) -> ServicePrice | None:
    """The price of an item in a region, or its price for all regions; None if unknown.

    `known` are the prices to search, for callers with many questions; default all. Raises InputError like
    `service_prices`.
    """
    rows = _prices() if known is None else known
    return rows.get((provider, item, region)) or rows.get((provider, item, EVERYWHERE))


def priced_regions(provider: str, item: str) -> tuple[str, ...]:
    """The regions for which the item's price is known."""
    return tuple(region for owner, name, region in _prices() if (owner, name) == (provider, item))


def sagemaker_listed(use: str) -> Mapping[str, Mapping[str, ServicePrice]]:
    """Region -> `ml.` type -> SageMaker's price for `training` or `hosting`, for regions with a fetched list."""
    return _sagemaker_listed(use, *_user_file())


@cache
def _sagemaker_listed(use: str, own: Path, modified_ns: int) -> Mapping[str, Mapping[str, ServicePrice]]:
    listed: dict[str, dict[str, ServicePrice]] = {}
    for (_, item, region), price in _merged(own, modified_ns).items():
        if item.startswith(SAGEMAKER[use]) and price.source.startswith(LIST_SOURCE):
            listed.setdefault(region, {})[item.removeprefix(SAGEMAKER[use])] = price
    return listed


def user_service_prices() -> Path:
    """The file that `greenai-infra catalog refresh-services` writes; it may be missing."""
    return user_file(EMBEDDED.name)


def keep_service_prices(provider: str, renewed: Iterable[ServicePrice]) -> None:
    """Writes these prices into the user's file, where they replace prices of the same items and regions.

    Raises InputError if the existing file is broken or can't be written.
    """

    path = user_service_prices()
    kept = {
        **(_own(path) if path.is_file() else {}),
        **{(provider, price.item, price.region): price for price in renewed},
    }
    rows = (
        (*key, price.usd, price.unit, price.priced_on, price.source, price.evidence, price.note)
        for key, price in sorted(kept.items())
    )
    write_table(path, COLUMNS, rows)


def _prices() -> dict[Key, ServicePrice]:
    return _merged(*_user_file())


def _user_file() -> tuple[Path, int]:
    own = user_service_prices()
    try:
        return own, own.stat().st_mtime_ns
    except OSError:
        return own, 0


@cache
def _merged(own: Path, modified_ns: int) -> dict[Key, ServicePrice]:
    """`modified_ns`, 0 for none, is part of the key, so that a rewritten file is read again."""
    return {**_load(EMBEDDED), **(_own(own) if modified_ns else {})}


def _own(path: Path) -> dict[Key, ServicePrice]:
    try:
        return _load(path)
    except InputError as error:
        raise InputError(f"{error}; correct or remove the file, and fetch it again with {FETCH}") from None


def _load(path: Path) -> dict[Key, ServicePrice]:
    return {
        (row.text("provider"), row.text("item"), row.text("region")): _price(row) for row in table_from(path, COLUMNS)
    }


def _price(row: Row) -> ServicePrice:
    return ServicePrice(
        item=row.text("item"),
        region=row.text("region"),
        usd=row.number("usd"),
        unit=row.text("unit"),
        priced_on=row.day("priced_on") if row.text("priced_on") else None,
        source=row.text("source"),
        note=row.text("note"),
        evidence=row.text("evidence"),
    )
