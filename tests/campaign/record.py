"""What the server does in a case, and what may be believed of it, noted while it is done."""

import json
import threading
from collections import Counter
from random import Random

from greenai_infra.intensity.model.values import Basis, Flag

from .apis import Api, Window
from .draft import Draft
from .faults import Fault, raw
from .wire import Request, Response, Script
from .world import NEW

RAW_TEXTS = ("nan", "-NaN", "1e999", "Infinity", "-1e999", "9" * 5000)


class Notes:
    """What was said honestly about one zone: g/kWh by edition and start, estimates, steps; and flags it must carry."""

    def __init__(self) -> None:
        self.measured: dict[int, dict[float, set[float]]] = {}
        self.expected: dict[int, dict[float, set[float]]] = {}
        self.steps_s: set[int] = set()
        self.flags: set[Flag] = set()
        self.step_unclear = False

    def add(self, draft: Draft) -> None:
        """Everything in the draft that may be believed."""
        measured = self.measured.setdefault(draft.edition, {})
        expected = self.expected.setdefault(draft.edition, {})
        for point in draft.points:
            if point.honest and point.measured:
                measured.setdefault(point.start_s, set()).add(point.g if point.means is None else point.means)
            if point.placed:
                expected.setdefault(point.start_s, set()).add(point.estimate)
        self.steps_s.add(draft.step_s)
        self.step_unclear |= draft.step_unclear
        if draft.edition == NEW:
            self.flags |= draft.flags


class Record:
    """Answers one source of one case. `fault` meets only requests about the `faulty` zones, or only the login."""

    def __init__(self, api: Api, basis: Basis, fault: Fault | None, faulty: frozenset[str], at_login: bool) -> None:
        self.api = api
        self.basis = basis
        self.fault = fault
        self.faulty = faulty
        self.at_login = at_login
        self.now_s = 0.0
        self.edition = NEW
        self.notes: dict[str, Notes] = {zone: Notes() for zone in api.places}
        self.asked: Counter[str] = Counter()
        self.errors: list[str] = []
        self._lock = threading.Lock()

    def answer(self, asked: Request) -> Script:
        """What happens on the connection that brought this request."""
        try:
            return self._answer(asked)
        except Exception as error:
            self.errors.append(f"{asked.path} {asked.params}: {error!r}")  # the server's mistake, or a wrong question
            raise

    def _answer(self, asked: Request) -> Script:
        aside = self.api.aside(asked)
        if aside is not None:
            fault = self._meets(asked.path, self.at_login)
            return self._send(aside, fault)
        window = self.api.read(asked, self.now_s)
        with self._lock:
            return self._values(window)

    def _values(self, window: Window) -> Script:
        draft = self.api.draft(window, self.now_s, self.basis, self.edition)
        fault = self._meets(draft.zone, draft.zone in self.faulty and not self.at_login)
        rng = Random(f"{window.place} {fault.detail if fault else ''}")
        if fault and fault.draft:
            fault.draft(draft, rng)
        self.notes[draft.zone].add(draft)
        answer = self.api.render(draft)
        if fault and fault.tree:
            answer = fault.tree(json.loads(json.dumps(answer)), rng)
        text = json.dumps(answer)
        for one in RAW_TEXTS if "@@" in text else ():
            text = text.replace(f'"{raw(one)}"', one)
        body = text.encode()
        if fault and fault.text:
            body = fault.text(body)
        return self._send(Response(body), fault)

    def _meets(self, what: str, within_reach: bool) -> Fault | None:
        """The fault, if it meets this request."""
        self.asked[what] += 1
        if not self.fault or self.edition != NEW or not within_reach:
            return None
        return self.fault if self.fault.attempts is None or self.asked[what] <= self.fault.attempts else None

    @staticmethod
    def _send(response: Response, fault: Fault | None) -> Script:
        response.headers.setdefault("Content-Type", "application/json")
        return fault.wire(response) if fault and fault.wire else response.whole()
