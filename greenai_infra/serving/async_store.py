"""The same as `store`, for asyncio: connections belong to the running event loop; another loop makes new ones."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Literal

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

from greenai_infra.masking import masked
from greenai_infra.serving.bounded import CONNECT_S, connection_arguments
from greenai_infra.serving.breaker import LOG, Breaker
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.slots import Slots, key_of, redirected
from greenai_infra.serving.store import CLOCK_KEPT_S, LATE_FOR_S, MOST_CONNECTIONS, MOST_LATE, MOST_REDIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from greenai_infra.serving.backends import Address, Place

_CLASSES = {"tcp": Connection, "tls": SSLConnection, "unix": UnixDomainSocketConnection}


class _Pool:
    """Idle connections to a node, errors of failed connections, and the number of connections."""

    def __init__(self) -> None:
        self.idle: asyncio.Queue[Any] = asyncio.Queue()
        self.count = 0


class AsyncStore:
    """A store for the tasks of an event loop."""

    def __init__(self, place: Place, limit_s: float) -> None:
        """`limit_s`: the longest that a command may take, and a request wait for it."""
        self.place, self.limit_s = place, limit_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start()

    def _start(self) -> None:
        self.breaker = Breaker()
        self._pools: defaultdict[Address, _Pool] = defaultdict(_Pool)
        self._slots: Slots | None = None
        self._ahead_ms, self._clock_until_s = 0.0, math.inf
        self._tasks: set[asyncio.Task[Any]] = set()
        self._late: deque[tuple[Any, ...]] = deque(maxlen=MOST_LATE)
        self._late_task: asyncio.Task[Any] | None = None
        self._is_late = self._closed = False

    def __repr__(self) -> str:
        return f"AsyncStore({self.place})"

    def now_ms(self) -> int:
        """The server's time in ms since 1970, whatever this machine's clock says; 0 before the first connection."""
        now_s = time.monotonic()
        if now_s > self._clock_until_s:
            self._clock_until_s = now_s + CLOCK_KEPT_S
            self._beside(self._ask_time())
        return int(now_s * 1000 + self._ahead_ms) if self._ahead_ms else 0

    async def execute(
        self,
        *command: bytes | str | float,
        key: bytes | None = None,
        at: Address | None = None,
        limit_s: float | None = None,
    ) -> Any:
        """As `Store.execute`."""
        limit_s = self.limit_s if limit_s is None else limit_s
        if limit_s <= 0:
            raise StoreError("timeout", "no time is left")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._start()
            self._loop = loop
        breaker = self.breaker
        if breaker.is_open:
            if breaker.due():
                self._beside(self._ask(breaker))
            raise StoreError("store down", f"{self.place} is left alone for a moment after several failures")
        try:
            async with asyncio.timeout(limit_s):
                reply = await (self._send(at, command) if at else self._routed(command, key))
        except StoreError as error:
            breaker.failed(error)
            raise
        except ResponseError as error:
            raise StoreError("refused", masked(str(error))) from None
        except Exception as error:  # noqa: BLE001  a server that speaks another protocol makes redis-py raise anything
            slow = isinstance(error, TimedOut | TimeoutError)
            kind: Literal["timeout", "connection"] = "timeout" if slow else "connection"
            failure = StoreError(kind, masked(str(error)) or f"no answer of {self.place} in time")
            breaker.failed(failure)
            raise failure from None
        breaker.succeeded()
        return reply

    def later(self, *command: bytes | str | float) -> None:
        """Runs a command in the background once the store answers: no request waits for it, and it may be lost."""
        self._late.append(command)
        if not self._is_late:
            self._is_late = True
            self._late_task = self._beside(self._make_up())

    def nodes(self) -> list[Address]:
        """The primaries of a cluster; else the one address."""
        return self._slots.primaries() if self._slots else [self.place.address]

    async def close(self) -> None:
        """Closes the connections, after pending commands, if these take no longer than a command may."""
        if asyncio.get_running_loop() is not self._loop:
            return
        if self._late_task is not None:
            await asyncio.wait([self._late_task], timeout=self.limit_s)
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for pool in self._pools.values():
            await self._drop(pool)

    async def _routed(self, command: tuple[Any, ...], key: bytes | None) -> Any:
        address = self.place.address
        if not self.place.cluster:
            return await self._send(address, command)
        if self._slots is None:
            self._beside(self._ask_time())  # reads the map; until then nodes redirect commands
        else:
            address = self._slots.address(key or key_of(command)) or address
        for _ in range(MOST_REDIRECTIONS):
            try:
                return await self._send(address, command)
            except ResponseError as error:
                target = redirected(error, address)
                if target is None:
                    raise
                address, once = target
                if once:
                    return await self._send(address, command, asking=True)
                self._slots = None
        raise StoreError("connection", f"{self.place} sends from node to node")

    async def _send(self, address: Address, command: tuple[Any, ...], asking: bool = False) -> Any:
        pool = self._pools[address]
        connection, was_idle = await self._taken(pool, address)
        try:
            return await self._talk(pool, connection, command, asking)
        except Disconnected:
            if not was_idle:
                raise
            await self._drop(pool)  # the server was away: the other connections are closed too
            return await self._talk(pool, (await self._taken(pool, address))[0], command, asking)

    async def _talk(self, pool: _Pool, connection: Any, command: tuple[Any, ...], asking: bool) -> Any:
        try:
            if asking:
                await _asked(connection, "ASKING")
            await connection.send_packed_command(connection.pack_command(*command), check_health=False)
            reply = await connection.read_response()
        except ResponseError:
            await self._release(pool, connection)
            raise
        except BaseException:
            pool.count -= 1
            await connection.disconnect(nowait=True)  # a late reply must not be taken for that of another command
            raise
        await self._release(pool, connection)
        return reply

    async def _taken(self, pool: _Pool, address: Address) -> tuple[Any, bool]:
        """A connection, and whether it may have been idle for a long time."""
        while not pool.idle.empty():
            found = pool.idle.get_nowait()
            if not isinstance(found, Exception):
                return found, True
        if pool.count < MOST_CONNECTIONS:
            pool.count += 1
            self._beside(self._open(pool, address))
        found = await pool.idle.get()
        if isinstance(found, Exception):
            raise found
        return found, False

    async def _open(self, pool: _Pool, address: Address) -> None:
        try:
            connection = await self._made(address)
        except Exception as error:  # noqa: BLE001  whoever waits is told
            pool.count -= 1
            pool.idle.put_nowait(error)
        else:
            await self._release(pool, connection)

    async def _made(self, address: Address) -> Any:
        """A connected connection; for tasks beside the requests. Learns the server's time and a cluster's map."""
        connection = _CLASSES[self.place.transport](
            **connection_arguments(self.place, address), socket_timeout=None, retry=Retry(NoBackoff(), 0)
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await connection.connect()
                seconds, microseconds = await _asked(connection, "TIME")
                now_s = time.monotonic()
                self._ahead_ms = int(seconds) * 1000 + int(microseconds) / 1000 - now_s * 1000
                self._clock_until_s = now_s + CLOCK_KEPT_S
                if self.place.cluster and self._slots is None:
                    self._slots = Slots(await _asked(connection, "CLUSTER", "SLOTS"), address)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _ask_time(self) -> None:
        try:
            await (await self._made(self.place.address)).disconnect(nowait=True)
        except Exception as error:  # noqa: BLE001
            LOG.debug("the cache's store does not tell its time: %s", masked(str(error)))

    async def _ask(self, breaker: Breaker) -> None:
        """Whether the store answers again, as fast as a request needs."""
        answered = False
        try:
            if self.place.revive is not None:
                await asyncio.to_thread(self.place.revive)
            connection = await self._made(self.place.address)
            async with asyncio.timeout(self.limit_s):
                answered = await _asked(connection, "PING") in (b"PONG", "PONG")
            await connection.disconnect(nowait=True)
        except Exception as error:  # noqa: BLE001
            LOG.debug("the cache's store does not answer: %s", masked(str(error)))
        finally:
            breaker.asked(answered)

    async def _make_up(self) -> None:
        until = time.monotonic() + LATE_FOR_S
        while self._late and time.monotonic() < until:
            command = self._late.popleft()
            try:
                await self.execute(*command, limit_s=CONNECT_S)
            except StoreError as error:
                if error.kind != "refused":
                    self._late.appendleft(command)
                    await asyncio.sleep(0.25)
        self._late.clear()
        self._is_late = False

    def _beside(self, what: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _release(self, pool: _Pool, connection: Any) -> None:
        if self._closed:
            pool.count -= 1
            await connection.disconnect(nowait=True)
        else:
            pool.idle.put_nowait(connection)

    async def _drop(self, pool: _Pool) -> None:
        while not pool.idle.empty():
            found = pool.idle.get_nowait()
            if not isinstance(found, Exception):
                pool.count -= 1
                with contextlib.suppress(RedisError, OSError):  # a peer that does not say goodbye
                    await found.disconnect(nowait=not self._closed)


async def _asked(connection: Any, *command: str) -> Any:
    await connection.send_command(*command, check_health=False)
    return await connection.read_response()
