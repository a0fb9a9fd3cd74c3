"""Renews the user's catalogue of offers: compares, refuses what looks broken, writes in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.catalog.offers import COLUMNS, ZONE_COLUMNS, Offer
from greenai_infra.catalog.write import write_table
from greenai_infra.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# A renewed list that lacks more than this share of the previous offers is considered broken.
_MAX_LOST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Move:
    """An on-demand price that changed, in USD an hour."""

    offer: str
    before: float
    after: float

    @property
    def ratio(self) -> float:
        """New price over old."""
        return self.after / self.before


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a renewal for a provider. `moves` are sorted by size, the largest first."""

    rows_before: int
    rows_after: int
    lost_rows: int
    new_types: tuple[str, ...]
    lost_types: tuple[str, ...]
    new_regions: tuple[str, ...]
    lost_regions: tuple[str, ...]
    moves: tuple[Move, ...]


def compare(before: Iterable[Offer], after: Sequence[Offer]) -> Changes:
    """Differences between two lists of offers of the same provider."""
    old, new = {_key(offer): offer for offer in before}, {_key(offer): offer for offer in after}
    moves = [
        Move(f"{offer.instance_type} {offer.region}", was, now)
        for key, offer in new.items()
        if key in old
        and (was := old[key].usd_per_hour_on_demand) is not None
        and (now := offer.usd_per_hour_on_demand) is not None
        and abs(now / was - 1) > 1e-6
    ]
    old_types, new_types = ({offer.instance_type for offer in side.values()} for side in (old, new))
    old_regions, new_regions = ({offer.region for offer in side.values()} for side in (old, new))
    return Changes(
        rows_before=len(old),
        rows_after=len(new),
        lost_rows=len(old.keys() - new.keys()),
        new_types=tuple(sorted(new_types - old_types)),
        lost_types=tuple(sorted(old_types - new_types)),
        new_regions=tuple(sorted(new_regions - old_regions)),
        lost_regions=tuple(sorted(old_regions - new_regions)),
        moves=tuple(sorted(moves, key=lambda move: max(move.ratio, 1 / move.ratio), reverse=True)),
    )


def check(changes: Changes, *, allow_shrink: bool = False) -> None:
    """Raises Refused if the new list lacks more than half of what the old one offered."""
    if not allow_shrink and changes.lost_rows > _MAX_LOST_SHARE * changes.rows_before:
        raise Refused(
            f"the new file lacks {changes.lost_rows} of {changes.rows_before} offers; it may be cut off or of another "
            "kind. The catalogue is unchanged; to accept the file, use --allow-shrink"
        )


def write_catalogue(offers: Iterable[Offer], path: Path) -> None:
    """Writes offers as CSV, whole or not at all. Raises InputError if the folder can't be written."""
    write_table(path, (*COLUMNS, *ZONE_COLUMNS), map(_cells, offers))


def _key(offer: Offer) -> tuple[str, str, str]:
    return offer.region, offer.instance_type, offer.accelerator


def _cells(offer: Offer) -> list[object]:
    return [
        offer.provider,
        offer.region,
        offer.instance_type,
        offer.accelerator,
        offer.accelerators,
        offer.vcpus,
        offer.memory_gib,
        offer.usd_per_hour_on_demand,
        offer.usd_per_hour_spot_min,
        offer.usd_per_hour_spot,
        offer.priced_on,
        str(offer.suspect).lower(),
        str(offer.per_chip).lower(),
        offer.minimum_chips,
        offer.source,
        offer.note,
        offer.zone_count,
        " ".join(offer.zones),
    ]
