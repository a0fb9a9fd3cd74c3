"""The events of a cache's requests, counted at once for Prometheus and kept for the next settling of energy."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from math import isfinite
from typing import TYPE_CHECKING, Any

from greenai_infra.serving.energy import tokens_of
from greenai_infra.serving.tally import Scope, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.serving.energy import CacheEnergy, CallEnergy, Tokens
    from greenai_infra.serving.families import Families

_log = logging.getLogger(__name__)


class Listener:
    """The events of a cache. Quick, thread-safe, and never raises because of a model's answer."""

    def __init__(
        self,
        families: Families,
        scope: Scope,
        call: CallEnergy | None,
        tokens: Callable[[Any], Tokens | None] = tokens_of,
        awake: Callable[[], None] = lambda: None,
    ) -> None:
        self.scope, self.call = scope, call
        self._families, self._tokens, self._awake = families, tokens, awake
        self._needs_tokens = call is not None and call.per_call_j is None
        self.restart()
        labels = tuple(scope)
        self._hits, self._misses = families.hits.labels(*labels), families.misses.labels(*labels)
        self._hit_seconds, self._miss_seconds = self._seconds("lookup", "hit"), self._seconds("lookup", "miss")

    def restart(self) -> None:
        """Forgets earlier events: after a fork they belong to the parent."""
        self._lock = threading.Lock()
        self._now, self._avoided = Tally(), Counter[Any]()

    def _seconds(self, operation: str, result: str) -> Any:
        return self._families.seconds.labels(self.scope.cache, self.scope.model, operation, result)

    def hit(self, answer: Any, seconds: float, size_bytes: int = 0, *, shadow: bool = False) -> None:
        """An answer came from the cache. With `shadow` the model runs too, so that nothing is saved."""
        self._awake()
        self._hits.inc()
        self._hit_seconds.observe(seconds)
        tokens = self._tokens_of(answer) if self._needs_tokens and not shadow else None
        with self._lock:
            self._now.lookup_s += seconds
            if shadow:
                self._now.shadow_checks += 1
            else:
                self._now.hits += 1
                self._avoided[tokens] += 1
        if shadow:
            self._families.shadow_checks.labels(*self.scope).inc()

    def miss(self, seconds: float) -> None:
        """The cache had no answer."""
        self._awake()
        self._misses.inc()
        self._miss_seconds.observe(seconds)
        with self._lock:
            self._now.misses += 1
            self._now.lookup_s += seconds

    def called(self, seconds: float) -> None:
        """The model answered a miss."""
        self._families.calls.labels(*self.scope).inc()
        self._seconds("model", "ok").observe(seconds)
        with self._lock:
            self._now.calls += 1
            self._now.call_s += seconds

    def stored(self, seconds: float, size_bytes: int) -> None:
        """An answer was stored."""
        self._families.stored_bytes.labels(*self.scope).inc(size_bytes)
        self._seconds("store", "ok").observe(seconds)
        with self._lock:
            self._now.stores += 1
            self._now.store_s += seconds
            self._now.stored_bytes += size_bytes

    def waited(self, seconds: float) -> None:
        """A request waited for another request's answer."""
        self._families.waits.labels(*self.scope).inc()
        self._seconds("wait", "ok").observe(seconds)
        with self._lock:
            self._now.waits += 1

    def encoded(self, seconds: float, texts: int = 1) -> None:
        """A semantic cache's encoder ran."""
        self._seconds("encode", "ok").observe(seconds)
        with self._lock:
            self._now.encodings += texts
            self._now.encoding_s += seconds

    def error(self, operation: str, kind: str, seconds: float) -> None:
        """The store failed; the model answers."""
        self._awake()
        self._families.errors.labels(*self.scope, operation, kind).inc()
        self._seconds(operation, "error").observe(seconds)
        with self._lock:
            self._now.errors[kind] = self._now.errors.get(kind, 0) + 1
            self._now.store_s += seconds

    def bypass(self, reason: str) -> None:
        """A request bypassed the store."""
        self._awake()
        self._families.bypasses.labels(*self.scope, reason).inc()
        with self._lock:
            self._now.bypasses[reason] = self._now.bypasses.get(reason, 0) + 1

    def take(self, cache: CacheEnergy) -> Tally:
        """The events since the last call, with their energy."""
        with self._lock:
            taken, avoided = self._now, self._avoided
            self._now, self._avoided = Tally(), Counter()
        for tokens, count in avoided.items():
            j = self._joules(tokens)
            if j is None:
                taken.hits_without_j += count
            else:
                taken.saved_j += count * j
        if cache.lookup_j is not None:
            taken.lookup_j = cache.lookup_j * taken.lookups
        elif cache.core_w is not None:
            taken.lookup_j = cache.core_w * (taken.lookup_s + taken.store_s)
        else:
            taken.lookups_without_j = taken.lookups
        if cache.encoder_j is not None:
            taken.encoder_j = cache.encoder_j * taken.encodings
        elif cache.core_w is not None:
            taken.encoder_j = cache.core_w * taken.encoding_s
        else:
            taken.encodings_without_j = taken.encodings
        return taken

    def _joules(self, tokens: Tokens | None) -> float | None:
        """J of a call; None where unknown, for example for tokens that the estimate refuses."""
        try:
            j = None if self.call is None else self.call.joules(tokens)
        except Exception as error:  # noqa: BLE001  a function of the user's, and the counts must not be lost by it
            _log.warning("the energy of a call with %s is unknown: %s", tokens, error)
            return None
        return j if j is not None and isfinite(j) and j >= 0 else None

    def _tokens_of(self, answer: Any) -> Tokens | None:
        try:
            return self._tokens(answer)
        except Exception:  # noqa: BLE001  a function of the user's, and a request must not fail by it
            return None
