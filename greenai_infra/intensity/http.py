"""Asking a web service many questions at once: pooled connections, retries, and a bound on time and size.

Only live sources import this module. It uses urllib3 itself: under sixty threads the layer that `requests` adds costs
about as much processor time as the rest.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3 import exceptions

from greenai_infra.intensity.questions import Failure, Question
from greenai_infra.masking import keep_secret, masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_IN_FLIGHT = 64
CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 20.0  # for one question with all its retries and the whole body
MAX_BODY_BYTES = 5_000_000
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
RETRIED_STATUS = (429, 500, 502, 503, 504)
MAX_SERVER_WORDS = 120  # of a server's own message, in a reason

_STATUS_REASONS = {
    204: "there is no data for this question",
    400: "the question was not understood",
    401: "the token was refused, or does not cover this zone",
    403: "the token does not cover this zone or question",
    404: "there is no such zone or address",
    429: "too many requests",
}
_local = threading.local()


class Client:
    """One service: pooled connections, `headers` and `params` sent with every question.

    `secrets` are the values in them that are never shown. Redirects are not followed, so that they reach no other host.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        total_timeout_s: float | None = None,
    ) -> None:
        self._base_url = base_url
        self._params = dict(params or {})
        self.total_timeout_s = total_timeout_s or TOTAL_TIMEOUT_S
        common = {"accept": "application/json", "accept-encoding": "gzip"}
        self._pool = _pool_manager(base_url, {**common, **(headers or {})})
        keep_secret(secrets)

    def fetch_all(self, questions: Sequence[Question], *, within_s: float | None = None) -> list[Any | Failure]:
        """The JSON value that answers each question, or why there is none; up to MAX_IN_FLIGHT at a time.

        Never takes much longer than the total timeout (or `within_s`), whatever a server does: the threads are daemons,
        so that one that hangs in a read holds up neither the answer nor the end of the program.
        """
        timeout_s = self.total_timeout_s if within_s is None else within_s
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(questions)):
            todo.put(index)
        late = Failure(f"no complete answer within {timeout_s:.3g} s", transient=True, silent=True)
        answers: list[Any | Failure | Exception] = [late] * len(questions)
        deadline = time.monotonic() + timeout_s

        def work() -> None:
            _local.deadline = deadline
            while time.monotonic() < deadline:
                try:
                    index = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    answers[index] = self._fetch(questions[index])
                except Exception as error:  # noqa: BLE001 - raised again below, in the thread that asked
                    answers[index] = error

        threads = [threading.Thread(target=work, daemon=True) for _ in questions[:MAX_IN_FLIGHT]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        results: list[Any | Failure] = []
        for answer in list(answers):
            if isinstance(answer, Exception):
                raise answer
            results.append(answer)
        return results

    def _fetch(self, question: Question) -> Any | Failure:
        try:
            response = self._pool.request(
                "GET",
                f"{self._base_url}/{question.path}",
                fields=_pairs({**question.params, **self._params}),
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
                redirect=False,
                preload_content=False,
            )
            body = _read_body(response)
        except (exceptions.HTTPError, OSError) as error:
            return Failure(_plain(error), transient=True, silent=True)
        if isinstance(body, Failure):
            return body
        if response.status != HTTPStatus.OK:
            return self._status_failure(response, body)
        try:
            answer = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return Failure("the answer is not JSON (a proxy's page, or cut off)", transient=True)
        if not isinstance(answer, question.expects):
            expected = "object" if question.expects is dict else "array"
            return Failure(f"the answer is not a JSON {expected}", transient=True)
        return answer

    def _status_failure(self, response: urllib3.BaseHTTPResponse, body: bytes) -> Failure:
        status = response.status
        reason = _STATUS_REASONS.get(status, "the service failed" if status >= 500 else "unexpected answer")
        wait = response.headers.get("Retry-After", "")
        again = f", to be tried again in {wait} s" if wait.isdecimal() and len(wait) < 8 else ""
        words = f"{reason} (HTTP {status}{again}){_server_words(body)}"
        return Failure(words, transient=status in RETRIED_STATUS, status=status)


def _server_words(body: bytes) -> str:
    """What the server itself says of an error, short, printable, and without the secrets."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    words = _words(answer)
    if not words:
        return ""
    plain = "".join(letter if letter.isprintable() else " " for letter in masked(words))
    return f": {plain[:MAX_SERVER_WORDS]}"


def _words(answer: Any) -> str:
    """The message in an error answer: `message`, `error` (a text, or an object with one), `detail` or `title`."""
    if not isinstance(answer, dict):
        return ""
    for key in ("message", "error", "detail", "title"):
        said = answer.get(key)
        if isinstance(said, dict):
            said = _words(said)
        if isinstance(said, str) and said:
            return said
    return ""


def _pairs(params: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
    """Query parameters, those with several values several times."""
    return [(key, one) for key, value in params.items() for one in ([value] if isinstance(value, str) else value)]


class _BoundedRetry(urllib3.Retry):
    """Retries as urllib3 does, but gives up at once where the wait that is asked for would pass the deadline."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        wait_s = (self.get_retry_after(response) if response is not None else None) or following.get_backoff_time()
        if time.monotonic() + wait_s > getattr(_local, "deadline", float("inf")):
            raise exceptions.MaxRetryError(
                _pool, url or "", error or exceptions.ResponseError("no time is left to try again")
            )
        return following

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        """The seconds that a service asks to wait; None also for a header that says no time."""
        try:
            return super().get_retry_after(response)
        except (exceptions.InvalidHeader, ValueError, OverflowError):  # thousands of digits, the year 99999
            return None


def _pool_manager(base_url: str, headers: dict[str, str]) -> urllib3.PoolManager:
    """Connections to one service, through the proxy that the environment names, if any."""
    retry = _BoundedRetry(
        total=3,
        backoff_factor=0.3,
        status_forcelist=RETRIED_STATUS,
        allowed_methods=["GET"],
        raise_on_status=False,
        respect_retry_after_header=True,
    )
    options: dict[str, Any] = {
        "num_pools": 4,
        "maxsize": MAX_IN_FLIGHT,
        "headers": headers,
        "retries": retry,
        "ca_certs": next(filter(None, map(os.environ.get, CA_VARIABLES)), certifi.where()),
    }
    parts = urlsplit(base_url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return urllib3.PoolManager(**options)
    return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}", **options)


def _read_body(response: urllib3.BaseHTTPResponse) -> bytes | Failure:
    """The body, unless it is too large or arrives too slowly; then the connection is closed."""
    parts = bytearray()
    for chunk in response.stream(65_536, decode_content=True):
        parts += chunk
        if len(parts) > MAX_BODY_BYTES:
            response.close()
            return Failure(f"the answer is larger than {MAX_BODY_BYTES / 1e6:g} MB", transient=True)
        if time.monotonic() > _local.deadline:
            response.close()
            return Failure("the answer arrived too slowly", transient=True)
    response.release_conn()
    return bytes(parts)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _plain(error: Exception) -> str:
    """A reason without the address, which might hold more than a reader should see."""
    cause = error.reason if isinstance(error, exceptions.MaxRetryError) else error
    if isinstance(cause, exceptions.NewConnectionError):
        return "it could not be reached"
    if isinstance(cause, exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(cause, exceptions.SSLError):
        return "its TLS certificate could not be verified"
    if isinstance(cause, exceptions.ProxyError):
        return "the proxy could not be reached"
    if isinstance(cause, exceptions.ProtocolError | exceptions.DecodeError):
        return "the answer broke off"
    return "it could not be reached"
