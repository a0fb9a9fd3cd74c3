"""`regions`: rank cloud regions by carbon intensity and PUE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenai_infra.cli.source_options import moment_of, open_stated, source_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.catalog.regions import Region
    from greenai_infra.intensity.model.values import Intensity, Unavailable

REASONS_SHOWN = 4


@click.command(epilog="Example:  greenai-infra regions --provider aws --accelerator H100 --limit 5")
@click.option("--provider", type=click.Choice(["aws", "gcp"]), help="Only this provider's regions.")
@click.option("--accelerator", metavar="NAME", help="Only regions that offer this chip, such as H100.")
@source_options()
@click.option("--signal", type=click.Choice(["average", "marginal"]), help="Signal of a file's values.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all provenance.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with all provenance.")
def regions(
    provider: str | None,
    accelerator: str | None,
    source: str | None,
    at: str | None,
    basis: str | None,
    file_kind: str | None,
    allow_mixed: bool,
    require_live: bool,
    signal: str | None,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Rank cloud regions by carbon intensity and PUE.

    Regions are ranked by g/kWh x PUE: the emissions of a kWh that reaches a computer. Without an API key or a network
    the ranking uses the yearly means in the package. `--basis direct` ranks Google's regions by the figures that Google
    publishes.
    """
    from greenai_infra.errors import DataUnavailable
    from greenai_infra.intensity.choice.ranking import rank
    from greenai_infra.reporting import regions_text

    if as_json and as_csv:
        raise click.UsageError("give --json or --csv, not both")
    as_of = moment_of(at)
    candidates = _candidates(provider, accelerator)
    pairs, left_out, notes = _ask(candidates, as_of, source, signal, basis, file_kind, require_live)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if not pairs:
        raise DataUnavailable(f"no region has an intensity{_reasons(left_out)}")
    ranked = rank(pairs, allow_mixed=allow_mixed)
    shown = ranked[:limit]
    for warning in regions_text.warnings(ranked, left_out):
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(regions_text.as_json(shown, as_of))
    elif as_csv:
        click.echo(regions_text.as_csv(shown, as_of), nl=False)
    else:
        regions_text.show(shown, as_of, total=len(ranked))


def _reasons(left_out: Sequence[tuple[Region, Unavailable]]) -> str:
    """Each different reason once, with an example and the number of other regions."""
    found: dict[str, list[str]] = {}
    for region, answer in left_out:
        found.setdefault(answer.reason.replace(answer.zone, "ZONE"), []).append(f"{region.key}: {answer.reason}")
    lines = list(found.values())[:REASONS_SHOWN]
    return "".join(
        f"\n  {reasons[0]}" + (f" (and {len(reasons) - 1} more regions)" if len(reasons) > 1 else "")
        for reasons in lines
    )


def _candidates(provider: str | None, accelerator: str | None) -> list[Region]:
    """The catalog's regions of a provider that offer a chip. Raises InputError for an unknown or unoffered chip."""
    from greenai_infra.catalog.regions import regions as all_regions

    chosen = [region for region in all_regions() if provider in (None, region.provider)]
    if accelerator is None:
        return chosen
    from greenai_infra.catalog.accelerators import find_accelerator
    from greenai_infra.catalog.availability import Availabilities, Offered
    from greenai_infra.catalog.offers import offers
    from greenai_infra.errors import InputError

    chip = find_accelerator(accelerator).name
    priced = [
        offer
        for offer in offers(include_suspect=True)
        if offer.accelerator == chip and (offer.usd_per_hour_on_demand or offer.usd_per_hour_spot)
    ]
    availabilities = [Availabilities(kind) for kind in ("training", "inference")]
    found = {
        region: {
            availability.of(offer, region).offered
            for availability in availabilities
            for offer in priced
            if _is_in(offer, region)
        }
        for region in chosen
    }
    chosen = [region for region, offered in found.items() if Offered.YES in offered]
    if doubted := [region.key for region, offered in found.items() if Offered.UNKNOWN in offered]:
        listed = ", ".join(doubted)
        click.echo(f"warning: {chip} has a price in {listed} too, but whether it is offered there is unknown", err=True)
    if not chosen:
        raise InputError(f"{chip} is offered in no region of {provider or 'aws or gcp'} that the catalog knows")
    return chosen


def _is_in(offer: Offer, region: Region) -> bool:
    return (offer.provider, offer.region) == (region.provider, region.name)


def _ask(
    candidates: Sequence[Region],
    as_of: datetime,
    source: str | None,
    signal: str | None,
    basis: str | None,
    file_kind: str | None,
    require_live: bool,
) -> tuple[list[tuple[Region, Intensity]], list[tuple[Region, Unavailable]], list[str]]:
    """The newest intensity of each region, the regions without one, and notes on the source."""
    from greenai_infra.intensity.choice.choose import EMBEDDED
    from greenai_infra.intensity.choice.fallback import AUTO, has_contract
    from greenai_infra.intensity.choice.liveness import refuse_unless_live
    from greenai_infra.intensity.model.values import Basis, Signal, Unavailable
    from greenai_infra.intensity.sources.embedded import embedded_direct

    notes: list[str] = []
    answers: dict[str, Intensity | Unavailable]
    by_google = source == EMBEDDED or (source in (None, AUTO) and not has_contract(Signal.AVERAGE, Basis.DIRECT))
    answered_by = EMBEDDED
    opened = None
    if basis == Basis.DIRECT and signal != Signal.MARGINAL and by_google:
        notes.append(
            "the direct figures are published by Google for its regions; there are no such figures for AWS regions"
        )
        candidates = [region for region in candidates if region.provider == "gcp"]
        answers = {region.key: embedded_direct(region.name, as_of) for region in candidates}
    else:
        opened = open_stated(source, as_of, signal, basis, file_kind, require_live)
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
    return pairs, left_out, notes
