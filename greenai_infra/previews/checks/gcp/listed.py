"""Closed sets of values in the properties of Google Cloud resources, as the SDK's own documentation lists them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from greenai_infra.catalog.memorystore import node_types
from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Finding, plain
from greenai_infra.policy.reach import values_at
from greenai_infra.previews.checks.gcp.tpus import UNKNOWN_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS = ("COMPARISON_GT", "COMPARISON_GE", "COMPARISON_LT", "COMPARISON_LE", "COMPARISON_EQ", "COMPARISON_NE")
_ALIGNERS = (
    *("ALIGN_NONE", "ALIGN_DELTA", "ALIGN_RATE", "ALIGN_INTERPOLATE", "ALIGN_NEXT_OLDER", "ALIGN_MIN", "ALIGN_MAX"),
    *("ALIGN_MEAN", "ALIGN_COUNT", "ALIGN_SUM", "ALIGN_STDDEV", "ALIGN_COUNT_TRUE", "ALIGN_COUNT_FALSE"),
    *("ALIGN_FRACTION_TRUE", "ALIGN_PERCENTILE_99", "ALIGN_PERCENTILE_95", "ALIGN_PERCENTILE_50"),
    *("ALIGN_PERCENTILE_05", "ALIGN_PERCENT_CHANGE"),
)
_REDUCERS = (
    *("REDUCE_NONE", "REDUCE_MEAN", "REDUCE_MIN", "REDUCE_MAX", "REDUCE_SUM", "REDUCE_STDDEV", "REDUCE_COUNT"),
    *("REDUCE_COUNT_TRUE", "REDUCE_COUNT_FALSE", "REDUCE_FRACTION_TRUE", "REDUCE_PERCENTILE_99"),
    *("REDUCE_PERCENTILE_95", "REDUCE_PERCENTILE_50", "REDUCE_PERCENTILE_05"),
)

LISTED: dict[str, dict[str, tuple[str, ...]]] = {
    "gcp:memorystore/instance:Instance": {
        "mode": ("CLUSTER", "CLUSTER_DISABLED"),
        "authorizationMode": ("AUTH_DISABLED", "IAM_AUTH", "TOKEN_AUTH"),
        "transitEncryptionMode": ("TRANSIT_ENCRYPTION_DISABLED", "SERVER_AUTHENTICATION"),
        "zoneDistributionConfig.mode": ("MULTI_ZONE", "SINGLE_ZONE"),
        "persistenceConfig.mode": ("DISABLED", "RDB", "AOF"),
    },
    "gcp:monitoring/alertPolicy:AlertPolicy": {
        "combiner": ("AND", "OR", "AND_WITH_MATCHING_RESOURCE"),
        "severity": ("CRITICAL", "ERROR", "WARNING"),
        "conditions[].conditionThreshold.comparison": _COMPARISONS,
        "conditions[].conditionThreshold.aggregations[].perSeriesAligner": _ALIGNERS,
        "conditions[].conditionThreshold.aggregations[].crossSeriesReducer": _REDUCERS,
        "conditions[].conditionAbsent.aggregations[].perSeriesAligner": _ALIGNERS,
        "conditions[].conditionAbsent.aggregations[].crossSeriesReducer": _REDUCERS,
    },
    "gcp:monitoring/metricDescriptor:MetricDescriptor": {
        "metricKind": ("GAUGE", "CUMULATIVE"),  # what users may write; the SDK lists DELTA too
        "valueType": ("BOOL", "INT64", "DOUBLE", "STRING", "DISTRIBUTION"),
    },
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": {
        "checkerType": ("STATIC_IP_CHECKERS", "VPC_CHECKERS"),
        "period": ("60s", "300s", "600s", "900s"),
    },
}


def check_gcp_listed_values(resource: DeclaredResource) -> Iterator[Finding]:
    """Values that the SDK's documentation does not list, and node types of Memorystore."""
    inputs = plain(dict(resource.inputs))
    allowed = dict(LISTED.get(resource.type, {}))
    if resource.type == "gcp:memorystore/instance:Instance":
        allowed["nodeType"] = tuple(node_types())
    for path, values in allowed.items():
        for where, value in values_at(inputs, path):
            if value is not UNKNOWN and value not in values:
                close = difflib.get_close_matches(str(value).upper(), values, n=1)
                advice = f"did you mean {close[0]}? " if close else ""
                remedy = f"{advice}It takes {', '.join(values[:12])}"
                yield resource.finding(
                    UNKNOWN_VALUE, where, f"{where} is {value!r}, which Google does not list", remedy
                )
