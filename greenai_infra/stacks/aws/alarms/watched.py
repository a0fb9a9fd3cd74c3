"""The alarms themselves, each on the emissions of one project in one region.

Every alarm reads `carbon_emissions_kg` with the three dimensions of the metric contract. These alarms have no actions:
only the composite alarm over them acts (`budget.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from greenai_infra.contracts.metrics import CARBON_EMISSIONS_KG, NAMESPACE, dimensions

if TYPE_CHECKING:
    import pulumi

    from greenai_infra.contracts.burn_rate import Window
    from greenai_infra.stacks.aws.site import Site

DAY_S = 86_400
SILENT_PERIOD_S = 300
WARM_UP_MINUTES = 30
ANOMALY_PERIOD_S = 3600


@dataclass(frozen=True)
class Watched:
    """Whose emissions, and what is written below each alarm: where to read on."""

    site: Site
    project: str
    environment: str
    see_also: str

    @property
    def dimensions(self) -> dict[str, str]:
        """Those of every value of the project here."""
        return dimensions(self.project, self.environment, self.site.region)

    @property
    def whose(self) -> str:
        """In words."""
        return f"{self.project}/{self.environment} in {self.site.region}"

    def alarm_name(self, what: str) -> str:
        """Names are given, not made up: the rule of the composite alarm names them, and is to be known at preview."""
        return f"greenai-{self.site.name}-{what}"


def above(watched: Watched, what: str, window: Window, description: str, opts: pulumi.ResourceOptions) -> Any:
    """An alarm on the kg within a window that slides minute by minute.

    The windows slide rather than follow the calendar: a calendar day would be judged after its end, too late to stop
    jobs. `notBreaching`: missing data does not prove emissions, and with `breaching` an idle day would page people and
    set off the kill switch. A separate alarm reports missing data, see `silent`.
    """
    return _metric_alarm(
        watched,
        what,
        description,
        opts,
        statistic="Sum",
        period=window.length_s,
        evaluation_periods=1,
        datapoints_to_alarm=1,
        comparison_operator="GreaterThanThreshold",
        threshold=float(f"{window.threshold_kg:.10g}"),  # 0.12 rather than 0.12000000000000001
        treat_missing_data="notBreaching",
    )


def daily(watched: Watched, window: Window, opts: pulumi.ResourceOptions) -> Any:
    """The budget of a day: the sum of the last 86,400 s.

    It ends when enough emissions are more than 24 h ago. Between two jobs the census writes zeros, so a
    newest value always exists; otherwise CloudWatch would keep judging the last value it finds, for days.
    """
    description = (
        f"{watched.whose} emitted more than its daily budget of {window.threshold_kg:g} kg CO2e within 24 hours."
    )
    return above(watched, "daily-budget", window, description, opts)


def silent(watched: Watched, minutes: int, description: str, opts: pulumi.ResourceOptions) -> Any:
    """Emissions are no longer reported.

    By the contract a value comes at least every five minutes, from the tracker of a running job or, if no job runs,
    from the census. `SampleCount` of any value is at least 1, so only missing data can breach, and here it
    does: `breaching`. CloudWatch looks a few periods further back than requested and takes older values in place
    of missing values; so the alarm comes some ten minutes after `minutes`. The warm-up keeps it quiet until the census
    has run for the first time.
    """
    periods = minutes * 60 // SILENT_PERIOD_S
    return _metric_alarm(
        watched,
        "silent-tracker",
        description,
        opts,
        statistic="SampleCount",
        period=SILENT_PERIOD_S,
        evaluation_periods=periods,
        datapoints_to_alarm=periods,
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="breaching",
        warm_up_configuration={"warm_up_period_duration_in_minutes": max(WARM_UP_MINUTES, 2 * minutes)},
    )


def anomaly(watched: Watched, band: float, opts: pulumi.ResourceOptions) -> Any:
    """Emissions of an hour above the band that CloudWatch expects from the weeks before, twice in a row."""
    description = f"{watched.whose} emits more by the hour than in the weeks before (band {band:g})."
    emissions = {
        "namespace": NAMESPACE,
        "metric_name": CARBON_EMISSIONS_KG.name,
        "dimensions": watched.dimensions,
        "period": ANOMALY_PERIOD_S,
        "stat": "Sum",
    }
    return _alarm(
        watched,
        "anomaly",
        description,
        opts,
        metric_queries=[
            {"id": "emissions", "metric": emissions, "return_data": True},
            {
                "id": "expected",
                "expression": f"ANOMALY_DETECTION_BAND(emissions, {band:g})",
                "label": "expected kg CO2e",
                "return_data": True,
            },
        ],
        threshold_metric_id="expected",
        comparison_operator="GreaterThanUpperThreshold",
        evaluation_periods=2,
        datapoints_to_alarm=2,
        treat_missing_data="notBreaching",
    )


def _metric_alarm(watched: Watched, what: str, description: str, opts: pulumi.ResourceOptions, **arguments: Any) -> Any:
    return _alarm(
        watched,
        what,
        description,
        opts,
        namespace=NAMESPACE,
        metric_name=CARBON_EMISSIONS_KG.name,
        dimensions=watched.dimensions,
        **arguments,
    )


def _alarm(watched: Watched, what: str, description: str, opts: pulumi.ResourceOptions, **arguments: Any) -> Any:
    site = watched.site
    return aws.cloudwatch.MetricAlarm(
        f"{site.name}-{what}",
        name=watched.alarm_name(what),
        alarm_description=f"{description} {watched.see_also}".strip(),
        region=site.region,
        tags=dict(site.tags),
        **arguments,
        opts=opts,
    )
