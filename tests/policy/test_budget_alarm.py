"""`budget-alarm`: which stacks need one, and what counts as one that reaches somebody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource

from .declare import a, could_not_run, found, kept, messages, stack

RULE = "budget-alarm"
HEARD = "alarm-heard"
METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
ENDPOINT = a("aws:sagemaker/endpoint:Endpoint", "serve")
TOPIC = "arn:aws:sns:eu-north-1:123456789012:alerts"


def alarm(name: str = "daily", /, **inputs: Any) -> DeclaredResource:
    daily = {
        "name": name,
        "namespace": "GreenAI",
        "metricName": "carbon_emissions_kg",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 12.5,
        "treatMissingData": "notBreaching",
    }
    return a(METRIC, name, **{**daily, **inputs})


def composite(rule: Any, name: str = "page", /, **inputs: Any) -> DeclaredResource:
    return a(COMPOSITE, name, **{"alarmName": name, "alarmRule": rule, "alarmActions": [TOPIC], **inputs})


def policy(condition: dict[str, Any], **inputs: Any) -> DeclaredResource:
    return a(POLICY, "budget", **{"conditions": [condition], "notificationChannels": ["projects/p/c/1"], **inputs})


METRIC_FILTER = 'metric.type="custom.googleapis.com/greenai/carbon_emissions_kg" resource.type="generic_task"'
FIXED = {"conditionThreshold": {"filter": METRIC_FILTER, "comparison": "COMPARISON_GT", "thresholdValue": 12.5}}


def machine(definition: Any) -> DeclaredResource:
    text = json.dumps(definition) if isinstance(definition, dict) else definition
    return a("aws:sfn/stateMachine:StateMachine", "flow", definition=UNKNOWN, _rendered={"definition": text})


def calling(operation: str) -> dict[str, Any]:
    return {"States": {"Go": {"Type": "Task", "Resource": f"arn:aws:states:::{operation}", "End": True}}}


@pytest.mark.parametrize(
    "alarms",
    [
        [alarm(alarmActions=[TOPIC])],
        [alarm(alarmActions=[UNKNOWN], _from={"alarmActions": ["urn::function"]})],
        [alarm(alarmActions=UNKNOWN, _from={"alarmActions": ["urn::function"]})],
        [alarm(), composite('ALARM("daily")')],
        [alarm(), composite("ALARM(other) OR ALARM(daily)")],
        [alarm(), composite('NOT (OK("daily") OR OK("weekly"))')],
        [alarm(), composite('ALARM("x") OR NOT (NOT ALARM("daily"))')],
        [alarm(), composite(f'ALARM("{TOPIC.replace("sns", "cloudwatch").replace("alerts", "alarm:daily")}")')],
        [alarm(), composite('ALARM("daily")', "inner", alarmActions=[]), composite("ALARM(inner)", "outer")],
        [alarm(name=UNKNOWN), composite(UNKNOWN, _after=[alarm().urn])],
        [
            alarm(
                namespace=None,
                metricName=None,
                alarmActions=[TOPIC],
                metricQueries=[
                    {"id": "m", "metric": {"namespace": "GreenAI", "metricName": "carbon_emissions_kg"}},
                    {"id": "rate", "expression": "m / 30", "returnData": True},
                ],
            )
        ],
        [policy(FIXED)],
        [policy({"conditionPrometheusQueryLanguage": {"query": "sum(increase(carbon_emissions_kg[1d])) > 12"}})],
    ],
    ids=[
        *("own action", "action known later", "actions known later", "composite", "composite of two"),
        *("composite on not OK", "composite of two NOTs", "by ARN"),
        *("composite of composites", "names known later", "metric math", "Google Cloud", "PromQL"),
    ],
)
def test_enough(alarms: list[DeclaredResource]) -> None:
    assert kept(RULE, stack(ENDPOINT, *alarms))


@pytest.mark.parametrize(
    ("alarms", "says"),
    [
        ([], "has no alarm on carbon_emissions_kg"),
        ([alarm(namespace="Other", alarmActions=[TOPIC])], "has no alarm on carbon_emissions_kg"),
        ([alarm(metricName="energy_kwh", alarmActions=[TOPIC])], "has no alarm on carbon_emissions_kg"),
        ([alarm()], "daily has no action, or its actions are off"),
        ([alarm(alarmActions=[])], "no action"),
        ([alarm(alarmActions=[""])], "no action"),
        ([alarm(alarmActions=[TOPIC], actionsEnabled=False)], "no action"),
        ([alarm(okActions=[TOPIC])], "no action"),
        ([alarm(), composite('ALARM("weekly")')], "no action"),
        ([alarm(), composite('ALARM("daily-2")')], "no action"),
        ([alarm(), composite('NOT ALARM("daily")')], "no action"),
        ([alarm(), composite('NOT (ALARM("daily"))')], "no action"),
        ([alarm(), composite('OK("daily")')], "no action"),
        ([alarm(), composite('NOT (OK("weekly") OR ALARM("daily"))')], "no action"),
        ([alarm(), composite('ALARM("weekly") AND NOT (ALARM("x") OR ALARM("daily"))')], "no action"),
        ([alarm(), composite('INSUFFICIENT_DATA("daily")')], "no action"),
        ([alarm(), composite('ALARM("daily" OR')], "no action"),
        ([alarm(), composite('ALARM("daily")', alarmActions=[])], "no action"),
        ([alarm(), composite('ALARM("daily")', actionsEnabled=False)], "no action"),
        ([alarm(comparisonOperator="LessThanThreshold", alarmActions=[TOPIC])], "no static limit"),
        ([alarm(threshold=None, thresholdMetricId="band", alarmActions=[TOPIC])], "no static limit"),
        ([alarm(threshold=0, alarmActions=[TOPIC])], "no static limit"),
        ([policy(FIXED, notificationChannels=[])], "no action"),
        ([policy(FIXED, enabled=False)], "no action"),
        ([policy({"conditionAbsent": {"filter": METRIC_FILTER}})], "has no alarm"),
        (
            [policy({"conditionThreshold": {**FIXED["conditionThreshold"], "comparison": "COMPARISON_LT"}})],
            "no static limit",
        ),
    ],
)
def test_not_enough(alarms: list[DeclaredResource], says: str) -> None:
    [message] = messages(RULE, stack(ENDPOINT, *alarms))
    assert message.startswith("serve trains or serves, and ")
    assert says in message


OURS = a("aws:sns/topic:Topic", "alerts", name="shop-alerts")
OWN_ARN = "arn:aws:sns:eu-north-1:123456789012:shop-alerts"
ON_OURS = {"alarmActions": [OURS.urn]}
LATER = alarm(alarmActions=[UNKNOWN], _from=ON_OURS)


def subscription(**inputs: Any) -> DeclaredResource:
    email = {"topic": UNKNOWN, "protocol": "email", "endpoint": "oncall@example.com", "_from": {"topic": [OURS.urn]}}
    return a("aws:sns/topicSubscription:TopicSubscription", "oncall", **{**email, **inputs})


def chat(kind: str) -> DeclaredResource:
    type_ = f"aws:chatbot/{kind.lower()}ChannelConfiguration:{kind}ChannelConfiguration"
    return a(type_, "chat", snsTopicArns=[UNKNOWN], _from={"snsTopicArns": [OURS.urn]})


def switch(pattern: Any, **inputs: Any) -> list[DeclaredResource]:
    """An event rule and the state machine that it starts."""
    rule = a("aws:cloudwatch/eventRule:EventRule", "kill", name="kill", eventPattern=pattern, **inputs)
    target = a(
        *("aws:cloudwatch/eventTarget:EventTarget", "kill"),
        rule="kill",
        arn=UNKNOWN,
        _from={"arn": ["urn::machine"]},
    )
    return [rule, target]


def state_change(**detail: Any) -> str:
    return json.dumps({"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"], **detail})


ON_DAILY = {"resources": ["arn:aws:cloudwatch:eu-north-1:123456789012:alarm:daily"]}
OFF = {"detail": {"state": {"value": ["OK"]}}}


@pytest.mark.parametrize(
    "resources",
    [
        [LATER, subscription()],
        [LATER, subscription(protocol="https", endpoint=UNKNOWN)],
        [LATER, chat("Slack")],
        [LATER, chat("Teams")],
        [alarm(alarmActions=[OWN_ARN]), subscription(topic=OWN_ARN, _from={})],
        [alarm(), composite('ALARM("daily")', alarmActions=[UNKNOWN], _from=ON_OURS), subscription()],
        [alarm(alarmActions=[UNKNOWN, TOPIC], _from=ON_OURS)],
        [alarm(alarmActions=[UNKNOWN, UNKNOWN], _from={"alarmActions": [OURS.urn, "urn::reference"]})],
        [LATER, *switch(state_change(**ON_DAILY))],
        [LATER, *switch(state_change(detail={"alarmName": ["daily"], "state": {"value": ["ALARM"]}}))],
        [LATER, *switch(UNKNOWN, _from={"eventPattern": [LATER.urn]})],
    ],
    ids=[
        *("e-mail", "https", "Slack", "Teams", "by ARN", "composite", "a topic elsewhere", "a referenced topic"),
        *("kill switch", "kill switch by name", "kill switch by an ARN known later"),
    ],
)
def test_a_topic_of_this_stack_that_somebody_reads(resources: list[DeclaredResource]) -> None:
    assert kept(RULE, stack(ENDPOINT, OURS, *resources))
    assert kept(HEARD, stack(ENDPOINT, OURS, *resources))


@pytest.mark.parametrize(
    "resources",
    [
        [LATER],
        [alarm(alarmActions=[OWN_ARN])],
        [alarm(alarmActions=UNKNOWN, _from={"alarmActions": [OURS.urn, "urn::reference"]})],
        [LATER, subscription(topic=TOPIC, _from={})],
        [LATER, subscription(_from={"topic": ["urn::another"]})],
        [LATER, composite('ALARM("daily")', alarmActions=[UNKNOWN], _from=ON_OURS)],
        [LATER, *switch(state_change(**ON_DAILY, **OFF))],
        [LATER, *switch(state_change(**ON_DAILY), state="DISABLED")],
        [LATER, *switch(state_change(resources=["arn:aws:cloudwatch:eu-north-1:123456789012:alarm:weekly"]))],
        [LATER, *switch(json.dumps({"source": ["aws.health"], **ON_DAILY}))],
        [LATER, switch(state_change(**ON_DAILY))[0]],
    ],
    ids=[
        *("nobody", "nobody by ARN", "known later", "subscribed elsewhere", "to another", "composite", "rule on OK"),
        *("rule off", "rule of another alarm", "rule of other events", "rule without a target"),
    ],
)
def test_a_topic_of_this_stack_that_nobody_reads(resources: list[DeclaredResource]) -> None:
    [finding] = found(HEARD, stack(ENDPOINT, OURS, *resources))
    assert (finding.severity, finding.urn) == ("warning", OURS.urn)
    assert finding.message == "nobody hears of it: the topic alerts of the budget alarm daily has no subscription"
    assert "notify: {emails: [oncall@example.com]}" in finding.remedy
    assert kept(RULE, stack(ENDPOINT, OURS, *resources))  # it has an action, whoever hears it


def test_a_section_that_names_nobody_is_told_so() -> None:
    whole = stack(ENDPOINT, OURS, LATER, config={"alarms": {"daily_budget_kg": 4}})
    assert messages(HEARD, whole) == [
        "notify names nobody: the topic alerts of the budget alarm daily has no subscription"
    ]


def test_it_can_be_made_to_stop_the_gate() -> None:
    [finding] = found(HEARD, stack(ENDPOINT, OURS, LATER), severity="mandatory")
    assert finding.severity == "error"


@pytest.mark.parametrize(
    "blind",
    [
        alarm(alarmActions=[UNKNOWN]),
        alarm(alarmActions=UNKNOWN),
        policy(FIXED, notificationChannels=UNKNOWN),
    ],
    ids=["one", "all", "Google Cloud"],
)
def test_an_action_of_which_nothing_is_known_shuts_the_gate(blind: DeclaredResource) -> None:
    assert could_not_run(RULE, stack(ENDPOINT, OURS, blind, subscription()))


def test_a_channel_that_comes_with_up_is_somebody() -> None:
    channels = {"notificationChannels": ["urn::channel"]}
    assert kept(RULE, stack(ENDPOINT, policy(FIXED, notificationChannels=[UNKNOWN], _from=channels)))


def test_a_threshold_must_be_known_at_preview() -> None:
    assert could_not_run(RULE, stack(ENDPOINT, alarm(threshold=UNKNOWN, alarmActions=[TOPIC])))


@pytest.mark.parametrize(
    ("work", "needs"),
    [
        (a("aws:sagemaker/trainingJob:TrainingJob"), True),
        (a("gcp:tpu/v2QueuedResource:V2QueuedResource"), True),
        (machine(calling("sagemaker:createTrainingJob.sync")), True),
        (machine(calling("aws-sdk:sagemaker:createTrainingJob")), True),
        (machine(calling("sns:publish")), False),
        (a("gcp:workflows/workflow:Workflow", sourceContents="call: googleapis.aiplatform.v1.customJobs"), True),
        (a("gcp:workflows/workflow:Workflow", sourceContents="call: sys.log"), False),
        (a("aws:elasticache/serverlessCache:ServerlessCache"), False),
    ],
)
def test_who_needs_one(work: DeclaredResource, needs: bool) -> None:
    assert kept(RULE, stack(work)) != needs


@pytest.mark.parametrize(("program", "needs"), [("training", True), ("alarms", True), ("cache", False)])
def test_the_program_says_it_too(program: str, needs: bool) -> None:
    bucket = a("aws:s3/bucket:Bucket")
    assert kept(RULE, stack(bucket, config={"program": program})) != needs
    assert kept(RULE, stack(config={"program": program}))  # nothing is built


def test_a_workflow_that_can_not_be_read_might_train() -> None:
    assert could_not_run(RULE, stack(machine(UNKNOWN)))
    assert kept(RULE, stack(machine(UNKNOWN), alarm(alarmActions=[TOPIC])))


def reference(name: str, **inputs: Any) -> DeclaredResource:
    return a("pulumi:pulumi:StackReference", name, name=name, _read=True, **inputs)


@pytest.mark.parametrize(
    ("resources", "ok", "says"),
    [
        ([reference("organization/shop/budget")], True, ""),
        ([reference("budget", outputs={"budget_alarm_arn": TOPIC})], True, ""),
        ([reference("budget", outputs={"budget_alarm_arn": UNKNOWN})], True, ""),
        ([reference("budget", outputs={"topic": TOPIC})], False, "the stack budget has no output budget_alarm_arn"),
        ([reference("organization/shop/network")], False, "the program declares no reference to it"),
        ([], False, "the program declares no reference to it"),
    ],
)
def test_a_referenced_stack(resources: list[DeclaredResource], ok: bool, says: str) -> None:
    whole = stack(ENDPOINT, *resources, config={"alarms-stack": "budget"})
    assert kept(RULE, whole) == ok
    assert all(says in message for message in messages(RULE, whole))


def test_a_reference_that_the_config_does_not_name_is_none() -> None:
    assert not kept(RULE, stack(ENDPOINT, reference("organization/shop/budget")))


OWNED = a(
    "aws:sagemaker/endpoint:Endpoint",
    "serve",
    taggable=True,
    tagsAll={"project": "assistant", "environment": "research"},
)


@pytest.mark.parametrize(
    ("dimensions", "whose"),
    [
        (
            {"Project": "shop", "Environment": "research", "Region": "eu-north-1"},
            "project shop (this stack: assistant)",
        ),
        ({"Project": "assistant", "Environment": "production"}, "environment production (this stack: research)"),
        ({"Project": "assistant", "Region": "us-east-1"}, "region us-east-1 (this stack: eu-north-1)"),
    ],
)
def test_an_alarm_on_somebody_elses_emissions_is_none(dimensions: dict[str, str], whose: str) -> None:
    watching = replace(alarm(alarmActions=[TOPIC], dimensions=dimensions), region="eu-north-1")

    assert messages(RULE, stack(OWNED, watching)) == [
        f"serve trains or serves, and its budget alarm daily watches emissions of {whose}"
    ]


@pytest.mark.parametrize(
    "dimensions",
    [
        {"Project": "assistant", "Environment": "research", "Region": "eu-north-1"},
        {"Project": UNKNOWN, "Environment": "research"},
        UNKNOWN,
        None,
    ],
)
def test_what_is_not_told_apart_counts_as_the_stacks_own(dimensions: Any) -> None:
    watching = replace(alarm(alarmActions=[TOPIC], dimensions=dimensions), region="eu-north-1")

    assert kept(RULE, stack(OWNED, watching))


def test_a_second_series_of_the_stacks_own_is_enough() -> None:
    metric = {"namespace": "GreenAI", "metricName": "carbon_emissions_kg"}
    projects = [{"id": name, "metric": {**metric, "dimensions": {"Project": name}}} for name in ("shop", "assistant")]
    both = {"id": "both", "expression": "shop + assistant", "returnData": True}

    assert kept(RULE, stack(OWNED, alarm(alarmActions=[TOPIC], metricName=None, metricQueries=[*projects, both])))


def test_an_alert_policy_on_another_project_is_none() -> None:
    served = a(
        "gcp:tpu/v2Vm:V2Vm",
        "serve",
        taggable=True,
        effectiveLabels={"project": "assistant"},
        labels={"project": "assistant"},
    )
    other = {
        "conditionThreshold": {**FIXED["conditionThreshold"], "filter": f'{METRIC_FILTER} metric.labels.project="shop"'}
    }

    assert messages(RULE, stack(served, policy(other))) == [
        "serve trains or serves, and its budget alarm budget watches emissions of project shop (this stack: assistant)"
    ]


def queried(returned: str, expression: str = "n") -> DeclaredResource:
    """An alarm on one of three queries: emissions `m`, calls `n`, and `e`, made of them."""
    metric = {"namespace": "GreenAI", "metricName": "carbon_emissions_kg", "stat": "Sum"}
    calls = {"namespace": "AWS/SageMaker", "metricName": "Invocations", "stat": "Sum"}
    queries = [
        {"id": name, key: body, "returnData": name == returned}
        for name, key, body in (("m", "metric", metric), ("n", "metric", calls), ("e", "expression", expression))
    ]
    return alarm(alarmActions=[TOPIC], namespace=None, metricName=None, metricQueries=queries)


@pytest.mark.parametrize(
    ("watching", "good"),
    [
        (queried("m"), True),
        (queried("e", "FILL(m, 0) / 30"), True),
        (queried("n"), False),
        (queried("e", "n * 2"), False),
        (alarm(alarmActions=[TOPIC], statistic="Sum"), True),
        (alarm(alarmActions=[TOPIC], statistic="SampleCount"), False),
    ],
)
def test_the_limit_must_be_held_against_sums_of_emissions(watching: DeclaredResource, good: bool) -> None:
    assert kept(RULE, stack(ENDPOINT, watching)) == good


def test_the_stacks_region_is_where_it_builds() -> None:
    there = replace(OWNED, region="eu-north-1")
    elsewhere = replace(alarm(alarmActions=[TOPIC], dimensions={"Region": "us-east-1"}), region="us-east-1")

    assert messages(RULE, stack(there, elsewhere)) == [
        "serve trains or serves, and its budget alarm daily watches emissions of region us-east-1 "
        "(this stack: eu-north-1)"
    ]
