"""`regions`: rank cloud regions by carbon intensity and PUE."""

from __future__ import annotations

import json
from typing import Literal

import click

from greenai_infra.cli.source_options import source_options


@click.command(epilog="Example:  greenai-infra regions --provider aws --accelerator H100 --limit 5")
@click.option("--provider", type=click.Choice(["aws", "gcp"]), help="Only this provider's regions.")
@click.option("--accelerator", metavar="NAME", help="Only regions that offer this chip, such as H100.")
@source_options()
@click.option("--signal", type=click.Choice(["average", "marginal"]), help="Signal of a file's values.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all provenance.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with all provenance.")
def regions(
    provider: Literal["aws", "gcp"] | None,
    accelerator: str | None,
    source: str | None,
    at: str | None,
    basis: Literal["lifecycle", "direct"] | None,
    file_kind: Literal["history", "forecast"] | None,
    allow_mixed: bool,
    require_live: bool,
    signal: Literal["average", "marginal"] | None,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Rank cloud regions by carbon intensity and PUE.

    Regions are ranked by g/kWh x PUE: the emissions of a kWh that reaches a computer. Without an API key or a network
    the ranking uses the yearly means in the package. `--basis direct` ranks Google's regions by the figures that Google
    publishes.
    """
    from greenai_infra.intensity.choice.regions import regions as ranked_regions
    from greenai_infra.reporting import regions_text

    if as_json and as_csv:
        raise click.UsageError("give --json or --csv, not both")
    found = ranked_regions(
        provider=provider,
        accelerator=accelerator,
        source=source,
        at=at,
        signal=signal,
        basis=basis,
        file_kind=file_kind,
        allow_mixed=allow_mixed,
        require_live=require_live,
    )
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    for warning in regions_text.warnings(found):
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(json.dumps(found.as_json(limit), indent=2, ensure_ascii=False))
    elif as_csv:
        click.echo(regions_text.as_csv(found.as_json(limit)), nl=False)
    else:
        regions_text.show(found.ranked[:limit], found.as_of, total=len(found.ranked))
