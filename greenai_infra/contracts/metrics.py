"""The metric contract: what is written under which name, by whom, in which unit. Alarms, dashboards, the checks of the
preview and whatever tracks a run read it here, on AWS (CloudWatch) and on Google Cloud (custom metrics) alike.

Two write these metrics, and neither can speak for the other:

- the *tracker*, in the container of a job or an endpoint, at least every `HEARTBEAT_S` seconds while it runs. It writes
  deltas: what was emitted since its last write, 0 if nothing was. So a sum over any span of time is the kg of it.
- the *job census*, which belongs to the alarms: every `CENSUS_S` seconds it counts the project's running training jobs
  (`running_jobs`), and if no job runs it writes 0 kg in the tracker's stead.

Together there is a value of `carbon_emissions_kg` in every five minutes, whether something runs or not. **A gap is
therefore a fault in itself**: a job runs whose tracker is silent, or the census has stopped.

Every value carries the same three dimensions and no others: CloudWatch keeps a series for each combination of
dimensions and does not add them up, so a value with one more dimension would be counted by no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NAMESPACE = "GreenAI"
"""CloudWatch namespace of all these metrics."""

DIMENSIONS = ("Project", "Environment", "Region")
"""Names of the dimensions; the values are those of the tags `project` and `environment`, and the cloud's region."""

HEARTBEAT_S = 60
"""The tracker writes at least this often."""

CENSUS_S = 300
"""The job census writes this often."""


@dataclass(frozen=True)
class Metric:
    """One metric. `statistic` is how values within a span are put together; `unit` is CloudWatch's word for it."""

    name: str
    unit: Literal["None", "Percent", "Count"]
    statistic: Literal["Sum", "Average", "Maximum"]
    written_by: str
    meaning: str


CARBON_EMISSIONS_KG = Metric(
    "carbon_emissions_kg",
    "None",
    "Sum",
    "tracker; job census, 0 while no job runs",
    "kg CO2e emitted since the last value (operational: energy x PUE x grid intensity)",
)
ENERGY_KWH = Metric(
    "energy_kwh", "None", "Sum", "tracker", "kWh used since the last value, IT energy at the server, before PUE"
)
GPU_UTILIZATION_PERCENT = Metric(
    "gpu_utilization_percent",
    "Percent",
    "Average",
    "tracker",
    "mean use of the accelerators, 0 to 100: SM activity where they count it, else utilisation",
)
RUNNING_JOBS = Metric(
    "running_jobs", "Count", "Maximum", "job census", "training jobs of the project that are training just now"
)

METRICS = {one.name: one for one in (CARBON_EMISSIONS_KG, ENERGY_KWH, GPU_UTILIZATION_PERCENT, RUNNING_JOBS)}
"""All metrics of the contract, by name."""


def dimensions(project: str, environment: str, region: str) -> dict[str, str]:
    """The dimensions of every value of one project in one place."""
    return dict(zip(DIMENSIONS, (project, environment, region), strict=True))
