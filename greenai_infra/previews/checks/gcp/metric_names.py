"""Metrics that Google's services write, of those services whose metrics our stacks watch.

Names as in "Google Cloud metrics" (aiplatform, monitoring) and "Supported monitoring metrics" of Memorystore for Valkey
(those of an instance; those of single nodes were not read, and nothing is said of them). Google goes on adding: a name
that is not listed is an error only if it looks like a slip of one that is, and else a warning.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

_ENDPOINTS = """
    accelerator/duty_cycle accelerator/memory/bytes_used cpu/utilization error_count machine_count memory/bytes_used
    network/received_bytes_count network/sent_bytes_count prediction_count prediction_latencies
    private/prediction_latencies private/response_count replicas response_count target_replicas
"""
_VALKEY = """
    clients/average_connected_clients clients/maximum_connected_clients clients/maximum_connection_duration
    clients/total_connected_clients commandstats/total_calls_count commandstats/total_usec_count
    cpu/average_utilization cpu/maximum_utilization keyspace/total_keys memory/average_utilization
    memory/maximum_utilization memory/size memory/total_used_memory replication/average_ack_lag
    replication/average_offset_diff replication/maximum_ack_lag replication/maximum_offset_diff
    stats/average_evicted_keys stats/average_expired_keys stats/maximum_evicted_keys stats/maximum_expired_keys
    stats/total_connections_received_count stats/total_evicted_keys_count stats/total_expired_keys_count
    stats/total_keyspace_hits_count stats/total_keyspace_misses_count stats/total_net_input_bytes_count
    stats/total_net_output_bytes_count stats/total_rejected_connections_count
"""
_UPTIME = "check_passed content_mismatch http_status request_latency time_until_ssl_cert_expires"

GCP_METRICS = {
    "aiplatform.googleapis.com/prediction/online": _ENDPOINTS.split(),
    "memorystore.googleapis.com/instance": _VALKEY.split(),
    "monitoring.googleapis.com/uptime_check": _UPTIME.split(),
}
"""What a metric type begins with -> how it may go on."""
_UNREAD = (
    "memorystore.googleapis.com/instance/node/",
    "aiplatform.googleapis.com/prediction/online/deployment_resource_",
)
KNOWN = frozenset(f"{start}/{rest}" for start, names in GCP_METRICS.items() for rest in names)
ALIKE = 0.9
"""Similarity (difflib's ratio) from which on a name is a slip of another: one or two letters."""


@dataclass(frozen=True)
class GcpMetricProblem:
    """Why no service is known to write a metric, and what to do."""

    message: str
    remedy: str
    severity: Literal["error", "warning"]


def gcp_metric_problem(metric: str) -> GcpMetricProblem | None:
    """What speaks against a service's metric having data; None if nothing does, or nothing is known of the service."""
    if metric in KNOWN or metric.startswith(_UNREAD):
        return None
    if close := difflib.get_close_matches(metric, KNOWN, n=2, cutoff=ALIKE):
        message = f"no service writes {metric}, so it never has data"
        return GcpMetricProblem(message, f"did you mean {' or '.join(close)}?", "error")
    if metric.startswith(tuple(f"{start}/" for start in GCP_METRICS)):
        message = f"no metric {metric} is known here"
        return GcpMetricProblem(message, "check its name in Google's list of metrics", "warning")
    return None
