"""The cloud's regions ranked by the newest intensity of their grids and by PUE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from greenai_infra.catalog.regions import regions as all_regions
from greenai_infra.clock import format_time, hours_between, now, parse_time
from greenai_infra.errors import DataUnavailable, InputError
from greenai_infra.intensity.choice.choose import EMBEDDED, open_source
from greenai_infra.intensity.choice.fallback import AUTO, has_contract
from greenai_infra.intensity.choice.liveness import refuse_unless_live
from greenai_infra.intensity.choice.ranking import rank
from greenai_infra.intensity.model.values import Basis, Signal, Unavailable
from greenai_infra.intensity.sources.embedded import embedded_direct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.catalog.regions import Region
    from greenai_infra.intensity.choice.ranking import Ranked
    from greenai_infra.intensity.model.values import Intensity

REASONS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class RankedRegions:
    """Regions by g CO2e per kWh that reaches a computer, least first.

    `left_out` has the regions without an intensity. `doubted` names regions with a price but no confirmed
    offer of the chip, `notes` say how the source was chosen.
    """

    as_of: datetime
    ranked: tuple[Ranked, ...]
    left_out: tuple[tuple[Region, Unavailable], ...]
    doubted: str
    notes: tuple[str, ...]

    def as_json(self, limit: int | None = None) -> list[dict[str, Any]]:
        """What `greenai-infra regions --json` prints: all provenance of each region, or of the first `limit`."""
        return [_record(one, self.as_of) for one in self.ranked[:limit]]


def regions(
    *,
    provider: Literal["aws", "gcp"] | None = None,
    accelerator: str | None = None,
    source: str | None = None,
    at: datetime | str | None = None,
    signal: Literal["average", "marginal"] | None = None,
    basis: Literal["lifecycle", "direct"] | None = None,
    file_kind: Literal["history", "forecast"] | None = None,
    allow_mixed: bool = False,
    require_live: bool = False,
) -> RankedRegions:
    """Ranks the regions of a provider, or those that offer a chip, by carbon intensity and PUE.

    `source` and `at` are as in `plan`. Without a named source, the direct basis ranks Google's regions by Google's own
    figures. Raises InputError for invalid arguments, DataUnavailable if no region has an intensity, Refused for
    different signals.
    """
    as_of = now() if at is None else parse_time(at) if isinstance(at, str) else at
    candidates, doubted = _candidates(provider, accelerator)
    notes: list[str] = []
    answers: dict[str, Intensity | Unavailable]
    by_google = source == EMBEDDED or (source in (None, AUTO) and not has_contract(Signal.AVERAGE, Basis.DIRECT))
    answered_by = EMBEDDED
    opened = None
    if basis == "direct" and signal != "marginal" and by_google:
        notes.append(
            "the direct figures are published by Google for its regions; there are no such figures for AWS regions"
        )
        candidates = [region for region in candidates if region.provider == "gcp"]
        answers = {region.key: embedded_direct(region.name, as_of) for region in candidates}
    else:
        opened = open_source(
            source, as_of=as_of, signal=signal, basis=basis, file_kind=file_kind, use_cache=not require_live
        )
        by_zone = opened.latest(sorted({region.zone for region in candidates}))
        answers = {region.key: by_zone[region.zone] for region in candidates}
        notes += getattr(opened, "notes", [])
        answered_by = getattr(opened, "answered_by", opened.name)
    pairs, left_out = [], []
    for region in candidates:
        answer = answers[region.key]
        if isinstance(answer, Unavailable):
            left_out.append((region, answer))
        else:
            pairs.append((region, answer))
    uncovered = getattr(opened, "uncovered", None)
    if uncovered:  # covered zones without an answer come first: their reasons matter most
        left_out.sort(key=lambda pair: uncovered(pair[0].zone) != "")
    if require_live and pairs:
        refuse_unless_live(answered_by, {region.key: one.provenance for region, one in pairs}, notes)
    if not pairs:
        raise DataUnavailable("\n  ".join([f"no region has an intensity{_reasons(left_out)}", *notes]))
    ranked = rank(pairs, allow_mixed=allow_mixed)
    return RankedRegions(as_of, tuple(ranked), tuple(left_out), doubted, tuple(notes))


def _candidates(provider: str | None, accelerator: str | None) -> tuple[list[Region], str]:
    """The catalog's regions of a provider that offer a chip, and where that is in doubt.

    Raises InputError for an unknown or unoffered chip.
    """
    chosen = [region for region in all_regions() if provider in (None, region.provider)]
    if accelerator is None:
        return chosen, ""
    from greenai_infra.catalog.accelerators import find_accelerator
    from greenai_infra.catalog.availability import Availabilities, Offered
    from greenai_infra.catalog.offers import offers

    chip = find_accelerator(accelerator).name
    priced = [
        offer
        for offer in offers(include_suspect=True)
        if offer.accelerator == chip and (offer.usd_per_hour_on_demand or offer.usd_per_hour_spot)
    ]
    availabilities = [Availabilities(kind) for kind in ("training", "inference")]
    found = {
        region: {one.of(offer, region).offered for one in availabilities for offer in priced if _is_in(offer, region)}
        for region in chosen
    }
    chosen = [region for region, offered in found.items() if Offered.YES in offered]
    doubted = [region.key for region, offered in found.items() if Offered.UNKNOWN in offered]
    if not chosen:
        raise InputError(f"{chip} is offered in no region of {provider or 'aws or gcp'} that the catalog knows")
    unknown = f"{chip} has a price in {', '.join(doubted)} too, but whether it is offered there is unknown"
    return chosen, unknown if doubted else ""


def _is_in(offer: Offer, region: Region) -> bool:
    return (offer.provider, offer.region) == (region.provider, region.name)


def _reasons(left_out: Sequence[tuple[Region, Unavailable]]) -> str:
    """Each different reason once, with an example and the number of other regions."""
    found: dict[str, list[str]] = {}
    for region, answer in left_out:
        found.setdefault(answer.reason.replace(answer.zone, "ZONE"), []).append(f"{region.key}: {answer.reason}")
    lines = list(found.values())[:REASONS_SHOWN]
    return "".join(f"\n  {one[0]}" + (f" (and {len(one) - 1} more regions)" if len(one) > 1 else "") for one in lines)


def _record(one: Ranked, as_of: datetime) -> dict[str, Any]:
    provenance = one.intensity.provenance
    return {
        "provider": one.region.provider,
        "region": one.region.name,
        "place": one.region.place,
        "country": one.region.country,
        "zone": one.region.zone,
        "opt_in": one.region.opt_in,
        "g_per_kwh": one.intensity.g_per_kwh,
        "pue": one.region.pue,
        "pue_year": one.region.pue_year,
        "pue_is_fleet_mean": one.region.pue_is_fleet_mean,
        "effective_g_per_kwh": one.effective_g_per_kwh,
        "signal": provenance.signal.value,
        "basis": provenance.basis.value,
        "source": provenance.source,
        "kind": provenance.kind.value,
        "observed_at": format_time(provenance.observed_at),
        "age_hours": round(hours_between(provenance.observed_at, as_of), 3),
        "flags": sorted(flag.value for flag in provenance.flags),
        "detail": provenance.detail,
    }
