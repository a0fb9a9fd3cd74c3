"""What goes wrong between a service and its client: no connection, silence, slowness, breaks, and too much."""

import gzip
import zlib
from random import Random

from ..draft import Draft
from ..wire import TIMEOUT_S, Pause, Response, Script
from . import scripts
from .fault import Fault, Maker, Must, Setting, Wire


def door(kind: str, name: str) -> Maker:
    """There is no connection, for a reason."""
    return lambda setting: Fault(kind, name, door=name, must=Must.REFUSE)


def sent(kind: str, *ways: tuple[str, Wire], must: Must = Must.REFUSE) -> Maker:
    """The right answer, sent in one of these ways."""

    def make(setting: Setting) -> Fault:
        name, wire = setting.rng.choice(ways)
        return Fault(kind, name, wire=wire, must=must)

    return make


def slowly(setting: Setting) -> Fault:
    """Every answer takes most of the time there is, so that there is none for two in a row."""

    def wire(answer: Response) -> Script:
        yield Pause(0.85 * TIMEOUT_S)
        yield from answer.whole()

    def draft(answer: Draft, rng: Random) -> None:
        if setting.api.name == "eia" and more:
            answer.labels["total"] = "9000"  # of which a second page has the rest
            answer.distrust(answer.points)

    more = setting.rng.random() < 0.5
    return Fault("slow", "each answer near the limit", draft=draft, wire=wire)


MAKERS: dict[str, Maker] = {
    "connection refused": door("connection refused", "refused"),
    "connect timeout": door("connect timeout", "unanswered"),
    "reset on connect": door("reset on connect", "slammed"),
    "no TLS": door("no TLS", "no TLS"),
    "timeout in headers": sent(
        "timeout in headers",
        ("silent", scripts.silent),
        ("half", scripts.half_head),
        ("line by line", scripts.slow_head),
        ("100 Continue without end", scripts.endless_continue),
    ),
    "timeout in body": sent(
        "timeout in body",
        ("none comes", scripts.no_body),
        ("half", scripts.half_body),
        ("byte by byte", scripts.slow_body),
        ("chunk by chunk", scripts.slow_chunks),
    ),
    "slow": slowly,
    "reset": sent(
        "reset",
        ("after the request", scripts.reset_at_once),
        ("in headers", scripts.reset_in_head),
        ("in body", scripts.reset_in_body),
    ),
    "closed early": sent("closed early", ("before the answer", scripts.closed), ("in headers", scripts.closed_in_head)),
    "truncated body": sent(
        "truncated body",
        ("last byte", scripts.cut_short),
        ("two thirds", scripts.cut_anywhere),
        ("length two short", scripts.announced_short),
        ("half, no length", scripts.cut_without_length),
        ("in a chunk", scripts.cut_chunk),
    ),
    "oversized body": sent(
        "oversized body",
        ("6 MB", scripts.too_large),
        ("20 MB without length", scripts.endless),
        ("20 MB in chunks", scripts.endless_chunks),
        ("30 MB from gzip", scripts.bomb),
    ),
    "broken encoding": sent(
        "broken encoding",
        ("plain as gzip", scripts.encoded("gzip", bytes)),
        ("gzip cut", scripts.encoded("gzip", lambda body: gzip.compress(body)[:-12])),
        ("gzip damaged", scripts.encoded("gzip", scripts.flipped)),
        ("zlib as gzip", scripts.encoded("gzip", zlib.compress)),
        ("plain as deflate", scripts.encoded("deflate", bytes)),
        ("gzip unnamed", scripts.encoded("identity", gzip.compress)),
        ("gzip twice", scripts.encoded("gzip", lambda body: gzip.compress(gzip.compress(body)))),
    ),
    "broken HTTP": sent(
        "broken HTTP",
        ("no status", scripts.status_line(b"HTTP/1.1 abc")),
        ("no HTTP", scripts.status_line(b"SSH-2.0-OpenSSH_9.7")),
        ("status 0", scripts.status_line(b"HTTP/1.1 000 -")),
        ("status of 20 digits", scripts.status_line(b"HTTP/1.1 20000000000000000000 OK")),
        ("long line", scripts.status_line(b"HTTP/1.1 200 " + b"x" * 70_000)),
        ("bad chunks", scripts.head_with("Transfer-Encoding: chunked")),
        ("1,000 headers", scripts.head_with(*(f"x-{number}: 1" for number in range(1000)))),
    ),
    "odd headers": sent(
        "odd headers",
        ("no colon", scripts.head_with("this is no header", "x: y")),
        ("negative length", scripts.head_with("Content-Length: -5")),
        ("length is a word", scripts.head_with("Content-Length: many")),
        ("two lengths", scripts.head_with("Content-Length: 3", "Content-Length: 5000")),
        ("controls", scripts.head_with("X-\x01: \x7f\xff")),
        ("cookie", scripts.head_with("Set-Cookie: a=b; Domain=.example.com")),
        must=Must.EITHER,
    ),
}
