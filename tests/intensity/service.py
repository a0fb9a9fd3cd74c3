"""A local server that speaks Electricity Maps' documented API, with a script for each kind of misbehaviour."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from greenai_infra.clock import format_time

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "sekret-token-123"


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
    """A request as it arrived."""

    endpoint: str
    params: dict[str, str]
    headers: dict[str, str]


Script = Callable[[Asked], Reply]


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def value_at(moment: datetime) -> float:
    """What the service answers for an hour of any zone: 100 g/kWh and 10 more for each hour of the day."""
    return 100.0 + 10 * moment.hour


def entry(moment: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "carbonIntensity": value_at(moment),
        "datetime": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedAt": format_time(NOW),
        "emissionFactorType": "lifecycle",
        "isEstimated": False,
        "estimationMethod": None,
        **changes,
    }


def hours(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * HOUR for number in range(int((end - start) / HOUR))]


def latest(asked: Asked, **changes: Any) -> Reply:
    return Reply({"zone": asked.params["zone"], **entry(hour_of(NOW)), **changes})


def history(asked: Asked, **changes: Any) -> Reply:
    past = [entry(moment) for moment in hours(hour_of(NOW) - 24 * HOUR, hour_of(NOW))]
    return Reply({"zone": asked.params["zone"], "history": past, **changes})


def past_range(asked: Asked, **changes: Any) -> Reply:
    start, end = (datetime.fromisoformat(asked.params[key]) for key in ("start", "end"))
    return Reply({"zone": asked.params["zone"], "data": [entry(moment) for moment in hours(start, end)], **changes})


def forecast(asked: Asked, **changes: Any) -> Reply:
    reach = int(asked.params["horizonHours"])
    ahead = [
        {"carbonIntensity": value_at(moment), "datetime": format_time(moment)}
        for moment in hours(hour_of(NOW), hour_of(NOW) + reach * HOUR)
    ]
    answer = {"zone": asked.params["zone"], "updatedAt": format_time(NOW), "forecast": ahead}
    return Reply({**answer, **changes})


class Service:
    """The server; `scripts` maps the last part of a path to what answers it, and `asked` holds what came in."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.scripts: dict[str, Script] = {
            "latest": latest,
            "history": history,
            "past-range": past_range,
            "forecast": forecast,
        }
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
                service._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that gave up is part of the script

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v4"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def endpoints(self) -> list[str]:
        return [asked.endpoint for asked in self.asked]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = Asked(parts.path.rsplit("/", 1)[-1], dict(parse_qsl(parts.query)), dict(handler.headers))
        with self._lock:
            self.asked.append(asked)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            reply = self.scripts[asked.endpoint](asked)
            time.sleep(reply.delay_s)
        finally:
            with self._lock:
                self.in_flight -= 1
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) if reply.announced is None else reply.announced))
        handler.end_headers()
        handler.wfile.write(body)
        if reply.announced is not None:
            handler.close_connection = True
