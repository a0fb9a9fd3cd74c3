"""`cache estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenai_infra.cli.cache_place import is_stated, open_store, place_options
from greenai_infra.cli.cache_stats import HOURS, KIND, since
from greenai_infra.cli.number import Count, FiniteRange
from greenai_infra.clock import now

if TYPE_CHECKING:
    from pathlib import Path

FROM_ZERO = FiniteRange(min=0)
ABOVE_ZERO = FiniteRange(min=0, min_open=True)


@click.command(
    epilog="""\b
Examples:
  greenai-infra cache estimate --url redis://localhost:6379 --hours 168
  greenai-infra cache estimate --requests-per-month 30M --hit-rate 0.3 \\
    --request-j 120 --lookup-j 0.01 --node-type cache.r7g.large --nodes 2 \\
    --region eu-north-1"""
)
@place_options
@HOURS
@KIND
@click.option("--requests-per-month", type=Count(), metavar="N", help="Such as 30M. Default: measured.")
@click.option("--hit-rate", type=FiniteRange(min=0, max=1), help="Share of hits. Default: measured, with its interval.")
@click.option("--request-j", type=ABOVE_ZERO, help="J per model call, at the server's wall.")
@click.option("--model", metavar="NAME", help="Instead: estimate a call of this model ...")
@click.option("--accelerator", metavar="NAME", help="... on this accelerator ...")
@click.option("--batch", type=ABOVE_ZERO, help="... at this batch ...")
@click.option("--input-tokens", type=Count(), metavar="N", help="... with this many input tokens ...")
@click.option("--output-tokens", type=Count(), metavar="N", help="... and output tokens.")
@click.option("--lookup-j", type=FROM_ZERO, help="J per lookup, spent by hits and misses.")
@click.option("--encoder-j", type=FROM_ZERO, help="J per encoding. Default: measured, else 0.")
@click.option("--node-type", metavar="TYPE", help="ElastiCache node that holds the cache, such as cache.r7g.large.")
@click.option("--nodes", type=click.IntRange(1, 1000), default=1, help="How many. Default 1.")
@click.option("--node-w", type=FROM_ZERO, help="Instead of a type: watts of a node; 0 for a cache within the server.")
@click.option("--region", metavar="REGION", help="Adds kg CO2e at the grid's yearly mean, and prices.")
@click.option("--usd-per-1000-requests", type=FROM_ZERO, help="Price of model calls. Default: list prices.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def estimate(
    url: str | None, connection: Path | None, hours: int, kind: str | None, as_json: bool, **stated: Any
) -> None:
    """Project a month of 730 hours: kWh, kg CO2e and USD, net, at the hit rate and at the ends of its interval.

    With a store, the hit rate, the number of requests, the energies and the intensity are the workers' measurements of
    the last hours; options override them. Fewer than 1,000 lookups are too little data.
    """
    from greenai_infra.serving.projection import Figures, HitRate, measured_figures, measured_hit_rate, project
    from greenai_infra.serving.projection_inputs import stated_figures

    found = stated_figures(**{name: value for name, value in stated.items() if name != "hit_rate"})
    rate = None if stated["hit_rate"] is None else HitRate(*[stated["hit_rate"]] * 3)
    measured = Figures(encoder_j=0.0)
    if is_stated(url, connection):
        from greenai_infra.serving.stats import read_stats

        with open_store(url, connection) as store:
            stats = read_stats(store, since(hours), cache=kind)
        measured = measured_figures(stats, now().timestamp())
        rate = rate or measured_hit_rate(stats.by_hour.values())
    elif rate is None:
        raise click.UsageError("give a store with a measured hit rate (--url, --connection), or --hit-rate")
    projection = project(rate, found.figures.or_else(measured), **found.beside)
    if as_json:
        import json

        click.echo(json.dumps(projection.as_json(), indent=2))
    else:
        from greenai_infra.reporting.cache_text import show_projection

        show_projection(projection)
