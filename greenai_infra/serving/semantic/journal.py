"""The stream in the store by which workers tell each other of new entries.

Each line holds the digest of a request, its scope, its question, the vector in float16, and when the answer expires.
The stream keeps about as many lines as a worker keeps entries, and ends when no worker has been there for as long as
answers are kept. A new worker reads it from its beginning and so builds its index. One that was away while lines were
trimmed misses those entries, no more: their questions are asked again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from greenai_infra.serving.semantic.entries import MOST_CHARACTERS, Entry
from greenai_infra.serving.semantic.reading import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenai_infra.serving.semantic.entries import Entries
    from greenai_infra.serving.store import Store

START = b"0-0"
LINES_AT_ONCE = 50
PAUSE_S = 0.0001
"""After each line, so that requests get the index in between."""
BACKGROUND_S = 2.0
"""A command beside the requests may take so long."""
_DIGEST_BYTES = 32


class Journal:
    """One stream, and how far this worker has read it."""

    def __init__(self, name: bytes, entries: Entries, most: int) -> None:
        self.name, self._entries, self._most = name, entries, most
        self.renew()
        self.position = START
        self.gaps = 0
        """How often lines were trimmed before this worker had read them."""
        self._seen: int | None = None  # lines that the stream had ever got when all of them had been read
        self.refused = 0
        """Lines that are none of this cache."""

    def line(self, digest: bytes, entry: Entry, vector: NDArray[np.float32]) -> tuple[Any, ...]:
        """The command that tells the others."""
        fields = (b"k", digest, b"s", entry.scope, b"q", entry.question.encode("utf-8", "surrogatepass"))
        vector_bytes = vector.astype("<f2").tobytes()
        trim = (b"MAXLEN", b"~", self._most)
        return (b"XADD", self.name, *trim, b"*", *fields, b"v", vector_bytes, b"e", entry.expires_ms)

    def read(self, store: Store) -> bool:
        """Take the next lines. True if there may be more. Raises StoreError."""
        with self._reading:
            lines = store.execute(
                b"XRANGE", self.name, b"(" + self.position, b"+", b"COUNT", LINES_AT_ONCE, limit_s=BACKGROUND_S
            )
            for line, fields in lines:
                self._take(fields)
                self.position = line
                time.sleep(PAUSE_S)
            if self._seen is not None:
                self._seen += len(lines)
        return len(lines) == LINES_AT_ONCE

    def renew(self) -> None:
        """A new lock, in a fork: a thread of the parent may have held it."""
        self._reading = threading.Lock()

    def look_for_gap(self, store: Store) -> None:
        """Whether lines were lost, or the stream began anew (a store that was emptied). Raises StoreError."""
        if not store.execute(b"EXISTS", self.name, limit_s=BACKGROUND_S):
            return
        told = store.execute(b"XINFO", b"STREAM", self.name, key=self.name, limit_s=BACKGROUND_S)
        facts = dict(zip(told[::2], told[1::2], strict=True))
        if _id(facts[b"last-generated-id"]) < _id(self.position):
            self.gaps += 1
            self.position, self._seen = START, None
        elif facts[b"last-generated-id"] == self.position:
            self.gaps += self._seen is not None and facts[b"entries-added"] > self._seen
            self._seen = facts[b"entries-added"]
        elif self._seen is None and self.position != START and facts[b"first-entry"]:
            self.gaps += _id(facts[b"first-entry"][0]) > _id(self.position)  # after a restart from a snapshot

    def keep_for(self, store: Store, ttl_ms: int) -> None:
        """Let the stream go with the last answers, once no worker is left. Raises StoreError."""
        store.execute(b"PEXPIRE", self.name, ttl_ms, limit_s=BACKGROUND_S)

    def _take(self, fields: list[bytes]) -> None:
        try:
            told = dict(zip(fields[::2], fields[1::2], strict=True))
            digest, scope, expires_ms = told[b"k"], told[b"s"], int(told[b"e"])
            if self._entries.prolong(digest, expires_ms):  # as with each line of this worker's own
                return
            vector = np.frombuffer(told[b"v"], "<f2").astype(np.float32)
            entry = Entry(scope, told[b"q"].decode("utf-8", "surrogatepass"), expires_ms)
            fits = len(digest) == len(scope) == _DIGEST_BYTES and vector.shape == (self._entries.ndim,)
            if not fits or not np.isfinite(vector).all() or len(entry.question) > MOST_CHARACTERS:
                raise ValueError
        except (KeyError, ValueError):
            self.refused += 1
            return
        self._entries.add(digest, entry, vector, read(entry.question))


def _id(text: bytes) -> tuple[int, int]:
    milliseconds, _, number = text.partition(b"-")
    return int(milliseconds), int(number)
