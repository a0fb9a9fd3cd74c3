"""The metric contract: what is written under which name, by whom, in which unit. Alarms, dashboards, the checks of the
preview and trackers of runs read it here, on AWS (CloudWatch) and on Google Cloud (custom metrics) alike.

Two programs write these metrics, and each covers what the other can't see:

- the *tracker*, in the container of a job or an endpoint, at least every `HEARTBEAT_S` seconds while it runs. It writes
  deltas: what was emitted since its last write, 0 if nothing was. So a sum over any span of time is the kg of it.
- the *job census*, which belongs to the alarms: every `CENSUS_S` seconds it counts the project's running training jobs
  (`running_jobs`), and while no job runs it writes 0 kg in place of the tracker.

Together they write `carbon_emissions_kg` at least every five minutes, with or without running jobs. **A gap is
therefore a fault in itself**: a running job's tracker is silent, or the census has stopped.

Every value carries exactly the same three dimensions: CloudWatch keeps a separate series for each combination of
dimensions and does not add them up, so all alarms would miss a value with an extra dimension.
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
    """A metric. `statistic` is how values within a span are aggregated; `unit` is CloudWatch's name of the unit."""

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
    """Returns the dimensions of every value of a project in a place."""
    return dict(zip(DIMENSIONS, (project, environment, region), strict=True))
