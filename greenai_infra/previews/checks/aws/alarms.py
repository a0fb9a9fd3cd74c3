"""CloudWatch alarms: that they can be evaluated, that a tracker writes what they watch of ours, that rules name alarms.

Limits as in CloudWatch's API reference: PutMetricAlarm, PutCompositeAlarm, MetricDataQuery.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.alarm_rules import alarm_names, parse_rule
from greenai_infra.contracts.declared import DeclaredResource, Finding, has_unknown, plain
from greenai_infra.policy.resource_types import COMPOSITE_ALARM, METRIC_ALARM
from greenai_infra.previews.checks.aws.metric_names import metric_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


HOUR_S, DAY_S, WEEK_S = 3600, 86_400, 604_800
SHORT_PERIODS_S = (10, 20, 30)
MAX_METRICS = 10
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|[A-Za-z_]\w*")
_SEARCHES = re.compile(r"\bSEARCH\s*\(|\bMETRICS\s*\(|^\s*SELECT\b", re.IGNORECASE)
_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")


def check_alarm_evaluation(resource: DeclaredResource) -> Iterator[Finding]:
    """What CloudWatch needs to evaluate a metric alarm, and the limits on its periods."""
    if resource.type != METRIC_ALARM:
        return
    inputs = plain(dict(resource.inputs))
    if inputs.get("evaluationCriteria") is not None:
        return  # a PromQL alarm has other rules
    for property_, message, remedy in (
        *_comparison_problems(inputs),
        *_source_problems(inputs),
        *_period_problems(inputs),
    ):
        yield resource.finding("alarm-malformed", property_, message, remedy)


def check_alarm_metrics(resource: DeclaredResource) -> Iterator[Finding]:
    """Finds metrics in our own namespace without a writer: an alarm on such a metric never goes off."""
    if resource.type != METRIC_ALARM:
        return
    for where, metric in watched_metrics(plain(dict(resource.inputs))):
        if has_unknown([metric.get("namespace"), metric.get("metricName")]):
            continue
        problem = metric_problem(str(metric.get("namespace")), str(metric.get("metricName")), metric.get("dimensions"))
        if problem:
            yield resource.finding("alarm-on-unwritten-metric", where, *problem)


def watched_metrics(inputs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(property, {namespace, metricName, dimensions}) of each metric that an alarm reads, by itself or in queries."""
    if inputs.get("metricName") is not None:
        yield "metricName", inputs
    queries = inputs.get("metricQueries")
    for index, query in enumerate(queries if isinstance(queries, list) else []):
        if isinstance(query, dict) and isinstance(query.get("metric"), dict):
            yield f"metricQueries[{index}].metric", query["metric"]


def check_composite_alarms(resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """Rules that CloudWatch can't read, or that name an unknown alarm; alarms that overwrite each other."""
    alarms = [one for one in resources if one.type in (METRIC_ALARM, COMPOSITE_ALARM)]
    names: dict[str, DeclaredResource] = {}
    for alarm in alarms:
        name = _own_name(alarm)
        if isinstance(name, str) and name in names:
            property_ = "alarmName" if alarm.type == COMPOSITE_ALARM else "name"
            message = f"two alarms are named '{name}': the one would overwrite the other"
            yield alarm.finding("alarm-name-twice", property_, message, "give each of them a name of its own")
        if isinstance(name, str):
            names[name] = alarm
    for alarm in alarms:
        if alarm.type == COMPOSITE_ALARM:
            yield from _rule_findings(alarm, names)


def _rule_findings(alarm: DeclaredResource, names: dict[str, DeclaredResource]) -> Iterator[Finding]:
    text = plain(alarm.rendered.get("alarmRule"))
    if text is None:
        yield alarm.finding("alarm-malformed", "alarmRule", "a composite alarm needs an alarmRule", _RULE_ADVICE)
    if not isinstance(text, str):
        return
    try:
        rule = parse_rule(text)
    except ValueError as error:
        yield alarm.finding("alarm-rule-malformed", "alarmRule", f"alarmRule {error}", _RULE_ADVICE)
        return
    own = _own_name(alarm)
    for name in alarm_names(rule):
        if name == own:
            message = f"alarmRule names its own alarm '{name}'"
            yield alarm.finding("alarm-rule-malformed", "alarmRule", message, "name the alarms that it is made of")
        elif name not in names and not _by_arn(name, names):
            message = f"alarmRule names the alarm '{name}', which this stack does not declare"
            known = ", ".join(sorted(other for other in names if other != own)[:6]) or "none"
            remedy = f"name one of its alarms ({known}); give an alarm of another stack by its ARN"
            yield alarm.finding("alarm-rule-names-no-alarm", "alarmRule", message, remedy)


_RULE_ADVICE = 'write it like ALARM("one") AND (ALARM("two") OR NOT OK("three"))'


def _own_name(alarm: DeclaredResource) -> Any:
    """Returns the alarm's name; if Pulumi names the alarm, the stand-in used in rendered rules: the resource's name."""
    given = plain(alarm.inputs.get("alarmName" if alarm.type == COMPOSITE_ALARM else "name"))
    return alarm.name if given is None else given


def _by_arn(name: str, names: dict[str, DeclaredResource]) -> bool:
    """Whether this is an ARN: a stand-in for an alarm of this stack, or a real ARN, perhaps of an alarm elsewhere."""
    stand_in = name.rpartition("Alarm/")[2]
    return name.startswith("arn:") and (":alarm:" in name or stand_in in {one.name for one in names.values()})


def _comparison_problems(inputs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    operator = inputs.get("comparisonOperator")
    if operator is None:
        yield "comparisonOperator", "the alarm compares nothing: comparisonOperator is not set", _OPERATOR_ADVICE
    if inputs.get("threshold") is None and inputs.get("thresholdMetricId") is None:
        yield "threshold", "the alarm has no threshold", "set threshold, or thresholdMetricId for an anomaly band"
    if operator in _BANDS and inputs.get("thresholdMetricId") is None:
        message = f"comparisonOperator {operator} needs a band"
        yield "thresholdMetricId", message, "set thresholdMetricId to the id of an ANOMALY_DETECTION_BAND query"
    periods, wanted = inputs.get("evaluationPeriods"), inputs.get("datapointsToAlarm")
    if periods is None:
        yield "evaluationPeriods", "evaluationPeriods is not set", "say how many periods are looked at, such as 1"
    elif isinstance(periods, int) and periods < 1:
        yield "evaluationPeriods", f"evaluationPeriods is {periods}", "give at least 1"
    if isinstance(periods, int) and isinstance(wanted, int) and not 1 <= wanted <= max(periods, 1):
        message = f"datapointsToAlarm {wanted} of {periods} evaluationPeriods can never be reached"
        yield "datapointsToAlarm", message, f"give 1 to {periods}"


_OPERATOR_ADVICE = "set it, for example to GreaterThanThreshold"


def _source_problems(inputs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    queries, name = inputs.get("metricQueries"), inputs.get("metricName")
    if name is None and not queries:
        yield "metricName", "the alarm watches no metric", "set namespace and metricName, or metricQueries"
    if name is not None:
        if queries:
            yield "metricQueries", "metricName and metricQueries exclude each other", "keep one of them"
        if inputs.get("namespace") is None:
            yield "namespace", "metricName is set without its namespace", "add the namespace, such as GreenAI"
        if inputs.get("statistic") is None and inputs.get("extendedStatistic") is None:
            yield "statistic", "neither statistic nor extendedStatistic is set", "set statistic, such as Sum"
    if isinstance(queries, list) and not has_unknown(queries):
        yield from _query_problems(queries, inputs.get("thresholdMetricId"))


def _query_problems(queries: list[Any], band: Any) -> Iterator[tuple[str, str, str]]:
    ids = [str(query.get("id")) for query in queries]
    if sum(query.get("metric") is not None for query in queries) > MAX_METRICS:
        yield "metricQueries", f"more than {MAX_METRICS} metrics", "split the alarm and join the parts by a composite"
    returned = [query for query in queries if query.get("returnData") and query.get("id") != band]
    if len(returned) != 1:
        message = f"{len(returned)} of the metricQueries return data; an alarm watches exactly one"
        yield "metricQueries", message, "set returnData on one of them (and on the anomaly band, if there is one)"
    if band is not None and band not in ids:
        yield "thresholdMetricId", f"thresholdMetricId '{band}' is the id of no query", f"name one of {', '.join(ids)}"
    for index, query in enumerate(queries):
        where = f"metricQueries[{index}]"
        if not _ID.fullmatch(ids[index]) or ids.count(ids[index]) > 1:
            message = f"the id '{ids[index]}' stands twice, or does not begin with a small letter"
            yield f"{where}.id", message, "give each query an id such as m1"
        expression = query.get("expression")
        if isinstance(expression, str):
            words = {word for word in _WORD.findall(expression) if word[0].islower()}
            if not _SEARCHES.search(expression) and (missing := words - {*ids, "ASC", "DESC"}):
                message = f"the expression '{expression}' names {', '.join(sorted(missing))}, which no query has as id"
                yield f"{where}.expression", message, f"use {', '.join(ids)}"


def _period_problems(inputs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    count = inputs.get("evaluationPeriods")
    periods = [("period", inputs.get("period"))]
    if inputs.get("metricName") is not None and inputs.get("period") is None:
        yield "period", "period is not set", "give the length of a period in seconds, such as 300"
    queries = inputs.get("metricQueries")
    for index, query in enumerate(queries if isinstance(queries, list) else []):
        if isinstance(query, dict):
            metric = query.get("metric")
            periods.append((f"metricQueries[{index}].period", query.get("period")))
            if isinstance(metric, dict):
                periods.append((f"metricQueries[{index}].metric.period", metric.get("period")))
    for where, period in periods:
        if not isinstance(period, int):
            continue
        if period not in SHORT_PERIODS_S and (period < 60 or period % 60):
            message = f"{where} is {period} s; CloudWatch takes 10, 20, 30 or a multiple of 60"
            yield where, message, "give a multiple of 60"
        limit, word = (DAY_S, "a day") if period < HOUR_S else (WEEK_S, "seven days")
        if isinstance(count, int) and period * count > limit:
            message = f"{where} {period} s x evaluationPeriods {count} is more than {word} ({limit} s)"
            yield where, message, "look at fewer periods, or use a longer one (an hour or more may span seven days)"
