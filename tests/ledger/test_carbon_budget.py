"""What every ledger promises, in a file and in DynamoDB. Figures by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import InputError, Refused
from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.entries import OverBudget

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.ledger.entries import Ledger

    from .conftest import Clock


def test_the_same_run_again_adds_nothing(budget: CarbonBudget) -> None:
    assert budget.record(run_id="a", kg=2.5, kind="training").added
    assert not budget.record(run_id="a", kg=2.5, kind="training").added
    with pytest.raises(Refused, match=r"'a' is in the ledger with 2\.5 kg"):
        budget.record(run_id="a", kg=2.6, kind="training")
    with pytest.raises(Refused, match="inference"):
        budget.record(run_id="a", kg=2.5, kind="inference")
    assert [(run.run_id, run.kg) for run in budget.status().runs] == [("a", 2.5)]


def test_projects_are_told_apart_exactly(budget: CarbonBudget, ledger: Ledger, clock: Clock) -> None:
    budget.record(run_id="a", kg=1, kind="training")
    for team, project in (("Research", "tune"), ("research", "tun"), ("research/tune", "x"), ("researcH", "tune")):
        other = CarbonBudget(ledger=ledger, team=team, project=project, clock=clock)
        assert other.status().used_kg == 0
        assert other.record(run_id="a", kg=7, kind="training").added
    assert budget.status().used_kg == 1


@pytest.mark.parametrize("name", ["", " research", "research\n", "x" * 201, "a\x00b"])
def test_names_that_nobody_finds_again_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="team"):
        CarbonBudget(ledger=tmp_path / "ledger.db", team=name, project="p")


@pytest.mark.parametrize("kg", [-1, float("nan"), float("inf"), 1e13, "3", True])
def test_figures_that_can_not_be_true_are_refused(budget: CarbonBudget, kg: float) -> None:
    with pytest.raises(InputError, match="kg"):
        budget.record(run_id="a", kg=kg, kind="training")
    assert budget.status().runs == ()


def test_a_reservation_that_does_not_fit_says_by_how_much(budget: CarbonBudget) -> None:
    budget.record(run_id="a", kg=8, kind="training")
    budget.reserve(run_id="b", kg=4, kind="training")
    with pytest.raises(
        OverBudget, match=r"7\.00 kg do not fit the month's training budget of 14 kg.* 5\.00 kg are too"
    ):
        budget.reserve(run_id="c", kg=7, kind="training")
    budget.reserve(run_id="c", kg=2, kind="training")  # to the limit
    budget.reserve(run_id="d", kg=6, kind="inference")
    with pytest.raises(OverBudget) as refused:
        budget.reserve(run_id="e", kg=0.5)
    assert [(one.scope, one.over_kg) for one in refused.value.excesses] == [("month", 0.5)]


def test_a_run_far_over_the_whole_budget_asks_for_its_unit(budget: CarbonBudget) -> None:
    budget.set(year_kg=100)
    with pytest.raises(OverBudget, match=r"budget of 100 kg \(was the budget meant in tonnes\?\): 0 kg are used"):
        budget.reserve(run_id="a", kg=600)
    with pytest.raises(OverBudget, match="budget of 100 kg: 0 kg are used"):
        budget.reserve(run_id="a", kg=400)


def test_a_month_has_its_own_limit_beside_the_year(budget: CarbonBudget, clock: Clock) -> None:
    for month in range(5):
        budget.record(run_id=f"m{month}", kg=14, kind="training")
        clock.go(days=31)
    assert budget.status().used_kg == 70
    with pytest.raises(OverBudget, match="year's training budget of 70 kg"):
        budget.reserve(run_id="n", kg=1, kind="training")
    budget.reserve(run_id="n", kg=1, kind="inference")


def test_a_reservation_without_a_kind_counts_against_the_whole(ledger: Ledger, clock: Clock) -> None:
    budget = CarbonBudget(ledger=ledger, team="t", project="p", clock=clock)
    budget.set(year_kg=100)
    budget.reserve(run_id="a", kg=75)
    with pytest.raises(OverBudget, match="year budget of 100 kg"):
        budget.reserve(run_id="b", kg=26, kind="training")
    budget.reserve(run_id="b", kg=25, kind="training")


def test_a_run_settles_its_reservation(budget: CarbonBudget) -> None:
    budget.reserve(run_id="a", kg=10, kind="training")
    assert (budget.status().used_kg, budget.status().reserved_kg) == (0, 10)
    assert budget.record(run_id="a", kg=9).entry.kind == "training"
    assert (budget.status().used_kg, budget.status().reserved_kg) == (9, 0)
    with pytest.raises(Refused, match="recorded already"):
        budget.release(run_id="a")
    assert not budget.reserve(run_id="a", kg=10, kind="training").added


def test_a_released_reservation_is_given_back_and_not_taken_again(budget: CarbonBudget) -> None:
    budget.reserve(run_id="a", kg=14, kind="training")
    assert budget.release(run_id="a").added
    assert not budget.release(run_id="a").added
    assert budget.status().reserved_kg == 0
    with pytest.raises(Refused, match="released"):
        budget.reserve(run_id="a", kg=14, kind="training")
    budget.reserve(run_id="b", kg=14, kind="training")
    with pytest.raises(Refused, match="no reservation 'x'"):
        budget.release(run_id="x")


def test_nothing_can_be_reserved_without_a_budget(ledger: Ledger) -> None:
    budget = CarbonBudget(ledger=ledger, team="t", project="p")
    stored = budget.record(run_id="a", kg=1, kind="training")
    assert stored.added
    assert "t/p has no budget" in stored.notes[0]
    with pytest.raises(Refused, match="t/p has no budget"):
        budget.reserve(run_id="b", kg=1)
    with pytest.raises(Refused, match="t/p has no budget"):
        budget.check(kg=1)


def test_what_is_over_the_budget_is_stored_with_a_warning(budget: CarbonBudget) -> None:
    stored = budget.record(run_id="a", kg=25, kind="training")
    assert stored.added
    assert stored.notes[0] == "11.0 kg over the month's training budget of 14 kg (used and reserved)"
    assert stored.notes[1] == "5.00 kg over the month budget of 20 kg (used and reserved)"
    assert "tonnes" in budget.record(run_id="b", kg=101, kind="inference").notes[-1]


def test_a_correction_counts_in_the_month_of_its_run(budget: CarbonBudget, clock: Clock) -> None:
    budget.record(run_id="a", kg=10, kind="training")
    clock.go(days=30)
    assert budget.correct(run_id="a", kg=-4, correction_id="meter").added
    assert not budget.correct(run_id="a", kg=-4, correction_id="meter").added
    april, march = budget.status(), budget.status(datetime(2026, 3, 20, tzinfo=UTC))
    assert (april.month.used_kg, march.month.used_kg, april.used_kg) == (0, 6, 6)
    assert [(run.kg, run.corrections) for run in april.runs] == [(6, 1)]
    with pytest.raises(Refused, match="less than 0"):
        budget.correct(run_id="a", kg=-7, correction_id="more")
    budget.correct(run_id="a", kg=-6, correction_id="reversed")
    assert budget.status().used_kg == 0
    assert not budget.record(run_id="a", kg=10, kind="training").added
    with pytest.raises(Refused, match="no run 'b'"):
        budget.correct(run_id="b", kg=1, correction_id="x")


def test_a_clock_set_back_charges_no_older_month(budget: CarbonBudget, clock: Clock) -> None:
    budget.record(run_id="a", kg=1, kind="training")
    clock.go(days=-40)
    stored = budget.record(run_id="b", kg=1, kind="training")
    assert stored.entry.at == datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert "the clock says 2026-02-03T12:00:00Z" in stored.notes[0]
    assert (budget.status().month.used_kg, budget.clock_notes()) == (2, stored.notes)
    told = budget.record(run_id="c", kg=1, kind="training", at=datetime(2026, 2, 3, tzinfo=UTC))
    assert (told.entry.at.month, told.notes) == (2, ())


def test_a_run_that_is_charged_ahead_does_not_move_the_clock(budget: CarbonBudget) -> None:
    budget.reserve(run_id="a", kg=1, at=datetime(2026, 12, 1, tzinfo=UTC))
    assert budget.record(run_id="b", kg=1, kind="training").entry.at.month == 3


def test_a_budget_that_looks_like_tonnes_is_questioned(budget: CarbonBudget) -> None:
    assert budget.set(year_kg=100) == ()
    assert "set --year-kg 5,000" in budget.set(year_kg=5)[0]
    budget.record(run_id="a", kg=15, kind="training")
    assert "one run of this year has (15.0 kg)" in budget.set(year_kg=12)[0]
    assert budget.status().allowance is not None
    assert budget.status().allowance.year_kg == 12  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"year_kg": 0}, "year_kg must be above 0"),
        ({"year_kg": float("nan")}, "year_kg"),
        ({"year_kg": 10, "month_kg": 11}, "month_kg 11 is more than year_kg 10"),
        ({"year_kg": 10, "training_share": 0.8}, r"training \(0\.8\) and inference \(0\.3\)"),
        ({"year_kg": 10, "training_share": 1.2, "inference_share": -0.2}, "must be in 0 to 1"),
    ],
)
def test_budgets_that_contradict_themselves(budget: CarbonBudget, settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        budget.set(**settings)
    allowance = budget.status().allowance
    assert allowance is not None
    assert allowance.year_kg == 100


def test_a_check_leaves_the_plan_s_own_reservation_out(budget: CarbonBudget) -> None:
    budget.reserve(run_id="plan", kg=14, kind="training")
    budget.check(kg=14, kind="training", run_id="plan")
    with pytest.raises(OverBudget, match=r"1\.00 kg are too much"):
        budget.check(kg=15, kind="training", run_id="plan")
    with pytest.raises(OverBudget):
        budget.check(kg=1, kind="training")


def test_the_forecast_adds_reservations_to_the_pace(budget: CarbonBudget, clock: Clock) -> None:
    for day, kg in enumerate((1.0, 0.0, 2.0, 1.0)):
        if kg:
            budget.record(run_id=f"r{day}", kg=kg, kind="training")
        clock.go(days=1)
    budget.reserve(run_id="held", kg=3)
    forecast = budget.forecast()  # 2026-03-19 12:00: 12.5 days of the month left, 4 days with a mean of 1 kg
    assert (forecast.days, forecast.mean_kg_per_day) == (4, 1)
    assert forecast.month.expected_kg == pytest.approx(4 + 3 + 12.5)
    # s = sqrt(2 / 3), t(3) = 2.353, half = t s sqrt(12.5 + 12.5^2 / 4) = 13.80
    assert forecast.month.high_kg == pytest.approx(19.5 + 13.80, abs=0.1)
    assert forecast.month.low_kg == pytest.approx(19.5 - 13.80, abs=0.1)
    assert forecast.year.expected_kg == pytest.approx(4 + 3 + 287.5)
