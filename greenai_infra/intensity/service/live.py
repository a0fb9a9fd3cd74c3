"""What every live source shares: asking once, keeping answers, and what may be called live.

A source defines its questions and reads the answers into points; the rest is here, so that all sources label alike.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.clock import floor_to, format_time, from_unix
from greenai_infra.intensity.model.checks import MAX_BAD_SHARE, STALE_AFTER, far_off, wrong_unit
from greenai_infra.intensity.model.questions import Failure
from greenai_infra.intensity.model.values import (
    Basis,
    Flag,
    Intensity,
    Kind,
    Provenance,
    Series,
    Signal,
    Unavailable,
    cut,
)
from greenai_infra.intensity.service.cache import CLOCK_TOLERANCE, Kept, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.model.points import Points
    from greenai_infra.intensity.service.cache import AnswerCache

    Fetch = Callable[[Sequence[str]], Mapping[str, Points | Failure]]

LEAST_VALIDITY = timedelta(minutes=5)
LONG_WAIT_S = 4.0  # without a response: worth remembering; without a network, requests fail sooner
SILENCE = timedelta(minutes=5)  # for which a service that was silent for long is not asked


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who answers: `name` as after `--source`, `title` as people read it, `address` of the service.

    `delay` is how long after an interval has begun its value is expected.
    """

    name: str
    title: str
    address: str
    signal: Signal
    basis: Basis
    delay: timedelta = timedelta(minutes=5)


class Answer(NamedTuple):
    """Points, and a word on how they were had; empty if they came straight from the service."""

    points: Points
    note: str


class LiveAnswers:
    """Points of a publisher as of a moment: each zone and question is fetched at most once."""

    def __init__(self, publisher: Publisher, as_of: datetime, cache: AnswerCache | None) -> None:
        self.publisher = publisher
        self.as_of = as_of
        self._cache = cache
        self._had: dict[Key, Answer | Unavailable] = {}
        self._silent = ""

    def ask(self, zones: Sequence[str], question: str, fetch: Fetch) -> dict[str, Answer | Unavailable]:
        """Returns the answer for each zone: from memory, from the cache while valid, else by `fetch(zones)`.

        `question` names kind and reach, and with zone and publisher the place in the cache. If fetching fails for a
        transient reason, a cached answer less than six hours old replaces it, flagged as cached and as fallback.
        """
        keys = {zone: self._key(zone, question) for zone in zones}
        kept: dict[str, Kept | None] = {}
        for zone, key in keys.items():
            if key in self._had:
                continue
            kept[zone] = had = self._cache.get(key, self.as_of) if self._cache else None
            if had and self.as_of < had.valid_until:
                self._had[key] = Answer(had.points.flagged(Flag.CACHED), f"fetched {_ago(had, self.as_of)}")
        open_zones = [zone for zone, key in keys.items() if key not in self._had]
        if open_zones:
            fetched = self._fetch(open_zones, fetch)
            for zone in open_zones:
                self._had[keys[zone]] = self._believe(zone, fetched[zone], keys[zone], kept[zone])
        return {zone: self._had[key] for zone, key in keys.items()}

    def _fetch(self, zones: Sequence[str], fetch: Fetch) -> Mapping[str, Points | Failure]:
        """A service that was silent about every zone is not asked again: a user would wait as long once more.

        Where that wait was long, as behind a proxy that swallows connections, later commands spare it too for a while.
        """
        if not self._silent and self._cache:
            self._silent = silence(self._cache, self.publisher.name, self.as_of, _way(self.publisher))
        if self._silent:
            return {zone: Failure(self._silent, transient=True) for zone in zones}
        began_s = time.monotonic()
        fetched = fetch(zones)
        silent = [one.reason for one in fetched.values() if isinstance(one, Failure) and one.silent]
        if len(silent) == len(fetched):
            self._silent = f"it was silent a moment ago ({silent[0]})"
            if self._cache and silent and time.monotonic() - began_s > LONG_WAIT_S:
                note = {"reason": silent[0], "way": _way(self.publisher)}
                self._cache.remember(f"silent-{self.publisher.name}", note, self.as_of)
        return fetched

    def value(self, zone: str, answer: Answer | Unavailable) -> Intensity | Unavailable:
        """The newest point as a value, called live only if it is recent, measured and straight from the service."""
        if isinstance(answer, Unavailable):
            return answer
        points, doubt = self._without_strays(zone, answer.points)
        newest = points.newest
        if newest is None:
            return Unavailable(zone, f"{self.publisher.title}: every value is null")
        start_s, g_per_kwh = newest
        observed_at = from_unix(start_s)
        flags, note = points.flags, "; ".join(filter(None, [answer.note, doubt]))
        if self.as_of - observed_at > STALE_AFTER:
            flags |= {Flag.STALE}
        ahead = observed_at - self.as_of
        if ahead > CLOCK_TOLERANCE:
            skew = f"it is {ahead.total_seconds() / 60:.0f} min ahead of this machine's clock, which may be wrong"
            note = "; ".join(filter(None, [note, skew]))
        kind = Kind.LATEST if flags or ahead > CLOCK_TOLERANCE else Kind.LIVE
        return Intensity(zone, g_per_kwh, self._provenance(kind, observed_at, points, flags, note))

    def series(
        self, zone: str, answer: Answer | Unavailable, start: datetime, end: datetime, kind: Kind
    ) -> Series | Unavailable:
        """The steps that overlap [start, end). A forecast must not begin later than one step after `start`."""
        if isinstance(answer, Unavailable):
            return answer
        points, doubt = self._without_strays(zone, answer.points)
        note = "; ".join(filter(None, [answer.note, doubt]))
        newest = points.newest
        try:
            edges_s, values = points.steps()
        except ValueError as error:
            return Unavailable(zone, f"{self.publisher.title}: {error}")
        if newest is None:
            return Unavailable(zone, f"{self.publisher.title}: every value is null")
        if kind is Kind.HISTORY:
            observed_at = from_unix(newest[0])
        else:
            first = from_unix(points.starts_s[0])
            if timedelta() < first - start <= timedelta(seconds=points.step_s):
                edges_s[0] -= points.step_s
                note = "; ".join(filter(None, [note, "the step before the first is taken to be like it"]))
            observed_at = min(first, self.as_of) if points.issued_s is None else from_unix(points.issued_s)
        provenance = self._provenance(kind, observed_at, points, points.flags, note)
        part = cut(Series(zone, edges_s, values, provenance), start, end)
        if part is None or (kind is Kind.FORECAST and part.start > start):
            covered = f"{format_time(from_unix(float(edges_s[0])))} to {format_time(from_unix(float(edges_s[-1])))}"
            return Unavailable(zone, f"{self.publisher.title}: its {kind} covers {covered}, not {format_time(start)}")
        return part

    def _without_strays(self, zone: str, points: Points) -> tuple[Points, str]:
        """The points with gaps for those far off the zone's yearly means; all as doubtful if these are many, and why.

        Made-up values are as they are: they say of themselves that they must not decide.
        """
        known = [g for g in points.g_per_kwh if g is not None]
        if Flag.SANDBOX in points.flags or not known:
            return points, ""
        meaning = (self.publisher.signal, self.publisher.basis)
        if problem := wrong_unit(zone, meaning, known):
            return points.flagged(Flag.DOUBTFUL), problem
        if not any(far_off(zone, meaning, g) for g in (min(known), max(known))):
            return points, ""
        strays = [problem for g in known if (problem := far_off(zone, meaning, g))]
        if len(strays) > MAX_BAD_SHARE * len(known):
            which = f"{len(strays)} of {len(known)} values; the first: " if len(known) > 1 else ""
            return points.flagged(Flag.DOUBTFUL), which + strays[0]
        values = tuple(None if g is None or far_off(zone, meaning, g) else g for g in points.g_per_kwh)
        said = f"{len(strays)} of {len(known)} values are taken as gaps: {strays[0]}"
        return replace(points, g_per_kwh=values, left_out="; ".join(filter(None, [points.left_out, said]))), ""

    def _key(self, zone: str, question: str) -> Key:
        by = self.publisher
        return Key(f"{by.name} {by.address}", by.signal, by.basis, zone, question)

    def _believe(self, zone: str, fetched: Points | Failure, key: Key, kept: Kept | None) -> Answer | Unavailable:
        if not isinstance(fetched, Failure):
            if self._cache and Flag.SANDBOX not in fetched.flags:
                self._cache.put(key, fetched, fetched_at=self.as_of, valid_until=self._valid_until(fetched))
            return Answer(fetched, "")
        if kept and fetched.transient:
            note = f"fetched {_ago(kept, self.as_of)}, since now {self.publisher.title}: {fetched.reason}"
            return Answer(kept.points.flagged(Flag.CACHED, Flag.FALLBACK), note)
        return Unavailable(zone, f"{self.publisher.title}: {fetched.reason}")

    def _valid_until(self, points: Points) -> datetime:
        """When the service should have something newer: after the step of a single value, or of `as_of`.

        A service that is late is asked again every few minutes, not each time.
        """
        step = timedelta(seconds=points.step_s)
        following = floor_to(self.as_of, step) + step
        if len(points.starts_s) == 1:
            following = min(following, from_unix(points.starts_s[0]) + step)
        return max(following + self.publisher.delay, self.as_of + LEAST_VALIDITY)

    def _provenance(
        self, kind: Kind, observed_at: datetime, points: Points, flags: frozenset[Flag], note: str
    ) -> Provenance:
        by = self.publisher
        return Provenance(
            by.title, by.signal, by.basis, kind, observed_at, flags, note, service=by.address, left_out=points.left_out
        )


def silence(cache: AnswerCache, source: str, now: datetime, way: str | None = None) -> str:
    """That a source kept an earlier command waiting in vain, and until when it is not asked; "" if it did not.

    `way` is where and how it is asked now: another address or proxy is tried at once.
    """
    note, since = cache.recall_dated(f"silent-{source}")
    if not isinstance(note, dict) or since is None or not -CLOCK_TOLERANCE <= now - since < SILENCE:
        return ""
    if way not in (None, note.get("way")):
        return ""
    return (
        f"it was silent at {format_time(since)} ({note.get('reason')}) and is asked again from "
        f"{format_time(since + SILENCE)} on; at once after `greenai-infra sources --clear-cache`"
    )


def _way(publisher: Publisher) -> str:
    """Address and proxy settings, not readable: these may hold a password."""

    proxies = [os.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy")]
    return hashlib.sha256(repr([publisher.address, *proxies]).encode()).hexdigest()[:16]


def _ago(kept: Kept, now: datetime) -> str:
    minutes = max(0, round((now - kept.fetched_at).total_seconds() / 60))
    return f"{minutes} min ago" if minutes < 120 else f"{minutes / 60:.1f} h ago"
