"""The address and login of a store: from a URL, the outputs of a `cache` stack, or a Valkey of this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenai_infra.contracts.cache_connection import CacheConnection
from greenai_infra.errors import InputError
from greenai_infra.serving.backends import Place, backends, forms
from greenai_infra.serving.credentials import StackCredentials

Where = str | Path | CacheConnection | Mapping[str, Any] | None
"""A URL, a file of `pulumi stack output --json`, its parsed content, or None for a Valkey of this process."""

EMBEDDED = "embedded://"


def find_place(where: Where) -> Place:
    """The place that the user names. Raises InputError with the reason, never with a password."""
    if where is None:
        return _of_url(EMBEDDED)
    if isinstance(where, CacheConnection):
        return _of_stack(where)
    if isinstance(where, Mapping):
        return _of_stack(CacheConnection.from_outputs(where))
    if isinstance(where, str) and "://" in where:
        return _of_url(where)
    return _of_stack(CacheConnection.from_outputs(_read_outputs(Path(where))))


def _of_stack(connection: CacheConnection) -> Place:

    arguments: dict[str, Any] = {"credential_provider": StackCredentials(connection)}
    if connection.ca:
        arguments["ssl_ca_data"] = connection.ca
    return Place((connection.host, connection.port), "tls", connection.cluster_mode, arguments)


def _of_url(url: str) -> Place:
    scheme = url.partition("://")[0].lower()
    spec = backends().get(scheme)
    if spec is None:
        raise InputError(f"the cache's URL begins with '{scheme}://'; expected is {forms()}")
    return spec.place(url)


def _read_outputs(path: Path) -> Mapping[str, Any]:
    try:
        outputs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"'{path}' is neither a cache's URL ({forms()}) nor a file of `pulumi stack output --json`: "
            f"{getattr(error, 'strerror', None) or 'no JSON'}"
        ) from None
    if not isinstance(outputs, dict):
        raise InputError(f"'{path}' does not hold the outputs of a stack: pulumi stack output --json > {path}")
    return outputs
