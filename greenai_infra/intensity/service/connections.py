"""Connections to a web service: a pool of them, certificates, proxies, and retries that end with the time there is."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import certifi
import urllib3
from urllib3 import exceptions

from greenai_infra.web import ca_certificates, proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_IN_FLIGHT = 64
CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
RETRIED_STATUS = (429, 500, 502, 503, 504)

this_thread = threading.local()
"""`deadline`: when this thread's question has to be answered, on the monotonic clock."""


def opener(base_url: str, headers: Mapping[str, str]) -> Callable[[str], urllib3.BaseHTTPResponse]:
    """What sends a GET for a path and query below the base URL, through the proxy that the environment names, if any.

    Without a proxy the pool of connections is used itself: its manager would take every address apart again. Raises
    WebSetupError where the environment names no proxy or certificates that can be used.
    """
    retry = BoundedRetry(
        total=3,
        backoff_factor=0.3,
        status_forcelist=RETRIED_STATUS,
        allowed_methods=["GET"],
        raise_on_status=False,
        respect_retry_after_header=True,
    )
    options: dict[str, Any] = {
        "num_pools": 4,
        "maxsize": MAX_IN_FLIGHT,
        "retries": retry,
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        **_trusted(ca_certificates() or certifi.where()),
    }
    asking: dict[str, Any] = {"headers": headers, "redirect": False, "preload_content": False}
    parts = urlsplit(base_url)
    proxy = proxy_for(base_url)
    if proxy is None:
        direct = urllib3.PoolManager(**options).connection_from_url(base_url)
        return lambda target: direct.urlopen("GET", f"{parts.path}/{target}", **asking)
    through = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, **options)
    return lambda target: through.urlopen("GET", f"{base_url}/{target}", **asking)


def _trusted(certificates: str) -> dict[str, str]:
    return {"ca_cert_dir" if os.path.isdir(certificates) else "ca_certs": certificates}


class BoundedRetry(urllib3.Retry):
    """Retries as urllib3 does, but gives up at once where the wait that is asked for would pass the deadline."""

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
        wait_s = (self.get_retry_after(response) if response is not None else None) or following.get_backoff_time()
        if time.monotonic() + wait_s > getattr(this_thread, "deadline", float("inf")):
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
