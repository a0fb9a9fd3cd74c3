"""Schedule expressions, after the examples of the EventBridge Scheduler user guide ("Schedule types")."""

import pytest

from greenai_infra.previews.checks.aws.schedules import expression_problem


@pytest.mark.parametrize(
    "expression",
    [
        "at(2022-11-20T13:00:00)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(365 days)",
        "cron(15 10 ? * 6L 2022-2023)",
        "cron(0 10 * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0/15 * * * ? *)",
        "cron(0 8 1W * ? *)",
        "cron(0 8 L * ? *)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 0 1,15 JAN,JUL ? *)",
    ],
)
def test_documented_expressions_are_accepted(expression: str) -> None:
    assert expression_problem(expression) == ""


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("at(2022-11-20T13:00:00Z)", "without zone"),
        ("at(2022-11-31T13:00:00)", "day is out of range"),
        ("at(2022-11-20)", "yyyy-mm-dd"),
        ("rate(5 minute)", "plural"),
        ("rate(1 hours)", "singular"),
        ("rate(0 days)", "above 0"),
        ("rate(2 weeks)", "minutes, hours or days"),
        ("cron(0 10 * * ?)", "not 5"),
        ("cron(0 10 * * * *)", "exactly one"),
        ("cron(0 10 ? * ? *)", "exactly one"),
        ("cron(60 10 * * ? *)", "'60' is no minutes"),
        ("cron(0 24 * * ? *)", "'24' is no hours"),
        ("cron(0 10 * 13 ? *)", "'13' is no month"),
        ("cron(0 10 ? * 8 *)", "'8' is no day of week"),
        ("cron(0 10 * * ? 1969)", "'1969' is no year"),
        ("every day", "neither"),
        ("", "neither"),
    ],
)
def test_malformed_expressions_are_refused(expression: str, problem: str) -> None:
    assert problem in expression_problem(expression)


def test_rules_of_event_buses_have_no_at() -> None:
    assert "neither rate() nor cron()" in expression_problem("at(2022-11-20T13:00:00)", allow_at=False)
