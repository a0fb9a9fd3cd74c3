"""GCP offers from vms.csv: machine plus accelerators, accelerators to attach, TPU slices per chip."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from greenai_infra.catalog.fetchers.skypilot_rows import Line, Naming, low_and_median, namings, positive
from greenai_infra.catalog.offers import Offer
from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

# SkyPilot writes this for a TPU price that Google hides.
_HIDDEN_PRICE = 700.0
# Regional list prices of a chip differ by small steps; a larger step separates them from another tariff below.
_TARIFF_STEP = 1.3
# The smallest machine to which Vertex AI attaches an accelerator.
_ATTACHED_TO = "n1-standard-4"


def gcp_offers(lines: Iterable[Line], priced_on: date, source: str) -> list[Offer]:
    """Every machine that `data/skypilot-gcp-machines.csv` lists, attachable accelerators, and TPUs per chip."""
    hosts: dict[tuple[str, str], dict[str, Line]] = {}
    cards: dict[tuple[str, str], dict[str, list[Line]]] = {}
    for line in lines:
        if line.instance_type:
            hosts.setdefault((line.instance_type, line.region), {})[line.zone] = line
        elif line.count:
            cards.setdefault((line.accelerator, line.region), {}).setdefault(line.zone, []).append(line)
    names = {name for name, _, _ in _machines().values()}
    floors = {name: _tariff_floor(_chip_prices(cards, name)) for name in names}
    found = []
    for (machine, region), zones in hosts.items():
        if machine in _machines():
            name, chip, chips = _machines()[machine]
            offer = _machine_offer(zones, cards.get((name, region), {}), chip, chips, floors[name], priced_on, source)
            if offer:
                found.append(offer)
    return found + _attachable(hosts, cards, priced_on, source) + _tpus(cards, priced_on, source)


@cache
def _machines() -> dict[str, tuple[str, str, int]]:
    """Machine type -> SkyPilot's accelerator name, the catalog's, chips in the machine."""
    columns = ("machine", "skypilot_name", "accelerator", "chips")
    return {
        row.text("machine"): (row.text("skypilot_name"), row.text("accelerator"), row.integer("chips"))
        for row in table("skypilot-gcp-machines.csv", columns)
    }


def _machine_offer(
    hosts: Mapping[str, Line],
    cards: Mapping[str, list[Line]],
    chip: str,
    chips: int,
    floor: float,
    priced_on: date,
    source: str,
) -> Offer | None:
    """Host row + accelerator row of each zone with both; None if no zone has both."""
    pairs = [(host, _card(cards[zone], chips)) for zone, host in sorted(hosts.items()) if zone in cards]
    if not pairs:
        return None
    host, card = pairs[0]
    scale = chips / card.count
    part = positive(card.on_demand)
    on_demand = None if part is None or host.on_demand is None else round(host.on_demand + part * scale, 6)
    spots = [
        round(host.spot + card.spot * chips / card.count, 6)
        for host, card in pairs
        if card.spot and host.spot is not None
    ]
    spot_min, spot_median = low_and_median(spots)
    notes = []
    suspect = part is not None and part / card.count < floor
    if suspect and part is not None:
        notes.append(
            f"SUSPECT on-demand: accelerator part {part / card.count:.3f} per chip is far below other regions "
            f"(>= {floor:.3f}); probably another tariff"
        )
    if part is not None and host.on_demand is not None:
        notes.append(f"on-demand = host {host.on_demand:g} + {chips} x {chip} {part * scale:g}")
    if card.count != chips:
        notes.append(f"accelerator part is the {card.count}-chip row x {chips}/{card.count}")
    if host.on_demand == 0:
        notes.append("host row is 0.0 in the source: the accelerator part only, may be understated")
    notes.append(f"{len(pairs)} zones")
    return Offer(
        provider="gcp",
        region=host.region,
        instance_type=host.instance_type,
        accelerator=chip,
        accelerators=chips,
        vcpus=host.vcpus,
        memory_gib=host.memory_gib,
        usd_per_hour_on_demand=on_demand,
        usd_per_hour_spot=spot_median,
        usd_per_hour_spot_min=spot_min,
        priced_on=priced_on,
        source=source,
        note="; ".join(notes),
        suspect=suspect,
        zone_count=len(pairs),
        zones=tuple(sorted(host.zone for host, _ in pairs)),
    )


def _card(rows: list[Line], chips: int) -> Line:
    """The row with the machine's number of accelerators, else the largest row, to be scaled."""
    return next((row for row in rows if row.count == chips), max(rows, key=lambda row: row.count))


def _attachable(
    hosts: Mapping[tuple[str, str], Mapping[str, Line]],
    cards: Mapping[tuple[str, str], Mapping[str, list[Line]]],
    priced_on: date,
    source: str,
) -> list[Offer]:
    """T4 and V100, each with a separate n1 machine. Without the machine's price the offer has no price."""
    found = []
    for (name, region), zones in cards.items():
        naming = next((n for n in _gcp_namings() if n.skypilot_name == name and n.instance_prefix), None)
        singles = [row for rows in zones.values() for row in rows if row.count == 1]
        if naming and singles:
            machines = hosts.get((_ATTACHED_TO, region), {})
            whole = [_with_host(row, machines.get(row.zone)) for row in singles]
            note = f"price = {_ATTACHED_TO} + 1 x {naming.accelerator}; {len(singles)} zones"
            found.append(_per_chip(whole, naming, naming.instance_prefix, region, 1, priced_on, source, note))
    return found


def _with_host(card: Line, host: Line | None) -> Line:
    """A card with its machine in the zone; a price that is unknown for either is unknown for both."""
    parts = [(card.on_demand, host and host.on_demand), (card.spot, host and host.spot)]
    on_demand, spot = (round(one + other, 6) if one and other else None for one, other in parts)
    return replace(card, on_demand=on_demand, spot=spot)


def _tpus(cards: Mapping[tuple[str, str], Mapping[str, list[Line]]], priced_on: date, source: str) -> list[Offer]:
    """Each TPU generation of a region per chip, from its smallest slice. Names count cores or chips: see the table."""
    smallest: dict[tuple[Naming, str], tuple[int, str]] = {}
    for name, region in cards:
        naming = next((n for n in _gcp_namings() if not n.instance_prefix and name.startswith(n.skypilot_name)), None)
        size = name.removeprefix(naming.skypilot_name) if naming else ""
        if naming and size.isdecimal() and int(size) >= naming.cores_per_chip:
            chips = int(size) // naming.cores_per_chip
            smallest[naming, region] = min(smallest.get((naming, region), (chips, name)), (chips, name))
    found = []
    for (naming, region), (chips, name) in smallest.items():
        rows = [row for rows in cards[name, region].values() for row in rows]
        instance_type = name if chips == 1 else naming.skypilot_name.rstrip("-")
        note = f"per chip; {name} row / {chips} chips"
        found.append(_per_chip(rows, naming, instance_type, region, chips, priced_on, source, note))
    return found


def _per_chip(
    rows: list[Line],
    naming: Naming,
    instance_type: str,
    region: str,
    chips: int,
    priced_on: date,
    source: str,
    note: str,
) -> Offer:
    listed = [price for row in rows if (price := _shown(row.on_demand)) is not None]
    by_zone = {row.zone: price for row in rows if (price := _shown(row.spot)) is not None}
    spot_min, spot_median = low_and_median([price / chips for price in by_zone.values()])
    if any(row.on_demand == _HIDDEN_PRICE or row.spot == _HIDDEN_PRICE for row in rows):
        note += f"; price {_HIDDEN_PRICE} in the source is a placeholder for a hidden price, left empty"
    return Offer(
        provider="gcp",
        region=region,
        instance_type=instance_type,
        accelerator=naming.accelerator,
        accelerators=1,
        vcpus=None,
        memory_gib=None,
        usd_per_hour_on_demand=round(max(listed) / chips, 6) if listed else None,
        usd_per_hour_spot=spot_median,
        usd_per_hour_spot_min=spot_min,
        priced_on=priced_on,
        source=source,
        note=note,
        per_chip=True,
        minimum_chips=naming.minimum_chips,
        zone_count=len({row.zone for row in rows}),
        zones=tuple(sorted({row.zone for row in rows})),
    )


def _shown(price: float | None) -> float | None:
    return None if price == _HIDDEN_PRICE else positive(price)


def _gcp_namings() -> list[Naming]:
    return [naming for naming in namings() if naming.provider == "gcp"]


def _chip_prices(cards: Mapping[tuple[str, str], Mapping[str, list[Line]]], name: str) -> list[float]:
    return sorted(
        row.on_demand / row.count
        for (card, _), zones in cards.items()
        if card == name
        for rows in zones.values()
        for row in rows
        if row.on_demand
    )


def _tariff_floor(prices: list[float]) -> float:
    """The price per chip above the widest step, if it exceeds _TARIFF_STEP: prices below are another tariff."""
    steps = [(upper / lower, upper) for lower, upper in pairwise(prices)]
    step, floor = max(steps, default=(1.0, 0.0))
    return floor if step > _TARIFF_STEP else 0.0
