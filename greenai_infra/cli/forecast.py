"""`forecast`: draw the expected intensity of a zone, with the best time for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.source_options import moment_of, open_archive, source_options
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.catalog.regions import Region


@click.command(epilog="Example:  greenai-infra forecast aws:eu-west-2 --hours 24 --run 4 --source neso")
@click.argument("zone_or_region", metavar="ZONE_OR_REGION")
@click.option("--hours", type=NumberRange(1, 336), default=48, show_default=True, help="Hours to look ahead.")
@click.option(
    "--run",
    "run_hours",
    metavar="HOURS",
    type=NumberRange(0.05, 336),
    default=4,
    show_default=True,
    help="Length of the run to place.",
)
@source_options("allow_mixed")
@click.option(
    "--signal", type=click.Choice(["average", "marginal"]), help="Signal of a file's values, or to ask a source for."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every step and all provenance.")
def forecast(
    zone_or_region: str,
    hours: float,
    run_hours: float,
    source: str | None,
    at: str | None,
    basis: str | None,
    file_kind: str | None,
    require_live: bool,
    signal: str | None,
    as_json: bool,
) -> None:
    """Draw the expected intensity of a grid zone, or of the zone of a cloud region.

    The mark shows where a plan would put a run of the given length: at its cleanest time if that saves more than the
    forecast's past error, else at once.
    """
    from greenai_infra.intensity.choice.choose import open_source
    from greenai_infra.intensity.choice.liveness import refuse_unless_live
    from greenai_infra.planning.outlook import look_ahead
    from greenai_infra.reporting import outlook_text

    if run_hours > hours:
        raise InputError(f"a run of {run_hours:g} h does not fit into {hours:g} h; increase --hours")
    zone, regions = _zone(zone_or_region, source)
    opened = open_source(
        source, as_of=moment_of(at), signal=signal, basis=basis, file_kind=file_kind, use_cache=not require_live
    )
    outlook = look_ahead(opened, zone, hours, run_hours, open_archive)
    if require_live:
        refuse_unless_live(outlook.answered_by, {zone: outlook.series.provenance}, outlook.notes)
    if as_json:
        click.echo(outlook_text.as_json(outlook, regions))
    else:
        outlook_text.show(outlook, regions)


def _zone(text: str, source: str | None) -> tuple[str, tuple[Region, ...]]:
    """The zone, and the regions in it. Accepts unknown zones too: a file may define them, and reports missing ones."""
    from greenai_infra.catalog.grid_zones import find_zone
    from greenai_infra.intensity.choice.choose import names_file

    try:
        return find_zone(text)
    except InputError:
        if names_file((source or "").removeprefix("climatology:")):
            return text, ()
        raise
