"""What the program alarms declares, and how a training stack carries the same alarms."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from greenai_infra.contracts.alarm_rules import alarm_names, parse_rule
from greenai_infra.contracts.metrics import DIMENSIONS, METRICS

from .declare import ACCOUNT, Declared, config_of, declare, run_program
from .declare import changed as changed_section

STACKS = ("budget", "budget-all", "budget-chat", "budgeted")
ONLY_FOR_ALL_RESOURCES = {"DrawAlarms", "ListJobs", "WriteMetrics", "DeliverLogs"}
SECTION = "greenai-infra:alarms"


@pytest.fixture(params=STACKS)
def declared(request: pytest.FixtureRequest) -> Declared:
    return declare(request.param)


def alarms(declared: Declared) -> dict[str, dict[str, Any]]:
    """Every alarm by its name without the common beginning."""
    found = {one.inputs["name"]: one.inputs for one in declared.of("MetricAlarm")}
    found |= {one.inputs["alarmName"]: one.inputs for one in declared.of("CompositeAlarm")}
    [budget] = [name for name in found if name.endswith("-budget") and not name.endswith("-daily-budget")]
    return {name.removeprefix(budget.removesuffix("budget")): inputs for name, inputs in found.items()}


changed = partial(changed_section, section="alarms")


def test_the_daily_budget_is_a_sum_of_86400_seconds() -> None:
    daily = alarms(declare("budget"))["daily-budget"]
    assert (daily["namespace"], daily["metricName"], daily["statistic"]) == ("GreenAI", "carbon_emissions_kg", "Sum")
    assert (daily["period"], daily["evaluationPeriods"], daily["threshold"]) == (86400, 1, 4)
    assert daily["comparisonOperator"] == "GreaterThanThreshold"
    assert daily["treatMissingData"] == "notBreaching"
    assert daily["dimensions"] == {"Project": "assistant", "Environment": "research", "Region": "eu-north-1"}


def test_only_missing_data_sets_off_the_silent_tracker() -> None:
    silent = alarms(declare("budget-all"))["silent-tracker"]
    assert (silent["statistic"], silent["comparisonOperator"], silent["threshold"]) == (
        "SampleCount",
        "LessThanThreshold",
        1,
    )
    assert silent["treatMissingData"] == "breaching"
    assert silent["period"] * silent["evaluationPeriods"] == 20 * 60
    assert silent["warmUpConfiguration"] == {"warmUpPeriodDurationInMinutes": 40}


def test_one_composite_alarm_notifies_and_its_parts_do_not(declared: Declared) -> None:
    every = alarms(declared)
    topic = next(one for one in declared.of("Topic") if one.name.endswith("-alerts"))
    arn = f"arn:aws:sns:{topic.inputs['region']}:{ACCOUNT}:{topic.name}"
    acting = {name for name, inputs in every.items() if inputs.get("alarmActions")}
    assert acting - {"kill-not-started"} == {"budget"}
    assert every["budget"]["alarmActions"] == [arn]


def test_the_composite_alarm_covers_every_part() -> None:
    every = alarms(declare("budget-all"))
    prefix = "greenai-carbon-budget-of-all-the-teams-and-of-it-"
    assert set(alarm_names(parse_rule(every["budget"]["alarmRule"]))) == {
        f"{prefix}{name}" for name in ("daily-budget", "burn-fast", "burn-slow", "silent-tracker", "anomaly")
    }
    assert every["burn-fast"]["alarmRule"] == f'ALARM("{prefix}burn-fast-long") AND ALARM("{prefix}burn-fast-short")'
    assert "anomaly" not in alarms(declare("budget"))


def test_the_all_clear_is_told_unless_it_is_not_wanted() -> None:
    assert alarms(declare("budget"))["budget"]["okActions"]
    assert "okActions" not in alarms(declare("budget-all"))["budget"]


def test_alarms_on_our_metrics_are_on_those_of_the_contract(declared: Declared) -> None:
    for inputs in alarms(declared).values():
        if inputs.get("namespace") == "GreenAI":
            assert inputs["metricName"] in METRICS
            assert set(inputs["dimensions"]) == set(DIMENSIONS)


def test_cloudwatch_may_publish_and_nobody_else_s_alarms_may(declared: Declared) -> None:
    [key] = declared.of("KeyPolicy")
    [topic] = declared.of("TopicPolicy")
    region = topic.inputs["region"]
    for resource, actions in ((key, {"kms:Decrypt", "kms:GenerateDataKey"}), (topic, {"sns:Publish"})):
        [statement] = [one for one in resource.policies() if one["Sid"] == "CloudWatchAlarms"]
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert set(statement["Action"]) == actions
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:*"},
        }


def test_the_topic_has_a_key_of_its_own(declared: Declared) -> None:
    topic = next(one for one in declared.of("Topic") if one.name.endswith("-alerts"))
    key = next(one for one in declared.of("Key") if one.name.endswith("-alerts"))
    assert topic.inputs["kmsMasterKeyId"] == f"arn:aws:kms:{topic.inputs['region']}:{ACCOUNT}:{key.name}"
    assert key.inputs["enableKeyRotation"] is True


def test_addresses_with_tokens_are_in_no_name_and_no_other_property() -> None:
    token = "0123456789abcdef0123456789abcdef"
    holders = [
        one.name for one in declare("budget-all").everything if token in json.dumps([one.name, one.inputs], default=str)
    ]
    assert holders == ["carbon-budget-of-all-the-teams-and-of-it-alerts-https-1"]


def test_chat_is_bounded_by_a_guardrail() -> None:
    declared = declare("budget-chat")
    for kind in ("SlackChannelConfiguration", "TeamsChannelConfiguration"):
        inputs = declared.one(kind).inputs
        assert inputs["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
        assert inputs["snsTopicArns"] == [f"arn:aws:sns:ca-central-1:{ACCOUNT}:mail-budget-alerts"]


def test_no_role_is_wider_than_it_must_be(declared: Declared) -> None:
    for role in declared.of("RolePolicy"):
        if not role.name.endswith(("census", "census-start", "kill-switch", "kill-start", "chat")):
            continue
        for statement in role.policies():
            assert not any("*" in action for action in statement["Action"])
            assert statement["Resource"] != "*" or statement["Sid"] in ONLY_FOR_ALL_RESOURCES
            assert statement["Resource"] != "*" or statement["Condition"]


def test_tags_regions_and_names(declared: Declared) -> None:
    for resource in declared.resources:
        if resource.taggable:
            assert {"project", "team", "environment", "carbon-zone"} <= resource.inputs["tags"].keys(), resource
        if ":iam/" not in resource.type:
            assert resource.inputs["region"], resource
    names = [(resource.type, resource.name) for resource in declared.everything]
    assert len(set(names)) == len(names)


def test_names_fit_for_the_longest_workload() -> None:
    declared = declare("budget-all")
    assert len(declared.one("EventRule").inputs["tags"]["workload"]) == 40
    limits = {"Role": 64, "Schedule": 64, "ScheduleGroup": 64, "EventRule": 64, "StateMachine": 80}
    for resource in declared.resources:
        assert len(resource.name) + 8 <= limits.get(resource.type.split(":")[2], 500), resource


def test_the_dashboard_shows_what_the_budget_needs() -> None:
    body = json.loads(declare("budget-all").one("Dashboard").inputs["dashboardBody"])
    graphs = {one["properties"].get("title"): one["properties"] for one in body["widgets"]}
    daily = graphs["Emissions by day (UTC), kg CO2e"]
    assert daily["annotations"]["horizontal"] == [{"label": "daily budget", "value": 7.2}]
    assert daily["metrics"][0][:2] == ["GreenAI", "carbon_emissions_kg"]
    assert daily["metrics"][0][-1]["period"] == 86400
    intensity = graphs["Carbon intensity of what ran, gCO2eq per kWh of IT energy"]
    assert intensity["annotations"]["horizontal"] == [{"label": "chosen with (without PUE): IE", "value": 318.5}]
    shown = json.dumps(body)
    assert all(name in shown for name in METRICS)
    text = body["widgets"][0]["properties"]["markdown"]
    assert "318.5 gCO2eq/kWh (average, lifecycle) in zone IE" in text
    assert "observed 2036-11-30T11:00:00Z" in text
    assert "https://wiki.example.com/carbon-budget" in text
    taken: set[tuple[int, int]] = set()
    for one in body["widgets"]:
        cells = {(one["x"] + x, one["y"] + y) for x in range(one["width"]) for y in range(one["height"])}
        assert not cells & taken
        taken |= cells


def test_a_training_stack_carries_the_alarms_of_its_own_project() -> None:
    declared = declare("budgeted")
    daily = alarms(declared)["daily-budget"]
    assert daily["name"] == "greenai-pretrain-1b-daily-budget"
    assert daily["dimensions"] == {"Project": "foundation", "Environment": "production", "Region": "us-west-2"}
    assert len(declared.of("StateMachine")) == 3  # workflow, census, kill switch
    assert len(declared.of("Vpc")) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"daily_budget_kg": 0}, "daily_budget_kg: must be more than 0 (is 0)"),
        ({"daily_budget_kg": -3}, "daily_budget_kg: must be more than 0 (is -3)"),
        ({"daily_budget_kg": float("nan")}, "daily_budget_kg: must be a finite number (is nan)"),
        ({"monthly_budget_kg": float("inf")}, "monthly_budget_kg: must be a finite number (is inf)"),
        ({"monthly_budget_kg": None}, "monthly_budget_kg: is missing; expected a number, for example 40"),
        ({"daily_budget_kg": "much"}, "daily_budget_kg: must be a number"),
        ({"daily_budget_kg": 50}, "daily_budget_kg 50 is more than monthly_budget_kg 40"),
        ({"daily_budget_kg": 1}, "monthly_budget_kg 40 can't be reached with daily_budget_kg 1 (31 days of it are 31)"),
        ({"notify": "ml-team@example.com"}, "notify: must be a section with keys and values"),
        ({"notify": {"emails": ["ml-team"]}}, "notify.emails.0: must match the pattern"),
        ({"silent_minutes": 7}, "silent_minutes"),
        ({"kill_switch": "maybe"}, "kill_switch"),
        ({"anomaly_band": 0}, "anomaly_band"),
        ({"runbook_url": "http://wiki"}, "runbook_url"),
        ({"region": None}, "region: is missing"),
        ({"carbon": None}, "carbon: is missing; expected a section with zone"),
        ({"budget": 3}, "budget: unknown key"),
    ],
)
def test_a_budget_that_can_t_be_used_is_refused_by_name(changes: dict[str, Any], expected: str) -> None:
    declared, message = run_program(changed("budget", **changes))
    assert declared.everything == []
    assert expected in message
    assert message.startswith("greenai-infra:alarms: ")


@pytest.mark.parametrize("address", ["http://x.example/sEcReT", "ftp://sEcReT", "sEcReT"])
def test_a_wrong_address_is_refused_without_being_shown(address: str) -> None:
    declared, message = run_program(changed("budget", notify={"https": [address]}))
    assert declared.everything == []
    assert "notify.https.0: expected an address that begins with https://" in message
    assert "sEcReT" not in message


def test_an_unknown_provider_is_refused() -> None:
    assert "expected aws or gcp, for example aws (is 'azure')" in run_program(changed("budget", provider="azure"))[1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"daily_budget_kg": 0}, "greenai-infra:alarms: daily_budget_kg: must be more than 0 (is 0)"),
        ({"region": "us-west-2"}, "greenai-infra:alarms: region: unknown key"),
        # 141.7 kWh x 131.25 g/kWh = 18.598 kg over 6, 4.5 and 4 h: at most 6 h of 14.5 h lie within 24 hours, 7.696 kg.
        # The PUE of us-west-2 is 1.12: 8.619 kg, so a budget of 8 kg is too little as well.
        (
            {"daily_budget_kg": 8},
            "the planned run emits 8.62 kg CO2e within a day (operational, with PUE), the budget is 8",
        ),
    ],
)
def test_a_training_stack_refuses_such_a_budget_before_anything_is_declared(
    changes: dict[str, Any], expected: str
) -> None:
    declared, message = run_program(changed("budgeted", **changes))
    assert declared.everything == []
    assert expected in message


def test_a_plan_above_the_budget_is_built_without_a_kill_switch() -> None:
    declared, message = run_program(changed("budgeted", daily_budget_kg=7, kill_switch=False))
    assert not message
    assert alarms(declared)["daily-budget"]["threshold"] == 7


def test_a_stack_has_alarms_of_its_own_or_of_another_stack_but_not_both() -> None:
    config = {**config_of("budgeted"), "greenai-infra:alarms-stack": "budget"}
    declared, message = run_program(config)
    assert declared.everything == []
    assert message.startswith(
        "greenai-infra:alarms-stack: is 'budget', but greenai-infra:alarms builds alarms here too"
    )
