"""The double's knowledge of resources, without an engine: SDK types, and AWS's own service models."""

from typing import Any

import pytest

from .botocore_rules import model_problems, region_problems
from .graph import SECRET, UNKNOWN, declared
from .schema_check import problems
from .sdk_types import UnknownResourceError, resource_type
from .wire import UNKNOWN as WIRE_UNKNOWN
from .wire import from_struct, has_secret, has_unknown, reveal, secret, to_struct

JOB = "aws:sagemaker/trainingJob:TrainingJob"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def complaints(token: str, inputs: dict[str, Any]) -> list[str]:
    return [path for path, _ in problems(inputs, resource_type(token).inputs)]


def test_a_resource_type_names_inputs_required_ones_and_computed_outputs() -> None:
    job = resource_type(JOB)

    assert job.inputs.required == {"roleArn", "trainingJobName"}
    assert job.inputs.types["enableManagedSpotTraining"] is bool
    assert set(job.computed) == {"arn", "tagsAll"}


def test_a_token_the_sdk_does_not_know_is_an_error() -> None:
    with pytest.raises(UnknownResourceError, match="no resource aws:sagemaker/processingJob:ProcessingJob"):
        resource_type("aws:sagemaker/processingJob:ProcessingJob")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"threshold": 10.5, "evaluationPeriods": 3, "actionsEnabled": True, "tags": {"a": "b"}}, []),
        ({"threshold": WIRE_UNKNOWN, "tags": {"a": WIRE_UNKNOWN}}, []),
        ({"threshold": secret(1.5)}, []),
        ({"threshold": secret("x")}, ["threshold"]),
        ({"evaluationPeriods": True, "actionsEnabled": 1}, ["evaluationPeriods", "actionsEnabled"]),
        ({"alarmActions": "one"}, ["alarmActions"]),
        ({"alarmActions": ["one", 2]}, ["alarmActions[1]"]),
        ({"tags": {"a": 1}}, ["tags['a']"]),
        (
            {"metricQueries": [{"id": "m", "metric": {"period": 60, "stat": "Sum"}}]},
            ["metricQueries[0].metric.metricName"],
        ),
        ({"metric_name": "snake"}, ["metric_name"]),
    ],
)
def test_inputs_are_held_against_the_types_of_the_sdk(inputs: dict[str, Any], expected: list[str]) -> None:
    assert complaints(ALARM, inputs) == expected


def test_a_policy_is_json_text_or_a_document() -> None:
    role = "aws:iam/role:Role"

    assert complaints(role, {"assumeRolePolicy": "{}"}) == []
    assert complaints(role, {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": []}}) == []
    assert complaints(role, {"assumeRolePolicy": 5}) == ["assumeRolePolicy"]


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (ALARM, {"comparisonOperator": "GreaterThanThreshold", "statistic": "Sum", "period": 60}, []),
        (ALARM, {"comparisonOperator": "Above", "period": 0}, ["comparisonOperator", "period"]),
        (JOB, {"resourceConfig": {"instanceType": "ml.trn1.32xlarge"}}, []),
        (JOB, {"resourceConfig": {"instanceType": WIRE_UNKNOWN}}, []),
        (JOB, {"resourceConfig": {"instanceType": "ml.tpu.large"}}, ["resourceConfig.instanceType"]),
        ("aws:sfn/stateMachine:StateMachine", {"type": "SLOW"}, ["type"]),
        ("aws:scheduler/schedule:Schedule", {"flexibleTimeWindow": {"mode": "ON"}}, ["flexibleTimeWindow.mode"]),
    ],
)
def test_values_are_held_against_the_service_model(token: str, inputs: dict[str, Any], expected: list[str]) -> None:
    assert [path for path, _ in model_problems(token, inputs)] == expected


def test_a_region_must_be_one_of_the_service() -> None:
    assert list(region_problems(JOB, "eu-north-1")) == []
    assert list(region_problems(JOB, WIRE_UNKNOWN)) == []
    assert list(region_problems(JOB, "mars-1")) == [("region", "sagemaker has no region 'mars-1'")]


def test_values_survive_the_wire() -> None:
    values = {"whole": 5, "part": 0.5, "list": [True, {"a": "b"}], "secret": secret("x")}

    assert from_struct(to_struct({**values, "nothing": None})) == values
    assert reveal(values["secret"]) == "x"
    assert has_secret(values)
    assert has_unknown({"a": [WIRE_UNKNOWN]})
    assert not has_unknown(values)


def test_a_graph_marks_what_the_program_can_not_know() -> None:
    role = {"__defaults": ["name"], "name": "role-1a2b3c4", "tagsAll": {}}
    policy = {"__defaults": [], "role": "role-1a2b3c4", "policy": "[secret]", "arns": [WIRE_UNKNOWN], "none": None}
    steps = [
        {"op": "create", "newState": {"urn": f"urn:pulumi:s::p::{name}::{name}", "type": name, "inputs": inputs}}
        for name, inputs in (("role", role), ("policy", policy))
    ]

    policy_seen, role_seen = declared({"steps": [*steps, {"op": "delete", "urn": "urn"}]})

    assert role_seen.inputs == {}
    assert policy_seen.inputs == {"role": UNKNOWN, "policy": SECRET, "arns": [UNKNOWN]}
