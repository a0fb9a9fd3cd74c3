"""Changes from one plan of a workload to the next, and when a move pays. Keeps only the last plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, from_unix
from greenai_infra.intensity.model.values import Flag
from greenai_infra.planning.hysteresis import KG, WITH_CARBON, choose
from greenai_infra.planning.preference import usd_with_carbon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from greenai_infra.planning.planner import Plan

SUMMARY_NOTES = 2
MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Round:
    """The watched figures of a plan: kg CO2e of each region's best placement, best first, and the source that answered.

    `start` is None for the earliest moment that the workload allows. `stands_in`: a better source or method gave no
    answer, for the reason in `why`. `weighed` has USD with carbon of each region, where the workload prices carbon.
    """

    ranked: tuple[tuple[str, float], ...]
    start: datetime | None
    source: str
    stands_in: bool
    why: str = ""
    weighed: tuple[tuple[str, float], ...] = ()

    @property
    def region(self) -> str:
        """The best region."""
        return self.ranked[0][0]

    @property
    def emissions_kg(self) -> float:
        """Emissions of the best region."""
        return self.ranked[0][1]


@dataclass(frozen=True, slots=True)
class Event:
    """A change to report: `kind` is one of KINDS, `text` is for people, `values` for programs."""

    at: datetime
    kind: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The event as plain JSON values."""
        return {"time": format_time(self.at), "event": self.kind, **self.values, "text": self.text}


KINDS = ("first", "best", "start", "emissions", "source", "switch", "error", "end")


def round_of(plan: Plan) -> Round:
    """The part of a plan that is watched."""
    chosen = plan.decision.placement
    provenance = plan.series[chosen.candidate.region.zone].provenance
    stands_in = Flag.FALLBACK in provenance.flags
    begins = from_unix(plan.placement.slices[0][0])
    reasons = [note for note in plan.source_notes if " left: " in note] or list(plan.source_notes)
    ranked, price = (chosen, *plan.decision.alternatives), plan.workload.carbon_price
    weighed = (
        ()
        if price is None
        else tuple((placement.candidate.region.key, usd_with_carbon(placement, price)) for placement in ranked)
    )
    return Round(
        ranked=tuple((placement.candidate.region.key, placement.emissions_kg) for placement in ranked),
        weighed=weighed,
        start=begins if begins > plan.window.earliest else None,
        source=plan.answered_by,
        stands_in=stands_in,
        why="; ".join(reasons[:SUMMARY_NOTES]) or provenance.detail if stands_in else "",
    )


class Watcher:
    """Compares each round with the previous round. Emissions are compared with those last reported.

    `current` is the region where the workload is, None for the first plan's choice. The rule of `hysteresis` suggests a
    switch, and the watch assumes that it is followed.
    """

    def __init__(self, threshold_percent: float, current: str | None = None) -> None:
        self.threshold_percent = threshold_percent
        self.current = current
        self.rounds = self.failed = self.changes = 0
        self._last: Round | None = None
        self._told_kg = 0.0
        self._failed_in_a_row = 0

    def observe(self, at: datetime, now: Round) -> list[Event]:
        """The changes of a round; empty if nothing changed."""
        self.rounds += 1
        last, self._last = self._last, now
        events = [*(self._since(at, last, now) if last else [self._first(at, now)]), *self._switch(at, now)]
        self.changes += len(events) - (last is None)
        self._failed_in_a_row = 0
        return events

    def fail(self, at: datetime, message: str) -> Event:
        """The line for a round without a plan."""
        self.rounds += 1
        self.failed += 1
        self._failed_in_a_row += 1
        words = " ".join(message.split())
        words = words if len(words) <= MOST_WORDS else words[: MOST_WORDS - 1] + "…"
        return Event(at, "error", words, {"message": words, "failed_in_a_row": self._failed_in_a_row})

    def end(self, at: datetime, reason: str) -> Event:
        """The last line."""
        counts = {"rounds": self.rounds, "failed": self.failed, "changes": self.changes}
        text = f"{reason} after {self.rounds} rounds ({self.failed} failed), {self.changes} changes"
        return Event(at, "end", text, {"reason": reason, **counts})

    def _first(self, at: datetime, now: Round) -> Event:
        self._told_kg = now.emissions_kg
        standing_in = f", which stands in: {now.why}" if now.stands_in else ""
        text = f"{now.region} {_when(now.start)}, {now.emissions_kg:.3g} kg CO2e; source {now.source}{standing_in}"
        return Event(
            at,
            "first",
            text,
            {
                "region": now.region,
                "start": _moment(now.start),
                "emissions_kg": now.emissions_kg,
                "source": now.source,
                "stands_in": now.stands_in,
            },
        )

    def _since(self, at: datetime, last: Round, now: Round) -> Iterator[Event]:
        yield from self._source(at, last, now)
        told_kg = self._told_kg
        if now.region != last.region:
            self._told_kg = now.emissions_kg
            yield Event(
                at,
                "best",
                f"{now.region}, {now.emissions_kg:.3g} kg CO2e, instead of {last.region}, {told_kg:.3g} kg",
                {
                    "region": now.region,
                    "previous": last.region,
                    "emissions_kg": now.emissions_kg,
                    "previous_kg": told_kg,
                },
            )
        if now.start != last.start:
            yield Event(
                at,
                "start",
                f"{now.region} {_when(now.start)} instead of {_when(last.start)}",
                {"region": now.region, "start": _moment(now.start), "previous": _moment(last.start)},
            )
        if now.region == last.region and _changed_percent(told_kg, now.emissions_kg) > self.threshold_percent:
            self._told_kg = now.emissions_kg
            sign = "more" if now.emissions_kg > told_kg else "less"
            change = f"{_changed_percent(told_kg, now.emissions_kg):.3g} % {sign}" if told_kg else sign
            yield Event(
                at,
                "emissions",
                f"{now.region} {now.emissions_kg:.3g} kg CO2e instead of {told_kg:.3g} kg: {change}",
                {"region": now.region, "emissions_kg": now.emissions_kg, "previous_kg": told_kg},
            )

    def _source(self, at: datetime, last: Round, now: Round) -> Iterator[Event]:
        """Lost when a substitute or old answer is used, regained when the source answers, also after failed rounds."""
        again = f" after {self._failed_in_a_row} failed rounds" if self._failed_in_a_row else ""
        if now.stands_in and (not last.stands_in or now.source != last.source):
            state, text = "lost", f"lost: {now.source} stands in for {last.source} ({now.why})"
            if now.source == last.source:
                text = f"lost: {now.source} has no fresh answer ({now.why})"
        elif last.stands_in and not now.stands_in:
            state, text = "regained", f"regained: {now.source} answers again"
        elif now.source != last.source:
            state, text = "changed", f"changed: {now.source} answers instead of {last.source}"
        elif again:
            state, text = "regained", f"regained: {now.source} answers again{again}"
        else:
            return
        values = {"state": state, "source": now.source, "previous": last.source, "reason": now.why}
        yield Event(at, "source", text, values)

    def _switch(self, at: datetime, now: Round) -> Iterator[Event]:
        unit = WITH_CARBON if now.weighed else KG
        choice = choose(now.weighed or now.ranked, self.current, self.threshold_percent, unit=unit)
        before, self.current = self.current, choice.region
        if choice.switched:
            emissions = dict(now.ranked)
            kg, before_kg = emissions[choice.region], emissions.get(before or "")
            why = f"{before} can no longer run it"
            if before_kg is not None:
                why = f"{before_kg:.3g} to {kg:.3g} kg CO2e, {_changed_percent(before_kg, kg):.3g} % less"
            values = {"from": before, "to": choice.region, "emissions_kg": kg, "previous_kg": before_kg}
            yield Event(at, "switch", f"suggested: from {before} to {choice.region}: {why}", values)


def _changed_percent(before_kg: float, after_kg: float) -> float:
    """Change relative to before, rounded so that 0.99 against 1.1 kg is 10 %; infinite from zero."""
    if before_kg == 0:
        return 0.0 if after_kg == 0 else float("inf")
    return round(abs(after_kg / before_kg - 1) * 100, 9)


def _when(start: datetime | None) -> str:
    return "at once" if start is None else f"at {format_time(start)}"


def _moment(start: datetime | None) -> str | None:
    return None if start is None else format_time(start)
