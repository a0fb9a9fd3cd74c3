"""Calls a REST API with a token: https only, bounded in time, patient with rate limits, careful with the token.

ApiError            the API refused, or could not be reached; `status` is 0 without an answer
|-- ReadOnly        the token may read but not write, such as that of a pull request from a fork
`-- Unclear         the answer to a request that must not be repeated was lost: it may have succeeded
"""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from greenai_infra.errors import GreenAIError
from greenai_infra.masking import keep_secret
from greenai_infra.web.address import checked_url
from greenai_infra.web.bounds import within
from greenai_infra.web.errors import WebError
from greenai_infra.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenai_infra.web.site import Answer

READ_TIMEOUT_S = 20.0  # between two pieces of an answer
SECONDARY_LIMIT_WAIT_S = 60.0  # GitHub's rule for an answer without a time
MAX_PAGES = 100
MAX_ANSWER_BYTES = 50_000_000
NEXT_PAGE = re.compile(r'<([^<>]*)>[^<]*;\s*rel="?next\b')
"""In a Link header: <https://...>; rel="next", <https://...>; rel="last"."""
REASONS = {
    401: "the token was refused: it is wrong or has expired",
    404: "the repository or request does not exist, or the token can't see it",
    410: "comments are disabled there",
}


class ApiError(GreenAIError):
    """The API refused, failed, or could not be reached."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class ReadOnly(ApiError):
    """The token may not write."""


class Unclear(ApiError):
    """The request may or may not have succeeded."""


class Api:
    """An API below `base_url`, which came from `variable`; `headers` hold the token.

    All calls together take at most about `within_s`, including waits for rate limits.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], token: str, *, variable: str, within_s: float
    ) -> None:
        keep_secret([token])
        base = checked_url(base_url, variable)
        self._host = urlsplit(base).netloc
        self._deadline = time.monotonic() + within_s
        self._within_s = within_s
        try:
            self._site = Site(
                base, headers, most_bytes=MAX_ANSWER_BYTES, read_s=READ_TIMEOUT_S, obeys_retry_after=False
            )  # a Retry-After may be an hour: this module waits, within its bound
        except WebError as error:
            raise ApiError(f"{self._host}: {error}") from None

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every object of a list, following the Link header. Raises ApiError."""
        target = path
        for _ in range(MAX_PAGES):
            answer = self._call("GET", target)
            value = self._value("GET", answer)
            if not isinstance(value, list):
                raise ApiError(f"the answer to {path} is not a JSON array")
            yield from (entry for entry in value if isinstance(entry, dict))
            following = NEXT_PAGE.search(answer.headers.get("Link", ""))
            if not following:
                return
            parts = urlsplit(following[1])
            if parts.netloc != self._host:
                elsewhere = f"a next page on another host ({parts.netloc})"
                raise ApiError(f"the API names {elsewhere}, where the token isn't sent")
            target = f"{parts.path}?{parts.query}"
        raise ApiError(f"there are more than {MAX_PAGES} pages of comments")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The object in the API's answer. Raises ApiError, or Unclear if a POST may have succeeded."""
        value = self._value(method, self._call(method, path, body))
        if not isinstance(value, dict):
            raise ApiError(f"the answer to {method} {path} is not a JSON object")
        return value

    def _call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> Answer:
        while True:
            answer = self._send(method, target, body)
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return answer
            wait_s = _asked_to_wait(answer)
            if wait_s is None:
                self._refuse(method, answer)
            if time.monotonic() + wait_s > self._deadline:
                raise ApiError(
                    f"the rate limit is reached{answer.said}; ask again in {wait_s:.0f} s; that is more than is "
                    f"left of the {self._within_s:.0f} s for posting (--max-wait)",
                    answer.status,
                )
            time.sleep(wait_s)

    def _send(self, method: str, target: str, body: Mapping[str, Any] | None) -> Answer:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise ApiError(f"there was no answer within {self._within_s:.0f} s (--max-wait)")
        try:
            return within(left_s, lambda: self._site.send(method, target, until=self._deadline, body=body))
        except WebError as error:
            if not error.sent:
                raise ApiError(f"{self._host}: {error}") from None
            self._lost(method, f"{self._host}: {error}")

    def _value(self, method: str, answer: Answer) -> Any:
        try:
            return answer.json()
        except ValueError:
            self._lost(method, "the answer is not JSON (a proxy's page, or cut off)")

    def _lost(self, method: str, words: str) -> NoReturn:
        raise (Unclear if method == "POST" else ApiError)(words)

    def _refuse(self, method: str, answer: Answer) -> NoReturn:
        status, said = answer.status, answer.said
        if status < HTTPStatus.BAD_REQUEST:
            raise ApiError(f"the API has moved (HTTP {status}); check whether the repository was renamed", status)
        if status == HTTPStatus.FORBIDDEN:
            raise ReadOnly(f"the token may not do this (HTTP 403){said}", status)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._lost(method, f"the service failed (HTTP {status}){said}")
        raise ApiError(f"{REASONS.get(status, 'the comment was refused')} (HTTP {status}){said}", status)


def _asked_to_wait(answer: Answer) -> float | None:
    """Seconds until the API may be asked again; None if this is not a rate limit."""
    headers = answer.headers
    if answer.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return None
    if answer.retry_after_s is not None:
        return answer.retry_after_s
    reset = headers.get("X-RateLimit-Reset") or headers.get("RateLimit-Reset") or ""
    remaining = headers.get("X-RateLimit-Remaining") or headers.get("RateLimit-Remaining") or ""
    if remaining == "0" and reset.isdecimal() and len(reset) < 12:
        return max(1.0, float(reset) - _server_time(answer))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or "rate limit" in answer.said.lower():
        return SECONDARY_LIMIT_WAIT_S
    return None


def _server_time(answer: Answer) -> float:
    """The server's clock in seconds: this machine's clock may be wrong."""
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()
