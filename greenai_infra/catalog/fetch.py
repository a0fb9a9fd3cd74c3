"""Reads a price file from a path or a URL: bounded in size and time, over https (or http on this machine) only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from greenai_infra.errors import DataUnavailable, InputError
from greenai_infra.web import WebSetupError, ca_certificates, proxy_for, within

if TYPE_CHECKING:
    from requests import Response, Session

MAX_BYTES = 50_000_000
TOTAL_TIMEOUT_S = 180.0  # of a download, from the first name that is looked up to the last byte
_TIMEOUT_S = (10, 60)
_MAX_REDIRECTS = 5
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Fetched:
    """Text of a file, where it came from (without credentials or query) and the day that it can vouch for."""

    text: str
    where: str
    day: date


def fetch(where: str, max_bytes: int | None = None, *, within_s: float = TOTAL_TIMEOUT_S) -> Fetched:
    """Read `where`, a path or URL.

    `day` is today for a URL and the file's modification day for a path. Raises InputError for a path or URL that
    can't be used, DataUnavailable if the server does not answer within `within_s` seconds with a text file of at most
    `max_bytes` (MAX_BYTES).
    """
    max_bytes = max_bytes or MAX_BYTES
    if "://" in where:
        if not allowed(where):
            raise InputError(f"'{shown(where)}' can't be used; give a path or an https:// URL")
        try:
            content = within(within_s, lambda: _download(where, max_bytes))
        except TimeoutError:
            raise DataUnavailable(f"{shown(where)}: not read to its end within {within_s:.3g} s (--max-wait)") from None
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


def shown(url: str) -> str:
    """A URL as it may be printed and stored: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://..."
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def allowed(url: str) -> bool:
    """Whether a URL is read at all: over https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _download(url: str, max_bytes: int) -> bytes:
    import requests

    content = bytearray()
    try:
        with requests.Session() as session, _follow(session, url) as response:
            if response.status_code != 200:
                raise DataUnavailable(f"{shown(url)}: HTTP {response.status_code} {response.reason}")
            if "html" in response.headers.get("Content-Type", ""):
                raise DataUnavailable(f"{shown(url)}: answered with a web page; give the address of the raw file")
            for chunk in response.iter_content(1 << 16):
                content += chunk
                if len(content) > max_bytes:
                    raise DataUnavailable(f"{shown(url)}: is larger than {max_bytes // 1_000_000} MB")
    except WebSetupError as error:
        raise DataUnavailable(f"{shown(url)}: {error}") from None
    except requests.exceptions.ProxyError as error:
        reason = "the proxy wants a user and a password, or refuses those it got" if " 407 " in str(error) else ""
        raise DataUnavailable(f"{shown(url)}: {reason or 'the proxy could not be reached, or refuses'}") from None
    except requests.exceptions.SSLError:
        raise DataUnavailable(f"{shown(url)}: its TLS certificate could not be verified") from None
    except requests.Timeout:
        raise DataUnavailable(f"{shown(url)}: no answer in time") from None
    except requests.exceptions.ChunkedEncodingError:
        raise DataUnavailable(f"{shown(url)}: the answer broke off; try again") from None
    except (requests.RequestException, OSError, ValueError) as error:  # ValueError: urllib3's, of an address
        raise DataUnavailable(f"{shown(url)}: {type(error).__name__}") from None
    return bytes(content)


def _follow(session: Session, url: str) -> Response:
    """The answer after redirects, each of which must be allowed before it is followed."""
    for _ in range(_MAX_REDIRECTS + 1):
        proxy_for(url)  # says what is wrong with it; `requests` finds it itself
        trusted = ca_certificates() or True
        response = session.get(url, timeout=_TIMEOUT_S, stream=True, allow_redirects=False, verify=trusted)
        if not response.is_redirect:
            return response
        response.close()
        target = urljoin(url, response.headers["Location"])
        if not allowed(target):
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
