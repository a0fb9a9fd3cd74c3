"""Ways to send an answer wrongly, byte by byte."""

import gzip
from collections.abc import Callable

from ..wire import Pause, Reset, Response, Script
from .fault import Wire

MANY_BYTES = 6_000_000
"""More than any answer holds."""


def silent(answer: Response) -> Script:
    yield Pause()


def half_head(answer: Response) -> Script:
    head = answer.head()
    yield head[: len(head) // 2]
    yield Pause()


def slow_head(answer: Response) -> Script:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(400):
        yield f"X-{number}: 1\r\n".encode()
        yield Pause(0.05)


def endless_continue(answer: Response) -> Script:
    for _ in range(400):
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        yield Pause(0.05)


def no_body(answer: Response) -> Script:
    yield answer.head()
    yield Pause()


def half_body(answer: Response) -> Script:
    yield answer.head() + answer.body[: len(answer.body) // 2]
    yield Pause()


def slow_body(answer: Response) -> Script:
    yield answer.head(100_000)
    for _ in range(400):
        yield b" "
        yield Pause(0.05)


def slow_chunks(answer: Response) -> Script:
    yield Response(b"", headers={"Transfer-Encoding": "chunked"}).head()
    for _ in range(400):
        yield b"1\r\n \r\n"
        yield Pause(0.05)


def reset_at_once(answer: Response) -> Script:
    yield Reset()


def reset_in_head(answer: Response) -> Script:
    yield answer.head()[:40]
    yield Pause(0.01)
    yield Reset()


def reset_in_body(answer: Response) -> Script:
    yield answer.head() + answer.body[: len(answer.body) // 2]
    yield Pause(0.01)
    yield Reset()


def closed(answer: Response) -> Script:
    yield b""


def closed_in_head(answer: Response) -> Script:
    yield answer.head()[:30]


def cut_short(answer: Response) -> Script:
    yield answer.head() + answer.body[:-1]


def cut_anywhere(answer: Response) -> Script:
    yield answer.head() + answer.body[: len(answer.body) // 3]


def announced_short(answer: Response) -> Script:
    yield answer.head(len(answer.body) - 2) + answer.body


def cut_without_length(answer: Response) -> Script:
    yield answer.head(-1) + answer.body[: len(answer.body) // 2]


def cut_chunk(answer: Response) -> Script:
    yield Response(b"", headers={"Transfer-Encoding": "chunked"}).head()
    yield f"{len(answer.body):x}\r\n".encode() + answer.body[:20]


def too_large(answer: Response) -> Script:
    body = answer.body + b" " * MANY_BYTES
    yield Response(b"", headers=answer.headers).head(len(body))
    yield body


def endless(answer: Response) -> Script:
    yield answer.head(-1)
    for _ in range(100):
        yield b" " * 200_000


def endless_chunks(answer: Response) -> Script:
    yield Response(b"", headers={"Transfer-Encoding": "chunked"}).head()
    for _ in range(100):
        yield b"30d40\r\n" + b" " * 200_000 + b"\r\n"


def bomb(answer: Response) -> Script:
    body = gzip.compress(answer.body + b" " * (5 * MANY_BYTES), 1)
    yield Response(body, headers={"Content-Encoding": "gzip"}).head() + body


def encoded(encoding: str, change: Callable[[bytes], bytes]) -> Wire:
    """The body under a Content-Encoding that it may not have."""

    def wire(answer: Response) -> Script:
        body = change(answer.body)
        yield Response(body, headers={"Content-Encoding": encoding}).head() + body

    return wire


def flipped(body: bytes) -> bytes:
    packed = bytearray(gzip.compress(body))
    packed[len(packed) // 2] ^= 0xFF
    packed[-6] ^= 0x0F
    return bytes(packed)


def status_line(line: bytes) -> Wire:
    def wire(answer: Response) -> Script:
        yield line + b"\r\n" + answer.head().partition(b"\r\n")[2] + answer.body

    return wire


def head_with(*lines: str) -> Wire:
    def wire(answer: Response) -> Script:
        head = answer.head(-1).removesuffix(b"\r\n")
        yield head + "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body

    return wire
