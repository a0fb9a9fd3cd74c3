"""The same as `store`, for asyncio: connections belong to the running event loop, and are made anew in another."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
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
from greenai_infra.serving.store import CLOCK_KEPT_S, MOST_IDLE, MOST_REDIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from greenai_infra.serving.place import Address, Place

_CLASSES = {"tcp": Connection, "tls": SSLConnection, "unix": UnixDomainSocketConnection}


class AsyncStore:
    """For the tasks of an event loop."""

    def __init__(self, place: Place, limit_s: float) -> None:
        """`limit_s`: the longest that a command may take, and a request wait for it."""
        self.place, self.limit_s = place, limit_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start()

    def _start(self) -> None:
        self.breaker = Breaker()
        self._idle: dict[Address, list[Any]] = {self.place.address: []}
        self._slots: Slots | None = None
        self._ahead_ms, self._clock_until_s = 0.0, math.inf
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"AsyncStore({self.place})"

    def now_ms(self) -> int:
        """The server's time in ms since 1970, whatever this machine's clock says; 0 before the first connection."""
        now_s = time.monotonic()
        if now_s > self._clock_until_s:
            self._clock_until_s = now_s + CLOCK_KEPT_S
            self._start_task(self._open_late(self.place.address))
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
            self._ask_again()
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
            breaker.failed(error)
            slow = isinstance(error, TimedOut | TimeoutError)
            kind: Literal["timeout", "connection"] = "timeout" if slow else "connection"
            raise StoreError(kind, masked(str(error)) or f"no answer of {self.place} in time") from None
        breaker.succeeded()
        return reply

    def nodes(self) -> list[Address]:
        """The primaries of a cluster; else the one address."""
        return self._slots.primaries() if self._slots else [self.place.address]

    async def close(self) -> None:
        """Close the connections; those in use when they are given back."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if asyncio.get_running_loop() is self._loop:
            for idle in self._idle.values():
                while idle:
                    with contextlib.suppress(RedisError, OSError):  # a peer that does not say goodbye
                        await idle.pop().disconnect()

    async def _routed(self, command: tuple[Any, ...], key: bytes | None) -> Any:
        address = self.place.address
        if not self.place.cluster:
            return await self._send(address, command)
        if self._slots is None:
            await self._release(self._idle[address], await self._opened(address))
        if self._slots is not None:
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
                self._slots = None  # the next connection reads the map again
        raise StoreError("connection", f"{self.place} sends from node to node")

    async def _send(self, address: Address, command: tuple[Any, ...], asking: bool = False) -> Any:
        idle = self._idle.setdefault(address, [])
        try:
            connection = idle.pop()
        except IndexError:
            connection = await self._opened(address)
        else:
            try:
                return await self._talk(idle, connection, command, asking)
            except Disconnected:
                while idle:  # the server has been away: the others are closed, too
                    await idle.pop().disconnect(nowait=True)
                connection = await self._opened(address)
        return await self._talk(idle, connection, command, asking)

    async def _talk(self, idle: list[Any], connection: Any, command: tuple[Any, ...], asking: bool) -> Any:
        try:
            if asking:
                await connection.send_packed_command(connection.pack_command("ASKING"), check_health=False)
                await connection.read_response()
            await connection.send_packed_command(connection.pack_command(*command), check_health=False)
            reply = await connection.read_response()
        except ResponseError:
            await self._release(idle, connection)
            raise
        except BaseException:
            await connection.disconnect(nowait=True)  # a reply that comes later must not meet another command
            raise
        await self._release(idle, connection)
        return reply

    async def _opened(self, address: Address) -> Any:
        """A connected connection, made in a task of its own, which goes on if this one is cancelled."""
        task = self._start_task(self._open(address))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(lambda done: self._keep(address, done))
            raise

    async def _open(self, address: Address) -> Any:
        connection = None
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = _CLASSES[self.place.transport](
                    **connection_arguments(self.place, address), socket_timeout=None, retry=Retry(NoBackoff(), 0)
                )
                await connection.connect()
                seconds, microseconds = await _asked(connection, "TIME")
                now_s = time.monotonic()
                self._ahead_ms = int(seconds) * 1000 + int(microseconds) / 1000 - now_s * 1000
                self._clock_until_s = now_s + CLOCK_KEPT_S
                if self.place.cluster and self._slots is None:
                    self._slots = Slots(await _asked(connection, "CLUSTER", "SLOTS"), address)
        except BaseException:
            if connection is not None:
                await connection.disconnect(nowait=True)
            raise
        return connection

    def _keep(self, address: Address, done: asyncio.Task[Any]) -> None:
        """A connection that came late serves the next request."""
        if not done.cancelled() and done.exception() is None:
            self._idle.setdefault(address, []).append(done.result())

    def _ask_again(self) -> None:
        if self.breaker.due():
            self._start_task(self._ask(self.breaker))

    def _start_task(self, what: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that goes on beside the requests."""
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _open_late(self, address: Address) -> None:
        """A connection that nobody waits for."""
        try:
            await self._release(self._idle[address], await self._open(address))
        except Exception as error:  # noqa: BLE001
            LOG.debug("no connection to the cache's store: %s", masked(str(error)))

    async def _ask(self, breaker: Breaker) -> None:
        """Beside the requests: does the store answer as fast as a request needs it?"""
        answered = False
        address = self.place.address
        try:
            if self.place.revive is not None:
                await asyncio.to_thread(self.place.revive)
            connection = await self._opened(address)
            async with asyncio.timeout(self.limit_s):
                answered = await _asked(connection, "PING") in (b"PONG", "PONG")
            await self._release(self._idle[address], connection)
        except Exception as error:  # noqa: BLE001
            LOG.debug("the cache's store does not answer: %s", masked(str(error)))
        finally:
            breaker.asked(answered)

    async def _release(self, idle: list[Any], connection: Any) -> None:
        if len(idle) < MOST_IDLE and not self._closed:
            idle.append(connection)
        else:
            await connection.disconnect(nowait=True)


async def _asked(connection: Any, *command: str) -> Any:
    await connection.send_command(*command, check_health=False)
    return await connection.read_response()
