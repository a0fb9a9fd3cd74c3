"""The campaign can fail: the code under test with a guard taken out is caught."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import urllib3

from greenai_infra.intensity.choice import fallback, tiers
from greenai_infra.intensity.model import points, reading
from greenai_infra.intensity.model.values import Basis, Flag, Signal
from greenai_infra.intensity.service import http, live
from greenai_infra.intensity.sources import csv_file, file
from greenai_infra.intensity.sources.live.carbon_aware_sdk import answers as carbon_aware_sdk_answers
from greenai_infra.intensity.sources.live.eia import answers as eia_answers
from greenai_infra.intensity.sources.live.eia import source as eia
from greenai_infra.intensity.sources.live.electricity_maps import answers as electricity_maps_answers
from greenai_infra.intensity.sources.live.neso import answers as neso_answers
from greenai_infra.intensity.sources.live.watttime import answers as watttime_answers
from greenai_infra.web import site

from .catching import cases_of, wrongs
from .faults import KINDS, Setting
from .files import plan_files, run_file_case
from .leaks import Ears
from .oracle import Wrong
from .policy import run_policy_case
from .policy_case import BY_NAME, HONEST, PolicyCase
from .runner import Ground, run_case
from .wire import Site
from .world import ORDINARY

pytestmark = pytest.mark.campaign


def ignore(*arguments: Any, **options: Any) -> Any:
    return None


def believe_naive(text: object) -> float:
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def believe_anything(self: Any, *flags: Flag) -> Any:
    return self


class Anything:
    """Equal to whatever a service says."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def wait_as_told(self: Any, response: Any) -> float:
    return float(response.headers.get("Retry-After", "0"))


GUARDS: Mapping[str, tuple[str, list[tuple[Any, str, Any]], str, Wrong]] = {
    "old is stale": ("stale", [(live, "STALE_AFTER", timedelta(days=9999))], "", Wrong.MISLABELLED),
    "kept is flagged": ("timeout in body", [(points.Points, "flagged", believe_anything)], "", Wrong.MISLABELLED),
    "limits of numbers": (
        "wrong unit",
        [(reading, "implausible", lambda *_: ""), (points, "implausible", lambda *_: "")],
        "energy-charts",
        Wrong.INVENTED,
    ),
    "negative": (
        "negative",
        [(reading, "implausible", lambda *_: ""), (points, "implausible", lambda *_: "")],
        "watttime",
        Wrong.INVENTED,
    ),
    "place": ("wrong place", [(electricity_maps_answers, "_check_zone", ignore)], "electricity-maps", Wrong.INVENTED),
    "location": (
        "wrong place",
        [(carbon_aware_sdk_answers, "_check_place", ignore)],
        "carbon-aware-sdk",
        Wrong.INVENTED,
    ),
    "unit": ("wrong unit", [(watttime_answers, "UNITS", Anything())], "watttime", Wrong.INVENTED),
    "basis": ("wrong signal or basis", [(electricity_maps_answers, "_check_basis", ignore)], "", Wrong.INVENTED),
    "offset": ("naive time", [(neso_answers, "time_s", believe_naive)], "neso", Wrong.INVENTED),
    "ahead": ("future", [(watttime_answers, "check_not_ahead", ignore)], "watttime", Wrong.MISLABELLED),
    "era": ("impossible time", [(points, "ERA_S", (-9e99, 9e99)), (reading, "EARLIEST_YEAR", 0)], "", Wrong.CRASH),
    "null fuel": ("null", [(eia_answers, "usual", lambda reported: frozenset({"NUC"}))], "eia", Wrong.INVENTED),
    "wait": ("Retry-After", [(site.BoundedRetry, "get_retry_after", wait_as_told)], "", Wrong.CRASH),
    "time in all": ("slow", [(eia, "time", type("Stopped", (), {"monotonic": lambda: 0.0}))], "eia", Wrong.HANG),
    "masking": ("secret in the answer", [(reading, "masked", str)], "", Wrong.LEAK),
    "masking of errors": ("HTTP 4xx", [(site, "masked", str)], "eia", Wrong.LEAK),
    "JSON": ("not JSON", [(site.Answer, "json", lambda self: 1 / 0)], "", Wrong.CRASH),
}


@pytest.mark.parametrize("name", GUARDS)
def test_lost_guard_is_caught(ground: Ground, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    fault, changes, api, wrong = GUARDS[name]
    cases = cases_of(fault, 60, api=api)
    if name != "kept is flagged":
        cases = [replace(case, warm=None) for case in cases]
    for where, what, instead in changes:
        monkeypatch.setattr(where, what, instead)
    assert wrong in wrongs(ground.run_all(cases, run_case, again=0))


def test_secret_in_the_log_is_caught(ground: Ground, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "keep_secret", ignore)
    monkeypatch.setattr("greenai_infra.masking._secrets", [])
    ground.run_all(cases_of("odd headers", 30, api="eia"), run_case)
    assert {one.wrong for one in ears.findings} == {Wrong.LEAK}


def test_secret_that_follows_a_redirect_is_caught(
    ground: Ground, elsewhere: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opener(base_url: str, timeout: urllib3.Timeout) -> Any:
        manager, origin = urllib3.PoolManager(timeout=timeout), "/".join(base_url.split("/")[:3])
        return lambda method, path, more: manager.request(method, f"{origin}{path}", **{**more, "redirect": True})

    monkeypatch.setattr(site, "_opener", opener)
    address = f"http://{elsewhere.host}:{elsewhere.port}/trap"
    ground.run_all(cases_of("redirect", 20, api="electricity-maps", elsewhere=address), run_case, again=0)
    assert elsewhere.strays
    elsewhere.strays.clear()


def test_number_in_a_file_beyond_limits_is_caught(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "implausible", lambda value: "")
    monkeypatch.setattr(file, "implausible", lambda *_: "")
    assert Wrong.INVENTED in wrongs(ground.run_all(plan_files(1, 200), run_file_case))


@pytest.mark.parametrize(
    ("guard", "instead", "wrong"),
    [
        ("_as_fallback", lambda answer: answer, Wrong.MISLABELLED),  # a second choice is called one
        ("_stands_in", lambda answer: False, Wrong.UNANSWERED),  # what is fresh comes before what was kept
    ],
)
def test_lost_rule_of_the_order_is_caught(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, guard: str, instead: Any, wrong: Wrong
) -> None:
    monkeypatch.setattr(fallback, "is_now", lambda moment: True)
    monkeypatch.setattr(tiers, guard, instead)
    maps = BY_NAME["electricity-maps"]
    silent = KINDS["timeout in body"](Setting(maps, "latest", Random(1), ""))
    assert silent
    faults = {maps.name: silent, "carbon-aware-sdk": HONEST}
    case = PolicyCase(0, "latest", ("FR",), Signal.AVERAGE, Basis.LIFECYCLE, faults, ORDINARY[0], timedelta(minutes=70))
    assert wrong in wrongs([run_policy_case(case, ground)])
