"""The metric contract on Google Cloud: the metrics of `metrics` as custom metrics of Cloud Monitoring.

`GreenAI` / `carbon_emissions_kg` of CloudWatch is `custom.googleapis.com/greenai/carbon_emissions_kg` here, with the
dimensions as metric labels in lower case. The kind is GAUGE with the delta as value: from users, Cloud Monitoring
accepts only GAUGE and CUMULATIVE. As in CloudWatch, the sum (`ALIGN_SUM`) over a span's points is the kg of that span.

A time series has one writer. So points carry the monitored resource `generic_task`, whose `job` and `task_id` keep
writers apart (the census is the task `census`), and alert policies sum over all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.contracts.metrics import (
    CARBON_EMISSIONS_KG,
    DIMENSIONS,
    ENERGY_KWH,
    GPU_UTILIZATION_PERCENT,
    RUNNING_JOBS,
)

if TYPE_CHECKING:
    from greenai_infra.contracts.metrics import Metric

PREFIX = "custom.googleapis.com/greenai"
RESOURCE_TYPE = "generic_task"
LABELS = tuple(name.lower() for name in DIMENSIONS)

# Cloud Monitoring lacks kilogram and watt: text in braces is shown and not converted.
UNITS = {
    CARBON_EMISSIONS_KG.name: "{kg_CO2e}",
    ENERGY_KWH.name: "{kWh}",
    GPU_UTILIZATION_PERCENT.name: "%",
    RUNNING_JOBS.name: "{job}",
}


def metric_type(metric: Metric) -> str:
    """Its name in Cloud Monitoring."""
    return f"{PREFIX}/{metric.name}"


def metric_labels(project: str, environment: str, region: str) -> dict[str, str]:
    """Returns the metric labels of every point of a project in a place."""
    return dict(zip(LABELS, (project, environment, region), strict=True))


def series_filter(metric: Metric, labels: dict[str, str]) -> str:
    """The filter of an alert policy: this metric, these labels, whoever writes it."""
    parts = [f'metric.type="{metric_type(metric)}"', f'resource.type="{RESOURCE_TYPE}"']
    return " AND ".join(parts + [f'metric.labels.{name}="{value}"' for name, value in labels.items()])
