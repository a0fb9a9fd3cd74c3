"""Metrics of a service's caches: counters for Prometheus, and net savings at the intensity of the time.

    metrics = CacheMetrics(call=measured(120.0), cache=cache_energy(processor="Graviton3", node_type="cache.r7g.large"),
                           region="eu-north-1", store="rediss://...")
    answers = InferenceCache(ask, model="llama", version="3.1", events=metrics.listen(model="llama", version="3.1"))

Energy and carbon are settled every few seconds in the background. Without a stated energy of a call no saving is shown;
without the cache's energy no net saving. The sums of each hour also go to the store, if given, where
`greenai-infra cache stats` adds up those of all workers.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.serving.energy import CacheEnergy, tokens_of
from greenai_infra.serving.families import Bounded, families
from greenai_infra.serving.hours import Hours
from greenai_infra.serving.listener import Listener
from greenai_infra.serving.site import site_of
from greenai_infra.serving.tally import Scope, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from greenai_infra.serving.energy import CallEnergy, Tokens
    from greenai_infra.serving.place import Where

SETTLED_EVERY_S = 5.0
WEIGHED_AGAIN_S = 300.0
"""How often a source is asked again; it may correct the values of the last hours."""
WARNED_EVERY_S = 3600.0
LEAST_WARNED_OF = 1000
"""Number of lookups after which a cache that costs more than it saves is logged."""
SERVER = Scope("store", "", "", "")
"""The store itself, whose standing power belongs to no model."""

_log = logging.getLogger(__name__)


class CacheMetrics:
    """The metrics of all caches of a process.

    `call` is the energy of a model call, `cache` the cache's energy. Intensity is `intensity` (g/kWh, a file or a
    source's name; None is the best source that is set up) of `zone`, or of the zone of `region`; PUE is `pue`, else the
    region's, else 1. `store` receives the hourly sums (same forms as the cache's `url`); None keeps them here. `labels`
    lists the values of `model`, `version` and `tenant` that are kept apart. Raises InputError for unusable values.
    """

    def __init__(
        self,
        *,
        call: CallEnergy | None = None,
        cache: CacheEnergy | None = None,
        intensity: float | str | None = None,
        zone: str | None = None,
        region: str | None = None,
        pue: float | None = None,
        store: Where = None,
        labels: dict[str, Collection[str]] | None = None,
        registry: Any = None,
        settled_every_s: float = SETTLED_EVERY_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        labels = labels or {}
        if unknown := labels.keys() - {"model", "version", "tenant"}:
            raise InputError(
                f"unknown label {', '.join(sorted(unknown))}; values can be listed for model, version, tenant"
            )
        self.families = families(registry)
        self.call, self.cache = call, cache or CacheEnergy()
        self.grid, self.pue, self.pue_by = site_of(intensity, zone, region, pue, clock())
        self._labels = {name: Bounded(labels.get(name)) for name in ("model", "version", "tenant")}
        self._every_s, self._clock = settled_every_s, clock
        self._listeners: dict[Any, Listener] = {}
        self._gauges: list[Callable[[], None]] = []
        self._settling, self._starting = threading.Lock(), threading.Lock()
        self._shared: Any = None
        if store is not None:
            from greenai_infra.serving.shared import SharedTallies

            self._shared = SharedTallies(store)
        self._closed, self._pid = threading.Event(), 0
        self._start()

    def _start(self) -> None:
        """Resets all counts in a new process, including a fork."""
        self._hours: dict[Scope, Hours] = {}
        self._shown_g: dict[tuple[Any, ...], float] = {}
        self._settled_s = self._weighed_s = self._clock()
        self._warned_s = self._settled_s
        self._known = False

    def listen(
        self,
        *,
        model: str,
        version: str = "",
        tenant: str | None = None,
        cache: str = "exact",
        call: CallEnergy | None = None,
        tokens: Callable[[Any], Tokens | None] = tokens_of,
    ) -> Listener:
        """The listener to pass as a cache's `events`; caches with the same labels share it.

        `call` is the energy of this model's calls, if it differs from the others. `tokens` reads the tokens of an
        answer, or of a stream's list of chunks; by default its OpenAI-like `usage`.
        """
        of = self._labels
        scope = Scope(cache, of["model"].of(model), of["version"].of(version), of["tenant"].of(tenant))
        call = call or self.call
        with self._starting:
            key = (scope, id(call), id(tokens))
            if key not in self._listeners:
                self._listeners[key] = Listener(self.families, scope, call, tokens, self._awake)
            return self._listeners[key]

    def gauge(self, cache: str, read: Callable[[], tuple[float, float]]) -> None:
        """Shows entries and bytes of that cache, which `read` gives at each settling."""

        def show() -> None:
            entries, size_bytes = read()
            self.families.entries.labels(cache).set(entries)
            self.families.bytes.labels(cache).set(size_bytes)

        self._gauges.append(show)

    def settle(self) -> None:
        """Computes the energy and carbon of recent events, and shares the sums. Runs periodically; may take seconds."""
        with self._settling:
            now_s, start_s = self._clock(), self._settled_s
            self._settled_s = now_s
            start_s = min(start_s, now_s)  # a clock that was set back
            for listener in list(self._listeners.values()):
                self._add(listener.scope, start_s, now_s, listener.take(self.cache))
            self._stand(start_s, now_s)
            self.grid.refresh(now_s)
            self._weigh()
            if self._shared is None or self._share():
                for hours in self._hours.values():
                    hours.forget(now_s)
            if self._shared is not None and (size := self._shared.size()) is not None:
                self.families.entries.labels("store").set(size[0])
                self.families.bytes.labels("store").set(size[1])
            for show in self._gauges:
                with suppress(Exception):
                    show()

    def total(self, scope: Scope | None = None) -> Tally:
        """The sum of this process since it began, or of a scope, as of the last settling."""
        with self._settling:
            parts = [hours.total for of, hours in self._hours.items() if scope in (None, of)]
            total = Tally()
            for part in parts:
                total.add(part)
            return total

    def close(self) -> None:
        """Settles a last time and ends."""
        self._closed.set()
        self.settle()
        if self._shared is not None:
            self._shared.close()

    def _add(self, scope: Scope, start_s: float, end_s: float, part: Tally) -> None:
        if part == Tally():
            return
        self._hours.setdefault(scope, Hours()).add(start_s, end_s, part)
        shown = self.families
        if part.hits > part.hits_without_j:
            shown.saved_j.labels(*scope).inc(part.saved_j)
        if not part.lookups_without_j and part.lookups:
            shown.spent_j.labels(*scope, "lookup").inc(part.lookup_j)
        if not part.encodings_without_j and part.encodings:
            shown.spent_j.labels(*scope, "encoder").inc(part.encoder_j)

    def _stand(self, start_s: float, now_s: float) -> None:
        """Counts the nodes' power for the uncounted time: each worker takes a part, and no part counts twice."""
        watts = self.cache.standing_w
        if watts is None:
            return
        seconds = now_s - start_s
        if self._shared is not None:
            seconds = self._shared.claim_standing_s(seconds)
            start_s = now_s - seconds
        if seconds > 0:
            self._hours.setdefault(SERVER, Hours()).add(
                start_s, now_s, Tally(standing_j=watts * seconds, standing_s=seconds)
            )
            self.families.standing_j.inc(watts * seconds)

    def _weigh(self) -> None:
        shown, total, now_s = self.families, Tally(), self._settled_s
        again = now_s - self._weighed_s >= WEIGHED_AGAIN_S
        if again:
            self._weighed_s = now_s
        for scope, hours in self._hours.items():
            hours.settle(self.grid, self.pue, again=again)
            total.add(hours.total)
            if scope == SERVER:
                self._raise(("standing",), hours.total.placed_spent_g, lambda: shown.standing_g)
            else:
                self._raise((scope, "saved"), hours.total.placed_saved_g, partial(shown.saved_g.labels, *scope))
                self._raise((scope, "spent"), hours.total.placed_spent_g, partial(shown.spent_g.labels, *scope))
        if total.net_j is not None:
            shown.net_j.set(total.net_j)
        if total.net_g is not None:
            shown.net_g.set(total.net_g)
        if total.breakeven_hit_rate is not None:
            shown.breakeven.set(total.breakeven_hit_rate)
        if (value := self.grid.mean(now_s - 1, now_s)) is not None:
            told = self.grid.told()
            names = [str(told.get(name) or "") for name in ("zone", "source", "signal", "kind")]
            shown.intensity.labels(*names).set(value)
        self._warn(total, now_s)

    def _raise(self, name: tuple[Any, ...], grams: float, counter: Callable[[], Any]) -> None:
        """Raises a counter to that many grams; it never falls, and waits after a downward correction of a source."""
        more = grams - self._shown_g.get(name, 0.0)
        if more > 0:
            counter().inc(more)
            self._shown_g[name] = grams

    def _warn(self, total: Tally, now_s: float) -> None:
        net_j = total.net_j
        if net_j is None or net_j >= 0 or total.lookups < LEAST_WARNED_OF or now_s - self._warned_s < WARNED_EVERY_S:
            return
        self._warned_s = now_s
        rate = total.breakeven_hit_rate
        _log.warning(
            "the cache costs more energy than it saves: %.3g J net after %d lookups, hit rate %.3g, it pays from %s on",
            net_j, total.lookups, total.hit_rate, "no hit rate" if rate is None or rate > 1 else f"{rate:.3g}",
        )  # fmt: skip

    def _share(self) -> bool:
        told = {**self.grid.told(), "pue": self.pue, "pue_by": self.pue_by}
        from greenai_infra.serving.shared import EnergyBy

        energy = EnergyBy(self.call.by if self.call else None, list(self.cache.by))
        return bool(self._shared.put({scope: hours.tallies() for scope, hours in self._hours.items()}, told, energy))

    def _awake(self) -> None:
        """Called with each event: makes sure that the settling thread runs, also in a forked process."""
        if self._pid != os.getpid():
            with self._starting:
                if self._pid != os.getpid():
                    self._begin()

    def _begin(self) -> None:
        if self._pid:  # forked: the parent's counts belong to the parent
            self._settling = threading.Lock()
            for listener in self._listeners.values():
                listener.restart()
            self._start()
            if self._shared is not None:
                self._shared.restart()
        self._pid = os.getpid()
        arguments = (weakref.ref(self), self._closed, self._every_s)
        threading.Thread(target=_run, args=arguments, daemon=True, name="cache-metrics").start()


def _run(metrics: weakref.ref[CacheMetrics], closed: threading.Event, every_s: float) -> None:
    while True:
        if closed.wait(every_s) or (found := metrics()) is None:
            return
        try:
            found.settle()
        except Exception:  # noqa: BLE001  told, and the next settling tries again
            _log.exception("the cache's metrics could not be settled")
        del found
