"""One case: who is asked what about which zones, and which fault meets whom; all of it drawn from a seed."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from greenai_infra.intensity.model.values import Basis, Signal

from .apis import APIS, Api
from .faults import KINDS, Fault, Setting
from .world import ORDINARY

HOUR = timedelta(hours=1)
EXPIRED = (timedelta(minutes=70), 3 * HOUR, timedelta(hours=5, minutes=50))
STILL_VALID, TOO_OLD = timedelta(minutes=1), 7 * HOUR
WARM_SHARE, TWO_ZONES_SHARE, THEN_SHARE, LOGIN_SHARE = 0.3, 0.4, 0.3, 0.4


Reach = tuple[timedelta, timedelta]
"""Where a window begins and ends, from the moment of asking."""


@dataclass(frozen=True)
class Case:
    """`zones` are asked about, `faulty` are those that the fault meets, at the login only if `at_login`.

    If `warm`, the same was asked and answered that long before; `then` is a second question to the same source. The
    window of a series begins and ends `reach` after `as_of`.
    """

    number: int
    api: Api
    kind: str
    fault: Fault
    zones: tuple[str, ...]
    faulty: frozenset[str]
    signal: Signal
    basis: Basis
    as_of: datetime
    reach: Reach
    warm: timedelta | None
    then: str
    at_login: bool

    def __str__(self) -> str:
        then = f", then {self.then}" if self.then else ""
        warm = f", warm since {self.warm}" if self.warm else ""
        met = "login" if self.at_login else ", ".join(sorted(self.faulty))
        return (
            f"case {self.number}: {self.api.name} {self.kind}{then} of {', '.join(self.zones)} ({self.basis}) at "
            f"{self.as_of:%Y-%m-%dT%H:%M:%SZ}{warm}: {self.fault.kind} [{self.fault.detail}] meets {met}"
        )


def plan(seed: int, count: int, elsewhere: str) -> list[Case]:
    """That many cases: every kind of fault as often, and for each in turn the APIs and questions that it fits."""
    rng = Random(seed)
    pairs = [(api, kind) for api in APIS for kind in api.kinds]
    fitting = {fault: [pair for pair in rng.sample(pairs, k=len(pairs)) if fits(*pair, fault)] for fault in KINDS}
    cases: list[Case] = []
    for turn in itertools.count():
        for fault, places in fitting.items():
            if len(cases) == count:
                return cases
            case = draw(len(cases), *places[turn % len(places)], fault, Random(f"{seed} {turn} {fault}"), elsewhere)
            cases += [case] if case else []
    raise AssertionError


def fits(api: Api, kind: str, fault: str) -> bool:
    """Whether there is such a fault for this API and question."""
    return any(KINDS[fault](Setting(api, kind, Random(number), "")) for number in range(5))


def draw(number: int, api: Api, kind: str, fault_kind: str, rng: Random, elsewhere: str = "") -> Case | None:
    """A case of this API, question and kind of fault; None if they don't fit."""
    fault = KINDS[fault_kind](Setting(api, kind, rng, elsewhere))
    if fault is None:
        return None
    zones = rng.sample(list(api.places), k=min(len(api.places), 2 if rng.random() < TWO_ZONES_SHARE else 1))
    at_login = api.name == "watttime" and fault.wire is not None and rng.random() < LOGIN_SHARE
    everywhere = bool(fault.door) or at_login or rng.random() < 0.5
    warm = rng.choice((*EXPIRED, TOO_OLD, STILL_VALID)) if rng.random() < WARM_SHARE else None
    if fault.cache:
        warm = rng.choice((*EXPIRED, STILL_VALID, STILL_VALID))
    signal, basis = rng.choice(api.meanings)
    if (api.name, kind) == ("electricity-maps", "forecast"):
        basis = Basis.LIFECYCLE
    return Case(
        number,
        api,
        kind,
        fault,
        tuple(zones),
        frozenset(zones if everywhere else zones[:1]),
        signal,
        basis,
        fault.as_of or rng.choice(ORDINARY),
        _reach(kind, rng),
        warm,
        rng.choice(api.kinds) if fault.of_transport and rng.random() < THEN_SHARE else "",
        at_login,
    )


def _reach(kind: str, rng: Random) -> Reach:
    if kind == "forecast":
        return timedelta(), rng.choice((2, 6, 20)) * HOUR
    return rng.choice(((-6 * HOUR, timedelta()), (-30 * HOUR, -24 * HOUR), (-20 * HOUR, -10 * HOUR)))
