"""A local web server for tests: a script for each endpoint, and a record of what was asked."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Reply:
    """What to send: `body` as JSON unless bytes; `announced` is a Content-Length that differs from the truth."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    announced: int | None = None


@dataclass
class Asked:
    """A request as it arrived; `endpoint` is the last part of `path`, `pairs` the parameters, also repeated ones."""

    endpoint: str
    params: dict[str, str]
    headers: dict[str, str]
    path: str = ""
    pairs: list[tuple[str, str]] = field(default_factory=list)


Script = Callable[[Asked], Reply]


class WebService:
    """The server; `scripts` maps an endpoint to what answers it, and `asked` holds what came in.

    `url` is where it listens, with `prefix`, the part of the path before every endpoint.
    """

    def __init__(self, scripts: dict[str, Script], prefix: str = "") -> None:
        self.asked: list[Asked] = []
        self.scripts = scripts
        self.in_flight = 0
        self.most_in_flight = 0
        self.connections = 0
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with service._lock:
                    service.connections += 1

            def do_GET(self) -> None:
                service._send(self, service._receive(self))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that gave up is part of the script

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{prefix}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def endpoints(self) -> list[str]:
        return [asked.endpoint for asked in self.asked]

    def answer(self, asked: Asked) -> Reply:
        """What the script of the endpoint says; a service that checks what it is asked does so here."""
        if asked.endpoint not in self.scripts:
            return Reply({"message": "not found"}, 404)
        return self.scripts[asked.endpoint](asked)

    def _receive(self, handler: BaseHTTPRequestHandler) -> Reply:
        parts = urlsplit(handler.path)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        asked = Asked(parts.path.rsplit("/", 1)[-1], dict(pairs), dict(handler.headers), parts.path, pairs)
        with self._lock:
            self.asked.append(asked)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            reply = self.answer(asked)
            time.sleep(reply.delay_s)
        finally:
            with self._lock:
                self.in_flight -= 1
        return reply

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.status != 204:  # which has no body
            handler.send_header("Content-Length", str(len(body) if reply.announced is None else reply.announced))
        handler.end_headers()
        if reply.status != 204:
            handler.wfile.write(body)
        if reply.announced is not None:
            handler.close_connection = True
