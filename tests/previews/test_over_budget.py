"""A preview warns where a stack alone, or its planned run, is more than the carbon budget of a month."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.previews.standing.over_budget import over_budget

LIMITS = {"daily_kg": 4.0, "monthly_kg": 40.0, "stack": "dev"}


def figures(standing_kg: float | None, run_kg: float | None, load_kg: float | None = None) -> dict[str, Any]:
    """The run's plan has a hundred kilograms of transfer and hardware besides, which no budget counts."""
    run = None if run_kg is None else {"emissions_kg": run_kg + 100, "operational_kg": run_kg}
    load = None if load_kg is None else {"operational_kg_per_month": load_kg}
    return {"total": {"emissions_kg_per_month": standing_kg}, "planned_run": run, "planned_load": load}


@pytest.mark.parametrize(
    ("standing_kg", "run_kg", "said"),
    [
        (40.0, 40.0, []),
        (None, None, []),
        (59.2, None, ["emits 59.2 kg CO2e a month, more than the carbon budget of 40 kg"]),
        (1.0, 41.0, ["the planned run emits 41.0 kg CO2e (operational), more than the carbon budget of 40 kg"]),
        (50.0, 60.0, ["emits 50.0 kg CO2e a month", "the planned run emits 60.0 kg"]),
        (12345.6, None, ["emits 12,300 kg CO2e a month, more than"]),
        (40.004, None, ["emits 40.004 kg CO2e a month, more than the carbon budget of 40 kg"]),
        (1e308, None, ["emits 1.00e+308 kg CO2e a month, more than"]),
    ],
)
def test_what_is_more_than_a_month_allows_is_told(
    standing_kg: float | None, run_kg: float | None, said: list[str]
) -> None:
    found = list(over_budget(figures(standing_kg, run_kg), LIMITS, "urn"))
    assert [one.severity for one in found] == ["warning"] * len(said)
    assert all(words in one.message for one, words in zip(found, said, strict=True))


def test_without_a_budget_nothing_is_told() -> None:
    assert not list(over_budget(figures(1e6, 1e6), None, "urn"))


@pytest.mark.parametrize(
    ("idle_kg", "load_kg", "said"),
    [
        (3.95, 33.9, []),
        (3.95, 41.0, ["at its planned load the stack emits 41.0 kg CO2e a month (operational), more than"]),
        (None, 41.0, ["at its planned load the stack emits 41.0 kg"]),
        (50.0, 41.0, ["by standing there the stack emits 50.0 kg CO2e a month"]),
    ],
)
def test_a_load_is_held_against_it_where_it_is_more_than_idling(
    idle_kg: float | None, load_kg: float, said: list[str]
) -> None:
    found = list(over_budget(figures(idle_kg, None, load_kg), LIMITS, "urn"))
    assert len(found) == len(said)
    assert all(words in one.message for one, words in zip(found, said, strict=True))


def test_what_is_not_known_to_be_operational_is_not_held_against_it() -> None:
    unknown = figures(None, 41.0) | {"planned_run": {"emissions_kg": 1e6, "operational_kg": None}}
    assert not list(over_budget(unknown, LIMITS, "urn"))
