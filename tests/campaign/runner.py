"""Runs cases, each with a server of its own on a common port, within a bound; and says what came of them."""

import itertools
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from greenai_infra.errors import InputError
from greenai_infra.intensity.model.source import IntensitySource
from greenai_infra.intensity.model.values import Intensity, Series, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache

from .apis import Api, Opening
from .case import Case, Reach
from .faults import Must
from .leaks import leaks_in_files, leaks_in_words
from .oracle import Expected, Finding, Wrong, findings
from .record import Record
from .wire import TIMEOUT_S, Doors, Site
from .world import NEW, OLD

WARM_UP_S = 20.0
MARGIN_S = 0.4
"""What a call may take beyond the total timeout before it counts as hanging."""

GIVE_UP_S = 15.0
AT_ONCE = 16
AGAIN = 3
_Value = TypeVar("_Value")
Open = Callable[[Api, str, Opening], IntensitySource]


@dataclass
class Outcome:
    """What became of one case: refused, flagged or answered without a flag, and what is wrong with it."""

    kind: str
    source: str
    name: str
    result: str
    findings: list[Finding] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def may_pass(self) -> bool:
        """Whether a busy machine alone can be the cause."""
        return all(one.wrong in (Wrong.HANG, Wrong.UNANSWERED) for one in self.findings)


@dataclass
class Ground:
    """Where cases are run: the server, the addresses where nobody answers, a folder for caches."""

    site: Site
    doors: Doors
    folder: Path
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def run_all(
        self, cases: Sequence[Any], run: Callable[[Any, "Ground"], Outcome], again: int = AGAIN
    ) -> list[Outcome]:
        """The outcome of each. One that may be due to a busy machine is run again, alone, up to three times."""
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            outcomes = list(pool.map(lambda case: run(case, self), cases))
        for number, case in enumerate(cases):
            for _ in range(again):
                if outcomes[number].findings and outcomes[number].may_pass:
                    outcomes[number] = run(case, self)
        return outcomes


def open_source(api: Api, url: str, how: Opening) -> IntensitySource:
    """The source itself; tests of the campaign put another one in its place."""
    return api.open(url, how)


def run_case(case: Case, ground: Ground, open_source: Open = open_source) -> Outcome:
    """Ask, and hold the answers against what was said."""
    name = str(next(ground.numbers))
    record = Record(case.api, case.basis, case.fault, case.faulty, case.at_login)
    leaves = case.fault.door == "refused"  # was there when it was asked before, and is gone
    site = Site() if leaves else ground.site
    url = site.open(name, record.answer)
    folder = ground.folder / name
    how = Opening(case.as_of, case.signal, case.basis, AnswerCache(folder), TIMEOUT_S)
    outcome = Outcome(case.fault.kind, case.api.name, str(case), "refused")
    try:
        if case.warm is not None:
            before = replace(how, as_of=case.as_of - case.warm, timeout_s=WARM_UP_S)
            _warm(case, record, open_source(case.api, url, before))
        if case.fault.cache:
            for file in folder.glob("*.json"):
                case.fault.cache(file, Random(case.number))
        record.now_s, record.edition = case.as_of.timestamp(), NEW
        record.asked.clear()
        if leaves:
            site.close()
        elif case.fault.door:
            url = door(ground, case.fault.door, url)
        source, opened = bounded(lambda: open_source(case.api, url, how), outcome)
        for kind in (case.kind, case.then) if opened else ():
            if kind:
                _ask(case, kind, record, source, outcome)
    finally:
        site.end(name)
    outcome.findings += [Finding(Wrong.CRASH, f"the server: {error}") for error in record.errors]
    outcome.findings += leaks_in_files(folder)
    if not case.api.keyed:  # and so was never told a secret
        outcome.findings = [one for one in outcome.findings if one.wrong is not Wrong.LEAK]
    return outcome


def _ask(case: Case, kind: str, record: Record, source: IntensitySource, outcome: Outcome) -> None:
    answers, answered = bounded(lambda: ask(source, kind, case.zones, case.as_of, case.reach), outcome)
    if not answered:
        return
    was_asked = record.asked.total() > 0
    expected = {
        zone: Expected(
            kind,
            zone,
            case.signal,
            case.basis,
            case.as_of,
            *window(kind, case.as_of, case.reach),
            record.notes[zone],
            _must(case, kind, zone),
            may_be_live=case.api.may_be_live,
            always=case.api.always,
            warm=case.warm,
            was_asked=was_asked,
        )
        for zone in case.zones
    }
    outcome.findings += findings(answers, expected)
    outcome.findings += leaks_in_words(answers.values())
    if kind == case.kind:
        outcome.result = result_of([answers.get(zone) for zone in case.zones if zone in case.faulty])


def _must(case: Case, kind: str, zone: str) -> Must:
    if zone not in case.faulty:
        return Must.ANSWER if kind == case.kind and not case.then else Must.EITHER
    if kind != case.kind and case.fault.must is Must.ANSWER:
        return Must.EITHER
    return case.fault.must


def _warm(case: Case, record: Record, source: IntensitySource) -> None:
    """The same question, asked some time ago and answered well."""
    assert case.warm is not None
    before = case.as_of - case.warm
    record.now_s, record.edition = before.timestamp(), OLD
    answers = ask(source, case.kind, case.zones, before, case.reach)
    missing = [one.reason for one in answers.values() if isinstance(one, Unavailable)]
    assert not missing, f"{case}: no answer without a fault: {missing}"


def ask(source: IntensitySource, kind: str, zones: Sequence[str], as_of: datetime, reach: Reach) -> dict[str, Any]:
    """The answers to a question of that kind."""
    if kind == "latest":
        return dict(source.latest(zones))
    start, end = window(kind, as_of, reach)
    return dict(source.history(zones, start, end) if kind == "history" else source.forecast(zones, start, end))


def window(kind: str, as_of: datetime, reach: Reach) -> tuple[datetime, datetime]:
    """From when to when a series is asked for: into the future if it is a forecast, else into the past."""
    first, last = reach
    if (kind == "forecast") == (last > timedelta()):
        return as_of + first, as_of + last
    return (as_of, as_of + (last - first)) if kind == "forecast" else (as_of - (last - first), as_of)


def bounded(call: Callable[[], _Value], outcome: Outcome, limit_s: float = TIMEOUT_S) -> tuple[Any, bool]:
    """What the call returns, and True; else False, with a finding: it hung, took too long, or raised."""
    returned: list[Any] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(call())
        except BaseException as error:  # noqa: BLE001 - told below
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    began = time.monotonic()
    thread.start()
    thread.join(GIVE_UP_S)
    took_s = time.monotonic() - began
    outcome.took_s = max(outcome.took_s, took_s)
    if took_s > limit_s + MARGIN_S:
        outcome.findings.append(Finding(Wrong.HANG, f"it took {took_s:.2f} s of {limit_s:g}"))
    if raised and not isinstance(raised[0], InputError):
        place = "".join(traceback.format_exception(raised[0])[-3:])
        outcome.findings.append(Finding(Wrong.CRASH, place))
    if raised:
        outcome.findings += leaks_in_words(raised)
    return (returned[0], True) if returned else (None, False)


def result_of(answers: Sequence[Any]) -> str:
    """What the zones that a fault met got, the worst of them."""
    had = [one for one in answers if isinstance(one, Intensity | Series)]
    if len(had) < len(answers):
        return "refused"
    return "flagged" if any(one.provenance.flags for one in had) else "answered"


def door(ground: Ground, name: str, url: str) -> str:
    if name == "no TLS":
        return url.replace("http://", "https://")
    return str(getattr(ground.doors, name))
