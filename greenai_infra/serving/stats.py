"""The counts of all workers of a store's caches, added up by scope and by hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import GreenAIError
from greenai_infra.serving.hours import HOUR_S
from greenai_infra.serving.metrics import SERVER
from greenai_infra.serving.shared import HOURS, record_of, used_memory
from greenai_infra.serving.tally import Scope, Tally

if TYPE_CHECKING:
    from greenai_infra.serving.shared import Record
    from greenai_infra.serving.sweep import Sweep


@dataclass(slots=True)
class Stats:
    """`by_scope` has the sums without the store's power, `store` the store's power; hours are numbers since 1970.

    `entries` and `memory_bytes` cover the whole store, including foreign keys; None where it does not report them.
    """

    by_scope: dict[Scope, Tally] = field(default_factory=dict)
    by_hour: dict[int, Tally] = field(default_factory=dict)
    store: Tally = field(default_factory=Tally)
    workers: int = 0
    left_out: int = 0
    entries: int | None = None
    memory_bytes: int | None = None
    intensity: Counter[str] = field(default_factory=Counter)
    energy: set[str] = field(default_factory=set)

    @property
    def total(self) -> Tally:
        """The sum of everything, including the store's power."""
        total = Tally().add(self.store)
        for tally in self.by_scope.values():
            total.add(tally)
        return total

    def as_json(self) -> dict[str, Any]:
        """Plain values; unknown figures are null."""
        hours = sorted(self.by_hour)
        return {
            "hours": len(hours),
            "first_hour": _time(hours[0]) if hours else None,
            "last_hour": _time(hours[-1]) if hours else None,
            "workers": self.workers,
            "entries": self.entries,
            "memory_bytes": self.memory_bytes,
            "records_left_out": self.left_out,
            "total": _plain(self.total),
            "scopes": [{**scope._asdict(), **_plain(tally)} for scope, tally in sorted(self.by_scope.items())],
            "intensity": sorted(self.intensity),
            "energy": sorted(self.energy),
        }


def read_stats(sweep: Sweep, since_hour: int = 0, *, cache: str | None = None) -> Stats:
    """The sums since that hour, of all caches or of one kind."""
    stats, workers = Stats(), set()
    for node in sweep.nodes:
        for names in node.keys(f"{HOURS}:*", kind="hash"):
            names = sorted(set(names))
            for fields in node.ask(*(("HGETALL", name) for name in names)):
                for at in range(0, len(fields), 2):
                    record = record_of(fields[at + 1])
                    worker = fields[at].partition(b":")[2]
                    if record is None or not worker:
                        stats.left_out += 1
                    elif record.hour >= since_hour:
                        workers.add(worker)
                        _add(stats, record, cache)
        _measure(stats, node)
    stats.workers = len(workers)
    return stats


def _add(stats: Stats, record: Record, cache: str | None) -> None:
    if record.scope == SERVER:
        stats.store.add(record.tally)
    elif cache in (None, record.scope.cache):
        stats.by_scope.setdefault(record.scope, Tally()).add(record.tally)
        stats.by_hour.setdefault(record.hour, Tally()).add(record.tally)
        if record.energy.call:
            stats.energy.add(record.energy.call)
    else:
        return
    stats.energy.update(record.energy.cache)
    told = record.intensity
    words = [told.get(name) for name in ("source", "zone", "signal", "basis", "kind")]
    stats.intensity[
        ", ".join(str(word) for word in words if word) + f"; PUE {told.get('pue')} ({told.get('pue_by')})"
    ] += 1


def _measure(stats: Stats, node: Any) -> None:
    try:
        entries, memory = node.ask(("DBSIZE",), ("INFO", "memory"))
        used = used_memory(memory)
    except (GreenAIError, ValueError):
        return  # a user of the store may not be allowed to ask
    stats.entries = (stats.entries or 0) + int(entries)
    stats.memory_bytes = (stats.memory_bytes or 0) + used


def _plain(tally: Tally) -> dict[str, Any]:
    of = msgspec.to_builtins(tally)
    for name in ("hit_rate", "j_per_avoided_call", "spent_j", "net_j", "net_g", "breakeven_hit_rate"):
        of[name] = getattr(tally, name)
    return dict(of)


def _time(hour: int) -> str:
    return format_time(from_unix(hour * HOUR_S))
