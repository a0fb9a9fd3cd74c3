"""What constraints remove, what they cost, and what is said when nothing is left."""

from __future__ import annotations

import pytest

from greenai_infra.errors import NoPlacement

from .made_up import (
    candidate,
    decision,
    hours_of,
    timing,
)


def test_maximum_cost_removes_the_cleanest_and_says_what_that_costs() -> None:
    # A: 50 x 20 g = 1 kg for 400 USD; B: 50 x 100 g = 5 kg for 80 USD.
    dear, cheap = candidate("A", usd_per_hour=100), candidate("B")

    made = decision(dear, cheap, zones={"A": [20] * 4, "B": [100] * 4}, when=timing(4), limits="{cost_usd: 399.99}")

    assert made.placement.candidate is cheap
    assert [(one.constraint, one.placement.candidate) for one in made.lifted] == [("limits.cost_usd", dear)]
    assert made.lifted[0].saving_kg == pytest.approx(4.0)


def test_a_cost_of_exactly_the_maximum_is_allowed() -> None:
    made = decision(candidate("A"), zones={"A": [100] * 4}, when=timing(4), limits="{cost_usd: 80}")

    assert made.placement.cost_usd == 80


def test_a_carbon_budget_below_every_placement_names_the_nearest() -> None:
    with pytest.raises(NoPlacement, match=r"limits.emissions_kg \(4.9\) removed 1; without it aws:a on node, 5 kg"):
        decision(candidate("A"), zones={"A": [100] * 4}, when=timing(4), limits="{emissions_kg: 4.9}")


def test_each_constraint_is_priced_by_lifting_it_alone() -> None:
    both = candidate("A", removed_by=frozenset({"where.deny", "where.residency"}))
    denied = candidate("B", removed_by=frozenset({"where.deny"}))
    allowed = candidate("C")

    made = decision(both, denied, allowed, zones={"A": [10] * 4, "B": [40] * 4, "C": [100] * 4}, when=timing(4))

    # Lifting deny frees B (2 kg against 5 kg); lifting residency alone frees nothing.
    costs = {one.constraint: one.saving_kg for one in made.lifted}
    assert costs == pytest.approx({"where.deny": 3.0, "where.residency": 0.0})


def test_a_forecast_shorter_than_the_job_is_said() -> None:
    with pytest.raises(
        NoPlacement,
        match=r"intensity source removed 1.*needs 4.0 h; the intensity of A is known to 2026-03-28T03:00:00Z, 3.0 h",
    ):
        decision(candidate("A"), zones={"A": [100] * 3}, when=timing(24))


def test_a_job_ends_within_a_forecast_that_ends_before_the_deadline() -> None:
    made = decision(candidate("A"), zones={"A": [300, 300, 100, 100, 100, 100]}, when=timing(48))

    assert hours_of(made.placement.slices) == [(2, 6)]


def test_a_job_too_slow_for_the_deadline_is_said_with_both_times() -> None:
    with pytest.raises(NoPlacement, match=r"when.deadline removed 1; the fastest, .*needs 4.0 h, 3.0 h are left"):
        decision(candidate("A"), zones={"A": [100] * 8}, when=timing(3))


def test_every_constraint_says_how_many_it_removed() -> None:
    removed = [
        candidate("A", removed_by=frozenset({"where.deny"})),
        candidate("B", removed_by=frozenset({"where.deny"})),
    ]

    with pytest.raises(NoPlacement, match=r"where.deny \(eu-north-1\) removed 2; without it aws:a on node"):
        decision(*removed, zones={"A": [10] * 4, "B": [20] * 4}, when=timing(4), where="{deny: [eu-north-1]}")
