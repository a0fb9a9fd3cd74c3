"""The campaign against `file:PATH`: the same faults of values and times, and those of a CSV file as such."""

import json
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, ClassVar

from greenai_infra.intensity.model.source import IntensitySource
from greenai_infra.intensity.model.values import Basis, Kind, Signal
from greenai_infra.intensity.sources.file import FileSource

from .apis import Api, Opening, Window
from .case import HOUR, Reach
from .draft import Draft
from .faults import Fault, Must, Setting, csv_text, labels, raw, sequence, times, values
from .leaks import leaks_in_words
from .oracle import Expected, Finding, Wrong, findings
from .record import Notes
from .runner import Ground, Outcome, ask, bounded, result_of, window
from .world import HOUR_S, NEW, ORDINARY, floor_s

PAST_S, AHEAD_S = 40 * HOUR_S, 30 * HOUR_S
KINDS = {**values.MAKERS, **times.MAKERS, **sequence.MAKERS, "wrong unit": labels.wrong_unit}
CUT, TEXT = "file cut", "file broken"


class File(Api):
    """A CSV file in place of a service."""

    name = "file"
    places: ClassVar[dict[str, str]] = {"FR": "FR", "DE": "DE"}
    steps_s = (3600, 300, 900, 1800)
    meanings = ((Signal.AVERAGE, Basis.LIFECYCLE),)
    says = frozenset({"text times"})
    may_be_live = False

    def open(self, url: str, how: Opening) -> IntensitySource:
        return FileSource(url, as_of=how.as_of)

    def render(self, draft: Draft) -> str:
        """The rows, one a line."""
        rows = [f"{draft.place},{_text(draft.time(point))},{_text(point.written)}" for point in draft.points]
        return "\n".join(rows)


FILE = File(7)


@dataclass(frozen=True)
class FileCase:
    """A file with two zones, of which the fault meets the `faulty`, or the whole file."""

    number: int
    kind: str
    fault: Fault
    way: str
    faulty: frozenset[str]
    as_of: datetime
    reach: Reach

    def __str__(self) -> str:
        met = ", ".join(sorted(self.faulty))
        return (
            f"file case {self.number}: {self.kind} at {self.as_of:%Y-%m-%dT%H:%M:%SZ}: "
            f"{self.fault.kind} [{self.fault.detail}] meets {met}"
        )


def plan_files(seed: int, count: int) -> list[FileCase]:
    """That many cases, by chance."""
    rng = Random(f"{seed} files")
    cases: list[FileCase] = []
    while len(cases) < count:
        kind = rng.choice(FILE.kinds)
        name = rng.choice((*KINDS, *[CUT] * 2, *[TEXT] * 10))
        way = rng.choice(sorted(csv_text.WAYS)) if name == TEXT else ""
        if name == TEXT:
            fault: Fault | None = Fault(TEXT, way, must=csv_text.WAYS[way][1])
        else:
            fault = Fault(CUT, "") if name == CUT else KINDS[name](Setting(FILE, kind, rng, ""))
        if fault:
            faulty = frozenset(FILE.places if name in (CUT, TEXT) or rng.random() < 0.5 else ("FR",))
            reach = _reach(kind, rng)
            cases.append(FileCase(len(cases), kind, fault, way, faulty, fault.as_of or rng.choice(ORDINARY), reach))
    return cases


def _reach(kind: str, rng: Random) -> Reach:
    return (0 * HOUR, 6 * HOUR) if kind == "forecast" else (-rng.choice((6, 30)) * HOUR, 0 * HOUR)


def run_file_case(case: FileCase, ground: Ground) -> Outcome:
    """Write the file, open it, ask, and hold the answers against what was written."""
    rng = Random(f"{case}")
    outcome = Outcome(case.fault.kind, FILE.name, str(case), "refused")
    path = ground.folder / f"{next(ground.numbers)}.csv"
    notes = {zone: Notes() for zone in FILE.places}
    drafts = [_draft(zone, case, rng) for zone in FILE.places]
    content = _content(case, drafts, rng)
    if case.way:
        content = csv_text.WAYS[case.way][0](content, rng)
    for draft in drafts:
        notes[draft.zone].add(draft)
    path.write_bytes(content)
    how = Opening(case.as_of, *FILE.meanings[0], None, 0)
    source, opened = bounded(lambda: FILE.open(str(path), how), outcome, limit_s=2.0)
    if not opened and case.fault.must is Must.ANSWER:
        outcome.findings.append(Finding(Wrong.UNANSWERED, "the file was refused"))
    if opened:
        answers, answered = bounded(lambda: ask(source, case.kind, tuple(FILE.places), case.as_of, case.reach), outcome)
        if answered:
            start, end = window(case.kind, case.as_of, case.reach)
            outcome.findings += findings(
                answers,
                {
                    zone: Expected(
                        case.kind,
                        zone,
                        *FILE.meanings[0],
                        case.as_of,
                        start,
                        end,
                        notes[zone],
                        case.fault.must if zone in case.faulty else Must.ANSWER,
                        newest=(Kind.HISTORY,),
                        may_be_live=False,
                    )
                    for zone in FILE.places
                },
            )
            outcome.findings += leaks_in_words(answers.values())
            outcome.result = result_of([answers[zone] for zone in sorted(case.faulty)])
    return outcome


def _draft(zone: str, case: FileCase, rng: Random) -> Draft:
    """What is true of a zone and may be seen, and after that in a history what may not."""
    now_s = case.as_of.timestamp()
    last_s = floor_s(now_s, HOUR_S)
    ahead = case.kind == "forecast"
    kind, first_s, last_s = ("forecast", last_s, last_s + AHEAD_S) if ahead else ("history", last_s - PAST_S, last_s)
    draft = FILE.draft(Window(kind, zone, first_s, last_s), now_s + HOUR_S, FILE.meanings[0][1], NEW)
    if zone in case.faulty and case.fault.draft:
        case.fault.draft(draft, rng)
    elif not ahead:
        unseen = draft.at(last_s + HOUR_S * number for number in range(3))
        draft.distrust(unseen)
        draft.points += unseen
    return draft


def _content(case: FileCase, drafts: list[Draft], rng: Random) -> bytes:
    """The file: declarations, names of columns, rows; cut somewhere in a row if that is the fault."""
    kind = "forecast" if case.kind == "forecast" else "history"
    head = f"# signal: average\n# basis: lifecycle\n# kind: {kind}\nzone,datetime,g_per_kwh\n"
    if case.fault.kind != CUT:
        return (head + "\n".join(FILE.render(draft) for draft in drafts) + "\n").encode()
    cut_zone = rng.choice(drafts)
    number = rng.randrange(2, len(cut_zone.points))
    last = cut_zone.points[number]
    for draft in drafts[drafts.index(cut_zone) + 1 :]:
        draft.points = []
    cut_zone.points = cut_zone.points[: number + 1]
    text = head + "\n".join(FILE.render(draft) for draft in drafts if draft.points)
    row = text.rpartition("\n")[2]
    left = rng.randrange(1, len(row))
    value = row[:left].split(",")[2:]
    try:
        last.means = float(value[0])  # a number of which the end is gone is one still, and nothing tells
    except (IndexError, ValueError):
        cut_zone.distrust([last])
    return text[: len(text) - len(row) + left].encode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.removeprefix(raw("")[:2]).removesuffix(raw("")[:2])
    if isinstance(value, dict | list):
        return json.dumps(value).replace(",", " ")
    return str(value) if not isinstance(value, int) or abs(value) < 1e300 else "1" + "0" * 400
