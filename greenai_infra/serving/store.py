"""A store that speaks the Redis protocol, asked within a bound of time.

Connections are made beside the requests: a request waits for one at most as long as it may, and one that comes late
serves the next. When the store fails several times in a row it is left alone (`breaker`) and asked beside the requests.
"""

from __future__ import annotations

import math
import os
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import TYPE_CHECKING, Any, Literal

from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as TimedOut

from greenai_infra.masking import masked
from greenai_infra.serving.bounded import CONNECT_S, deadline, make_connection
from greenai_infra.serving.breaker import LOG, Breaker
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.slots import Slots, key_of, redirected

if TYPE_CHECKING:
    from greenai_infra.serving.place import Address, Place

MOST_IDLE = 64
"""Connections to one node that are kept while nobody uses them."""
MOST_REDIRECTIONS = 3
CLOCK_KEPT_S = 600.0
"""After this time the server's clock is asked again, with a new connection."""


class Store:
    """For threads; safe to share among them and after a fork."""

    def __init__(self, place: Place, limit_s: float) -> None:
        """`limit_s`: the longest that a command may take, and a request wait for it."""
        self.place, self.limit_s = place, limit_s
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self.breaker = Breaker()
        self._idle: dict[Address, list[Any]] = {self.place.address: []}
        self._slots: Slots | None = None
        self._ahead_ms, self._clock_until_s = 0.0, math.inf
        self._closed = False

    def __repr__(self) -> str:
        return f"Store({self.place})"

    def now_ms(self) -> int:
        """The server's time in ms since 1970, whatever this machine's clock says; 0 before the first connection."""
        now_s = time.monotonic()
        if now_s > self._clock_until_s:
            self._clock_until_s = now_s + CLOCK_KEPT_S
            late: Future[Any] = Future()
            late.cancel()  # nobody waits: the connection serves a later request
            threading.Thread(target=self._open, args=(self.place.address, late), daemon=True).start()
        return int(now_s * 1000 + self._ahead_ms) if self._ahead_ms else 0

    def execute(
        self,
        *command: bytes | str | float,
        key: bytes | None = None,
        at: Address | None = None,
        limit_s: float | None = None,
    ) -> Any:
        """Reply to a command. Raises StoreError.

        A cluster is asked where `key` lies, by default the command's own (`slots.key_of`), or at the node `at`. Where
        an idle connection turns out to be closed, the command is sent again, and so may arrive twice.
        """
        limit_s = self.limit_s if limit_s is None else limit_s
        if limit_s <= 0:
            raise StoreError("timeout", "no time is left")
        if self._pid != os.getpid():
            self._start()  # connections of the parent are the parent's
        breaker = self.breaker
        if breaker.is_open:
            self._ask_again()
            raise StoreError("store down", f"{self.place} is left alone for a moment after several failures")
        deadline.at = until = time.monotonic() + limit_s
        try:
            reply = self._send(at, command, until) if at else self._routed(command, key, until)
        except StoreError as error:
            breaker.failed(error)
            raise
        except ResponseError as error:
            raise StoreError("refused", masked(str(error))) from None
        except Exception as error:  # noqa: BLE001  a server that speaks another protocol makes redis-py raise anything
            breaker.failed(error)
            kind: Literal["timeout", "connection"] = "timeout" if isinstance(error, TimedOut) else "connection"
            raise StoreError(kind, masked(str(error))) from None
        breaker.succeeded()
        return reply

    def connect(self, wait_s: float) -> bool:
        """Whether there is a connection, waiting for the first one at most so long."""
        address = self.place.address
        try:
            self._release(self._idle[address], self._opened(address, time.monotonic() + wait_s))
        except Exception as error:  # noqa: BLE001  the cache works without
            LOG.debug("no connection to the cache's store: %s", masked(str(error)))
            return False
        return True

    def nodes(self) -> list[Address]:
        """The primaries of a cluster; else the one address."""
        return self._slots.primaries() if self._slots else [self.place.address]

    def close(self) -> None:
        """Close the connections; those in use when they are given back."""
        self._closed = True
        for idle in self._idle.values():
            while idle:
                idle.pop().disconnect()

    def _routed(self, command: tuple[Any, ...], key: bytes | None, until: float) -> Any:
        address = self.place.address
        if not self.place.cluster:
            return self._send(address, command, until)
        if self._slots is None:
            self.connect(max(0.0, until - time.monotonic()))
        if self._slots is not None:
            address = self._slots.address(key or key_of(command)) or address
        for _ in range(MOST_REDIRECTIONS):
            try:
                return self._send(address, command, until)
            except ResponseError as error:
                target = redirected(error, address)
                if target is None:
                    raise
                address, once = target
                if once:
                    return self._send(address, command, until, asking=True)
                self._slots = None  # the next connection reads the map again
        raise StoreError("connection", f"{self.place} sends from node to node")

    def _send(self, address: Address, command: tuple[Any, ...], until: float, asking: bool = False) -> Any:
        idle = self._idle.setdefault(address, [])
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._opened(address, until)
        else:
            try:
                return self._talk(idle, connection, command, asking)
            except Disconnected:
                self._drop(idle)  # the server has been away: the others are closed, too
                connection = self._opened(address, until)
        return self._talk(idle, connection, command, asking)

    def _talk(self, idle: list[Any], connection: Any, command: tuple[Any, ...], asking: bool) -> Any:
        try:
            if asking:
                connection.send_packed_command(connection.pack_command("ASKING"), check_health=False)
                connection.read_response()
            connection.send_packed_command(connection.pack_command(*command), check_health=False)
            reply = connection.read_response()
        except ResponseError:
            self._release(idle, connection)
            raise
        except BaseException:
            connection.disconnect()  # a reply that comes later must not meet another command
            raise
        self._release(idle, connection)
        return reply

    def _opened(self, address: Address, until: float) -> Any:
        """A connected connection, made in a thread of its own. Raises StoreError if it takes longer."""
        coming: Future[Any] = Future()
        threading.Thread(target=self._open, args=(address, coming), daemon=True, name="cache-connect").start()
        try:
            return coming.result(max(0.0, until - time.monotonic()))
        except NotYet:
            if coming.cancel():
                raise StoreError("timeout", f"no connection to {self.place} in time") from None
            return coming.result()

    def _open(self, address: Address, coming: Future[Any]) -> None:
        deadline.at = time.monotonic() + CONNECT_S
        try:
            connection = make_connection(self.place, address)
            connection.connect()
            seconds, microseconds = _asked(connection, "TIME")
            now_s = time.monotonic()
            self._ahead_ms = int(seconds) * 1000 + int(microseconds) / 1000 - now_s * 1000
            self._clock_until_s = now_s + CLOCK_KEPT_S
            if self.place.cluster and self._slots is None:
                self._slots = Slots(_asked(connection, "CLUSTER", "SLOTS"), address)
        except Exception as error:  # noqa: BLE001  the request is told
            if coming.set_running_or_notify_cancel():
                coming.set_exception(error)
        else:
            if coming.set_running_or_notify_cancel():
                coming.set_result(connection)
            else:
                self._release(self._idle.setdefault(address, []), connection)

    def _ask_again(self) -> None:
        if self.breaker.due():
            threading.Thread(target=self._ask, daemon=True, name="cache-ask").start()

    def _ask(self) -> None:
        """Beside the requests: does the store answer as fast as a request needs it?"""
        answered = False
        address = self.place.address
        try:
            if self.place.revive is not None:
                self.place.revive()
            connection = self._opened(address, time.monotonic() + CONNECT_S)
            deadline.at = time.monotonic() + self.limit_s
            answered = _asked(connection, "PING") in (b"PONG", "PONG")
            self._release(self._idle[address], connection)
        except Exception as error:  # noqa: BLE001
            LOG.debug("the cache's store does not answer: %s", masked(str(error)))
        finally:
            self.breaker.asked(answered)

    def _release(self, idle: list[Any], connection: Any) -> None:
        if len(idle) < MOST_IDLE and not self._closed:
            idle.append(connection)
        else:
            connection.disconnect()

    def _drop(self, idle: list[Any]) -> None:
        while idle:
            idle.pop().disconnect()


def _asked(connection: Any, *command: str) -> Any:
    connection.send_command(*command, check_health=False)
    return connection.read_response()
