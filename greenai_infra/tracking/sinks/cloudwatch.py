"""CloudWatch: the metrics of `monitoring.metrics`, with exactly their dimensions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.metrics import (
    CARBON_EMISSIONS_KG,
    ENERGY_KWH,
    GPU_UTILIZATION_PERCENT,
    NAMESPACE,
    dimensions,
)

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport
    from greenai_infra.tracking.sinks.delivery import Delta


class CloudWatch:
    """Writes deltas; unknown kg are not written, which the alarms treat as a gap."""

    name = "cloudwatch"

    def __init__(self, project: str, environment: str, region: str, namespace: str = NAMESPACE) -> None:
        self._namespace, self._region = namespace, region
        self._dimensions = [
            {"Name": name, "Value": value} for name, value in dimensions(project, environment, region).items()
        ]
        self._client: Any = None

    def beat(self, delta: Delta) -> None:
        """Sends a request with all metrics."""
        values = [(ENERGY_KWH, delta.energy_kwh)]
        if delta.emissions_kg is not None:
            values.append((CARBON_EMISSIONS_KG, delta.emissions_kg))
        if delta.gpu_percent is not None:
            values.append((GPU_UTILIZATION_PERCENT, delta.gpu_percent))
        if self._client is None:
            import boto3
            from botocore.config import Config

            settings = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
            self._client = boto3.client("cloudwatch", region_name=self._region, config=settings)
        self._client.put_metric_data(
            Namespace=self._namespace,
            MetricData=[
                {
                    "MetricName": metric.name,
                    "Dimensions": self._dimensions,
                    "Timestamp": datetime.fromtimestamp(delta.end_s, UTC),
                    "Value": value,
                    "Unit": metric.unit,
                }
                for metric, value in values
            ],
        )

    def finish(self, report: RunReport) -> None:
        """Does nothing: the last delta has been written."""
