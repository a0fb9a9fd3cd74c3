"""The grammar of composite alarms, with the examples of CloudWatch's API reference (PutCompositeAlarm)."""

from __future__ import annotations

import pytest

from greenai_infra.contracts.alarm_rules import alarm_names, holds, parse_rule

HIGH_CPU, HIGH_DISK, HIGH_NET = "CPUUtilizationTooHigh", "DiskReadOpsTooHigh", "NetworkOutTooHigh"


@pytest.mark.parametrize(
    ("rule", "states", "expected"),
    [
        ("ALARM(CPUUtilizationTooHigh) AND ALARM(DiskReadOpsTooHigh)", {HIGH_CPU: "ALARM", HIGH_DISK: "OK"}, False),
        ("ALARM(CPUUtilizationTooHigh) AND ALARM(DiskReadOpsTooHigh)", {HIGH_CPU: "ALARM", HIGH_DISK: "ALARM"}, True),
        (
            "ALARM(CPUUtilizationTooHigh) AND NOT ALARM(DeploymentInProgress)",
            {HIGH_CPU: "ALARM", "DeploymentInProgress": "ALARM"},
            False,
        ),
        (
            "(ALARM(CPUUtilizationTooHigh) OR ALARM(DiskReadOpsTooHigh)) AND OK(NetworkOutTooHigh)",
            {HIGH_CPU: "OK", HIGH_DISK: "ALARM", HIGH_NET: "OK"},
            True,
        ),
        (
            "(ALARM(CPUUtilizationTooHigh) OR ALARM(DiskReadOpsTooHigh)) AND OK(NetworkOutTooHigh)",
            {HIGH_CPU: "OK", HIGH_DISK: "ALARM", HIGH_NET: "INSUFFICIENT_DATA"},
            False,
        ),
        ('ALARM("a b") OR ALARM(c) AND FALSE', {"a b": "ALARM", "c": "OK"}, True),  # AND binds closer than OR
        ("TRUE", {}, True),
    ],
)
def test_rules_hold_as_documented(rule: str, states: dict[str, str], expected: bool) -> None:
    assert holds(parse_rule(rule), states) is expected


def test_names_are_listed_once() -> None:
    rule = parse_rule("ALARM(a) OR (OK(b) AND NOT ALARM(a)) OR ALARM(arn:aws:cloudwatch:eu-north-1:1:alarm:c)")
    assert alarm_names(rule) == ("a", "b", "arn:aws:cloudwatch:eu-north-1:1:alarm:c")


def test_limits_are_cloudwatch_s() -> None:
    parse_rule(" OR ".join(f"ALARM(a{number})" for number in range(100)))
    with pytest.raises(ValueError, match="names 101 alarms"):
        parse_rule(" OR ".join(f"ALARM(a{number})" for number in range(101)))
    with pytest.raises(ValueError, match="501 elements"):
        parse_rule(" OR ".join(["TRUE"] * 501))
