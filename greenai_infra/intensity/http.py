"""Asking a web service many questions at once: pooled connections, retries, and a bound on time and size.

Only live sources import this module, since it imports `requests`.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import MaxRetryError, NewConnectionError, ResponseError
from urllib3.exceptions import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_IN_FLIGHT = 64
CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 20.0  # for one question with all its retries and the whole body
MAX_BODY_BYTES = 5_000_000
RETRIED_STATUS = (429, 500, 502, 503, 504)
MAX_SERVER_WORDS = 120  # of a server's own message, in a reason

_STATUS_REASONS = {
    400: "the question was not understood",
    401: "the token was refused, or does not cover this zone",
    403: "the token does not cover this zone or question",
    404: "there is no such zone or address",
    429: "too many requests",
}
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Question:
    """A GET below the base URL."""

    path: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in plain words; `transient` if the same question may be answered later."""

    reason: str
    transient: bool


class Client:
    """One service: a session with pooled connections, and `secret` sent in the header of that name, never shown.

    Redirects are not followed, so that the secret reaches no other host.
    """

    def __init__(
        self, base_url: str, *, secret_header: str, secret: str, total_timeout_s: float = TOTAL_TIMEOUT_S
    ) -> None:
        self._base_url = base_url
        self._secret = secret
        self._total_timeout_s = total_timeout_s
        self._session = requests.Session()
        self._session.headers.update({secret_header: secret, "Accept": "application/json"})
        # Read the environment once: `requests` does so at each request, which costs more than the request.
        self._session.trust_env = False
        self._session.proxies = get_environ_proxies(base_url)
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        retry = _BoundedRetry(
            total=3,
            backoff_factor=0.3,
            status_forcelist=RETRIED_STATUS,
            allowed_methods=["GET"],
            raise_on_status=False,
            respect_retry_after_header=True,
        )
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=MAX_IN_FLIGHT, max_retries=retry)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def fetch_all(self, questions: Sequence[Question]) -> list[dict[str, Any] | Failure]:
        """The JSON object that answers each question, or why there is none; up to MAX_IN_FLIGHT at a time.

        Never takes much longer than the total timeout, whatever a server does: the threads are daemons, so that one
        that hangs in a read holds up neither the answer nor the end of the program.
        """
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(questions)):
            todo.put(index)
        late = Failure(f"no complete answer within {self._total_timeout_s:g} s", transient=True)
        answers: list[dict[str, Any] | Failure | Exception] = [late] * len(questions)
        deadline = time.monotonic() + self._total_timeout_s

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
        results: list[dict[str, Any] | Failure] = []
        for answer in list(answers):
            if isinstance(answer, Exception):
                raise answer
            results.append(answer)
        return results

    def _fetch(self, question: Question) -> dict[str, Any] | Failure:
        try:
            with self._session.get(
                f"{self._base_url}/{question.path}",
                params=dict(question.params),
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read_body(response)
        except requests.RequestException as error:
            return Failure(_plain(error), transient=True)
        except (urllib3.exceptions.HTTPError, OSError):
            return Failure("the connection broke", transient=True)
        if isinstance(body, Failure):
            return body
        if response.status_code != requests.codes.ok:
            return self._status_failure(response, body)
        try:
            answer = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return Failure("the answer is not JSON (a proxy's page, or cut off)", transient=True)
        if not isinstance(answer, dict):
            return Failure("the answer is not a JSON object", transient=True)
        return answer

    def _status_failure(self, response: requests.Response, body: bytes) -> Failure:
        status = response.status_code
        reason = _STATUS_REASONS.get(status, "the service failed" if status >= 500 else "unexpected answer")
        wait = response.headers.get("Retry-After", "")
        again = f", to be tried again in {wait} s" if wait.isdecimal() and len(wait) < 8 else ""
        return Failure(f"{reason} (HTTP {status}{again}){self._server_words(body)}", transient=status in RETRIED_STATUS)

    def _server_words(self, body: bytes) -> str:
        """What the server itself says of an error, short, printable, and without the secret."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return ""
        words = (answer.get("message") or answer.get("error")) if isinstance(answer, dict) else None
        if not isinstance(words, str) or not words:
            return ""
        plain = "".join(letter if letter.isprintable() else " " for letter in words.replace(self._secret, "***"))
        return f": {plain[:MAX_SERVER_WORDS]}"


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
            raise MaxRetryError(_pool, url or "", error or ResponseError("no time is left to try again"))
        return following


def _read_body(response: requests.Response) -> bytes | Failure:
    """The body, unless it is too large or arrives too slowly."""
    parts = bytearray()
    for chunk in response.iter_content(65_536):
        parts += chunk
        if len(parts) > MAX_BODY_BYTES:
            return Failure(f"the answer is larger than {MAX_BODY_BYTES / 1e6:g} MB", transient=True)
        if time.monotonic() > _local.deadline:
            return Failure("the answer arrived too slowly", transient=True)
    return bytes(parts)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _plain(error: requests.RequestException) -> str:
    """A reason without the address, which might hold more than a reader should see."""
    cause = error.args[0] if error.args else None
    inner = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(inner, NewConnectionError):
        return "it could not be reached"
    if isinstance(error, requests.Timeout) or isinstance(inner, PoolTimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its TLS certificate could not be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy could not be reached"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer broke off"
    return "it could not be reached"
