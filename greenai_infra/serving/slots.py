"""Which node of a cluster holds a key.

redis-py's cluster client sleeps and retries inside a request, which a cache must avoid. So the map of slots is kept
here: every command of a cache concerns a single key.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from redis.crc import key_slot
from redis.exceptions import AskError, MovedError

if TYPE_CHECKING:
    from redis.exceptions import ResponseError

    from greenai_infra.serving.backends import Address


class Slots:
    """Ranges of slots and the primary of each; asked by key."""

    def __init__(self, reply: Any, asked: Address) -> None:
        """`reply` is that of CLUSTER SLOTS of the node `asked`, whose own host may be left out in it."""
        ranges = sorted((int(first), int(last), _address(node, asked)) for first, last, node, *_ in reply)
        self._firsts = [first for first, _, _ in ranges]
        self._ranges = ranges

    def address(self, key: bytes) -> Address | None:
        """Primary of the key's slot; None if no node serves it."""
        slot = key_slot(key)
        index = bisect_right(self._firsts, slot) - 1
        if index < 0 or slot > self._ranges[index][1]:
            return None
        return self._ranges[index][2]

    def primaries(self) -> list[Address]:
        """Every primary once."""
        return sorted({address for _, _, address in self._ranges})


def redirected(error: ResponseError, asked: Address) -> tuple[Address, bool] | None:
    """The node that a redirection names, and whether for this command only (ASK, not MOVED); None for other errors."""
    kind, _, rest = str(error).partition(" ")
    if isinstance(error, AskError):  # whose text begins with the slot
        kind, rest = "MOVED" if isinstance(error, MovedError) else "ASK", str(error)
    elif kind not in ("MOVED", "ASK"):  # in older releases of redis-py these are plain errors
        return None
    host, _, port = rest.partition(" ")[2].rpartition(":")
    return (host or asked[0], int(port)), kind == "ASK"


def key_of(command: tuple[Any, ...]) -> bytes:
    """The key of a command: its first argument, or the argument after a script and the number 1."""
    key: bytes = command[3] if command[0] in (b"EVAL", b"EVALSHA") else command[1]
    return key


def _address(node: Any, asked: Address) -> Address:
    host = node[0].decode() if node[0] else ""
    return (asked[0] if host in ("", "?") else host, int(node[1]))
