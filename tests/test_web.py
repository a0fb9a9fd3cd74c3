"""The one way to the web, through real sockets on this machine: what is the same for every client."""

from __future__ import annotations

import gzip
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.web.address import is_safe
from greenai_infra.web.bounds import each_within, within
from greenai_infra.web.errors import Late, NoAnswer, NotReached, TooLarge
from greenai_infra.web.site import BoundedRetry, Site
from tests.loopback import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = b'{"zone": "FR"}' * 40_000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        if self.path == "/v4/failing":
            self._answer(502, b"{}")
        elif self.path == "/v4/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one ", b"two"):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/v4/cut":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        else:
            self._answer(200, gzip.compress(PLAIN), {"Content-Encoding": "gzip"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(BoundedRetry, "get_backoff_time", lambda self: 0.01)
    monkeypatch.setenv("no_proxy", "*")
    Handler.asked = []
    return Handler.asked


@pytest.fixture
def url(asked: list[str]) -> Iterator[str]:
    with answering(Handler) as address:
        yield f"{address}/v4"


def soon() -> float:
    return time.monotonic() + 60


def test_the_size_is_bounded_as_it_is_unpacked(url: str) -> None:
    assert len(gzip.compress(PLAIN)) < 10_000
    assert Site(url, most_bytes=len(PLAIN)).send("GET", "zones", until=soon()).body == PLAIN
    with pytest.raises(TooLarge, match=r"larger than 0\.01 MB"):
        Site(url, most_bytes=10_000).send("GET", "zones", until=soon())


def test_chunks_are_one_body_and_a_cut_body_is_no_answer(url: str) -> None:
    site = Site(url, most_bytes=100)
    assert site.send("GET", "chunks", until=soon()).body == b"one two"
    with pytest.raises(NoAnswer, match="broke off"):
        site.send("GET", "cut", until=soon())


def test_a_target_is_below_the_base_or_a_whole_path(url: str, asked: list[str]) -> None:
    site = Site(f"{url}/", most_bytes=10**6)
    site.send("GET", "latest?zone=FR", until=soon())
    site.send("GET", "/v5/latest", until=soon())
    assert asked == ["GET /v4/latest?zone=FR", "GET /v5/latest"]


@pytest.mark.parametrize(("method", "times"), [("GET", 4), ("POST", 1)])
def test_only_what_may_be_repeated_is_asked_again(url: str, asked: list[str], method: str, times: int) -> None:
    answer = Site(url, most_bytes=100).send(method, "failing", until=soon(), body={} if method == "POST" else None)
    assert (answer.status, len(asked)) == (502, times)


def test_nothing_is_asked_again_where_the_wait_would_pass_the_deadline(
    url: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedRetry, "get_backoff_time", lambda self: 3600)
    assert Site(url, most_bytes=100).send("GET", "failing", until=soon()).status == 502
    assert len(asked) == 1


def test_who_can_not_be_reached_was_sent_nothing(asked: list[str]) -> None:
    with pytest.raises(NotReached) as failed:
        Site("http://127.0.0.1:9", most_bytes=100).send("POST", "x", until=soon(), body={})
    assert not failed.value.sent
    assert NoAnswer.sent


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a?signature=1", True),
        ("http://127.8.9.1:80/a", True),
        ("http://[::1]/a", True),
        ("http://localhost/a", True),
        ("http://localhost.example.org/a", False),
        ("http://10.0.0.1/a", False),
        ("https://me@example.org/a", False),
        ("https://:word@example.org/a", False),
        ("file:///etc/passwd", False),
        ("https:///a", False),
    ],
)
def test_which_addresses_are_asked(url: str, safe: bool) -> None:
    assert is_safe(url) == safe


def test_work_that_hangs_is_late_and_the_rest_is_kept() -> None:
    hanging = [lambda: 1, lambda: time.sleep(60), lambda: 3]
    first, late, third = each_within(0.5, hanging)
    assert (first, third) == (1, 3)
    assert isinstance(late, Late)
    with pytest.raises(Late, match=r"within 0\.1 s"):
        within(0.1, lambda: time.sleep(60))


def test_what_work_raises_is_raised_where_it_was_asked_for() -> None:
    def failing() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        within(60, failing)
