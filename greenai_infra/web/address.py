"""Which addresses are asked: https, or http on this machine, and no user or password in them."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from greenai_infra.errors import InputError
from greenai_infra.masking import masked


def is_safe(url: str) -> bool:
    """Whether an address may be asked: it may have a query, as a signed link to a file has."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and "@" not in parts.netloc and (parts.scheme == "https" or _is_here(parts.scheme, host))


def checked_url(url: str, setting: str, *, keyed: bool = True) -> str:
    """A service's base address without a trailing slash. Raises InputError, naming `setting`, unless it is safe.

    Where nothing secret is sent (not `keyed`) http will do.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise InputError(f"{setting} is not a URL: {masked(url)}") from None
    if "@" in parts.netloc:
        raise InputError(f"{setting} holds a user name or password; leave these out")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise InputError(f"{setting} is not a plain https:// address: {masked(url)}")
    if keyed and parts.scheme == "http" and not _is_here("http", host):
        raise InputError(f"{setting} is {masked(url)}: a key is sent over https only (http is for this machine)")
    return url.rstrip("/")


def shown(url: str) -> str:
    """A URL as it may be printed and stored: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://..."
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _is_here(scheme: str, host: str) -> bool:
    if scheme != "http" or host == "localhost":
        return scheme == "http"
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
