"""`plan-age` and `live-data`: ages from a given moment, and what is no live data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.clock import format_time
from greenai_infra.contracts.declared import UNKNOWN

from .declare import NOW, TAGS, a, could_not_run, found, kept, messages, stack

if TYPE_CHECKING:
    from greenai_infra.policy.rule import Stack

CARBON = {"intensity_g_per_kwh": 20, "signal": "average", "basis": "lifecycle", "observed_at": "2025-01-01T00:00:00Z"}


def planned(hours_ago: Any, **carbon: Any) -> Stack:
    at = hours_ago if not isinstance(hours_ago, int | float) else format_time(NOW - timedelta(hours=hours_ago))
    section = {"carbon": {**CARBON, **carbon}, "planned": {"planned_at": at}}
    return stack(a("aws:ec2/vpc:Vpc"), config={"training": section})


@pytest.mark.parametrize(("hours", "ok"), [(0, True), (48, True), (48.1, False), (9999, False), (-0.1, True)])
def test_age_of_the_plan(hours: float, ok: bool) -> None:
    assert kept("plan-age", planned(hours), max_hours=48) == ok


def test_it_is_a_warning_unless_made_mandatory() -> None:
    assert [one.severity for one in found("plan-age", planned(9999))] == ["warning"]
    assert [one.severity for one in found("plan-age", planned(9999), severity="mandatory")] == ["error"]


@pytest.mark.parametrize(
    ("hours", "max_hours", "says"),
    [
        (50, 24, "2026-11-29T10:00:00Z, 50.0 h old; at most 24.0 h (max_hours: 24)"),
        (0.05, 0.01, "3 min old; at most 36 s (max_hours: 0.01)"),
        (168.1, 168, "7.0 days (168.1 h) old; at most 7.0 days (max_hours: 168)"),
        (9999, 1200, "416.6 days (9,999 h) old; at most 50.0 days (max_hours: 1,200)"),
    ],
)
def test_the_words_say_both_ages(hours: float, max_hours: float, says: str) -> None:
    [message] = messages("plan-age", planned(hours), max_hours=max_hours)
    assert says in message


@pytest.mark.parametrize("at", [-1.0, UNKNOWN, "last week"], ids=["ahead", "unknown", "no time"])
def test_an_age_that_can_not_be_told(at: Any) -> None:
    """A plan dated ahead would never grow old."""
    assert could_not_run("plan-age", planned(at), severity="mandatory")


def test_without_a_plan_the_observation_counts() -> None:
    topic = a("aws:sns/topic:Topic", taggable=True, tags=TAGS)  # observed six hours before NOW
    assert kept("plan-age", stack(topic), max_hours=6)
    assert "the intensity is of 2026-12-01T06:00:00Z, 6.0 h old" in messages("plan-age", topic, max_hours=5)[0]


def test_a_yearly_mean_has_no_age_in_hours() -> None:
    tags = {**TAGS, "carbon-kind": "yearly mean", "carbon-observed-at": "2025-01-01T00:00:00Z"}
    assert kept("plan-age", a("aws:sns/topic:Topic", taggable=True, tags=tags))


@pytest.mark.parametrize(
    ("kind", "source", "ok"),
    [
        ("live", "Electricity Maps", True),
        ("forecast", "Energy-Charts", True),
        ("climatology", "NESO", True),
        ("yearly mean", "Electricity Maps 2025", False),
        ("latest", "NESO", False),
        ("history", "my file", False),
        ("live", "Electricity Maps [fallback]", False),
        ("forecast", "Electricity Maps [sandbox]", False),
        ("forecast", "Electricity Maps [cached, estimated]", False),
        ("forecast", "embedded", False),
        ("forecast", "Stalewater Power", True),
    ],
)
def test_live_data(kind: str, source: str, ok: bool) -> None:
    assert kept("live-data", planned(1, kind=kind, source=source), require_live=True) == ok
    assert kept("live-data", planned(1, kind=kind, source=source))


@pytest.mark.parametrize("carbon", [{"kind": UNKNOWN, "source": "x"}, {"source": "x"}, {"kind": "live"}])
def test_data_of_unknown_origin(carbon: dict[str, Any]) -> None:
    assert could_not_run("live-data", planned(1, **carbon), require_live=True)


def test_tags_are_judged_for_live_data_too() -> None:
    topic = a("aws:sns/topic:Topic", taggable=True, tags={**TAGS, "carbon-kind": "yearly mean"})
    whole = stack(topic, config={"training": {"carbon": {**CARBON, "kind": "live", "source": "NESO"}}})
    assert messages("live-data", whole, require_live=True) == [
        "the tags of it: the intensity is a yearly mean, not live data"
    ]
