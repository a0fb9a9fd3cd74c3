"""The intensity of a source that is asked repeatedly: its published history, else its newest value."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, from_unix, now
from greenai_infra.errors import GreenAIError

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.model.values import Intensity, Provenance

ASK_EVERY_S = 300.0
WAIT_S = 48 * 3600.0
"""So long after its time a step may be published."""


class Published:
    """Steps of a source, added as they come out. `edges_s` are Unix seconds; a gap has no value."""

    def __init__(self) -> None:
        self.edges_s: list[float] = []
        self._g_per_kwh: list[float] = []

    @property
    def end_s(self) -> float:
        """The end of the last published step; later steps may follow."""
        return self.edges_s[-1] if self.edges_s else -float("inf")

    def add(self, edges_s: list[float], g_per_kwh: list[float]) -> None:
        """Newer steps; those at the end that are gaps may still be filled, and are asked for again."""
        while g_per_kwh and isnan(g_per_kwh[-1]):
            g_per_kwh = g_per_kwh[:-1]
        edges, values = list(self.edges_s), list(self._g_per_kwh)
        for (left, right), value in zip(pairwise(edges_s), g_per_kwh, strict=False):
            if edges and right <= edges[-1]:
                continue
            if edges and left > edges[-1]:
                values.append(nan)
            if not edges or left > edges[-1]:
                edges.append(left)
            edges.append(right)
            values.append(value)
        self._g_per_kwh, self.edges_s = values, edges  # in this order: another thread reads by the edges

    def at(self, at_s: float) -> float | None:
        """g/kWh at a moment; None if unpublished."""
        place = bisect_right(self.edges_s, at_s) - 1
        if not 0 <= place < len(self._g_per_kwh) or isnan(self._g_per_kwh[place]):
            return None
        return self._g_per_kwh[place]


class Asked:
    """A source that is asked every few minutes for its newest value and for its published history.

    A published step counts for its time. Time after the last published step counts at the newest value known then,
    until its step is published; after WAIT_S the newest value stays.
    """

    def __init__(self, spec: str | None, zone: str, start_s: float) -> None:
        self.spec, self.zone = spec, zone
        self._start_s, self._asked_s, self._now_s = start_s, -float("inf"), start_s
        self._from_s: list[float] = []
        self._values: list[Intensity] = []
        self._published = Published()
        self._why = "the source has not answered yet"
        self._notes: list[str] = []

    def refresh(self, now_s: float, *, last: bool = False) -> None:
        """Ask, unless that was done a few minutes ago; at the end also then, where that can bring anything."""
        self._now_s = now_s
        if now_s - self._asked_s < (0.0 if last and self._may_publish else ASK_EVERY_S):
            return
        self._asked_s = now_s
        from greenai_infra.intensity.model.values import Unavailable

        try:
            source = self._open()
            found = source.latest([self.zone])[self.zone]
        except GreenAIError as error:
            self._why = str(error)
            return
        if isinstance(found, Unavailable):
            self._why = "; ".join(filter(None, [found.reason, found.hint]))
            return
        self._notes = list(getattr(source, "notes", []))
        if found.provenance.doubtful or "sandbox" in found.provenance.flags:
            self._why = f"{found.provenance.source} answers with values that must decide nothing"
            return
        self._values.append(found)  # first: another thread reads by `_from_s`
        self._from_s.append(now_s if self._from_s else self._start_s)
        if self._may_publish:
            self._ask_past(now_s)

    def _ask_past(self, now_s: float) -> None:
        """Adds published steps with the newest value's publisher, signal and basis: values are never mixed."""
        from greenai_infra.intensity.model.values import Unavailable

        start_s = max(self._start_s, now_s - WAIT_S, self._published.end_s)
        if start_s >= now_s:
            return
        try:
            # Not from the cache, where the steps since the last time are missing.
            found = self._open(use_cache=False).history([self.zone], from_unix(start_s), from_unix(now_s))[self.zone]
        except GreenAIError:
            return
        newest = self._values[-1].provenance
        if isinstance(found, Unavailable) or found.provenance.doubtful:
            return
        by = found.provenance
        if (by.source, by.signal, by.basis) == (newest.source, newest.signal, newest.basis):
            past = [edge for edge in found.edges_s.tolist() if edge <= now_s]  # a step that still runs may change
            self._published.add(past, found.g_per_kwh.tolist()[: len(past) - 1])

    def give_up(self) -> None:
        """Without a named source, uses the embedded figure if no source answers in time."""
        from greenai_infra.intensity.choice.choose import EMBEDDED, open_source
        from greenai_infra.intensity.choice.fallback import AUTO
        from greenai_infra.intensity.model.values import Unavailable

        if self._values or self.spec not in (None, AUTO):
            return
        found = open_source(EMBEDDED, as_of=now()).latest([self.zone])[self.zone]
        if not isinstance(found, Unavailable):
            self._notes = ["the live sources had not answered when the run ended"]
            self._values.append(found)
            self._from_s.append(self._start_s)

    @property
    def _may_publish(self) -> bool:
        return bool(self._values) and self._values[-1].provenance.kind != "yearly mean"

    def _open(self, *, use_cache: bool = True) -> IntensitySource:
        from greenai_infra.intensity.choice.choose import open_source

        return open_source(self.spec, as_of=now(), use_cache=use_cache)

    def mean(self, start_s: float, end_s: float) -> float | None:
        """Mean of the published steps, and beside them of the values that were the newest."""
        if not self._from_s:
            return None
        end_s = max(end_s, start_s + 1e-3)
        inner = {at for at in (*self._from_s, *self._published.edges_s) if start_s < at < end_s}
        edges = [start_s, *sorted(inner), end_s]
        total = 0.0
        for left, right in pairwise(edges):
            value = self._published.at(left)
            if value is None:
                value = self._values[max(bisect_right(self._from_s, left) - 1, 0)].g_per_kwh
            total += (right - left) * value
        return total / (end_s - start_s)

    def is_final(self, start_s: float, end_s: float) -> bool:
        """Whether it is published, can't be, or has been waited for."""
        return not self._may_publish or end_s <= max(self._published.end_s, self._now_s - WAIT_S)

    def told(self) -> dict[str, Any]:
        """The newest answer's provenance."""
        if not self._values:
            return {"how": "unknown", "source": self._why, "zone": self.zone}
        return {"how": "source", "zone": self.zone, **words(self._values[-1].provenance)}

    def notes(self) -> list[str]:
        """Notes on sources not asked, and the embedded figure used instead."""
        if not self._values:
            return [f"emissions are not known: {self._why}"]
        newest = self._values[-1]
        by = newest.provenance
        if by.kind != "yearly mean":
            return []
        taken = (
            f"no intensity is pinned and no live source answered: taken is the embedded figure of {self.zone}, "
            f"{newest.g_per_kwh:g} g/kWh ({by.source}, {by.detail})"
        )
        return [taken, *self._notes] if self.spec != "embedded" else []


def words(by: Provenance) -> dict[str, Any]:
    """A provenance as reports tell it."""
    return {
        "source": by.source,
        "signal": str(by.signal),
        "basis": str(by.basis),
        "kind": str(by.kind),
        "observed_at": format_time(by.observed_at),
        "flags": sorted(map(str, by.flags)),
        "detail": by.detail,
    }
