"""`cache`: what a service's cache of answers has counted, what it would save in a month, and its entries."""

from __future__ import annotations

import click

from greenai_infra.cli.cache_calibrate import calibrate, evaluate
from greenai_infra.cli.cache_estimate import estimate
from greenai_infra.cli.cache_purge import purge
from greenai_infra.cli.cache_stats import stats


@click.group(
    epilog="""\b
Start with:
  greenai-infra cache stats --url redis://localhost:6379"""
)
def cache() -> None:
    """Show what a service's answer cache has saved, project a month, purge entries, calibrate a semantic cache.

    Name the store that the service uses: a URL (--url, or GREENAI_CACHE_URL, which keeps a password out of the process
    list), or the outputs of a `cache` stack (--connection).
    """


for command in (stats, estimate, purge, calibrate, evaluate):
    cache.add_command(command)
