"""A Redis or Valkey server, or a cluster of them, over TCP, TLS or a Unix socket."""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from greenai_infra.errors import InputError
from greenai_infra.masking import keep_secret
from greenai_infra.serving.backends import Backend, Place

_ALIASES = {"valkey": "redis", "valkeys": "rediss", "valkey+unix": "unix"}
_FORMS = "redis://HOST:PORT, rediss://HOST:PORT (TLS), unix:///PATH, each with ?cluster=true for a cluster"


def _of_url(url: str) -> Place:
    from redis.connection import ConnectionPool, parse_url

    parts = urlsplit(url)
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
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
        raise InputError(f"the cache's URL lacks a host; expected is {_FORMS}")
    if cluster and (scheme == "unix" or arguments.get("db")):
        raise InputError("the cache's URL has cluster=true, and a cluster has neither Unix socket nor database number")
    transport: dict[str, Literal["tcp", "tls", "unix"]] = {"redis": "tcp", "rediss": "tls", "unix": "unix"}
    return Place(address, transport[scheme], cluster, arguments)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"cluster={text} is neither true nor false")
    return text == "true"


SPEC = Backend(schemes=("redis", "rediss", "unix", *_ALIASES), forms=_FORMS, place=_of_url)
