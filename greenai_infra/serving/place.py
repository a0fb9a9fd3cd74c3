"""Where a store is and how to log in: from a URL, from the outputs of a `cache` stack, or a Valkey of this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from greenai_infra.contracts.cache_connection import CacheConnection
from greenai_infra.errors import InputError
from greenai_infra.masking import keep_secret

Address = tuple[str, int]
"""Host and port; of a Unix socket its path and 0."""

Where = str | Path | CacheConnection | Mapping[str, Any] | None
"""A URL, a file of `pulumi stack output --json`, what was read from it, or None for a Valkey of this process."""

_ALIASES = {"valkey": "redis", "valkeys": "rediss", "valkey+unix": "unix"}
_FORMS = "redis://HOST:PORT, rediss://HOST:PORT (TLS), unix:///PATH, each with ?cluster=true for a cluster"


@dataclass(frozen=True, slots=True)
class Place:
    """A store's address and what its connections are made with (arguments of redis-py's connections, secret)."""

    address: Address
    transport: Literal["tcp", "tls", "unix"]
    cluster: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    revive: Callable[[], object] | None = None
    """Starts the store again where it has died, if it is this process's own."""

    def __str__(self) -> str:
        host, port = self.address
        if self.transport == "unix":
            return f"unix://{host}"
        return f"redis{'s' if self.transport == 'tls' else ''}://{host}:{port}" + ("?cluster=true" * self.cluster)


def find_place(where: Where) -> Place:
    """The place that is meant. Raises InputError saying what is wrong, never with a password."""
    if where is None:
        from greenai_infra.serving.embedded import embedded_path

        return Place((embedded_path(), 0), "unix", revive=embedded_path)
    if isinstance(where, CacheConnection):
        return _of_stack(where)
    if isinstance(where, Mapping):
        return _of_stack(CacheConnection.from_outputs(where))
    if isinstance(where, str) and "://" in where:
        return _of_url(where)
    return _of_stack(CacheConnection.from_outputs(_read_outputs(Path(where))))


def _of_stack(connection: CacheConnection) -> Place:
    from greenai_infra.serving.credentials import StackCredentials

    arguments: dict[str, Any] = {"credential_provider": StackCredentials(connection)}
    if connection.ca:
        arguments["ssl_ca_data"] = connection.ca
    return Place((connection.host, connection.port), "tls", connection.cluster_mode, arguments)


def _of_url(url: str) -> Place:
    from redis.connection import ConnectionPool, parse_url

    parts = urlsplit(url)
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme not in ("redis", "rediss", "unix"):
        raise InputError(f"the cache's URL begins with '{parts.scheme}://'; expected is {_FORMS}")
    try:
        if parts.password:
            keep_secret([parts.password])
        query = dict(parse_qsl(parts.query))
        cluster = _flag(query.pop("cluster", "false"))
        start = url.partition("?")[0].removeprefix(parts.scheme)  # urlunsplit would write unix:/PATH
        arguments = parse_url(f"{scheme}{start}?{urlencode(query)}")  # type: ignore[no-untyped-call]
        ConnectionPool(**{**arguments, "protocol": 2}).make_connection()  # which knows the arguments that there are
    except (ValueError, TypeError) as error:
        raise InputError(f"the cache's URL can't be used: {error}; expected is {_FORMS}") from None
    arguments.pop("connection_class", None)
    keep_secret([arguments["password"]] if arguments.get("password") else [])
    if scheme == "unix":
        address = (arguments.pop("path", ""), 0)
    else:
        address = (arguments.pop("host", "localhost"), arguments.pop("port", 6379))
    if not address[0]:
        raise InputError(f"the cache's URL names no host; expected is {_FORMS}")
    if cluster and (scheme == "unix" or arguments.get("db")):
        raise InputError("the cache's URL has cluster=true, and a cluster has neither Unix socket nor database number")
    transport: dict[str, Literal["tcp", "tls", "unix"]] = {"redis": "tcp", "rediss": "tls", "unix": "unix"}
    return Place(address, transport[scheme], cluster, arguments)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"cluster={text} is neither true nor false")
    return text == "true"


def _read_outputs(path: Path) -> Mapping[str, Any]:
    try:
        outputs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"'{path}' is neither a cache's URL ({_FORMS}) nor a file of `pulumi stack output --json`: "
            f"{getattr(error, 'strerror', None) or 'no JSON'}"
        ) from None
    if not isinstance(outputs, dict):
        raise InputError(f"'{path}' does not hold the outputs of a stack: pulumi stack output --json > {path}")
    return outputs
