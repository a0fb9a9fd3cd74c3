"""Answers that are none: refusals, failures, waits, redirects, and pages that a proxy puts in between."""

import json
from urllib.parse import quote, quote_plus

from ..apis.base import SECRET
from ..wire import TIMEOUT_S, Pause, Response, Script
from .fault import Fault, Maker, Must, Setting, Wire

REFUSALS = (400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 414, 418, 421, 422, 425, 426, 431, 451)
FAILURES = (500, 501, 502, 503, 504, 505, 507, 511, 520, 522, 530, 599)
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the Wi-Fi</body></html>"
BODIES = (
    b"",
    PAGE,
    b'{"message": "no"}',
    b'{"error": {"code": 1, "message": "no\\nnever"}}',
    b'{"error": [1, 2]}',
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b'{"message": "' + b"x" * 100_000 + b'"}',
    json.dumps({"message": f"the key {SECRET} is not valid"}).encode(),
    json.dumps({"detail": f"{'x' * 110}{SECRET}"}).encode(),
    json.dumps({"error": f"GET /?api_key={quote_plus(SECRET)} {quote(SECRET, safe='')}"}).encode(),
)
WAITS = (
    "0", "1", "5", "3600", "86400000", "9" * 30, "9" * 5000, "-1", "1.5", "1e3", "soon", "", "NaN", "0x10", "\xbd",
    "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999 23:59:59 GMT",
    "Mon, 00 Jan 0000 00:00:00 GMT", "Tue, 29 Feb 2027 25:61:61 +9999",
)  # fmt: skip
NOT_JSON = (
    b"", b" ", b"{", b"217", b'"text"', b"null", b"true", b"[1, 2", b"{'a': 1}", b"\xef\xbb\xbf{}", b"\x00" * 100,
    b"[" * 200_000, b'{"a":' * 100_000, b'{"a": 1}{"a": 2}', "{}".encode("utf-16"), b'{"zone": "\xff\xfe"}',
    b"callback({})",
)  # fmt: skip


def _whole(status: int, body: bytes, headers: dict[str, str] | None = None) -> Wire:
    def wire(_: Response) -> Script:
        return Response(body, status, headers or {"Content-Type": "application/json"}).whole()

    return wire


def refused(setting: Setting) -> Fault:
    status, body = setting.rng.choice(REFUSALS), setting.rng.choice(BODIES)
    return Fault("HTTP 4xx", f"{status} {body!r:.50}", wire=_whole(status, body), must=Must.REFUSE)


def failed(setting: Setting) -> Fault:
    """A failure that lasts, or passes: then the question is asked again."""
    status, body = setting.rng.choice(FAILURES), setting.rng.choice(BODIES)
    passes = setting.rng.random() < 0.4
    wire = _whole(status, body)
    if passes:
        must = Must.ANSWER if status in (500, 502, 503, 504) else Must.EITHER
        return Fault("HTTP 5xx, once", f"{status} {body!r:.50}", wire=wire, attempts=1, must=must)
    return Fault("HTTP 5xx", f"{status} {body!r:.50}", wire=wire, must=Must.REFUSE)


def slowly_refused(setting: Setting) -> Fault:
    """A refusal that takes most of the time there is: asking why must not take as long once more."""
    status = setting.rng.choice((401, 403, 404))

    def wire(_: Response) -> Script:
        yield Pause(0.9 * TIMEOUT_S)
        yield from Response(b'{"message": "no"}', status).whole()

    return Fault("HTTP 4xx, slowly", f"{status}", wire=wire, must=Must.REFUSE)


def told_to_wait(setting: Setting) -> Fault:
    """Too many requests, with a wait that may or may not be one; always, or once."""
    status, wait = setting.rng.choice((429, 429, 503)), setting.rng.choice(WAITS)
    once = setting.rng.random() < 0.4
    must = Must.REFUSE
    if once:
        must = Must.ANSWER if wait == "0" else Must.EITHER
    wire = _whole(status, b'{"message": "slow down"}', {"Retry-After": wait})
    detail = f"{status}, {wait!r:.40}{', once' if once else ''}"
    return Fault("Retry-After", detail, wire=wire, attempts=1 if once else None, must=must)


def redirected(setting: Setting) -> Fault:
    """To another host, to itself, or nowhere: a secret must not follow."""
    status = setting.rng.choice((300, 301, 302, 303, 304, 305, 307, 308))
    location = setting.rng.choice(
        (setting.elsewhere, setting.elsewhere, "//127.0.0.2/", "/", "", "http://", "\xbd://x")
    )
    headers = {"Location": location} if location or setting.rng.random() < 0.5 else {}
    return Fault("redirect", f"{status} to {location!r}", wire=_whole(status, b"{}", headers), must=Must.REFUSE)


def proxy_page(setting: Setting) -> Fault:
    """A page instead of the answer, whatever it says of its type; or the answer under the type of a page."""
    status = setting.rng.choice((200, 200, 203, 407, 511))
    kind = setting.rng.choice(("text/html; charset=utf-8", "application/json", "application/octet-stream", ""))
    if setting.rng.random() < 0.2:

        def wire(answer: Response) -> Script:
            return Response(answer.body, headers={"Content-Type": "text/html"}).whole()

        return Fault("proxy page", "the answer as text/html", wire=wire)
    return Fault("proxy page", f"{status} {kind}", wire=_whole(status, PAGE, {"Content-Type": kind}), must=Must.REFUSE)


def not_json(setting: Setting) -> Fault:
    status, body = setting.rng.choice((200, 200, 200, 201, 202, 204, 206)), setting.rng.choice(NOT_JSON)
    return Fault("not JSON", f"{status} {body!r:.40}", wire=_whole(status, body), must=Must.REFUSE)


MAKERS: dict[str, Maker] = {
    "HTTP 4xx": refused,
    "HTTP 4xx, slowly": slowly_refused,
    "HTTP 5xx": failed,
    "Retry-After": told_to_wait,
    "redirect": redirected,
    "proxy page": proxy_page,
    "not JSON": not_json,
}
