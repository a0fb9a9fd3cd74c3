"""Proxies, certificates and servers that keep a reader waiting: asked through real sockets on this machine."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.catalog.fetchers.fetch import fetch
from greenai_infra.errors import DataUnavailable
from greenai_infra.intensity.model.questions import Failure, Question
from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Unavailable
from greenai_infra.intensity.service import live
from greenai_infra.intensity.service.http import Client
from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps
from greenai_infra.masking import masked
from greenai_infra.review.api import Api, ApiError
from greenai_infra.web.environment import proxy_for

from .service import NOW, TOKEN, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.intensity.service.cache import AnswerCache

FAR = "https://far.invalid"
PASSWORD = "p@ss word"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """HOST:PORT of a server that hands every connection to `serve`, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def swallow(connection: socket.socket) -> None:
    """Take what comes and never answer."""
    while connection.recv(65_536):
        pass


def drip(connection: socket.socket) -> None:
    """A byte of an endless body every tenth of a second: no single read is late."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        try:
            connection.sendall(b"x")
        except OSError:
            return
        time.sleep(0.1)


def drip_headers(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        try:
            connection.sendall(b"X-More: x\r\n")
        except OSError:
            return
        time.sleep(0.1)


def asked(url: str = FAR) -> Any:
    return Client(url, total_timeout_s=1).fetch_all([Question("latest")])[0]


def posted() -> str:
    with pytest.raises(ApiError) as refused:
        Api(FAR, {}, "t0ken", variable="GITHUB_API_URL", within_s=5).call("GET", "user")
    return str(refused.value)


def downloaded() -> str:
    with pytest.raises(DataUnavailable) as refused:
        fetch(f"{FAR}/vms.csv", within_s=5)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "the proxy of ALL_PROXY is socks5://, which is not supported; use http:"),
        ("https_proxy", "socks5h://u:secret@h:1", "the proxy of https_proxy is socks5h://, which is not supported"),
        ("HTTPS_PROXY", "http://127.0.0.1:99999", "the proxy of HTTPS_PROXY is '127.0.0.1:99999', which is no address"),
        ("HTTPS_PROXY", "not a url", "the proxy of HTTPS_PROXY is 'not a url', which is no address"),
        ("HTTPS_PROXY", "http://", "the proxy of HTTPS_PROXY is '', which is no address"),
        ("HTTPS_PROXY", "http://u:secret@host:port", "the proxy of HTTPS_PROXY is 'host:port', which is no address"),
        ("HTTPS_PROXY", "http://[::1:3128", "which is no address; write http://HOST:PORT"),
        ("SSL_CERT_FILE", "/no/such/ca.pem", "of SSL_CERT_FILE, /no/such/ca.pem, can't be used: the file is not there"),
        ("REQUESTS_CA_BUNDLE", "/dev/null", "of REQUESTS_CA_BUNDLE, /dev/null, can't be used: the file holds no cert"),
    ],
)
def test_what_the_environment_sets_wrong_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    failure = asked()
    assert isinstance(failure, Failure)
    for said in (failure.reason, downloaded(), posted()):
        assert words in said
        assert "secret" not in said
        assert "\n" not in said


def test_a_password_is_sent_to_the_proxy_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []
    wanted = b"proxy-authorization: basic dXNlcjpwQHNzIHdvcmQ=".lower()  # user:p@ss word

    def guarded(connection: socket.socket) -> None:
        head = connection.recv(65_536)
        heads.append(head)
        status = b"502 Bad Gateway" if wanted in head.lower() else b"407 Proxy Authentication Required"
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.close()

    with listening(guarded) as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss%20word@{address}")
        reasons = [asked().reason, downloaded(), posted()]
        assert "the proxy refuses (HTTP 502)" in reasons[0]
        assert all(head.startswith(b"CONNECT far.invalid:443") and wanted in head.lower() for head in heads)
        assert masked(f"{PASSWORD} dXNlcjpwQHNzIHdvcmQ=") == "*** ***"

        monkeypatch.setenv("HTTPS_PROXY", f"http://user:wrong@{address}")
        reasons += [refused := asked().reason, downloaded()]
        assert refused == "the proxy wants a user and a password, or refuses those it got"
        assert "the proxy wants a user and a password" in reasons[-1]
    assert not any(word in reason for reason in reasons for word in (PASSWORD, "wrong", "p%40ss"))


def test_a_password_goes_with_plain_http_too(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = service.url.removesuffix("/v4").replace("http://", "http://user:word@")
    monkeypatch.setenv("http_proxy", proxy)
    asked("http://far.invalid/v4")
    assert service.asked[0].headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize(
    ("listed", "url", "goes_direct"),
    [
        ("", "https://a.example.org", False),
        ("example.org", "https://a.example.org", True),
        ("*", "https://a.example.org", True),
        ("other.org,10.0.0.0/8", "https://10.1.2.3:8443", True),
        ("other.org,10.0.0.0/8", "https://11.1.2.3:8443", False),
        ("10.0.0.0/8", "https://a.example.org", False),
        ("10.0.0.0/99", "https://10.1.2.3", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_networks(
    monkeypatch: pytest.MonkeyPatch, listed: str, url: str, goes_direct: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example.net:3128")
    monkeypatch.setenv("NO_PROXY", listed)
    assert (proxy_for(url) is None) == goes_direct
    assert goes_direct or proxy_for(url) == ("http://proxy.example.net:3128", {})


@pytest.mark.parametrize("slow", [drip, drip_headers, swallow])
def test_a_download_ends_at_its_deadline(slow: Callable[[socket.socket], None]) -> None:
    words = r"no complete answer within 0\.5 s \(--max-wait\)"
    with listening(slow) as address, pytest.raises(DataUnavailable, match=words):
        fetch(f"http://{address}/vms.csv", within_s=0.5)


def test_posting_ends_at_its_deadline_where_the_headers_drip() -> None:
    with listening(drip_headers) as address:
        api = Api(f"http://{address}", {}, "t0ken", variable="GITHUB_API_URL", within_s=0.5)
        with pytest.raises(ApiError, match="no complete answer within"):
            api.call("GET", "user")


def test_a_service_that_kept_one_command_waiting_is_spared_by_the_next(
    cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONG_WAIT_S", 0.1)

    def latest(url: str, after: timedelta) -> str:
        source = ElectricityMaps(Access(url, TOKEN), as_of=NOW + after, cache=cache, total_timeout_s=0.3)
        answer = source.latest(["FR"])["FR"]
        assert isinstance(answer, Unavailable)
        return answer.reason

    connections: list[str] = []

    def count(connection: socket.socket) -> None:
        connections.append("one")
        swallow(connection)

    with listening(count) as address:
        url = f"http://{address}"
        assert "no complete answer within" in latest(url, timedelta())
        first = len(connections)
        assert first > 0
        said = latest(url, timedelta(minutes=4))
        assert len(connections) == first  # not asked
        assert f"it was silent at {NOW:%Y-%m-%dT%H:%M:%S}Z (no complete answer within" in said
        assert f"{NOW + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}Z on" in said

        latest(url, timedelta(minutes=6))
        assert len(connections) > first  # asked again after a while
        asked_again = len(connections)
        monkeypatch.setenv("http_proxy", address)
        latest(url, timedelta(minutes=7))
        assert len(connections) > asked_again  # another way is tried at once
        monkeypatch.delenv("http_proxy")
        assert cache.clear() > 0
        asked_again = len(connections)
        latest(url, timedelta(minutes=8))
        assert len(connections) > asked_again
