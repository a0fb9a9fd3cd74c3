"""The site of a service, for its emissions: the grid's intensity over time, and PUE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.regions import find_region
from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.elapsed import Pinned, grid_of
from greenai_infra.monitoring.emissions_file import MAX_PUE

if TYPE_CHECKING:
    from greenai_infra.intensity.choice.elapsed import Grid


def site_of(
    intensity: float | str | None, zone: str | None, region: str | None, pue: float | None, now_s: float
) -> tuple[Grid, float, str]:
    """Intensity, PUE, and its source. Raises InputError for unusable values."""
    found = None if region is None else find_region(region)
    zone = zone or (found.zone if found else None)
    if pue is not None:
        if isinstance(pue, bool) or not isinstance(pue, int | float) or not 1 <= pue <= MAX_PUE:
            raise InputError(f"pue must be a number from 1 to {MAX_PUE:g}, not {pue!r}")
        by = "stated"
    elif found is not None:
        pue, by = found.pue, f"{found.key}, {found.pue_year}{', mean of the fleet' if found.pue_is_fleet_mean else ''}"
    else:
        pue, by = 1.0, "no region is stated: a machine outside a data centre"
    if isinstance(intensity, int | float):
        return Pinned(intensity, "stated", zone=zone), float(pue), by
    return grid_of(intensity, zone, now_s, or_state="intensity=G_PER_KWH"), float(pue), by
