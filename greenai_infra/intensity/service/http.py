"""Asking a web service many questions at once, with a bound on time and size.

Only live sources import this module.
"""

from __future__ import annotations

import time
from functools import lru_cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from greenai_infra.intensity.model.questions import AnswerError, Failure, Question
from greenai_infra.masking import keep_secret
from greenai_infra.web.bounds import each_within
from greenai_infra.web.errors import Late, NoAnswer, NotReached, WebError
from greenai_infra.web.site import FAILED_STATUS, PROXY_REFUSES, Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.web.site import Answer

TOTAL_TIMEOUT_S = 20.0  # per question, with all its retries and the whole body
MAX_BODY_BYTES = 5_000_000
PASSING_STATUS = (HTTPStatus.TOO_MANY_REQUESTS, *FAILED_STATUS)

_STATUS_REASONS = {
    204: "there is no data for this question",
    400: "the question was not understood",
    401: "the token was refused, or does not cover this zone",
    403: "the token does not cover this zone or question",
    404: "there is no such zone or address",
    407: PROXY_REFUSES,
    429: "too many requests",
}


class Client:
    """A service: pooled connections, `headers` and `params` sent with every question.

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
        keep_secret(secrets)
        common = {"accept": "application/json", **(headers or {})}
        self._site: Site | Failure
        try:
            self._site = Site(base_url, common, most_bytes=MAX_BODY_BYTES, retried_status=PASSING_STATUS)
        except WebError as error:
            self._site = _failure(error)

    def fetch_all(self, questions: Sequence[Question], *, within_s: float | None = None) -> list[Any | Failure]:
        """Returns the answer to each question, as JSON or as read by the reader, or why it is missing.

        Takes little longer than the total timeout (or `within_s`), even with a misbehaving server.
        """
        if isinstance(self._site, Failure):
            return [self._site] * len(questions)
        timeout_s = self.total_timeout_s if within_s is None else within_s
        until = time.monotonic() + timeout_s
        answers = each_within(timeout_s, [partial(self._fetch, self._site, one, until) for one in questions])
        return [_failure(answer) if isinstance(answer, Late) else answer for answer in answers]

    def _fetch(self, site: Site, question: Question, until: float) -> Any | Failure:
        query = "&".join(_encoded(key, value) for key, value in {**question.params, **self._params}.items())
        try:
            answer = site.send("GET", f"{question.path}?{query}" if query else question.path, until=until)
        except WebError as error:
            return _failure(error)
        if answer.status != HTTPStatus.OK:
            return _status_failure(answer)
        try:
            value = answer.json()
        except ValueError:
            return Failure("the answer is not JSON (a proxy's page, or cut off)", transient=True)
        if not isinstance(value, question.expects):
            expected = "object" if question.expects is dict else "array"
            return Failure(f"the answer is not a JSON {expected}", transient=True)
        if question.read is None:
            return value
        try:
            return question.read(value)
        except AnswerError as error:
            return Failure(str(error), transient=True)


def _failure(error: WebError) -> Failure:
    """Silent if the service kept us waiting without a response: it is left alone for a while."""
    return Failure(str(error), transient=True, silent=isinstance(error, NotReached | NoAnswer))


def _status_failure(answer: Answer) -> Failure:
    status = answer.status
    reason = _STATUS_REASONS.get(status, "the service failed" if status >= 500 else "unexpected answer")
    again = "" if answer.retry_after_s is None else f", to be tried again in {answer.retry_after_s:.0f} s"
    words = f"{reason} (HTTP {status}{again}){answer.said}"
    return Failure(words, transient=status in PASSING_STATUS, status=status)


def _encoded(key: str, value: str | list[str]) -> str:
    """A query parameter; a parameter with several values is repeated."""
    return "&".join(f"{_quoted(key)}={_quoted(one)}" for one in ([value] if isinstance(value, str) else value))


_quoted = lru_cache(maxsize=1024)(quote_plus)  # the questions of a batch differ in a single word
