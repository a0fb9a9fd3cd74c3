"""Alarms of an endpoint: slow, failing, full, or idle.

SageMaker writes of each variant, every minute:
- AWS/SageMaker: ModelLatency in MICROSECONDS (the container's time, without SageMaker's own OverheadLatency),
  Invocation5XXErrors as 0 or 1 a request (so the mean is the share), InvocationsPerInstance;
- /aws/sagemaker/Endpoints: CPUUtilization (0 to 100 x the number of CPUs), MemoryUtilization and DiskUtilization (0 to
  100), and on GPU instances GPUUtilization and GPUMemoryUtilization (0 to 100 x the number of GPUs), which no alarm
  reads: a server that is well used keeps both high.
For Inferentia it writes no utilisation: no documented metric of an endpoint says how busy a NeuronCore is. To publish
it, a container has to run neuron-monitor and write metrics itself. So load is judged by invocations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.inference.variant import VARIANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.stack.inference import InferenceConfig
    from greenai_infra.stacks.aws.site import Site

INVOCATIONS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
MICROSECONDS_PER_MS = 1000
MINUTE_S, HOUR_S = 60, 3600
MEMORY_PERCENT, DISK_PERCENT, CONCURRENCY_SHARE = 90, 85, 0.9
IDLE_SHARE, IDLE_HOURS = 0.1, 3
"""Idle: for three hours on end, less than a tenth of what an instance is there for."""


@dataclass(frozen=True)
class Watch:
    """A watch: raises an alarm when the metric is above the limit (or below: `idle`) in `wanted` of `periods`."""

    what: str
    namespace: str
    metric: str
    statistic: str
    limit: float
    words: str
    period_s: int = MINUTE_S
    periods: int = 5
    wanted: int = 3
    idle: bool = False
    takes_back: bool = False
    """Whether a change of the endpoint is taken back when this goes off after it."""


def watches(config: InferenceConfig) -> list[Watch]:
    """What is watched of the endpoint that the config describes."""
    found = [
        Watch(
            "errors",
            INVOCATIONS,
            "Invocation5XXErrors",
            "Average",
            config.max_error_percent / 100,
            f"more than {config.max_error_percent:g} % of requests end in an error of the server (5xx)",
            takes_back=True,
        ),
        Watch("memory", INSTANCES, "MemoryUtilization", "Maximum", MEMORY_PERCENT, "memory is running out (%)"),
    ]
    if config.latency_bound_ms is not None:
        limit = config.latency_bound_ms * MICROSECONDS_PER_MS
        words = f"one request in ten takes the model more than {config.latency_bound_ms:g} ms (the metric is in us)"
        found.insert(0, Watch("latency", INVOCATIONS, "ModelLatency", "p90", limit, words, takes_back=True))
    if config.serverless is not None:
        metric = "ServerlessConcurrentExecutionsUtilization"
        words = "nearly as many requests at once as max_concurrency allows; more are turned away (429)"
        return [*found, Watch("concurrency", INVOCATIONS, metric, "Maximum", CONCURRENCY_SHARE, words)]
    found.append(Watch("disk", INSTANCES, "DiskUtilization", "Maximum", DISK_PERCENT, "the disk is running full (%)"))
    if config.target is not None:
        limit = config.target * 60 * IDLE_SHARE
        words = f"instances draw power for fewer than {limit:g} requests an hour each: lower min_instances, or destroy"
        found.append(
            Watch(
                "idle", INVOCATIONS, "InvocationsPerInstance", "Sum", limit, words, HOUR_S, IDLE_HOURS, IDLE_HOURS, True
            )
        )
    return found


@dataclass(frozen=True)
class EndpointAlarmsArgs:
    """`ready`: what lets the alarms publish to the topic."""

    site: Site
    config: InferenceConfig
    endpoint_name: str
    topic_arn: Any
    ready: Sequence[Any]


class EndpointAlarms(pulumi.ComponentResource):  # type: ignore[misc]
    """An alarm for each watch. They exist before the endpoint, which rolls back a change when they go off."""

    def __init__(self, name: str, args: EndpointAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:EndpointAlarms", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self, depends_on=list(args.ready))
        made = [(watch, self._alarm(watch)) for watch in watches(args.config)]
        self.take_back = [alarm.name for watch, alarm in made if watch.takes_back]
        self.register_outputs({"alarms": [alarm.name for _, alarm in made]})

    def _alarm(self, watch: Watch) -> Any:
        site, config = self._args.site, self._args.config
        percentile = watch.statistic if watch.statistic.startswith("p") else None
        return aws.cloudwatch.MetricAlarm(
            f"{site.name}-{watch.what}",
            alarm_description=f"Endpoint {self._args.endpoint_name}: {watch.words}",
            namespace=watch.namespace,
            metric_name=watch.metric,
            dimensions={"EndpointName": self._args.endpoint_name, "VariantName": VARIANT},
            statistic=None if percentile else watch.statistic,
            extended_statistic=percentile,
            period=watch.period_s,
            comparison_operator="LessThanThreshold" if watch.idle else "GreaterThanThreshold",
            threshold=watch.limit,
            evaluation_periods=watch.periods,
            datapoints_to_alarm=watch.wanted,
            # Without requests no data is written. `idle` waits for that; for the other watches it is fine.
            treat_missing_data="breaching" if watch.idle else "notBreaching",
            alarm_actions=[self._args.topic_arn],
            ok_actions=[self._args.topic_arn],
            region=config.region,
            tags=dict(site.tags),
            opts=self._child,
        )
