"""Events of requests for listeners that count them, and the failures that never reach a caller.

Every request is either a hit or a miss, except sampled requests, which are left out (`sampled`): hits / (hits + misses)
is the hit rate.

`Events` is the hook; each cache has a `Counts`. Methods are called in the thread or task of the request, so they must
be quick, must not raise, and may be called from many threads at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, Literal, Protocol

Operation = Literal["get", "claim", "set", "release"]
ErrorKind = Literal["timeout", "connection", "refused", "value"]
"""No answer in time; no connection; the server answered with an error; a value that this cache did not write."""
Bypass = Literal["store down", "sampled", "not storable", "too large", "aborted"]
"""Why a request bypassed the cache: the breaker is open, the answer is sampled and such answers are excluded, the
answer's type can't be stored, it is larger than the cap, its stream was not read to its end."""


class StoreError(Exception):
    """The store failed. The text never holds a password."""

    def __init__(self, kind: ErrorKind | Literal["store down"], text: str) -> None:
        super().__init__(text)
        self.kind = kind


class ValueRefused(Exception):
    """A stored value was not written by this cache for that key."""


class Events(Protocol):
    """A listener. `seconds` are wall-clock seconds, `size_bytes` the bytes of the stored value."""

    def hit(self, answer: Any, seconds: float, size_bytes: int) -> None:
        """An answer came from the store; of a stream, `answer` is the list of its chunks. `seconds` of the lookup."""

    def miss(self, seconds: float) -> None:
        """The store had no answer, or failed: the model is asked. `seconds` of the lookup."""

    def called(self, seconds: float) -> None:
        """The model answered (a stream: to its end) a request that was a miss."""

    def stored(self, seconds: float, size_bytes: int) -> None:
        """The answer was stored. `seconds` of storing."""

    def waited(self, seconds: float) -> None:
        """A request waited for another request's answer to the same question."""

    def error(self, operation: Operation, kind: ErrorKind, seconds: float) -> None:
        """The store failed; the model answers. `seconds` that the request lost."""

    def bypass(self, reason: Bypass) -> None:
        """A request, or the storing of its answer, bypassed the store."""


class SemanticEvents(Events, Protocol):
    """Additional events of a semantic cache."""

    def hit(self, answer: Any, seconds: float, size_bytes: int, *, shadow: bool = False) -> None:
        """With `shadow` the model runs as well, to compare: a hit that saves nothing."""

    def encoded(self, seconds: float, texts: int = 1) -> None:
        """The encoder ran. `seconds` of so many texts."""


class Counts:
    """Exact counts of a cache in this process."""

    def __init__(self) -> None:
        self.hits = self.misses = self.calls = self.stores = self.waits = 0
        self.hit_bytes = self.stored_bytes = 0
        self.lookup_s = self.call_s = self.encoder_s = 0.0
        self.encoded_texts = 0
        self.errors: Counter[tuple[Operation, ErrorKind]] = Counter()
        self.bypasses: Counter[Bypass] = Counter()
        self._lock = threading.Lock()

    def hit(self, answer: Any, seconds: float, size_bytes: int) -> None:
        with self._lock:
            self.hits += 1
            self.hit_bytes += size_bytes
            self.lookup_s += seconds

    def miss(self, seconds: float) -> None:
        with self._lock:
            self.misses += 1
            self.lookup_s += seconds

    def called(self, seconds: float) -> None:
        with self._lock:
            self.calls += 1
            self.call_s += seconds

    def stored(self, seconds: float, size_bytes: int) -> None:
        with self._lock:
            self.stores += 1
            self.stored_bytes += size_bytes

    def waited(self, seconds: float) -> None:
        with self._lock:
            self.waits += 1

    def error(self, operation: Operation, kind: ErrorKind, seconds: float) -> None:
        with self._lock:
            self.errors[operation, kind] += 1

    def bypass(self, reason: Bypass) -> None:
        with self._lock:
            self.bypasses[reason] += 1

    def encoded(self, seconds: float, texts: int = 1) -> None:
        with self._lock:
            self.encoder_s += seconds
            self.encoded_texts += texts


class Both:
    """Two listeners as one."""

    def __init__(self, first: Events, second: Events) -> None:
        self._pair = first, second

    def hit(self, answer: Any, seconds: float, size_bytes: int) -> None:
        for one in self._pair:
            one.hit(answer, seconds, size_bytes)

    def miss(self, seconds: float) -> None:
        for one in self._pair:
            one.miss(seconds)

    def called(self, seconds: float) -> None:
        for one in self._pair:
            one.called(seconds)

    def stored(self, seconds: float, size_bytes: int) -> None:
        for one in self._pair:
            one.stored(seconds, size_bytes)

    def waited(self, seconds: float) -> None:
        for one in self._pair:
            one.waited(seconds)

    def error(self, operation: Operation, kind: ErrorKind, seconds: float) -> None:
        for one in self._pair:
            one.error(operation, kind, seconds)

    def bypass(self, reason: Bypass) -> None:
        for one in self._pair:
            one.bypass(reason)

    def encoded(self, seconds: float, texts: int = 1) -> None:
        for one in self._pair:
            encoded = getattr(one, "encoded", None)  # listeners of exact caches lack it
            if encoded is not None:
                encoded(seconds, texts)
