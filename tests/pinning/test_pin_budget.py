"""How a carbon budget comes from the plan, or from options, into a stack's file, and what of it stays the author's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.errors import InputError

from .plans import FOUR, NORTH, config, make_project, pin, stack

if TYPE_CHECKING:
    from pathlib import Path

ALARMS, REFERENCE = "greenai-infra:alarms", "greenai-infra:alarms-stack"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def budgeted(**budget: Any) -> dict[str, Any]:
    """The plan of four regions, made from a workload with a carbon budget."""
    return {**FOUR, "workload": {**FOUR["workload"], "carbon_budget": budget}}


def written(project: Path) -> Any:
    return config(stack(project, NORTH)).get(ALARMS)


def test_a_plan_without_a_budget_writes_none(project: Path) -> None:
    pin(project, FOUR)
    assert written(project) is None


def test_the_plan_s_budget_is_written_into_every_stack(project: Path) -> None:
    selection = pin(project, budgeted(daily_kg=4, monthly_kg=40, notify=["ml@example.com"]))
    for one in selection.stacks:
        assert config(one.file.path)[ALARMS] == {
            "daily_budget_kg": 4,
            "monthly_budget_kg": 40,
            "notify": {"emails": ["ml@example.com"]},
        }


def test_options_rule_over_the_plan(project: Path) -> None:
    pin(
        project,
        budgeted(daily_kg=4, monthly_kg=40),
        daily_budget_kg=2.5,
        monthly_budget_kg=30.0,
        notify=("oncall@example.com",),
    )
    assert written(project) == {
        "daily_budget_kg": 2.5,
        "monthly_budget_kg": 30.0,
        "notify": {"emails": ["oncall@example.com"]},
    }


def test_one_option_is_enough_where_the_other_is_known(project: Path) -> None:
    pin(project, budgeted(daily_kg=4, monthly_kg=40), daily_budget_kg=3.0)
    assert written(project) == {"daily_budget_kg": 3.0, "monthly_budget_kg": 40}
    with pytest.raises(InputError, match="monthly_budget_kg is not known: give --daily-budget-kg and"):
        pin(make_project(project.parent / "other"), FOUR, daily_budget_kg=3.0)


def test_the_author_s_keys_comments_and_secrets_stay(project: Path) -> None:
    pin(project, budgeted(daily_kg=4, monthly_kg=40))
    file = stack(project, NORTH)
    file.write_text(
        file.read_text()
        + "    kill_switch: true  # agreed with research\n"
        + "    notify:\n      emails: [me@example.com]\n      https:\n        - secure: v1:abcdef:ghi\n"
    )
    pin(project, budgeted(daily_kg=5, monthly_kg=50, notify=["ml@example.com"]))
    assert written(project) == {
        "daily_budget_kg": 5,
        "monthly_budget_kg": 50,
        "kill_switch": True,
        "notify": {"emails": ["me@example.com"], "https": [{"secure": "v1:abcdef:ghi"}]},
    }
    assert "kill_switch: true  # agreed with research" in file.read_text()


def test_who_hears_of_runs_hears_of_alarms_unless_the_section_says_otherwise(project: Path) -> None:
    pin(project, FOUR, notify=("runs@example.com",))
    pin(project, budgeted(daily_kg=4, monthly_kg=40))
    assert written(project)["notify"] == {"emails": ["runs@example.com"]}


def test_another_stack_may_have_the_alarms(project: Path) -> None:
    pin(project, budgeted(daily_kg=4, monthly_kg=40))
    pin(project, budgeted(daily_kg=4, monthly_kg=40), alarms_stack="assistants-budget")
    assert written(project) is None
    assert config(stack(project, NORTH))[REFERENCE] == "assistants-budget"
    pin(project, budgeted(daily_kg=4, monthly_kg=40))  # and keeps them until somebody asks for a budget of its own
    assert written(project) is None
    pin(project, budgeted(daily_kg=4, monthly_kg=40), daily_budget_kg=4.0)
    assert written(project) == {"daily_budget_kg": 4.0, "monthly_budget_kg": 40}
    assert REFERENCE not in config(stack(project, NORTH))


def test_both_at_once_contradict_each_other(project: Path) -> None:
    with pytest.raises(InputError, match="--alarms-stack takes the budget of another stack"):
        pin(project, FOUR, alarms_stack="x", monthly_budget_kg=3.0)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"daily_kg": 0, "monthly_kg": 40}, "carbon_budget.daily_kg: must be more than 0 (is 0)"),
        ({"daily_kg": 4, "monthly_kg": -1}, "carbon_budget.monthly_kg: must be more than 0 (is -1)"),
        ({"daily_kg": 4}, "carbon_budget.monthly_kg: is missing"),
        ({"daily_kg": 1, "monthly_kg": 40}, "monthly_budget_kg 40 can't be reached with daily_budget_kg 1"),
    ],
)
def test_a_budget_that_can_t_be_used_is_refused_and_nothing_is_written(
    project: Path, budget: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        pin(project, budgeted(**budget))
    assert message in str(refused.value)
    assert not list(project.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize(
    ("budget", "options", "own", "heard"),
    [
        ({}, {}, "", False),
        ({"notify": ["ml@example.com"]}, {}, "", True),
        ({}, {"notify": ("oncall@example.com",)}, "", True),
        ({}, {}, "    notify: {slack: {workspace_id: T07EA123LEP, channel_id: C07EZ1ABC23}}\n", True),
        ({}, {}, "    notify: {emails: []}\n", False),
    ],
)
def test_alarms_that_nobody_hears_are_told_of(
    project: Path, budget: dict[str, Any], options: dict[str, Any], own: str, heard: bool
) -> None:
    if own:
        stack(project, NORTH).write_text(f"config:\n  {ALARMS}:\n{own}")
    selection = pin(project, budgeted(daily_kg=4, monthly_kg=40, **budget), **options)
    told = [one for one in selection.notes if "nobody hears of the budget alarms" in one]
    assert len(told) == (not heard)
    assert all("--notify EMAIL" in one for one in told)
