"""One case of the order of sources: which are set up, what is asked of all, and the fault of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from greenai_infra.intensity.model.values import Basis, Signal

from .apis import APIS, Api
from .case import EXPIRED, WARM_SHARE
from .faults import KINDS, Fault, Setting
from .world import ORDINARY

BY_NAME = {api.name: api for api in APIS if api.name != "neso:13"}
TIERS = (("electricity-maps",), ("watttime",), ("carbon-aware-sdk",), ("neso", "energy-charts", "eia"))
"""As the README states the order."""

KEYED = frozenset(api.name for api in APIS if api.keyed)
ZONES = ("DE", "FR", "GB", "US-CAL-CISO")
MEANINGS = (
    (Signal.AVERAGE, Basis.LIFECYCLE),
    (Signal.AVERAGE, Basis.LIFECYCLE),
    (Signal.AVERAGE, Basis.DIRECT),
    (Signal.MARGINAL, Basis.DIRECT),
)
HONEST = Fault("none", "")
QUESTIONS = {"latest": 1, "forecast": 1, "predict": 3}
"""What is asked, and how many kinds of question that may need of each tier."""


@dataclass(frozen=True)
class PolicyCase:
    """`faults` has the fault of each source that is set up; a source that has none answers honestly."""

    number: int
    question: str
    zones: tuple[str, ...]
    signal: Signal
    basis: Basis
    faults: Mapping[str, Fault]
    as_of: datetime
    warm: timedelta | None

    def __str__(self) -> str:
        said = "; ".join(f"{name}: {one.kind} [{one.detail}]" for name, one in self.faults.items())
        warm = f", warm since {self.warm}" if self.warm else ""
        return (
            f"policy case {self.number}: {self.question} of {', '.join(self.zones)}, {self.signal} {self.basis}, at "
            f"{self.as_of:%Y-%m-%dT%H:%M:%SZ}{warm}: {said}"
        )

    def tiers(self) -> list[tuple[str, ...]]:
        """The sources of each tier that can answer for all zones in this meaning, in order."""
        able = [tuple(name for name in tier if self._means(name)) for tier in TIERS]
        return [tier for tier in able if all(any(zone in BY_NAME[name].places for name in tier) for zone in self.zones)]

    def _means(self, name: str) -> bool:
        return name in self.faults and (self.signal, self.basis) in BY_NAME[name].meanings


def plan_policy(seed: int, count: int, elsewhere: str) -> list[PolicyCase]:
    """That many cases, by chance."""
    cases = []
    for number in range(count):
        rng = Random(f"{seed} policy {number}")
        question = rng.choice(sorted(QUESTIONS))
        kind = "latest" if question == "latest" else "forecast"
        keyless = [name for tier in TIERS[3:] for name in tier if name not in KEYED]
        names = [name for name in BY_NAME if name in keyless or rng.random() < 0.6]
        signal, basis = rng.choice(MEANINGS)
        zones = rng.sample(ZONES, k=rng.choice((1, 1, 2, 3)))
        warm = rng.choice(EXPIRED) if rng.random() < WARM_SHARE else None
        faults = {name: _fault(BY_NAME[name], kind, rng, elsewhere) for name in names}
        cases.append(PolicyCase(number, question, tuple(zones), signal, basis, faults, rng.choice(ORDINARY), warm))
    return cases


def _fault(api: Api, kind: str, rng: Random, elsewhere: str) -> Fault:
    """One that any question may meet, since a prediction asks several."""
    if rng.random() < 0.25:
        return HONEST
    while True:
        fault = KINDS[rng.choice(sorted(KINDS))](Setting(api, kind if kind in api.kinds else "history", rng, elsewhere))
        if fault and not fault.cache and not fault.as_of:
            return fault
