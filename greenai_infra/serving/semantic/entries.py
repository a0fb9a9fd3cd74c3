"""Which questions have a stored answer, by the vectors of their texts. Held in each worker's memory.

Questions are kept apart by scope: the digest of all that the answer depends on beside the question (tenant, model,
version, parameters, earlier turns). A search never leaves its scope. A scope of few questions is searched whole, a
larger one by a usearch index in float16.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

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


class Near(NamedTuple):
    """A question like the one asked for."""

    similarity: float
    """Cosine."""
    digest: bytes
    question: str


class _Scope:
    """The vectors of one scope, by the numbers of their entries."""

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim
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

    def search(self, vector: NDArray[np.float32], count: int) -> list[tuple[int, float]]:
        """Numbers and cosines, the nearest first."""
        if self.index is not None:
            found = self.index.search(vector, count)
            return [(int(key), 1.0 - float(far)) for key, far in zip(found.keys, found.distances, strict=True)]
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
        self._next = 1

    def renew(self) -> None:
        """A new lock, in a fork: a thread of the parent may have held it."""
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, digest: bytes, entry: Entry, vector: NDArray[np.float32]) -> None:
        """Add a question with its unit vector of shape (ndim,); one that is known gets its new time of expiry."""
        with self.lock:
            known = self._entries.pop(digest, None)
            if known is not None:
                known.expires_ms = entry.expires_ms
                self._entries[digest] = known  # it is the newest now
                return
            entry.number, self._next = self._next, self._next + 1
            self._entries[digest], self._digests[entry.number] = entry, digest
            self._scopes.setdefault(entry.scope, _Scope(self.ndim)).add(entry.number, vector)
            if len(self._entries) > self._most:
                self._drop(next(iter(self._entries)))

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
                    near.append(Near(cosine, digest, entry.question))
            return near

    def _drop(self, digest: bytes) -> None:
        entry = self._entries.pop(digest, None)
        if entry is None:
            return
        del self._digests[entry.number]
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
            self._scopes = {entry.scope: _Scope(self.ndim) for entry in self._entries.values()}
            for key, saved in large.items():
                self._scopes[key].index = Index.restore(saved)
            scope_of = {entry.number: entry.scope for entry in self._entries.values()}
            for number, saved in small:
                self._scopes[scope_of[number]].few[number] = np.frombuffer(saved, np.float16)
            if sum(map(len, self._scopes.values())) != len(self._entries):
                raise ValueError("entries and vectors differ in number")
