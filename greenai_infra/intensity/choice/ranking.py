"""Ranking regions by what a kWh of computing emits there: grid intensity times PUE. Pure calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.catalog.regions import Region
    from greenai_infra.intensity.model.values import Intensity, Provenance


class Ranked(Struct, frozen=True):
    """A region with the intensity of its grid; `effective_g_per_kwh` is g CO2eq per kWh that reaches a computer."""

    region: Region
    intensity: Intensity
    effective_g_per_kwh: float


def rank(pairs: Iterable[tuple[Region, Intensity]], *, allow_mixed: bool = False) -> list[Ranked]:
    """Regions by intensity x PUE, least first; ties by provider and name; doubtful values stand last.

    Raises Refused if the values differ in signal or basis, unless `allow_mixed`: mixing swaps the order of regions.
    """
    ranked = [Ranked(region, intensity, intensity.g_per_kwh * region.pue) for region, intensity in pairs]
    if not allow_mixed:
        refuse_mix(one.intensity.provenance for one in ranked)
    return sorted(ranked, key=_order)


def _order(one: Ranked) -> tuple[bool, float, str, str]:
    doubtful = one.intensity.provenance.doubtful
    return (doubtful, one.effective_g_per_kwh, one.region.provider, one.region.name)


def meanings(provenances: Iterable[Provenance]) -> list[str]:
    """The distinct pairs of signal and basis, as in `average lifecycle`, sorted."""
    return sorted({f"{one.signal} {one.basis}" for one in provenances})


def refuse_mix(provenances: Iterable[Provenance]) -> None:
    """Raise Refused, naming them, if values of unlike signal or basis come together."""
    found = meanings(provenances)
    if len(found) > 1:
        raise Refused(
            f"{' and '.join(found)} intensities can't be ranked together: their order would mean nothing; "
            "choose one --source or --basis, or give --allow-mixed"
        )
