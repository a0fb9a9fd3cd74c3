"""Commands over all keys of a store, node by node: for the command line, never for requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from redis.exceptions import RedisError

from greenai_infra.errors import GreenAIError
from greenai_infra.masking import masked
from greenai_infra.serving.bounded import deadline, make_connection
from greenai_infra.serving.place import find_place
from greenai_infra.serving.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenai_infra.serving.backends import Address, Place
    from greenai_infra.serving.place import Where

LIMIT_S = 10.0
"""Of one command."""
BATCH = 500


class Node:
    """A connection to a primary. Raises GreenAIError if it does not answer."""

    def __init__(self, place: Place, address: Address) -> None:
        self._place = place
        self._connection = make_connection(place, address)
        self._try(self._connection.connect)

    def ask(self, *commands: Sequence[Any]) -> list[Any]:
        """The replies to commands sent together. Raises an error of the server."""
        return [self._try(reply) for reply in self._sent(commands)]

    def keys(self, pattern: str, kind: str | None = None) -> Iterator[list[bytes]]:
        """Names of keys, optionally of a type, in batches, by SCAN: every key that stays, some perhaps twice."""
        cursor, of_kind = b"0", () if kind is None else ("TYPE", kind)
        while True:
            [(cursor, names)] = self.ask(("SCAN", cursor, "MATCH", pattern, "COUNT", 2 * BATCH, *of_kind))
            for start in range(0, len(names), BATCH):
                yield names[start : start + BATCH]
            if cursor in (b"0", "0", 0):
                return

    def close(self) -> None:
        """Closes the connection."""
        self._connection.disconnect()

    def _sent(self, commands: Sequence[Sequence[Any]]) -> Iterator[Any]:
        packed = b"".join(b"".join(self._connection.pack_command(*command)) for command in commands)
        self._try(lambda: self._connection.send_packed_command([packed], check_health=False))
        for _ in commands:
            yield self._connection.read_response

    def _try(self, act: Any) -> Any:
        deadline.at = time.monotonic() + LIMIT_S
        try:
            return act()
        except (RedisError, OSError) as error:
            self._connection.disconnect()
            raise GreenAIError(f"{self._place} does not answer: {masked(str(error)) or type(error).__name__}") from None


class Sweep:
    """All primaries of a store."""

    def __init__(self, where: Where) -> None:
        """Raises InputError for an unusable place, GreenAIError if it does not answer."""
        self.place = place = find_place(where)
        first = Node(place, place.address)
        self.nodes = [first]
        if place.cluster:
            [reply] = first.ask(("CLUSTER", "SLOTS"))
            first.close()
            self.nodes = [Node(place, address) for address in Slots(reply, place.address).primaries()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.close()
