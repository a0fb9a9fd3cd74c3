"""The web server of the campaign: below TLS, byte by byte, so that it can break off, stall or reset anywhere."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TIMEOUT_S = 0.6
"""The total time that a source under test has for a question."""

MAX_REQUEST_BYTES = 65_536
LONGEST_PAUSE_S = 20.0


@dataclass
class Request:
    """A GET as it arrived; `path` without the part that names the case."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Response:
    """A whole answer."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0

    def head(self, length: int | None = None) -> bytes:
        """Status line and headers; `length` is what is announced, the truth if None, nothing if negative."""
        length = len(self.body) if length is None else length
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in self.headers.items())]
        if length >= 0 and "Transfer-Encoding" not in self.headers:
            lines.append(f"Content-Length: {length}")
        return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1")

    def whole(self) -> "Script":
        """As it should be sent, after the delay."""
        if self.delay_s:
            yield Pause(self.delay_s)
        yield self.head() + self.body


@dataclass(frozen=True)
class Pause:
    """Nothing is sent for so long, or until nobody waits any more."""

    seconds: float = LONGEST_PAUSE_S


class Reset:
    """The connection is torn down: the other side sees ECONNRESET."""


Script = Iterator[bytes | Pause | Reset]
"""What happens on one connection after a request was read."""


class Site:
    """The server. `answers` has what responds to the requests below a path's first part."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.answers: dict[str, Callable[[Request], Script]] = {}
        self.over: dict[str, threading.Event] = {}
        self.strays: list[str] = []
        site = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    site._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            request_queue_size = 512
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # told by the case

        self._server = Server((host, 0), Handler)
        self.host, self.port = host, self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def open(self, name: str, answer: Callable[[Request], Script]) -> str:
        """Answers requests below /name from now on; the URL of that."""
        self.answers[name] = answer
        self.over[name] = threading.Event()
        return f"http://{self.host}:{self.port}/{name}"

    def end(self, name: str) -> None:
        """Nobody waits for these answers any more."""
        self.answers.pop(name, None)
        self.over.pop(name, threading.Event()).set()

    def close(self) -> None:
        for name in list(self.over):
            self.end(name)
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(LONGEST_PAUSE_S)
        text = b""
        while b"\r\n\r\n" not in text and len(text) < MAX_REQUEST_BYTES:
            part = connection.recv(8192)
            if not part:
                return
            text += part
        lines = text.decode("latin-1").split("\r\n")
        target = urlsplit(lines[0].split(" ")[1])
        name, _, path = target.path.removeprefix("/").partition("/")
        answer, over = self.answers.get(name), self.over.get(name)
        if answer is None or over is None:
            self.strays.append(lines[0])
            return
        headers = {key.casefold(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
        params = dict(parse_qsl(target.query, keep_blank_values=True))
        for action in answer(Request(unquote(path), params, headers)):
            if isinstance(action, bytes):
                connection.sendall(action)
            elif isinstance(action, Pause):
                if over.wait(action.seconds):
                    return
            else:
                reset(connection)
                return
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Doors:
    """Addresses that don't let anyone in: nobody listens, nobody picks up, or the door is slammed."""

    def __init__(self) -> None:
        self._bound = socket.socket()
        self._bound.bind(("127.0.0.1", 0))
        self.refused = f"http://127.0.0.1:{self._bound.getsockname()[1]}"
        self._full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._waiting = [socket.socket() for _ in range(4)]
        for one in self._waiting:
            one.setblocking(False)
            one.connect_ex(self._full.getsockname())
        self.unanswered = f"http://127.0.0.1:{self._full.getsockname()[1]}"
        self._slamming = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.slammed = f"http://127.0.0.1:{self._slamming.getsockname()[1]}"
        threading.Thread(target=self._slam, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._slamming.shutdown(socket.SHUT_RDWR)
        for one in (self._bound, self._full, self._slamming, *self._waiting):
            one.close()

    def _slam(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._slamming.accept()
                reset(connection)
