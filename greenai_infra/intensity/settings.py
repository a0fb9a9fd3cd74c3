"""What a live source needs to be asked: address and token, from environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from greenai_infra.errors import InputError

ELECTRICITY_MAPS_TOKEN = "ELECTRICITYMAPS_TOKEN"
ELECTRICITY_MAPS_BASE_URL = "ELECTRICITYMAPS_BASE_URL"
ELECTRICITY_MAPS_DEFAULT_URL = "https://api.electricitymaps.com/v4"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a service is and how to sign in. The token is never shown."""

    base_url: str
    token: str = field(repr=False)


def electricity_maps_access() -> Access | None:
    """Access to Electricity Maps, or None without a token. Raises InputError for an unusable token or address."""
    token = os.environ.get(ELECTRICITY_MAPS_TOKEN, "").strip()
    if not token:
        return None
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise InputError(f"{ELECTRICITY_MAPS_TOKEN} holds characters that no token has; set it again")
    url = os.environ.get(ELECTRICITY_MAPS_BASE_URL, "").strip() or ELECTRICITY_MAPS_DEFAULT_URL
    return Access(checked_url(url, ELECTRICITY_MAPS_BASE_URL), token)


def checked_url(url: str, setting: str) -> str:
    """The URL without a trailing slash. Raises InputError unless it is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise InputError(f"{setting} is not a URL: {url}") from None
    if parts.username or parts.password:
        raise InputError(f"{setting} holds a user name or password; leave these out")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise InputError(f"{setting} is not a plain https:// address: {url}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InputError(f"{setting} is {url}: a token is sent over https only (http is for this machine)")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
