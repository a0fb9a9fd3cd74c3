"""Which questions have a stored answer, by the vectors of their texts. Held in each worker's memory.

Questions are kept apart by scope: the digest of all that the answer depends on beside the question (tenant, model,
version, parameters, earlier turns). A search never leaves its scope. A scope of few questions is searched whole, a
larger one by a usearch index in float16. Questions are kept as they were read, too: those of the same words are found
by a hash of these, without a search.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from greenai_infra.serving.semantic.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from greenai_infra.serving.semantic.reading import Reading

MOST_CHARACTERS = 2000
"""Longer questions are answered by the exact cache only."""
FEW = 32
"""Up to so many questions a scope is searched whole, which needs no index."""
EXPANSION = 64
"""usearch's expansion_search: recall@1 of at least 0.99 at 100,000 entries (tests/benchmarks/semantic_cache.py)."""


class Entry(msgspec.Struct, array_like=True):
    """A question whose answer is in the store until `expires_ms` of the store's clock (0: not known)."""

    scope: bytes
    question: str
    expires_ms: int
    number: int = 0


MOST_ALIKE = 4
"""Questions with the same words that are remembered, the newest."""


class Near(NamedTuple):
    """A question like the one asked for."""

    similarity: float
    """Cosine."""
    digest: bytes
    question: str
    number: int


class _Scope:
    """The vectors of one scope, by the numbers of their entries."""

    def __init__(self, name: bytes, ndim: int) -> None:
        self.name, self.ndim = name, ndim
        self.few: dict[int, NDArray[np.float16]] = {}
        self.index: Any = None

    def __len__(self) -> int:
        return len(self.few) if self.index is None else len(self.index)

    def add(self, number: int, vector: NDArray[np.float32]) -> None:
        if self.index is None:
            self.few[number] = vector.astype(np.float16)
            if len(self.few) > FEW:
                self._build()
        else:
            self.index.add(number, vector)

    def _build(self) -> None:
        self.index = new_index(self.ndim)
        self.index.add(np.fromiter(self.few, np.uint64), np.stack(list(self.few.values())).astype(np.float32))
        self.few.clear()

    def remove(self, number: int) -> None:
        if self.index is None:
            self.few.pop(number, None)
        else:
            self.index.remove(number)

    def cosine(self, number: int, vector: NDArray[np.float32]) -> float:
        """The cosine of an entry's vector and a unit vector."""
        held = self.few[number] if self.index is None else self.index.get(number)
        return float(held.astype(np.float32) @ vector)

    def search(self, vector: NDArray[np.float32], count: int) -> list[tuple[int, float]]:
        """Numbers and cosines, the nearest first."""
        if self.index is not None:
            found = self.index.search(vector, count, threads=1)
            return [(key, 1.0 - far) for key, far in zip(found.keys.tolist(), found.distances.tolist(), strict=True)]
        if not self.few:
            return []
        numbers = list(self.few)
        cosines = np.stack(list(self.few.values())).astype(np.float32) @ vector
        return [(numbers[at], float(cosines[at])) for at in np.argsort(-cosines)[:count]]


def new_index(ndim: int) -> Any:
    """An empty usearch index of unit vectors."""
    from usearch.index import Index

    return Index(ndim=ndim, metric="cos", dtype="f16", expansion_search=EXPANSION)


class Entries:
    """Questions by the digest of their request. Safe to share among threads."""

    def __init__(self, ndim: int, most: int) -> None:
        """`most`: entries kept; beyond, the oldest go."""
        self.ndim, self._most = ndim, most
        self.renew()
        self._entries: dict[bytes, Entry] = {}
        self._digests: dict[int, bytes] = {}
        self._scopes: dict[bytes, _Scope] = {}
        self._readings: dict[int, Reading] = {}
        self._alike: dict[int, tuple[int, ...]] = {}
        self._unread: list[int] = []
        self._next = 1

    def renew(self) -> None:
        """A new lock, in a fork: a thread of the parent may have held it."""
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._entries

    def add(self, digest: bytes, entry: Entry, vector: NDArray[np.float32], reading: Reading | None = None) -> None:
        """Add a question with its unit vector of shape (ndim,); one that is known gets its new time of expiry."""
        with self.lock:
            if self._prolong(digest, entry.expires_ms):
                return
            entry.number, self._next = self._next, self._next + 1
            self._entries[digest], self._digests[entry.number] = entry, digest
            if reading is not None:
                self._keep(entry, reading)
            scope = self._scopes.setdefault(entry.scope, _Scope(entry.scope, self.ndim))
            entry.scope = scope.name  # one object in memory
            scope.add(entry.number, vector)
            if len(self._entries) > self._most:
                self._drop(next(iter(self._entries)))

    def prolong(self, digest: bytes, expires_ms: int) -> bool:
        """Give a question its new time of expiry; whether it is known."""
        with self.lock:
            return self._prolong(digest, expires_ms)

    def _prolong(self, digest: bytes, expires_ms: int) -> bool:
        known = self._entries.pop(digest, None)
        if known is None:
            return False
        known.expires_ms = expires_ms
        self._entries[digest] = known  # it is the newest now
        return True

    def reading(self, near: Near) -> Reading:
        """How that question was understood. It is read once, at the latest now."""
        found = self._readings.get(near.number)
        if found is None:
            found = read(near.question)
            self._learn(near.digest, found)
        return found

    def read_ahead(self, count: int) -> None:
        """Read some of the questions that a snapshot has brought, so that requests need not."""
        for number in self._unread[-count:]:
            digest = self._digests.get(number, b"")
            entry = self._entries.get(digest)
            if entry is not None and number not in self._readings:
                self._learn(digest, read(entry.question))
        del self._unread[-count:]

    def drop(self, digest: bytes) -> None:
        """Forget a question, if it is known."""
        with self.lock:
            self._drop(digest)

    def expire(self, now_ms: int) -> None:
        """Forget what has expired by the store's clock."""
        with self.lock:
            gone = [digest for digest, entry in self._entries.items() if 0 < entry.expires_ms <= now_ms]
        for digest in gone:
            self.drop(digest)

    def _learn(self, digest: bytes, reading: Reading) -> None:
        with self.lock:
            entry = self._entries.get(digest)
            if entry is not None and entry.number not in self._readings:
                self._keep(entry, reading)

    def _keep(self, entry: Entry, reading: Reading) -> None:
        key = _words_key(entry.scope, reading)
        self._readings[entry.number] = reading
        self._alike[key] = (*self._alike.get(key, ()), entry.number)[-MOST_ALIKE:]

    def alike(self, scope: bytes, reading: Reading, vector: NDArray[np.float32], now_ms: int) -> list[Near]:
        """The newest questions of that scope that ask for the same with the same words, in any order and form.

        The nearest first. They are found without the index, and so are only those that have been read.
        """
        with self.lock:
            near = []
            for number in self._alike.get(_words_key(scope, reading), ()):
                digest = self._digests[number]
                entry = self._entries[digest]
                if entry.scope == scope and not (now_ms and 0 < entry.expires_ms <= now_ms):
                    cosine = self._scopes[scope].cosine(number, vector)
                    near.append(Near(cosine, digest, entry.question, number))
        return sorted(near, reverse=True)

    def nearest(self, scope: bytes, vector: NDArray[np.float32], count: int, now_ms: int) -> list[Near]:
        """The questions of that scope nearest to a unit vector, none that has expired."""
        with self.lock:
            found = self._scopes.get(scope)
            if found is None:
                return []
            near = []
            for number, cosine in found.search(vector, count):
                digest = self._digests[number]
                entry = self._entries[digest]
                if not (now_ms and 0 < entry.expires_ms <= now_ms):
                    near.append(Near(cosine, digest, entry.question, number))
            return near

    def _drop(self, digest: bytes) -> None:
        entry = self._entries.pop(digest, None)
        if entry is None:
            return
        del self._digests[entry.number]
        reading = self._readings.pop(entry.number, None)
        if reading is not None:
            key = _words_key(entry.scope, reading)
            left = tuple(number for number in self._alike.pop(key, ()) if number != entry.number)
            if left:
                self._alike[key] = left
        scope = self._scopes[entry.scope]
        scope.remove(entry.number)
        if not len(scope):
            del self._scopes[entry.scope]

    def export(self) -> tuple[list[tuple[bytes, Entry]], dict[bytes, bytes], list[tuple[int, bytes]]]:
        """All entries, the indexes of large scopes as bytes, and the float16 vectors of small ones."""
        with self.lock:
            large = {key: bytes(one.index.save()) for key, one in self._scopes.items() if one.index is not None}
            small = [(number, v.tobytes()) for one in self._scopes.values() for number, v in one.few.items()]
            return list(self._entries.items()), large, small

    def restore(
        self,
        entries: Iterable[tuple[bytes, Entry]],
        large: dict[bytes, bytes],
        small: Iterable[tuple[int, bytes]],
    ) -> None:
        """Take what `export` gave. Raises ValueError if its parts don't fit together."""
        from usearch.index import Index

        with self.lock:
            self._entries = dict(entries)
            self._digests = {entry.number: digest for digest, entry in self._entries.items()}
            self._next = max(self._digests, default=0) + 1
            self._readings, self._alike, self._unread = {}, {}, list(self._digests)
            self._scopes = {entry.scope: _Scope(entry.scope, self.ndim) for entry in self._entries.values()}
            for key, saved in large.items():
                self._scopes[key].index = Index.restore(saved)
            scope_of = {entry.number: entry.scope for entry in self._entries.values()}
            for number, saved in small:
                self._scopes[scope_of[number]].few[number] = np.frombuffer(saved, np.float16)
            if sum(map(len, self._scopes.values())) != len(self._entries):
                raise ValueError("entries and vectors differ in number")


def _words_key(scope: bytes, reading: Reading) -> int:
    """A hash of what questions of the same words share."""
    return hash((scope, reading.intent, frozenset(word.lemma for word in reading.words) or reading.spelled))
