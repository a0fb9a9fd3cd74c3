"""The hourly sums of all workers in their shared store, for `greenai-infra cache stats`.

| key | holds |
| --- | --- |
| `answers-hours:1:DAY:SCOPE` | a hash: field `HOUR:WORKER`, a worker's sums of an hour as JSON; numbers since 1970 |
| `answers-standing:1` | until when the nodes' power has been counted, ms of the server's clock |

A worker repeatedly writes its complete sums: a lost or repeated write does no harm, and a worker that dies loses only
the last seconds. Records of another form are left out, and counted.
A store that evicts any key may drop hours that are over.
"""

from __future__ import annotations

import secrets
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from greenai_infra.serving.breaker import Breaker
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.hours import HOUR_S
from greenai_infra.serving.place import find_place
from greenai_infra.serving.store import Store
from greenai_infra.serving.tally import Scope, Tally  # noqa: TC001  msgspec reads the types of a record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.serving.place import Where

HOURS = "answers-hours:1"
STANDING = b"answers-standing:1"
KEPT_S = 40 * 86_400
LAST_HOUR = 70_000_000
"""In the year 9955."""
LIMIT_S = 2.0
LONGEST_STANDING_MS = KEPT_S * 1000

_CLAIM = b"""
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local known = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') or 0, tonumber(ARGV[1]))
local last = known > 0 and known or now - tonumber(ARGV[3])
redis.call('SET', KEYS[1], string.format('%.0f', now), 'PX', ARGV[2])
return {string.format('%.0f', last), string.format('%.0f', now)}
"""


class EnergyBy(msgspec.Struct):
    """The sources of the energy of a call and of the cache."""

    call: str | None
    cache: list[str]


class Record(msgspec.Struct):
    """A worker's sums of an hour, their intensity, and the sources of the energies."""

    scope: Scope
    hour: Annotated[int, msgspec.Meta(ge=0, le=LAST_HOUR)]
    tally: Tally
    intensity: dict[str, Any]
    energy: EnergyBy


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class SharedTallies:
    """A worker's view: it writes, and counts its part of the standing time."""

    def __init__(self, where: Where) -> None:
        self._place = find_place(where)
        self.restart()

    def restart(self) -> None:
        """A new worker, also after a fork."""
        self._store = Store(self._place, LIMIT_S)
        self._store.breaker = Breaker(failures=sys.maxsize)  # no request waits for this store: it is asked each time
        self.worker = secrets.token_hex(6)
        self._written: dict[tuple[Scope, int], bytes] = {}
        self._standing_ms = 0

    def put(self, hours: Mapping[Scope, Mapping[int, Tally]], intensity: dict[str, Any], energy: EnergyBy) -> bool:
        """Writes the changed sums. Returns False if some could not be written; the next call tries them again."""
        kept: dict[tuple[Scope, int], bytes] = {}
        for scope, tallies in hours.items():
            for hour, tally in tallies.items():
                record = _encode(Record(scope, hour, tally, intensity, energy))
                kept[scope, hour] = record
                if self._written.get((scope, hour)) == record:
                    continue
                key = key_of(scope, hour)
                try:
                    self._store.execute(b"HSET", key, f"{hour}:{self.worker}", record)
                    self._store.execute(b"EXPIRE", key, KEPT_S)
                except StoreError:
                    return False
                self._written[scope, hour] = record
        self._written = kept
        return True

    def claim_standing_s(self, own_s: float) -> float:
        """Standing seconds of the nodes since any worker asked; `own_s` for the first worker; 0 in an outage."""
        own_ms = max(0, round(own_s * 1000))
        try:
            reply = self._store.execute(b"EVAL", _CLAIM, 1, STANDING, self._standing_ms, LONGEST_STANDING_MS, own_ms)
        except StoreError:
            return 0.0
        last_ms, self._standing_ms = int(reply[0]), int(reply[1])
        return max(0, self._standing_ms - last_ms) / 1000

    def size(self) -> tuple[int, int] | None:
        """Keys of the store and bytes of its memory; None in an outage, for a cluster, and without permission.

        Each node of a cluster knows only its part: `cache stats` adds them up.
        """
        if self._place.cluster:
            return None
        try:
            return int(self._store.execute(b"DBSIZE")), used_memory(self._store.execute(b"INFO", b"memory"))
        except (StoreError, ValueError):
            return None

    def close(self) -> None:
        """Close the connections."""
        self._store.close()


def key_of(scope: Scope, hour: int) -> bytes:
    """The key of the sums of that hour."""
    digest = sha256(msgspec.json.encode(scope)).hexdigest()[:16]
    return f"{HOURS}:{hour * HOUR_S // 86_400}:{digest}".encode()


def used_memory(info: Any) -> int:
    """Bytes by the reply to INFO. Raises ValueError where they are not in it."""
    text = info.decode() if isinstance(info, bytes) else str(info)
    return int(next((line.partition(":")[2] for line in text.splitlines() if line.startswith("used_memory:")), ""))


def record_of(value: Any) -> Record | None:
    """A field's value; None if no worker has written it."""
    try:
        return _decode(value)
    except (msgspec.MsgspecError, TypeError, RecursionError):
        return None
