"""A store that speaks the Redis protocol, asked within a time limit.

Connections are made in the background, a few to each node: a request waits for a connection, new or released by another
request, within its limit; a late connection serves the next request. When the store fails several times in a row it is
left alone (`breaker`) and checked in the background.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
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
    from greenai_infra.serving.backends import Address, Place

MOST_CONNECTIONS = 8
"""Connections to a node. A burst of requests shares them: making a connection takes longer than many commands."""
MOST_REDIRECTIONS = 3
CLOCK_KEPT_S = 600.0
"""Time after which the server's clock is read again."""
MOST_LATE = 64
LATE_FOR_S = 10.0
"""Number of commands that are kept for a later try, and for how long."""


class _Pool:
    """Idle connections to a node, errors of failed connections, and the number of connections."""

    def __init__(self) -> None:
        self.idle: deque[Any] = deque()
        self.count = 0
        self._came = threading.Condition()

    def put(self, found: Any) -> None:
        """Hands a connection, or the error, to a waiting request, else to the next."""
        with self._came:
            self.idle.append(found)
            self._came.notify()

    def get(self, until: float) -> Any:
        """The next of them; None after `until`. SimpleQueue.get waits for ever where another thread was faster."""
        with self._came:
            while True:
                with suppress(IndexError):
                    return self.idle.popleft()
                left_s = until - time.monotonic()
                if left_s <= 0:
                    return None
                self._came.wait(left_s)


class Store:
    """A store for threads; safe to share among them and after a fork."""

    def __init__(self, place: Place, limit_s: float) -> None:
        """`limit_s`: the longest that a command may take, and a request wait for it."""
        self.place, self.limit_s = place, limit_s
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self.breaker = Breaker()
        self._lock = threading.Lock()
        self._pools: defaultdict[Address, _Pool] = defaultdict(_Pool)
        self._slots: Slots | None = None
        self._ahead_ms, self._clock_until_s = 0.0, math.inf
        self._late: deque[tuple[Any, ...]] = deque(maxlen=MOST_LATE)
        self._late_thread: threading.Thread | None = None
        self._is_late = self._closed = False

    def __repr__(self) -> str:
        return f"Store({self.place})"

    def now_ms(self) -> int:
        """The server's time in ms since 1970, whatever this machine's clock says; 0 before the first connection."""
        now_s = time.monotonic()
        if now_s > self._clock_until_s:
            self._clock_until_s = now_s + CLOCK_KEPT_S
            self._beside(self._ask_time)
        return int(now_s * 1000 + self._ahead_ms) if self._ahead_ms else 0

    def execute(
        self,
        *command: bytes | str | float,
        key: bytes | None = None,
        at: Address | None = None,
        limit_s: float | None = None,
    ) -> Any:
        """Reply to a command. Raises StoreError.

        A cluster is asked at the node of `key`, by default the command's key (`slots.key_of`), or at the node `at`. If
        an idle connection turns out to be closed, the command is sent again, and so may arrive twice.
        """
        limit_s = self.limit_s if limit_s is None else limit_s
        if limit_s <= 0:
            raise StoreError("timeout", "no time is left")
        if self._pid != os.getpid():
            self._start()  # after a fork the connections belong to the parent
        breaker = self.breaker
        if breaker.is_open:
            if breaker.due():
                self._beside(self._ask)
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

    def later(self, *command: bytes | str | float) -> None:
        """Runs a command in the background once the store answers: no request waits for it, and it may be lost."""
        with self._lock:
            self._late.append(command)
            if self._is_late:
                return
            self._is_late = True
            self._late_thread = self._beside(self._make_up)

    def connect(self, wait_s: float) -> bool:
        """Whether there is a connection; waits for the first connection within a limit."""
        pool = self._pools[self.place.address]
        try:
            connection, _ = self._taken(pool, self.place.address, time.monotonic() + wait_s)
        except Exception as error:  # noqa: BLE001  the cache works without
            LOG.debug("no connection to the cache's store: %s", masked(str(error)))
            return False
        self._release(pool, connection)
        return True

    def nodes(self) -> list[Address]:
        """The primaries of a cluster; else the one address."""
        return self._slots.primaries() if self._slots else [self.place.address]

    def close(self) -> None:
        """Closes the connections, after pending commands, if these take no longer than a command may."""
        if self._late_thread is not None:
            self._late_thread.join(self.limit_s)
        self._closed = True
        for pool in list(self._pools.values()):
            self._drop(pool)

    def _routed(self, command: tuple[Any, ...], key: bytes | None, until: float) -> Any:
        address = self.place.address
        if not self.place.cluster:
            return self._send(address, command, until)
        if self._slots is None:
            self._beside(self._ask_time)  # reads the map; until then nodes redirect commands
        else:
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
                self._slots = None
        raise StoreError("connection", f"{self.place} sends from node to node")

    def _send(self, address: Address, command: tuple[Any, ...], until: float, asking: bool = False) -> Any:
        pool = self._pools[address]
        connection, was_idle = self._taken(pool, address, until)
        try:
            return self._talk(pool, connection, command, asking)
        except Disconnected:
            if not was_idle:
                raise
            self._drop(pool)  # the server was away: the other connections are closed too
            return self._talk(pool, self._taken(pool, address, until)[0], command, asking)

    def _talk(self, pool: _Pool, connection: Any, command: tuple[Any, ...], asking: bool) -> Any:
        try:
            if asking:
                _asked(connection, "ASKING")
            connection.send_packed_command(connection.pack_command(*command), check_health=False)
            reply = connection.read_response()
        except ResponseError:
            self._release(pool, connection)
            raise
        except BaseException:
            self._discard(pool, connection)  # a late reply must not be taken for that of another command
            raise
        self._release(pool, connection)
        return reply

    def _taken(self, pool: _Pool, address: Address, until: float) -> tuple[Any, bool]:
        """A connection, and whether it may have been idle for a long time. Raises StoreError if it comes too late."""
        with suppress(IndexError):
            while True:
                found = pool.idle.popleft()
                if not isinstance(found, Exception):
                    return found, True
        with self._lock:
            wanted = pool.count < MOST_CONNECTIONS
            pool.count += wanted
        if wanted:
            self._beside(self._open, pool, address)
        found = pool.get(until)
        if found is None:
            raise StoreError("timeout", f"no connection to {self.place} in time")
        if isinstance(found, Exception):
            raise found
        return found, False

    def _open(self, pool: _Pool, address: Address) -> None:
        try:
            connection = self._made(address)
        except Exception as error:  # noqa: BLE001  whoever waits is told
            with self._lock:
                pool.count -= 1
            pool.put(error)
        else:
            self._release(pool, connection)

    def _made(self, address: Address) -> Any:
        """A connected connection; for threads beside the requests. Learns the server's time and a cluster's map."""
        deadline.at = time.monotonic() + CONNECT_S
        connection = make_connection(self.place, address)
        connection.connect()
        seconds, microseconds = _asked(connection, "TIME")
        now_s = time.monotonic()
        self._ahead_ms = int(seconds) * 1000 + int(microseconds) / 1000 - now_s * 1000
        self._clock_until_s = now_s + CLOCK_KEPT_S
        if self.place.cluster and self._slots is None:
            self._slots = Slots(_asked(connection, "CLUSTER", "SLOTS"), address)
        return connection

    def _ask_time(self) -> None:
        try:
            self._made(self.place.address).disconnect()
        except Exception as error:  # noqa: BLE001
            LOG.debug("the cache's store does not tell its time: %s", masked(str(error)))

    def _ask(self) -> None:
        """Whether the store answers again, as fast as a request needs."""
        answered = False
        try:
            if self.place.revive is not None:
                self.place.revive()
            connection = self._made(self.place.address)
            deadline.at = time.monotonic() + self.limit_s
            answered = _asked(connection, "PING") in (b"PONG", "PONG")
            connection.disconnect()
        except Exception as error:  # noqa: BLE001
            LOG.debug("the cache's store does not answer: %s", masked(str(error)))
        finally:
            self.breaker.asked(answered)

    def _make_up(self) -> None:
        until = time.monotonic() + LATE_FOR_S
        while True:
            with self._lock:
                if not self._late or time.monotonic() > until:
                    self._late.clear()
                    self._is_late = False
                    return
                command = self._late[0]
            try:
                self.execute(*command, limit_s=CONNECT_S)
            except StoreError as error:
                if error.kind != "refused":
                    time.sleep(0.25)
                    continue
            with self._lock:
                if self._late and self._late[0] is command:
                    self._late.popleft()

    def _beside(self, what: Any, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=what, args=arguments, daemon=True, name="cache-store")
        thread.start()
        return thread

    def _release(self, pool: _Pool, connection: Any) -> None:
        if self._closed:
            self._discard(pool, connection)
        else:
            pool.put(connection)

    def _discard(self, pool: _Pool, connection: Any) -> None:
        connection.disconnect()
        with self._lock:
            pool.count -= 1

    def _drop(self, pool: _Pool) -> None:
        with suppress(IndexError):
            while True:
                found = pool.idle.popleft()
                if not isinstance(found, Exception):
                    self._discard(pool, found)


def _asked(connection: Any, *command: str) -> Any:
    connection.send_command(*command, check_health=False)
    return connection.read_response()
