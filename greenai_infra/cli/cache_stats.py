"""`cache stats`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenai_infra.cli.cache_place import open_store, place_options

if TYPE_CHECKING:
    from pathlib import Path

HOURS = click.option(
    "--hours", type=click.IntRange(1, 960), default=24, help="Show the last N hours. Default 24; at most 960."
)
KIND = click.option("--kind", type=click.Choice(["exact", "semantic"]), help="Show one kind of cache. Default: all.")


def since(hours: int) -> int:
    """The first of the last hours, numbered since 1970."""
    import time

    from greenai_infra.serving.hours import HOUR_S

    return int(time.time() // HOUR_S) - hours + 1


@click.command(epilog="Example:  greenai-infra cache stats --url redis://localhost:6379 --hours 168")
@place_options
@HOURS
@KIND
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(url: str | None, connection: Path | None, hours: int, kind: str | None, as_json: bool) -> None:
    """Show what all workers have counted in the last hours: hits, misses, errors, energy and carbon saved, net.

    Workers write the sums of each hour to the store every few seconds (`CacheMetrics(store=...)`).
    """
    from greenai_infra.serving.stats import read_stats

    with open_store(url, connection) as store:
        found = read_stats(store, since(hours), cache=kind)
    if as_json:
        import json

        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        from greenai_infra.reporting.cache_text import show_stats

        show_stats(found)
