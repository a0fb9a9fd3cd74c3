"""Asking one service: pooled connections, retries that end with the time there is, answers of a bounded size."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import certifi
import urllib3
from urllib3 import exceptions

from greenai_infra.masking import masked
from greenai_infra.web.bounds import MAX_AT_ONCE
from greenai_infra.web.environment import ca_certificates, proxy_for
from greenai_infra.web.errors import Late, NoAnswer, NotReached, TooLarge, WebError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0  # between two pieces of an answer
RETRIES = 3
FAILED_STATUS = (500, 502, 503, 504)
RETRIED_METHODS = ("GET", "PUT", "PATCH")
"""PUT and PATCH set the same once more; POST would add another."""
MAX_SAID = 160  # letters of a service's own message, in a reason
PROXY_REFUSES = "the proxy wants a user and a password, or refuses those it got"
_PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value. Raises ValueError if it is not JSON, which has no NaN and no infinity."""
        try:
            return json.loads(self.body, parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    @property
    def said(self) -> str:
        """What the service itself says is wrong, short, printable and without secrets; begins with `: ` if any."""
        try:
            words = _words(self.json())
        except ValueError:
            return ""
        plain = "".join(letter if letter.isprintable() else " " for letter in masked(words))
        return f": {plain[:MAX_SAID]}" if words else ""

    @property
    def retry_after_s(self) -> float | None:
        """The seconds after which the service wants to be asked again; None where it names no number."""
        after = self.headers.get("Retry-After", "")
        return float(after) if after.isdecimal() and len(after) < 8 else None


class Site:
    """One service below `base_url`, asked through the proxy that the environment names; for use by many threads.

    `headers` go with every request. `read_s` bounds the time between two pieces of an answer, `most_bytes` the body as
    it is unpacked. Connections that fail are tried again, as are answers of `retried_status` to a request that may be
    repeated; `obeys_retry_after` waits as long as the answer says, and gives up where that is after the deadline.
    Raises WebSetupError where the environment names no proxy or certificates that can be used.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        most_bytes: int,
        read_s: float | None = None,
        retried_status: tuple[int, ...] = FAILED_STATUS,
        obeys_retry_after: bool = True,
    ) -> None:
        self._base_path = urlsplit(base_url).path.rstrip("/")
        self._most_bytes = most_bytes
        self._headers = {"user-agent": "greenai-infra", "accept-encoding": "gzip", **(headers or {})}
        self._retry = BoundedRetry(
            total=RETRIES,
            backoff_factor=0.3,
            status_forcelist=retried_status,
            allowed_methods=RETRIED_METHODS,
            raise_on_status=False,
            respect_retry_after_header=obeys_retry_after,
        )
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S if read_s is None else read_s)
        self._open = _opener(base_url, timeout)

    def send(
        self, method: str, target: str, *, until: float, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to one request; `target` is below the base URL, or begins with / and is the whole path.

        `until` is on the monotonic clock, `body` is sent as JSON. Redirects are not followed, so that a token reaches
        no other host. A read that hangs ends with `read_s`, not with `until`: `bounds.within` ends it. Raises WebError.
        """
        sent = {**self._headers, **(headers or {})}
        if body is not None:
            sent["content-type"] = "application/json"
        path = target if target.startswith("/") else f"{self._base_path}/{target}"
        options = {
            "body": None if body is None else json.dumps(body).encode(),
            "headers": sent,
            "retries": self._retry.ending(until),
            "redirect": False,
            "preload_content": False,
        }
        try:
            response = self._open(method, path, options)
            return Answer(response.status, response.headers, self._read(response, until))
        except (exceptions.HTTPError, OSError) as error:
            raise _web_error(error) from None

    def _read(self, response: urllib3.BaseHTTPResponse, until: float) -> bytes:
        """The body, unless it is too large or arrives too slowly; then the connection is closed."""
        parts = bytearray()
        while piece := response.read1(_PIECE_BYTES, decode_content=True):  # returns with what has arrived
            parts += piece
            if len(parts) > self._most_bytes:
                response.close()
                raise TooLarge(f"the answer is larger than {self._most_bytes / 1e6:g} MB")
            if time.monotonic() > until:
                response.close()
                raise Late("the answer arrived too slowly")
        response.release_conn()
        return bytes(parts)


def _opener(base_url: str, timeout: urllib3.Timeout) -> Callable[[str, str, dict[str, Any]], urllib3.BaseHTTPResponse]:
    """What sends a method and path. Without a proxy the pool itself: its manager would take every address apart."""
    certificates = ca_certificates() or certifi.where()
    options: dict[str, Any] = {
        "num_pools": 4,
        "maxsize": MAX_AT_ONCE,
        "timeout": timeout,
        "ca_cert_dir" if os.path.isdir(certificates) else "ca_certs": certificates,
    }
    proxy = proxy_for(base_url)
    try:
        if proxy is None:
            pool = urllib3.PoolManager(**options).connection_from_url(base_url)
            return lambda method, path, more: pool.urlopen(method, path, **more)
        through = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, **options)
    except exceptions.HTTPError as error:  # a host's name that no name can be
        raise _web_error(error) from None
    origin = "{}://{}".format(*urlsplit(base_url)[:2])
    return lambda method, path, more: through.urlopen(method, f"{origin}{path}", **more)


class BoundedRetry(urllib3.Retry):
    """Retries as urllib3 does, but gives up at once where the wait that is asked for would pass the deadline."""

    until = float("inf")

    def ending(self, until: float) -> Self:
        """The same, for a request that has to be answered by then, on the monotonic clock."""
        bounded = self.new()
        bounded.until = until
        return bounded

    def new(self, **changes: Any) -> Self:
        """A copy, the deadline included."""
        changed = super().new(**changes)
        changed.until = self.until
        return changed

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
        asked_s = self.get_retry_after(response) if response is not None and self.respect_retry_after_header else None
        if time.monotonic() + (asked_s or following.get_backoff_time()) > self.until:
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


def _web_error(error: Exception) -> WebError:
    """What became of a request, without the address, which might hold more than a reader should see."""
    cause = error.reason if isinstance(error, exceptions.MaxRetryError) else error
    if isinstance(cause, exceptions.ProxyError):
        _, refused, status = str(cause.original_error).partition("Tunnel connection failed: ")
        if status.startswith("407"):
            return NotReached(PROXY_REFUSES)
        return NotReached(f"the proxy refuses (HTTP {status[:3]})" if refused else "the proxy could not be reached")
    if isinstance(cause, exceptions.SSLError):
        return NotReached("its TLS certificate could not be verified")
    if isinstance(cause, exceptions.NewConnectionError | exceptions.ConnectTimeoutError | ValueError):
        return NotReached("it could not be reached")
    if isinstance(cause, exceptions.TimeoutError):
        return NoAnswer("no answer in time")
    return NoAnswer("the answer broke off")


def _words(answer: Any) -> str:
    """The message in an error answer: `message`, `error` (a text, or an object with one), `detail` or `title`.

    What `errors` lists is added, as GitHub says what it refuses.
    """
    if not isinstance(answer, dict):
        return ""
    words = ""
    for key in ("message", "error", "detail", "title"):
        said = answer.get(key)
        said = _words(said) if isinstance(said, dict) else said
        if isinstance(said, str) and said:
            words = said
            break
    details = answer.get("errors")
    if isinstance(details, list):
        reasons = [str(one.get("message", one) if isinstance(one, dict) else one) for one in details]
        words = f"{words}: {'; '.join(reasons)}"
    return words


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
