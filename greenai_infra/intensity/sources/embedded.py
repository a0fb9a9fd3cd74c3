"""`embedded`: yearly means that come with the package; no key, no network, and never called live."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from greenai_infra.catalog import tables
from greenai_infra.catalog.read import near
from greenai_infra.intensity.model.values import Flag, Intensity, Kind, Provenance, Series, Unavailable, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenai_infra.catalog.tables import YearlyMean

STALE_YEARS = 2  # a mean of a year this far before the year of planning is flagged
LOOK_BACK_YEARS = 10


class EmbeddedYear:
    """The newest yearly mean of each zone: average signal, life cycle basis."""

    name = "embedded"

    def __init__(self, as_of: datetime) -> None:
        self.as_of = as_of

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest yearly mean."""
        return {zone: self._of(zone) for zone in zones}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Returns Unavailable for every zone."""
        return {zone: Unavailable(zone, "a yearly mean has no history") for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The yearly mean, constant over [start, end)."""
        values = self.latest(zones)
        return {
            zone: value if isinstance(value, Unavailable) else constant(value, start, end)
            for zone, value in values.items()
        }

    def _of(self, zone: str) -> Intensity | Unavailable:
        mean = newest(tables.lifecycle, zone, self.as_of)
        if mean is None:
            hint = near(zone, tables.lifecycle_zones()).removeprefix("; ")
            return Unavailable(zone, f"no yearly mean of a year before {self.as_of.year} for zone {zone}", hint)
        return as_intensity(zone, mean, self.as_of)


def embedded_direct(region: str, as_of: datetime) -> Intensity | Unavailable:
    """The newest direct yearly mean that Google states for a GCP region of this name; the answer's zone is the region.

    These figures are by region, not by grid zone, and know no AWS region.
    """
    mean = newest(tables.direct, region, as_of)
    if mean is None:
        return Unavailable(region, f"no direct yearly mean of a year before {as_of.year} for region {region}")
    return as_intensity(region, mean, as_of)


def newest(table: Callable[[str, int | None], YearlyMean | None], key: str, as_of: datetime) -> YearlyMean | None:
    """Returns the newest mean of a year that was over at `as_of`, to keep later data out of past planning."""
    mean = table(key, None)
    if mean is None or mean.year < as_of.year:
        return mean
    years = range(as_of.year - 1, as_of.year - 1 - LOOK_BACK_YEARS, -1)
    return next((found for year in years if (found := table(key, year))), None)


def as_intensity(zone: str, mean: YearlyMean, as_of: datetime) -> Intensity:
    """A yearly mean with its provenance, flagged stale if its year is two or more before that of `as_of`."""
    stale = as_of.year - mean.year >= STALE_YEARS
    detail = f"mean of {mean.year}" + (f"; {mean.note}" if mean.note else "")
    provenance = Provenance(
        source=mean.source,
        signal=mean.signal,
        basis=mean.basis,
        kind=Kind.YEARLY_MEAN,
        observed_at=datetime(mean.year, 1, 1, tzinfo=UTC),
        flags=frozenset([Flag.STALE]) if stale else frozenset(),
        detail=detail,
    )
    return Intensity(zone, mean.g_per_kwh, provenance)
