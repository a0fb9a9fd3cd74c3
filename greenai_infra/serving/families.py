"""The Prometheus metrics of caches, once per registry, however many caches a process has.

Units are base units: seconds, bytes, joules (at the servers' wall, before PUE), grams of CO2e (with PUE). Labels are
`cache` (exact or semantic), `model`, `version` and `tenant`, from a bounded set of values; never anything of a prompt.

With several processes behind one port use prometheus-client's multiprocess mode (PROMETHEUS_MULTIPROC_DIR and
MultiProcessCollector); metrics are summed, except those that describe the shared store, where the newest value counts.
"""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from greenai_infra.errors import GreenAIError

if TYPE_CHECKING:
    from collections.abc import Collection

OTHER = "other"
MOST_VALUES = 32
"""Number of values of a label that are kept apart without a list: the first that occur."""
LONGEST_VALUE = 200
"""Most characters of a value. A client may send any text as the name of a model."""
SCOPE = ("cache", "model", "version", "tenant")
BUCKETS_S = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip


class Families:
    """Every metric of a registry. Metrics without labels are created with their first value; else they would show 0."""

    def __init__(self, registry: Any) -> None:
        from prometheus_client import Histogram

        self._registry = registry
        counter, gauge = self._counter, self._gauge
        self.hits = counter("hits", "Requests that were answered from the cache, shadow checks among them.")
        self.misses = counter("misses", "Requests for which the cache had no answer.")
        self.calls = counter("model_calls", "Calls of the model after a miss that gave an answer.")
        self.waits = counter("waits", "Requests that waited for another request's answer to the same question.")
        self.shadow_checks = counter("shadow_checks", "Hits for which the model ran too, to compare: nothing saved.")
        self.errors = counter("errors", "Failures of the store. The model answered.", *SCOPE, "operation", "kind")
        self.bypasses = counter("bypasses", "Requests, or answers to store, that bypassed the cache.", *SCOPE, "reason")
        self.stored_bytes = counter("stored_bytes", "Bytes written to the store.")
        self.seconds = Histogram(
            "greenai_cache_operation_seconds",
            "Time that an operation took.",
            ("cache", "model", "operation", "result"),
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.saved_j = counter("energy_saved_joules", "Energy of the model's calls that hits made unnecessary. Gross.")
        self.spent_j = counter("energy_spent_joules", "Energy that the cache used.", *SCOPE, "part")
        self.saved_g = counter("carbon_saved_grams", "CO2e of the energy saved, at the intensity of the time. Gross.")
        self.spent_g = counter("carbon_spent_grams", "CO2e of the energy of lookups and encoder.")
        self.intensity = gauge(
            "grid_intensity_grams_per_kilowatt_hour", "Intensity that carbon is counted at.",
            "zone", "source", "signal", "kind",
        )  # fmt: skip
        self.entries = gauge("entries", "Entries of the store, or of the index of a semantic cache.", "cache")
        self.bytes = gauge("bytes", "Memory that the store uses, or the index of a semantic cache.", "cache")

    @cached_property
    def standing_j(self) -> Any:
        """Energy of the nodes: it belongs to no model."""
        return self._counter("energy_standing_joules", "Energy that the store's nodes used.", scoped=False)

    @cached_property
    def standing_g(self) -> Any:
        """Carbon of the nodes."""
        return self._counter("carbon_standing_grams", "CO2e of the energy of the store's nodes.", scoped=False)

    @cached_property
    def net_j(self) -> Any:
        """May fall, and be negative."""
        return self._gauge("energy_net_joules", f"Energy saved by this process, {_NET}", mode="sum")

    @cached_property
    def net_g(self) -> Any:
        """May fall, and be negative."""
        return self._gauge("carbon_net_grams", f"CO2e saved by this process, {_NET}", mode="sum")

    @cached_property
    def breakeven(self) -> Any:
        """Above 1 where no hit rate pays."""
        return self._gauge("breakeven_hit_ratio", "Hits per lookup above which the cache saves energy.")

    def _counter(self, name: str, text: str, *labels: str, scoped: bool = True) -> Any:
        from prometheus_client import Counter

        return Counter(f"greenai_cache_{name}", text, labels or SCOPE * scoped, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str, mode: Any = "mostrecent") -> Any:
        from prometheus_client import Gauge

        return Gauge(f"greenai_cache_{name}", text, labels, registry=self._registry, multiprocess_mode=mode)


_NET = "minus lookups, encoder and the store's nodes; negative where the cache costs more than it saves."

_families: WeakKeyDictionary[Any, Families] = WeakKeyDictionary()
_lock = threading.Lock()


def families(registry: Any = None) -> Families:
    """The metrics of that registry, by default prometheus-client's. Created at the first call."""
    try:
        from prometheus_client import REGISTRY
    except ImportError:
        raise GreenAIError("metrics need prometheus-client: pip install 'greenai-infra[serving]'") from None
    registry = REGISTRY if registry is None else registry
    with _lock:
        found = _families.get(registry)
        if found is None:
            found = _families[registry] = Families(registry)
        return found


def _is_shown(value: str) -> bool:
    """Whether Prometheus can show a text: a single text that is not Unicode would stop all metrics."""
    if len(value) > LONGEST_VALUE:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Bounded:
    """Values of a label: the listed ones, or without a list the first MOST_VALUES that come; any other is `other`."""

    def __init__(self, listed: Collection[str] | None) -> None:
        self._listed = None if listed is None else frozenset(listed)
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def of(self, value: str | None) -> str:
        """The label's value; an empty text for None."""
        if value is None or value == "":
            return ""
        if self._listed is not None:
            return value if value in self._listed else OTHER
        if not _is_shown(value):
            return OTHER
        with self._lock:
            if len(self._seen) < MOST_VALUES:
                self._seen.add(value)
            return value if value in self._seen else OTHER
