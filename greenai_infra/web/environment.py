"""How this machine reaches the web: the proxy and the certificates that the environment names.

What the environment sets wrong is one sentence (WebSetupError), raised before anything is asked.
"""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from greenai_infra.masking import keep_secret
from greenai_infra.web.errors import WebSetupError

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Proxy(NamedTuple):
    """Where a proxy is, without user and password, and the headers that carry these (none where it needs none)."""

    url: str
    headers: dict[str, str]


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment names for an address, None if it is reached directly. Raises WebSetupError."""
    target = urlsplit(url)
    proxies = getproxies()
    kind = target.scheme if proxies.get(target.scheme) else "all"
    value = proxies.get(kind, "").strip()
    if not value or proxy_bypass(target.netloc.rpartition("@")[2]) or _in_a_network_without_proxy(target.hostname):
        return None
    name = next((one for one in (f"{kind}_proxy", f"{kind.upper()}_PROXY") if os.environ.get(one)), "this machine")
    parts, port = _parts(value if "://" in value else f"http://{value}", name)
    if parts.scheme not in ("http", "https"):
        raise WebSetupError(f"the proxy of {name} is {parts.scheme}://, which is not supported; use http://")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    headers = {}
    if parts.username:
        user, password = unquote(parts.username), unquote(parts.password or "")
        basic = b64encode(f"{user}:{password}".encode()).decode()
        keep_secret([parts.password or "", password, basic])
        headers["proxy-authorization"] = f"Basic {basic}"
    return Proxy(f"{parts.scheme}://{host}{f':{port}' if port else ''}", headers)


def _parts(proxy: str, name: str) -> tuple[SplitResult, int | None]:
    """A proxy's address taken apart. Never shows what stands before an @: it may be a password."""
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port that is no number or too large, brackets that don't close
        host, port = "", None
    if not host or not all(letter.isalnum() or letter in "-._:" for letter in host) or port == 0:
        shown = proxy.rpartition("@")[2].removeprefix("http://")[:60]
        raise WebSetupError(f"the proxy of {name} is {shown!r}, which is no address; write http://HOST:PORT")
    return parts, port


def _in_a_network_without_proxy(host: str | None) -> bool:
    """Whether NO_PROXY holds a network with this address in it, as 10.0.0.0/8, which `proxy_bypass` does not know."""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    networks = [entry.strip() for entry in listed.split(",") if "/" in entry]
    try:
        return any(ip_address(host or "") in ip_network(entry, strict=False) for entry in networks)
    except ValueError:
        return False


def ca_certificates() -> str | None:
    """The file or folder of certificates that the environment names, None for our own. Raises WebSetupError."""
    name = next((one for one in CA_VARIABLES if os.environ.get(one)), None)
    if name is None:
        return None
    path = os.environ[name]
    try:
        _load_certificates(path, os.stat(path).st_mtime_ns)
    except OSError as error:  # also ssl.SSLError
        reason = "is not there" if isinstance(error, FileNotFoundError) else "holds no certificates that can be read"
        raise WebSetupError(f"the certificates of {name}, {path}, can't be used: the file {reason}") from None
    return path


@lru_cache(maxsize=8)
def _load_certificates(path: str, modified_ns: int) -> None:
    """Once for each state of a file or folder: it takes 10 ms, and each client asks. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(**({"capath": path} if os.path.isdir(path) else {"cafile": path}))
