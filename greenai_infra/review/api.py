"""Calling a REST API with a token: https only, bounded in time, patient with rate limits, careful with what is sent.

ApiError            the API said no, or could not be reached; `status` is 0 without an answer
|-- ReadOnly        the token may read but not write, as that of a pull request from a fork
`-- Unclear         the answer to a request that must not be repeated was lost: it may have been done
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.masking import keep_secret, masked
from greenai_infra.web import WebSetupError, ca_certificates, proxy_for, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0  # between two pieces of an answer
RETRIES = 3
SECONDARY_LIMIT_WAIT_S = 60.0  # what GitHub asks for where its answer names no time
MAX_PAGES = 100
MAX_ANSWER_BYTES = 50_000_000
LOOPBACK = ("localhost", "127.0.0.1", "::1")
REASONS = {
    401: "the token was refused: it is wrong or has expired",
    404: "there is no such repository or request, or the token can't see it",
    410: "comments are switched off there",
}


class ApiError(GreenAIError):
    """The API refused, failed, or could not be reached."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class ReadOnly(ApiError):
    """The token may not write."""


class Unclear(ApiError):
    """Whether the request was done is not known."""


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    links: Mapping[str, Mapping[str, str]]
    body: bytes

    @property
    def said(self) -> str:
        """What the API itself says is wrong, in brief, printable and without the token; begins with `: ` if any."""
        try:
            answer = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(answer, dict):
            return ""
        words = answer.get("message") or answer.get("error") or ""
        details = answer.get("errors")
        if isinstance(details, list):
            reasons = [str(one.get("message", one) if isinstance(one, dict) else one) for one in details]
            words = f"{words}: {'; '.join(reasons)}"
        plain = "".join(letter if letter.isprintable() else " " for letter in masked(str(words)))
        return f": {plain[:200]}" if words else ""


class Api:
    """One API below `base_url`, which `variable` gave; `headers` hold the token.

    All calls together take at most about `within_s`, waits for rate limits included.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], token: str, *, variable: str, within_s: float
    ) -> None:
        keep_secret([token])
        self._base = base_url.rstrip("/")
        _check_url(self._base, variable)
        self._deadline = time.monotonic() + within_s
        self._within_s = within_s
        self._session = requests.Session()
        self._session.auth = _no_netrc
        self._session.headers.update({"User-Agent": "greenai-infra", "Accept-Encoding": "identity", **headers})
        retry = Retry(
            total=RETRIES,
            backoff_factor=0.5,
            backoff_max=8,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET", "PUT", "PATCH"),  # PATCH and PUT set the same text again; POST would add another
            respect_retry_after_header=False,  # which may be an hour: this module waits, within its bound
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every object of a list, following the Link header. Raises ApiError."""
        url = f"{self._base}/{path}"
        for _ in range(MAX_PAGES):
            answer, links = self._call("GET", url)
            if not isinstance(answer, list):
                raise ApiError(f"the answer to {path} is not a JSON array")
            yield from (one for one in answer if isinstance(one, dict))
            following = links.get("next", {}).get("url")
            if not following:
                return
            if urlsplit(following)[:2] != urlsplit(self._base)[:2]:
                host = urlsplit(following).netloc
                raise ApiError(f"the API names a next page on another host ({host}), where the token isn't sent")
            url = following
        raise ApiError(f"there are more than {MAX_PAGES} pages of comments")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The object that the API answers. Raises ApiError, or Unclear where a POST may have been done."""
        answer, _ = self._call(method, f"{self._base}/{path}", body)
        if not isinstance(answer, dict):
            raise ApiError(f"the answer to {method} {path} is not a JSON object")
        return answer

    def _call(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> tuple[Any, Mapping[str, Mapping[str, str]]]:
        while True:
            answer = self._send(method, url, body)
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                try:
                    return json.loads(answer.body), answer.links
                except (ValueError, RecursionError):
                    self._lost(method, "the answer is not JSON (a proxy's page, or cut off)")
            wait_s = _asked_to_wait(answer)
            if wait_s is None:
                self._refuse(method, answer)
            if time.monotonic() + wait_s > self._deadline:
                raise ApiError(
                    f"the rate limit is reached{answer.said}; it may be asked again in {wait_s:.0f} s, more than is "
                    f"left of the {self._within_s:.0f} s for posting (--max-wait)",
                    answer.status,
                )
            time.sleep(wait_s)

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise ApiError(f"there was no answer within {self._within_s:.0f} s (--max-wait)")
        host = urlsplit(url).netloc
        try:
            proxy_for(url)  # says what is wrong with it; `requests` finds it itself
            trusted = ca_certificates() or True
            return within(left_s, lambda: self._request(method, url, body, left_s, trusted))
        except WebSetupError as error:
            raise ApiError(f"{host}: {error}") from None
        except requests.exceptions.SSLError:
            raise ApiError(f"the TLS certificate of {host} could not be verified") from None
        except requests.exceptions.ConnectTimeout:
            raise ApiError(f"{host} could not be reached") from None
        except requests.exceptions.RequestException as error:
            self._lost(method, f"{host}: {_plain(error)}")
        except TimeoutError:
            self._lost(method, f"{host}: no complete answer in time")
        except (HTTPError, HTTPException, OSError):
            self._lost(method, f"{host}: the answer broke off")

    def _request(
        self, method: str, url: str, body: Mapping[str, Any] | None, left_s: float, trusted: str | bool
    ) -> Answer:
        response = self._session.request(
            method,
            url,
            json=body,
            timeout=(min(CONNECT_TIMEOUT_S, left_s), min(READ_TIMEOUT_S, left_s)),
            allow_redirects=False,  # a redirect could take the token elsewhere, and make a GET of a POST
            stream=True,
            verify=trusted,
        )
        return Answer(response.status_code, response.headers, response.links, self._body(response))

    def _body(self, response: requests.Response) -> bytes:
        parts = bytearray()
        while chunk := response.raw.read1(65_536, decode_content=True):  # returns with what has arrived
            parts += chunk
            if len(parts) > MAX_ANSWER_BYTES or time.monotonic() > self._deadline:
                response.close()
                raise requests.exceptions.Timeout
        response.raw.release_conn()
        return bytes(parts)

    def _lost(self, method: str, words: str) -> NoReturn:
        raise (Unclear if method == "POST" else ApiError)(words)

    def _refuse(self, method: str, answer: Answer) -> NoReturn:
        status, said = answer.status, answer.said
        if status < HTTPStatus.BAD_REQUEST:
            raise ApiError(f"the API has moved (HTTP {status}); was the repository renamed?", status)
        if status == HTTPStatus.FORBIDDEN:
            raise ReadOnly(f"the token may not do this (HTTP 403){said}", status)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._lost(method, f"the service failed (HTTP {status}){said}")
        raise ApiError(f"{REASONS.get(status, 'the comment was refused')} (HTTP {status}){said}", status)


def _asked_to_wait(answer: Answer) -> float | None:
    """The seconds until the API may be asked again; None unless this is a rate limit."""
    headers = answer.headers
    if answer.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return None
    after = headers.get("Retry-After", "")
    if after.isdecimal() and len(after) < 8:
        return float(after)
    reset = headers.get("X-RateLimit-Reset") or headers.get("RateLimit-Reset") or ""
    remaining = headers.get("X-RateLimit-Remaining") or headers.get("RateLimit-Remaining") or ""
    if remaining == "0" and reset.isdecimal() and len(reset) < 12:
        return max(1.0, float(reset) - _server_time(answer))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or "rate limit" in answer.said.lower():
        return SECONDARY_LIMIT_WAIT_S
    return None


def _server_time(answer: Answer) -> float:
    """The server's clock in seconds: this machine's may be wrong."""
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def _plain(error: requests.exceptions.RequestException) -> str:
    """A reason without the address."""
    if isinstance(error, requests.exceptions.Timeout):
        return "no complete answer in time"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy could not be reached, or refuses"
    return "it could not be reached, or the connection broke off"


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the headers as they are: else `requests` would put a password of ~/.netrc in place of the token."""
    return request


def _check_url(url: str, variable: str) -> None:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username:
        raise InputError(f"{variable}: {masked(url)!r} is no https address; the token is sent over https only")
