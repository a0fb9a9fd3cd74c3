"""Reads a price file from a path or a URL: bounded in size and time, over https (or http on this machine) only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from greenai_infra.errors import DataUnavailable, InputError
from greenai_infra.web.address import is_safe, shown
from greenai_infra.web.bounds import within
from greenai_infra.web.errors import Late, WebError
from greenai_infra.web.site import Site

if TYPE_CHECKING:
    from greenai_infra.web.site import Answer

MAX_BYTES = 50_000_000
TOTAL_TIMEOUT_S = 180.0  # of a download, from the first name that is looked up to the last byte
_READ_TIMEOUT_S = 60.0
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Text of a file, its origin (without credentials or query) and its day."""

    text: str
    where: str
    day: date


def fetch(where: str, max_bytes: int | None = None, *, within_s: float = TOTAL_TIMEOUT_S) -> Fetched:
    """Reads `where`, a path or URL.

    `day` is today for a URL and the file's modification day for a path. Raises InputError for a path or URL that
    can't be used, DataUnavailable if the server does not answer within `within_s` seconds with a text file of at most
    `max_bytes` (MAX_BYTES).
    """
    max_bytes = max_bytes or MAX_BYTES
    if "://" in where:
        if not is_safe(where):
            raise InputError(f"'{shown(where)}' can't be used; give a path or an https:// URL, without a password")
        until = time.monotonic() + within_s
        try:
            content = within(within_s, lambda: _download(where, max_bytes, until))
        except WebError as error:
            hint = " (--max-wait)" if isinstance(error, Late) else ""
            raise DataUnavailable(f"{shown(where)}: {error}{hint}") from None
        return Fetched(_text(content, shown(where)), shown(where), datetime.now(UTC).date())
    path = Path(where)
    try:
        status = path.stat()
        if not path.is_file():
            raise InputError(f"{where}: is not a file")
        if status.st_size > max_bytes:
            raise InputError(f"{where}: is larger than {max_bytes // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{where}: can't be read: {error.strerror}") from None
    return Fetched(_text(content, where), path.name, datetime.fromtimestamp(status.st_mtime, UTC).date())


def _download(url: str, max_bytes: int, until: float) -> bytes:
    answer = _follow(url, max_bytes, until)
    if answer.status != HTTPStatus.OK:
        raise DataUnavailable(f"{shown(url)}: HTTP {answer.status}{answer.said}")
    if "html" in answer.headers.get("Content-Type", ""):
        raise DataUnavailable(f"{shown(url)}: answered with a web page; give the address of the raw file")
    return answer.body


def _follow(url: str, max_bytes: int, until: float) -> Answer:
    """The answer after redirects, each of which must be safe before it is followed."""
    for _ in range(_MAX_REDIRECTS + 1):
        parts = urlsplit(url)
        site = Site(f"{parts.scheme}://{parts.netloc}", most_bytes=max_bytes, read_s=_READ_TIMEOUT_S)
        answer = site.send("GET", urlunsplit(("", "", parts.path or "/", parts.query, "")), until=until)
        if answer.status not in _REDIRECTS or "Location" not in answer.headers:
            return answer
        target = urljoin(url, answer.headers["Location"])
        if not is_safe(target):
            raise DataUnavailable(f"{shown(url)}: was redirected to {shown(target)}, which is not https")
        url = target
    raise DataUnavailable(f"{shown(url)}: redirects without end")


def _text(content: bytes, where: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{where}: is not UTF-8 text") from None
    if text.lstrip()[:1] == "<":
        raise InputError(f"{where}: is a web page; give the address of the raw file")
    return text
