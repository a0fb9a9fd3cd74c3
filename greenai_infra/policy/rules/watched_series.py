"""Whose emissions a budget alarm watches: the dimensions (AWS) or metric labels (Google Cloud) of its series."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import plain
from greenai_infra.policy.reach import is_false, values_at
from greenai_infra.policy.resource_types import ALERT_POLICY, COMPOSITE_ALARM, METRIC_ALARM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.policy.rule import Stack

OWNERS = ("project", "environment")
"""Tags whose values the tracker writes as dimensions of the same names."""
_NAME = re.compile(r"\b[a-z]\w*\b")
_LABEL = re.compile(r"""metric\.labels?\.(\w+)\s*=\s*["']([^"']*)["']""")


def somebody_elses(alarm: DeclaredResource, metric: str, stack: Stack) -> str:
    """Returns whose series the alarm watches, in words, if all of them belong to others; else empty.

    Unknown series, and series that the alarm does not tell apart, count as the stack's own.
    """
    own = _own(alarm, stack)
    strange = [_strangers(series, own) for series in _series(alarm, metric)]
    return strange[0] if strange and all(strange) else ""


def _strangers(series: Mapping[str, str], own: Mapping[str, set[str]]) -> str:
    found = [
        f"{name} {value} (this stack: {', '.join(sorted(own[name]))})"
        for name, value in series.items()
        if own.get(name) and value not in own[name]
    ]
    return ", ".join(found)


def compared_metrics(inputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """{namespace, metricName, dimensions} of each metric whose sums a CloudWatch alarm compares with its limit.

    Emissions are written as deltas, so only their sum says what was emitted. A query counts if its result is returned,
    or if a returned expression uses it, directly or through other expressions.
    """
    if inputs.get("metricName") is not None and _is_sum(inputs.get("statistic")):
        yield dict(inputs)
    queries = [one for _, one in values_at(inputs, "metricQueries[]") if isinstance(one, dict)]
    names = {str(one.get("id")) for one in queries if not is_false(one.get("returnData", len(queries) == 1))}
    for _ in queries:  # as deep as expressions can lead to one another
        used = (str(one.get("expression") or "") for one in queries if str(one.get("id")) in names)
        names |= {name for text in used for name in _NAME.findall(text)}
    for one in queries:
        metric = one.get("metric")
        if str(one.get("id")) in names and isinstance(metric, dict) and _is_sum(metric.get("stat")):
            yield metric


def _is_sum(statistic: Any) -> bool:
    return not isinstance(statistic, str) or statistic.lower() == "sum"


def _own(alarm: DeclaredResource, stack: Stack) -> dict[str, set[str]]:
    """What the stack's tags say by dimension, and the regions that it builds in, beside its alarms."""
    own: dict[str, set[str]] = {name: set() for name in OWNERS}
    for resource in stack.built:
        tags = resource.tags
        for name in OWNERS:
            if isinstance(tags, dict) and isinstance(tags.get(name), str):
                own[name].add(tags[name])
    if alarm.type == METRIC_ALARM:
        places = {one.region for one in stack.built if one.region and one.type not in (METRIC_ALARM, COMPOSITE_ALARM)}
        own["region"] = places or {alarm.region} - {""}
    return own


def _series(alarm: DeclaredResource, metric: str) -> Iterator[dict[str, str]]:
    """Known values by dimension, its name in lower case, of each series of the metric that the alarm looks at."""
    inputs = plain(dict(alarm.inputs))
    if alarm.type == METRIC_ALARM:
        for one in compared_metrics(inputs):
            if one.get("metricName") == metric:
                yield _texts(one.get("dimensions"))
    elif alarm.type == ALERT_POLICY:
        for _, text in values_at(inputs, "conditions[].conditionThreshold.filter"):
            if isinstance(text, str) and metric in text:
                yield dict(_LABEL.findall(text))


def _texts(dimensions: Any) -> dict[str, str]:
    given = dimensions if isinstance(dimensions, dict) else {}
    return {str(name).lower(): value for name, value in given.items() if isinstance(value, str)}
