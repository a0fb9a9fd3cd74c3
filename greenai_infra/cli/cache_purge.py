"""`cache purge`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenai_infra.cli.cache_place import open_store, place_options
from greenai_infra.numbers import counted

if TYPE_CHECKING:
    from pathlib import Path


@click.command(epilog="Example:  greenai-infra cache purge --url redis://localhost:6379 --model llama --dry-run")
@place_options
@click.option("--tenant", metavar="NAME", help="Answers of this tenant. Default: any tenant.")
@click.option("--no-tenant", is_flag=True, help="Answers of caches without a tenant.")
@click.option("--model", metavar="NAME", help="Answers of this model. Default: any model.")
@click.option("--version", metavar="TEXT", help="Answers of this version. Default: any version.")
@click.option("--all", "everything", is_flag=True, help="Every answer of every cache in the store.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def purge(
    url: str | None,
    connection: Path | None,
    tenant: str | None,
    no_tenant: bool,
    model: str | None,
    version: str | None,
    everything: bool,
    dry_run: bool,
) -> None:
    """Remove answers of a tenant, model or version. Write names exactly as the cache was given them.

    Keys are found and removed in small batches while the cache keeps serving. Other keys of the store, and the figures
    of `cache stats`, stay.
    """
    stated = tenant is not None or no_tenant or model is not None or version is not None
    if stated == everything:
        raise click.UsageError("give --tenant, --no-tenant, --model or --version, or --all alone")
    if tenant is not None and no_tenant:
        raise click.UsageError("give --tenant or --no-tenant, not both")
    from greenai_infra.serving.purge import patterns
    from greenai_infra.serving.purge import purge as remove

    with open_store(url, connection) as store:
        count = remove(store, patterns(tenant, model, version, without_tenant=no_tenant), dry_run=dry_run)
    click.echo(f"{'would remove' if dry_run else 'removed'} {counted(count, 'answer')}")
