"""Which store the commands of `cache` ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.serving.sweep import Sweep

URL = "GREENAI_CACHE_URL"


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--url` and `--connection`."""
    url = click.option("--url", metavar="URL", help=f"redis:// or rediss://HOST:PORT. Default: {URL}.")
    connection = click.option(
        "--connection",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Outputs of a `cache` stack: pulumi stack output --json.",
    )
    return url(connection(command))


def is_stated(url: str | None, connection: Path | None) -> bool:
    """Whether a store is named. Raises a usage error if two are named."""
    import os

    if url is not None and connection is not None:
        raise click.UsageError("give --url or --connection, not both")
    return bool(url or connection or os.environ.get(URL))


def open_store(url: str | None, connection: Path | None) -> Sweep:
    """A connection to the store. Raises a usage error if no store is named, GreenAIError if it does not answer."""
    import os

    if not is_stated(url, connection):
        raise click.UsageError(f"name the store of the caches: --url, --connection, or {URL}")
    from greenai_infra.serving.sweep import Sweep

    named = url or (connection if connection is not None else os.environ[URL])
    if isinstance(named, str) and "://" not in named:
        raise click.UsageError(f"'{named.rpartition('@')[2]}' is not a URL; write redis://HOST:PORT")
    return Sweep(named)
