"""Single flight: if several processes ask the same at the same time, one asks the model and the others wait.

Written without I/O: `turn` says which command to send or how long to sleep, and receives the reply; the cache, which
may be synchronous or not, carries it out. The lock is a key next to the answer's, with the holder's token as its value.
It expires, so that a dead holder blocks nobody, and only the holder's token releases it. `SET NX GET` needs Valkey 7.2
or Redis 7.0; an older store still keeps answers, but each request that misses asks the model.
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from greenai_infra.serving.keys import Key

Command = tuple[bytes | int, ...]


class Later(NamedTuple):
    """A background command whose reply is not awaited."""

    command: Command


Step = Command | float | Later
"""A command, to be answered with its reply; seconds to sleep; or what can wait."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.1
_TOKEN_BYTES = 12
_APART = b"-"
APART_MS = 1000
"""How long requests do not wait for the same question: the model failed, or its answer can't be stored."""

_RELEASE = b"if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"
_GIVE_UP = (
    b"if redis.call('get', KEYS[1]) == ARGV[1] then "
    b"redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 else return 0 end"
)


_held: ContextVar[frozenset[bytes]] = ContextVar("held", default=frozenset())


@contextmanager
def holding(token: bytes) -> Iterator[None]:
    """Set while the model is asked: a cache of the same name within that call must not wait for this cache's lock."""
    before = _held.set(_held.get() | {token})
    try:
        yield
    finally:
        _held.reset(before)


def new_token() -> bytes:
    """A token that identifies the holder."""
    return secrets.token_bytes(_TOKEN_BYTES)


def lock_name(key: Key) -> bytes:
    """The key of a request's lock."""
    return key.name + b":lock"


def release(key: Key, token: bytes) -> Command:
    """Releases the lock after the answer is stored, unless it has expired and another process holds it."""
    return (b"EVAL", _RELEASE, 1, lock_name(key), token)


def give_up(key: Key, token: bytes) -> Command:
    """Tells waiting requests that no answer will come: each asks the model at once."""
    return (b"EVAL", _GIVE_UP, 1, lock_name(key), token, _APART, APART_MS)


def turn(
    key: Key, token: bytes, read: Callable[[Any], Any], wait_s: float, clock: Callable[[], float] = time.monotonic
) -> Generator[Step, Any, tuple[Literal["found", "mine", "apart"], Any]]:
    """After a miss: `found` with what `read` made of another's answer, `mine` with the lock held, `apart` without it.

    `read` gives None for a reply without an answer. `apart` comes at most `wait_s` after the start.
    """
    until = clock() + wait_s
    pause_s = SHORTEST_PAUSE_S
    claim = (b"SET", lock_name(key), token, b"NX", b"PX", max(1, round(wait_s * 1000)), b"GET")
    while True:
        holder = yield claim
        mine = holder is None or holder == token  # equal to the token if a reply was lost and the command sent again
        if not mine:
            somebody = type(holder) is bytes and len(holder) == _TOKEN_BYTES  # no marker, and no junk
            if not somebody or holder in _held.get() or clock() + pause_s > until:
                return "apart", None
            yield pause_s
            pause_s = min(1.5 * pause_s, LONGEST_PAUSE_S)
        found = read((yield (b"GET", key.name)))  # the former holder may have stored it just before this claim
        if found is not None:
            if mine:
                yield release(key, token)
            return "found", found
        if mine:
            return "mine", None
