"""Asking a web service many questions at once, with a bound on time and size.

Only live sources import this module. It uses urllib3 itself: under sixty threads the layer that `requests` adds costs
about as much processor time as the rest.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from urllib3 import exceptions

from greenai_infra.intensity.model.questions import AnswerError, Failure, Question
from greenai_infra.intensity.service.connections import MAX_IN_FLIGHT, RETRIED_STATUS, opener, this_thread
from greenai_infra.masking import keep_secret, masked
from greenai_infra.web import WebSetupError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import urllib3

TOTAL_TIMEOUT_S = 20.0  # for one question with all its retries and the whole body
MAX_BODY_BYTES = 5_000_000
MAX_SERVER_WORDS = 120  # of a server's own message, in a reason

_STATUS_REASONS = {
    204: "there is no data for this question",
    400: "the question was not understood",
    401: "the token was refused, or does not cover this zone",
    403: "the token does not cover this zone or question",
    404: "there is no such zone or address",
    407: "the proxy wants a user and a password, or refuses those it got",
    429: "too many requests",
}


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
        self._params = dict(params or {})
        self.total_timeout_s = total_timeout_s or TOTAL_TIMEOUT_S
        common = {"accept": "application/json", "accept-encoding": "gzip"}
        keep_secret(secrets)
        self._unusable = ""
        try:
            self._open = opener(base_url, {**common, **(headers or {})})
        except WebSetupError as error:
            self._unusable = str(error)

    def fetch_all(self, questions: Sequence[Question], *, within_s: float | None = None) -> list[Any | Failure]:
        """What answers each question, as JSON or as it is read, or why nothing does; up to MAX_IN_FLIGHT at a time.

        Never takes much longer than the total timeout (or `within_s`), whatever a server does: the threads are daemons,
        so that one that hangs in a read holds up neither the answer nor the end of the program.
        """
        if self._unusable:
            return [Failure(self._unusable, transient=True)] * len(questions)
        timeout_s = self.total_timeout_s if within_s is None else within_s
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(questions)):
            todo.put(index)
        late = Failure(f"no complete answer within {timeout_s:.3g} s", transient=True, silent=True)
        answers: list[Any | Failure | Exception] = [late] * len(questions)
        deadline = time.monotonic() + timeout_s

        def work() -> None:
            this_thread.deadline = deadline
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
            query = "&".join(_encoded(key, value) for key, value in {**question.params, **self._params}.items())
            response = self._open(f"{question.path}?{query}" if query else question.path)
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
        if question.read is None:
            return answer
        try:
            return question.read(answer)
        except AnswerError as error:
            return Failure(str(error), transient=True)

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


def _encoded(key: str, value: str | list[str]) -> str:
    """A query parameter; one with several values is given several times."""
    return "&".join(f"{_quoted(key)}={_quoted(one)}" for one in ([value] if isinstance(value, str) else value))


_quoted = lru_cache(maxsize=1024)(quote_plus)  # the questions of a batch differ in one word


def _read_body(response: urllib3.BaseHTTPResponse) -> bytes | Failure:
    """The body, unless it is too large or arrives too slowly; then the connection is closed."""
    parts = bytearray()
    for chunk in response.stream(65_536, decode_content=True):
        parts += chunk
        if len(parts) > MAX_BODY_BYTES:
            response.close()
            return Failure(f"the answer is larger than {MAX_BODY_BYTES / 1e6:g} MB", transient=True)
        if time.monotonic() > this_thread.deadline:
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
        _, refused, status = str(cause.original_error).partition("Tunnel connection failed: ")
        if status.startswith("407"):
            return _STATUS_REASONS[407]
        return f"the proxy refuses (HTTP {status[:3]})" if refused else "the proxy could not be reached"
    if isinstance(cause, exceptions.ProtocolError | exceptions.DecodeError):
        return "the answer broke off"
    return "it could not be reached"
