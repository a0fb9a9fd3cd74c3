"""Alert policies of Cloud Monitoring: checks that they can be evaluated and that custom metrics have a descriptor.

Limits as in the API reference of `projects.alertPolicies`: alignment periods of 60 s to 25 h, absences of 2 min to
23.5 h, durations in whole minutes (and not 0 beside `evaluationMissingData`), a filter that names one metric type and
one resource type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Finding, plain
from greenai_infra.contracts.gcp_metrics import LABELS, PREFIX, metric_type
from greenai_infra.contracts.metrics import METRICS
from greenai_infra.policy.resource_types import ALERT_POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DESCRIPTOR = "gcp:monitoring/metricDescriptor:MetricDescriptor"
CUSTOM = "custom.googleapis.com/"
SHORTEST_ALIGNMENT_S, LONGEST_ALIGNMENT_S = 60, 90_000
SHORTEST_ABSENCE_S, LONGEST_ABSENCE_S = 120, 84_600
CONDITIONS = ("conditionThreshold", "conditionAbsent")
MALFORMED, UNWRITTEN = "alert-malformed", "alert-on-unwritten-metric"

_METRIC = re.compile(r'metric\.type\s*=\s*"([^"]*)"')
_RESOURCE = re.compile(r'resource\.type\s*=\s*"([^"]*)"')
_LABEL = re.compile(r"metric\.labels?\.([A-Za-z_]\w*)\s*!?=\s*")
_PROMQL_METRIC = re.compile(r"\bcustom_googleapis_com:(\w+)")
_SECONDS = re.compile(r"(\d+)(\.0+)?s")


def check_alert_policies(resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """Each alert policy by itself, and its custom metrics against the descriptors of the stack."""
    described = _described(resources)
    for policy in resources:
        if policy.type != ALERT_POLICY:
            continue
        conditions = plain(policy.inputs.get("conditions"))
        for index, condition in enumerate(conditions if isinstance(conditions, list) else []):
            if not isinstance(condition, dict):
                continue
            if condition.get("conditionMonitoringQueryLanguage") is not None:
                where = f"conditions[{index}].conditionMonitoringQueryLanguage"
                message = "Google has deprecated the Monitoring Query Language for alerts"
                yield policy.finding(MALFORMED, where, message, "use PromQL or a metric threshold", "warning")
            promql = condition.get("conditionPrometheusQueryLanguage")
            if isinstance(promql, dict):
                where = f"conditions[{index}].conditionPrometheusQueryLanguage.query"
                yield from _promql(policy, where, promql.get("query"), described)
            for kind in CONDITIONS:
                body = condition.get(kind)
                if isinstance(body, dict):
                    where = f"conditions[{index}].{kind}"
                    yield from _times(policy, where, body, absence=kind == "conditionAbsent")
                    yield from _watched(policy, f"{where}.filter", body.get("filter"), described)


def _described(resources: Sequence[DeclaredResource]) -> dict[str, frozenset[str]]:
    """Metric type -> its labels: of the metric contract, which another stack may describe, and of this stack."""
    known = {metric_type(metric): frozenset(LABELS) for metric in METRICS.values()}
    for one in resources:
        if one.type == DESCRIPTOR:
            inputs = plain(dict(one.inputs))
            labels = inputs.get("labels")
            keys = (label.get("key") for label in labels if isinstance(label, dict)) if isinstance(labels, list) else ()
            known[str(inputs.get("type"))] = frozenset(map(str, keys))
    return known


def _times(policy: DeclaredResource, where: str, body: dict[str, Any], *, absence: bool) -> Iterator[Finding]:
    duration = body.get("duration")
    seconds = _seconds(duration)
    if duration is not UNKNOWN and (seconds is None or seconds % 60):
        message = f"duration is {duration!r}, no whole number of minutes"
        yield policy.finding(MALFORMED, f"{where}.duration", message, "write whole minutes in seconds, such as 300s")
    elif absence and seconds is not None and not SHORTEST_ABSENCE_S <= seconds <= LONGEST_ABSENCE_S:
        message = f"an absence of {duration} can't be watched for"
        remedy = f"give {SHORTEST_ABSENCE_S}s to {LONGEST_ABSENCE_S}s"
        yield policy.finding(MALFORMED, f"{where}.duration", message, remedy)
    elif seconds == 0 and body.get("evaluationMissingData") is not None:
        message = "evaluationMissingData is given with a duration of 0 s, which Cloud Monitoring refuses"
        yield policy.finding(MALFORMED, f"{where}.duration", message, "give a duration of at least 60s")
    aggregations = body.get("aggregations")
    for index, one in enumerate(aggregations if isinstance(aggregations, list) else []):
        period = one.get("alignmentPeriod") if isinstance(one, dict) else None
        if period is None or period is UNKNOWN:
            continue
        length = _seconds(period)
        if length is None or not SHORTEST_ALIGNMENT_S <= length <= LONGEST_ALIGNMENT_S:
            message = f"alignmentPeriod is {period!r}; an alert can look at {SHORTEST_ALIGNMENT_S} s to 25 h"
            remedy = f"give {SHORTEST_ALIGNMENT_S}s to {LONGEST_ALIGNMENT_S}s"
            yield policy.finding(MALFORMED, f"{where}.aggregations[{index}].alignmentPeriod", message, remedy)


def _seconds(text: Any) -> int | None:
    match = _SECONDS.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) if match else None


def _watched(
    policy: DeclaredResource, where: str, text: Any, described: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    if not isinstance(text, str):
        return  # put together from what exists only after `up`
    metrics = _METRIC.findall(text)
    if len(set(metrics)) != 1:
        message = f"the filter names {len(set(metrics)) or 'no'} metric types; an alert watches exactly one"
        yield policy.finding(MALFORMED, where, message, 'write metric.type="..." once')
        return
    if not _RESOURCE.search(text):
        message = "the filter names no resource type"
        yield policy.finding(MALFORMED, where, message, 'add resource.type="...", as the writer of the metric gives it')
    yield from _unwritten(policy, where, metrics[0], described)
    if metrics[0] in described:
        for label in sorted(set(_LABEL.findall(text)) - described[metrics[0]]):
            have = ", ".join(sorted(described[metrics[0]])) or "none"
            message = f"{metrics[0]} has no label {label}: the alert would never go off"
            yield policy.finding(UNWRITTEN, where, message, f"its labels: {have}")


def _promql(
    policy: DeclaredResource, where: str, query: Any, described: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    if not isinstance(query, str):
        return
    names = {_promql_name(name): name for name in described}
    for name in dict.fromkeys(_PROMQL_METRIC.findall(query)):
        found = names.get(f"custom_googleapis_com:{name}")
        yield from _unwritten(policy, where, found or f"custom_googleapis_com:{name}", described, known=bool(found))


def _promql_name(name: str) -> str:
    """As PromQL writes a metric type: the first slash is a colon, every other special character an underscore."""
    domain, _, path = name.partition("/")
    return f"{re.sub(r'[^A-Za-z0-9]', '_', domain)}:{re.sub(r'[^A-Za-z0-9]', '_', path)}"


def _unwritten(
    policy: DeclaredResource,
    where: str,
    metric: str,
    described: Mapping[str, frozenset[str]],
    known: bool | None = None,
) -> Iterator[Finding]:
    is_custom = metric.startswith((CUSTOM, "custom_googleapis_com:"))
    if not is_custom or (metric in described if known is None else known):
        return
    ours = sorted(name for name in described if name.startswith(PREFIX))
    message = f"{metric} has no descriptor in this stack, and no tracker writes it"
    remedy = f"declare a gcp.monitoring.MetricDescriptor for it, or watch one of {', '.join(ours)}"
    yield policy.finding(UNWRITTEN, where, message, remedy)
