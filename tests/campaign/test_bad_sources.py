"""The campaign can fail: sources that misbehave are caught."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from greenai_infra.errors import InputError
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Provenance, Signal, Unavailable

from .apis import Api, Opening
from .apis.base import SECRET
from .catching import cases_of, wrongs
from .oracle import Wrong
from .runner import Ground, open_source, run_case

pytestmark = pytest.mark.campaign
Answers = dict[str, Any]


class Bad:
    """A real source, of which `spoil` changes the answers."""

    def __init__(self, source: Any, spoil: Callable[[Answers], Answers]) -> None:
        self.name, self.as_of = source.name, source.as_of
        self._source, self._spoil = source, spoil

    def latest(self, zones: Sequence[str]) -> Answers:
        return self._spoil(self._source.latest(zones))

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Answers:
        return self._spoil(self._source.history(zones, start, end))

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Answers:
        return self._spoil(self._source.forecast(zones, start, end))


def each(change: Callable[[Any], Any]) -> Callable[[Answers], Answers]:
    return lambda answers: {zone: change(one) for zone, one in answers.items()}


def relabel(**changes: Any) -> Callable[[Answers], Answers]:
    """Says something else of where values come from."""
    return each(
        lambda one: one if isinstance(one, Unavailable) else replace(one, provenance=replace(one.provenance, **changes))
    )


def call_live(one: Any) -> Any:
    if not isinstance(one, Intensity):
        return one
    return replace(one, provenance=replace(one.provenance, kind=Kind.LIVE, flags=frozenset()))


def make_up(one: Any) -> Any:
    if not isinstance(one, Unavailable):
        return one
    of = Provenance("x", Signal.AVERAGE, Basis.DIRECT, Kind.LIVE, datetime(2026, 3, 10, 12, tzinfo=UTC))
    return Intensity(one.zone, 217.0, of)


def hang(answers: Answers) -> Answers:
    time.sleep(1.5)
    return answers


def raise_it(answers: Answers) -> Answers:
    raise KeyError("carbonIntensity")


def double(one: Any) -> Any:
    return one if isinstance(one, Unavailable) else replace(one, g_per_kwh=one.g_per_kwh * 2)


BAD: Mapping[str, tuple[str, Callable[[Answers], Answers], Wrong]] = {
    "calls the stale live": ("stale", each(call_live), Wrong.MISLABELLED),
    "calls the estimated live": ("estimated", each(call_live), Wrong.MISLABELLED),
    "calls the made-up live": ("sandbox", each(call_live), Wrong.MISLABELLED),
    "calls what was kept live": ("timeout in body", each(call_live), Wrong.MISLABELLED),
    "says nothing of flags": ("sandbox", relabel(kind=Kind.HISTORY, flags=frozenset()), Wrong.MISLABELLED),
    "says another signal": ("unordered", relabel(signal=Signal.MARGINAL), Wrong.MISLABELLED),
    "makes a number up": ("connection refused", each(make_up), Wrong.INVENTED),
    "doubles": ("unordered", each(double), Wrong.INVENTED),
    "answers about another zone": (
        "unordered",
        each(lambda one: replace(one, zone="XX")),
        Wrong.INVENTED,
    ),
    "leaves a zone out": ("unordered", lambda answers: {}, Wrong.INVENTED),
    "refuses what is right": ("unordered", each(lambda one: Unavailable(one.zone, "no")), Wrong.UNANSWERED),
    "hangs": ("unordered", hang, Wrong.HANG),
    "raises": ("key renamed", raise_it, Wrong.CRASH),
    "tells the key": ("HTTP 4xx", each(lambda one: Unavailable(one.zone, f"token {SECRET}?")), Wrong.LEAK),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_source_is_caught(ground: Ground, name: str) -> None:
    fault, spoil, wrong = BAD[name]

    def open_bad(api: Api, url: str, how: Opening) -> Any:
        source = open_source(api, url, how)
        return Bad(source, spoil) if how.timeout_s < 5 else source  # what is asked before goes well

    api = "electricity-maps" if wrong in (Wrong.LEAK, Wrong.MISLABELLED) else ""
    kind = "latest" if "live" in name else ""
    cases = cases_of(fault, 24 if "kept" in name else 6, api=api, kind=kind)
    assert wrong in wrongs(ground.run_all(cases, lambda case, on: run_case(case, on, open_bad), again=0))


def test_refusal_of_a_wrong_input_is_no_crash(ground: Ground) -> None:
    def refuse(api: Api, url: str, how: Opening) -> Any:
        raise InputError("no such thing")

    outcomes = [run_case(case, ground, refuse) for case in cases_of("connect timeout", 4) if case.warm is None]
    assert outcomes
    assert not wrongs(outcomes)
