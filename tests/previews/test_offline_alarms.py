"""Planted mistakes in alarms and dashboards are found; sound ones have no findings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .offline_project import name_of, only_finding, preview_program

if TYPE_CHECKING:
    from pathlib import Path

BASE = {
    "namespace": '"GreenAI"',
    "metric_name": '"carbon_emissions_kg"',
    "dimensions": '{"Project": "a", "Environment": "b", "Region": "eu-north-1"}',
    "statistic": '"Sum"',
    "period": "86400",
    "evaluation_periods": "1",
    "comparison_operator": '"GreaterThanThreshold"',
    "threshold": "4",
}
METRIC = (
    '{"namespace": "GreenAI", "metric_name": "carbon_emissions_kg", "period": 3600, "stat": "Sum", '
    '"dimensions": {"Project": "a", "Environment": "b", "Region": "eu-north-1"}}'
)
QUERIES = f'[{{"id": "m", "metric": {METRIC}}}, {{"id": "e", "expression": "FILL(m, 0)", "return_data": True}}]'
NO_METRIC = {"namespace": None, "metric_name": None, "dimensions": None, "statistic": None, "period": None}
BAND = {
    **NO_METRIC,
    "threshold": None,
    "comparison_operator": '"GreaterThanUpperThreshold"',
    "threshold_metric_id": '"b"',
    "metric_queries": f'[{{"id": "m", "metric": {METRIC}, "return_data": True}}, '
    '{"id": "b", "expression": "ANOMALY_DETECTION_BAND(m, 2)", "return_data": True}]',
}


def alarm(resource: str = "x", /, **changes: str | None) -> str:
    """A metric alarm of a program, sound but for the changes; None leaves an argument out."""
    arguments = {key: value for key, value in {**BASE, **changes}.items() if value is not None}
    return (
        f'aws.cloudwatch.MetricAlarm("{resource}", {", ".join(f"{key}={value}" for key, value in arguments.items())})\n'
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"period": "21600", "evaluation_periods": "28"},  # seven days
        {"period": "300", "evaluation_periods": "288"},  # a day
        {"period": "10", "evaluation_periods": "3", "datapoints_to_alarm": "2"},
        {**NO_METRIC, "metric_queries": QUERIES},
        BAND,
        {"namespace": '"AWS/ElastiCache"', "metric_name": '"Evictions"', "dimensions": '{"CacheClusterId": "c"}'},
        {"namespace": '"AWS/SageMaker"', "metric_name": '"Invocation5XXErrors"', "dimensions": '{"EndpointName": "c"}'},
        {"namespace": '"/aws/sagemaker/Endpoints"', "metric_name": '"GPUUtilization"', "dimensions": None},
        {"namespace": '"AWS/EC2"', "metric_name": '"CPUUtilization"', "dimensions": '{"InstanceId": "i-1"}'},
        {"namespace": '"AWS/ECS"', "metric_name": '"CPUUtilization"', "dimensions": None},  # not a slip of AWS/EC2
        {"namespace": '"AWS/SES"', "metric_name": '"Bounce"', "dimensions": None},
        {"namespace": '"Custom/Of/Somebody"', "metric_name": '"anything"', "dimensions": None},
    ],
)
def test_a_sound_alarm_has_no_findings(tmp_path: Path, changes: dict[str, str | None]) -> None:
    assert preview_program(tmp_path, alarm(**changes)).findings == ()


@pytest.mark.parametrize(
    ("changes", "code", "property_", "message"),
    [
        # what CloudWatch needs
        ({"comparison_operator": None}, "alarm-malformed", "comparisonOperator", "compares nothing"),
        ({"threshold": None}, "alarm-malformed", "threshold", "no threshold"),
        ({"evaluation_periods": None}, "alarm-malformed", "evaluationPeriods", "not set"),
        ({"evaluation_periods": "0"}, "alarm-malformed", "evaluationPeriods", "is 0"),
        ({"datapoints_to_alarm": "2"}, "alarm-malformed", "datapointsToAlarm", "2 of 1"),
        ({"statistic": None}, "alarm-malformed", "statistic", "neither"),
        ({"period": None}, "alarm-malformed", "period", "not set"),
        (NO_METRIC, "alarm-malformed", "metricName", "watches no metric"),
        ({"comparison_operator": '"GreaterThanUpperThreshold"'}, "alarm-malformed", "thresholdMetricId", "a band"),
        ({**BAND, "threshold_metric_id": '"c"'}, "alarm-malformed", "metricQueries", "2 of the metricQueries"),
        (
            {**NO_METRIC, "metric_queries": QUERIES.replace("FILL(m", "FILL(n")},
            "alarm-malformed",
            "metricQueries[1].expression",
            "names n, which no query has",
        ),
        # limits
        ({"period": "90"}, "alarm-malformed", "period", "90 s; CloudWatch takes"),
        ({"period": "1800", "evaluation_periods": "49"}, "alarm-malformed", "period", "more than a day"),
        ({"period": "86400", "evaluation_periods": "8"}, "alarm-malformed", "period", "more than seven days"),
        (
            {**NO_METRIC, "metric_queries": QUERIES.replace("3600", "604860")},
            "alarm-malformed",
            "metricQueries[0].metric.period",
            "more than seven days",
        ),
        # metrics nobody writes
        ({"metric_name": '"carbon_emission_kg"'}, "alarm-on-unwritten-metric", "metricName", "carbon_emission_kg"),
        ({"metric_name": '"water_litres"'}, "alarm-on-unwritten-metric", "metricName", "never has data"),
        ({"namespace": '"greenai"'}, "alarm-on-unwritten-metric", "metricName", "namespace 'greenai'"),
        ({"namespace": '"Green-AI"'}, "alarm-on-unwritten-metric", "metricName", "namespace 'Green-AI'"),
        ({"dimensions": None}, "alarm-on-unwritten-metric", "metricName", "not with none"),
        ({"dimensions": '{"Project": "a"}'}, "alarm-on-unwritten-metric", "metricName", "not with Project"),
        (
            {**NO_METRIC, "metric_queries": QUERIES.replace("carbon_emissions_kg", "carbon_kg")},
            "alarm-on-unwritten-metric",
            "metricQueries[0].metric",
            "carbon_kg",
        ),
    ],
)
def test_a_planted_mistake_in_an_alarm_is_found(
    tmp_path: Path, changes: dict[str, str | None], code: str, property_: str, message: str
) -> None:
    found = [one for one in preview_program(tmp_path, alarm(**changes)).findings if one.property == property_]

    assert [(one.code, one.severity, name_of(one)) for one in found] == [(code, "error", "x")]
    assert message in found[0].message
    assert found[0].remedy


TWO = alarm("a", name='"one"') + alarm("b", name='"two"')


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        ('ALARM("one") OR ALARM("tow")', "alarm-rule-names-no-alarm", "'tow', which this stack does not declare"),
        ('ALARM("one") OR', "alarm-rule-malformed", "ends where a condition is expected"),
        ('ALARM("one") ALARM("two")', "alarm-rule-malformed", "is left over"),
        ('(ALARM("one") OR ALARM("two")', "alarm-rule-malformed", "not closed"),
        ('ALARMED("one")', "alarm-rule-malformed", "can't be read"),
        ('ALARM("one") || ALARM("two")', "alarm-rule-malformed", "can't be read"),
        ("ALARM()", "alarm-rule-malformed", "names no alarm"),
        ("", "alarm-rule-malformed", "is empty"),
        ('ALARM("all")', "alarm-rule-malformed", "names its own alarm"),
    ],
)
def test_a_rule_that_can_t_hold_is_found(tmp_path: Path, rule: str, code: str, message: str) -> None:
    program = f"{TWO}aws.cloudwatch.CompositeAlarm('x', alarm_name='all', alarm_rule={rule!r})\n"
    finding = only_finding(preview_program(tmp_path, program))
    assert (finding.code, finding.severity, finding.property, name_of(finding)) == (code, "error", "alarmRule", "x")
    assert message in finding.message


@pytest.mark.parametrize(
    "rule",
    [
        "'ALARM(one) AND NOT (OK(\"two\") OR INSUFFICIENT_DATA(two)) OR FALSE'",
        "pulumi.Output.concat('ALARM(', one.arn, ') OR ALARM(\"', three.name, '\")')",
        "'ALARM(arn:aws:cloudwatch:eu-north-1:123456789012:alarm:elsewhere)'",
    ],
)
def test_rules_by_name_arn_and_output_are_sound(tmp_path: Path, rule: str) -> None:
    program = (
        f"one = {TWO}three = {alarm('c')}aws.cloudwatch.CompositeAlarm('x', alarm_name='all', alarm_rule={rule})\n"
    )
    assert preview_program(tmp_path, program).findings == ()


def test_a_rule_built_from_outputs_is_read_too(tmp_path: Path) -> None:
    rule = "pulumi.Output.concat('ALARM(', one.arn, ') AND ALARM(\"gone\")')"
    program = f"one = {TWO}aws.cloudwatch.CompositeAlarm('x', alarm_name='all', alarm_rule={rule})\n"
    assert only_finding(preview_program(tmp_path, program)).code == "alarm-rule-names-no-alarm"


def test_two_alarms_of_one_name_overwrite_each_other(tmp_path: Path) -> None:
    finding = only_finding(preview_program(tmp_path, alarm("a", name='"one"') + alarm("b", name='"one"')))
    assert (finding.code, finding.property) == ("alarm-name-twice", "name")


GRAPH = {
    "type": "metric",
    "x": 0,
    "y": 0,
    "width": 24,
    "height": 6,
    "properties": {
        "region": "eu-north-1",
        "metrics": [
            ["GreenAI", "energy_kwh", "Project", "a", "Environment", "b", "Region", "eu-north-1", {"stat": "Sum"}]
        ],
    },
}


@pytest.mark.parametrize(
    ("widget", "message"),
    [
        ({**GRAPH, "type": "metrics"}, "unknown type 'metrics'"),
        ({**GRAPH, "width": 25}, "width is 25"),
        ({**GRAPH, "x": 12}, "x 12 + width 24 is beyond the 24 columns"),
        ({**GRAPH, "properties": {"metrics": [["AWS/EC2", "CPUUtilization"]]}}, "needs region"),
        ({**GRAPH, "properties": {"region": "eu-north-1"}}, "draws nothing"),
        ({"type": "text", "properties": {}}, "needs markdown"),
        (
            {**GRAPH, "properties": {"region": "eu-north-1", "metrics": [["GreenAI", "energy_mwh"]]}},
            "nobody writes GreenAI/energy_mwh",
        ),
        (
            {**GRAPH, "properties": {"region": "eu-north-1", "metrics": [["GreenAI", "energy_kwh", "Project", "a"]]}},
            "not with Project",
        ),
    ],
)
def test_a_planted_mistake_in_a_dashboard_is_found(tmp_path: Path, widget: object, message: str) -> None:
    body = json.dumps({"widgets": [GRAPH, widget]})
    program = f"aws.cloudwatch.Dashboard('x', dashboard_name='d', dashboard_body={body!r})\n"
    finding = only_finding(preview_program(tmp_path, program))
    assert (finding.code, finding.severity, finding.property) == ("dashboard-malformed", "error", "dashboardBody")
    assert message in finding.message
    assert "widget 1" in finding.message


@pytest.mark.parametrize("body", ['{"widgets": [', '{"widget": []}', "[]"])
def test_a_body_that_is_no_dashboard_is_found(tmp_path: Path, body: str) -> None:
    program = f"aws.cloudwatch.Dashboard('x', dashboard_name='d', dashboard_body={body!r})\n"
    assert only_finding(preview_program(tmp_path, program)).code == "dashboard-malformed"


def test_a_body_with_an_arn_in_it_is_read(tmp_path: Path) -> None:
    program = f"""
one = {alarm()}
body = {{"widgets": [{{"type": "alarm", "width": 30, "properties": {{"alarms": [one.arn]}}}}]}}
aws.cloudwatch.Dashboard('d', dashboard_name='d', dashboard_body=pulumi.Output.json_dumps(body))
"""
    assert "width is 30" in only_finding(preview_program(tmp_path, program)).message
