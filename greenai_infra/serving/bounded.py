"""redis-py connections whose reads and writes end at the thread's deadline, however slowly a server answers.

A socket's timeout restarts with each byte received, so a server that drips bytes could hold a request for ever.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.retry import Retry

if TYPE_CHECKING:
    from greenai_infra.serving.backends import Address, Place

CONNECT_S = 5.0
"""Time limit for making a connection, in the background."""


class _Deadline(threading.local):
    at = 0.0


deadline = _Deadline()
"""`deadline.at`, on the clock of `time.monotonic`: when operations of this thread on such connections end."""


class _BoundedSocket:
    """A connected socket. Everything except timing is passed to the socket."""

    __slots__ = ("_socket",)

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def recv(self, size: int) -> Any:
        self._socket.settimeout(_left_s())
        return self._socket.recv(size)

    def recv_into(self, buffer: Any) -> Any:
        self._socket.settimeout(_left_s())
        return self._socket.recv_into(buffer)

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(_left_s())
        self._socket.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _left_s() -> float:
    left = deadline.at - time.monotonic()
    if left <= 0:
        raise TimeoutError("deadline")
    return float(left)


class _Bounded:
    def _connect(self) -> Any:
        return _BoundedSocket(super()._connect())  # type: ignore[misc]


class _Tcp(_Bounded, Connection):
    pass


class _Tls(_Bounded, SSLConnection):
    pass


class _Unix(_Bounded, UnixDomainSocketConnection):
    pass


_CLASSES = {"tcp": _Tcp, "tls": _Tls, "unix": _Unix}


def connection_arguments(place: Place, address: Address) -> dict[str, Any]:
    """Arguments of a connection, without those about time."""
    where = {"path": address[0]} if place.transport == "unix" else {"host": address[0], "port": address[1]}
    return {**place.arguments, **where, "protocol": 2, "health_check_interval": 0}


def make_connection(place: Place, address: Address) -> Any:
    """A connection that is not connected yet."""
    times = {"socket_timeout": CONNECT_S, "socket_connect_timeout": CONNECT_S, "retry": Retry(NoBackoff(), 0)}
    if place.transport == "unix":
        del times["socket_connect_timeout"]
    return _CLASSES[place.transport](**{**connection_arguments(place, address), **times})
