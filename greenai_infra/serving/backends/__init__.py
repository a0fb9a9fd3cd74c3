"""Kinds of stores that a cache can lie in: each is a file in here with a `SPEC`, found by the scheme of its URLs.

All speak the Redis protocol with Lua, hashes and streams, as Valkey does: the cache's locks, limits and sums are
scripts that run in the store. A backend says how a URL of its own becomes the place of such a server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from greenai_infra.discovery import modules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Address = tuple[str, int]
"""Host and port; of a Unix socket its path and 0."""


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


class Backend(Struct, frozen=True, kw_only=True):
    """One kind of store. `schemes` begin its URLs, and `forms` shows them in errors, with the placeholders in capitals.

    `place` raises InputError for a URL that can't be used, never with a password.
    """

    schemes: tuple[str, ...]
    forms: str
    place: Callable[[str], Place]


@cache
def backends() -> Mapping[str, Backend]:
    """All of them by scheme."""
    found: list[Backend] = [module.SPEC for module in modules_of(__name__)]
    return {scheme: spec for spec in found for scheme in spec.schemes}


def forms() -> str:
    """How URLs of the backends look."""
    return "; ".join(dict.fromkeys(spec.forms for spec in backends().values()))
