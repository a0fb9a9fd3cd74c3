"""The carbon budget of one project in one region of Google Cloud, on the same metric as CloudWatch's on AWS.

    daily budget     the last 24 h above it
    fast burn        1 h above 2 % of the month and 5 min at that rate      (both conditions: combiner AND)
    slow burn        6 h above 5 % of the month and 30 min at that rate
    silent tracker   no value at all: a job runs whose tracker is silent, or the census has stopped

Thresholds come from `greenai_infra.contracts.burn_rate`, which works them out. The conditions are metric thresholds
rather than MQL, which Google has deprecated: their windows, up to 25 hours, are enough, and what they watch can be read
at preview. Cloud Monitoring lacks composite alarms over policies; each of the four notifies people itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.contracts.burn_rate import burn_rates
from greenai_infra.contracts.gcp_metrics import LABELS, UNITS, metric_labels, metric_type, series_filter
from greenai_infra.contracts.metrics import CARBON_EMISSIONS_KG, METRICS
from greenai_infra.contracts.stack.gcp_alarms import GcpBudgetSection
from greenai_infra.stacks.gcp.alarms.census_definition import PERMISSIONS, census_definition
from greenai_infra.stacks.gcp.alarms.channels import Channels, ChannelsArgs
from greenai_infra.stacks.gcp.every_five_minutes import APIS, RepeatedWorkflow, RepeatedWorkflowArgs
from greenai_infra.stacks.gcp.site import Site

if TYPE_CHECKING:
    from greenai_infra.contracts.burn_rate import BurnRate
    from greenai_infra.contracts.stack.gcp_alarms import GcpAlarmsConfig
    from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig
    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig

DAY_S = 86_400
SILENT_PERIOD_S = 300


@dataclass(frozen=True)
class CarbonBudgetArgs:
    """`config` says whose budget it is and where; its figures too, unless `budget` is given.

    `site` is the site of the component that has the budget; without a site, the budget has a separate name and labels.
    `jobs`: whether training jobs emit. An endpoint runs continuously and reports by itself: it has no census, and a
    silent tracker is an alarm only if the section sets the minutes.
    """

    config: GcpAlarmsConfig | GcpTrainingConfig | GcpInferenceConfig
    budget: GcpBudgetSection | None = None
    jobs: bool = True
    site: Site | None = None

    @property
    def figures(self) -> GcpBudgetSection:
        """Returns the budget's section. Raises ValueError for any other config without a budget."""
        if self.budget is not None:
            return self.budget
        if not isinstance(self.config, GcpBudgetSection):
            raise ValueError(f"{self.config.workload}: give `budget`, as this config has no figures of one")
        return self.config


class CarbonBudget(pulumi.ComponentResource):  # type: ignore[misc]
    """Metric descriptors, channels, alert policies and the job census."""

    def __init__(self, name: str, args: CarbonBudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:CarbonBudget", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self.site = site = args.site or Site.of(name, args.config, args.config.gcp_project, args.config.region)
        self._budget = budget = args.figures
        owner = args.config
        self._labels = metric_labels(owner.project, owner.environment, site.region)
        self._whose = f"{owner.project}/{owner.environment} in {site.region}"
        self._series = series_filter(CARBON_EMISSIONS_KG, self._labels)
        monitoring = self._enable("monitoring.googleapis.com")
        self.descriptors = [self._descriptor(metric_name, monitoring) for metric_name in METRICS]
        self.channels = Channels(f"{name}-channels", ChannelsArgs(site, budget.notify), opts=self._child)
        if args.jobs:
            self._census(name)
        self.daily = self._policy(
            "daily-budget",
            f"more than {budget.daily_budget_kg:g} kg CO2e within 24 hours",
            "The daily budget is used up. Stop or postpone what runs, or see in the plan of the next run which region "
            "and hours emit less.",
            [self._above("the last 24 hours", DAY_S, budget.daily_budget_kg)],
        )
        for rate in burn_rates(budget.monthly_budget_kg):
            self._burn(rate)
        if args.jobs or budget.silent_minutes is not None:
            self._silent()
        self.outputs = {
            "budget_alarm_arn": self.daily.name,  # the name that a reference to this stack looks for on either cloud
            "budget_project": owner.project,
            "budget_environment": owner.environment,
            "budget_region": site.region,
            "daily_budget_kg": budget.daily_budget_kg,
            "monthly_budget_kg": budget.monthly_budget_kg,
        }
        self.register_outputs(self.outputs)

    def _enable(self, api: str) -> Any:
        site = self.site
        return gcp.projects.Service(
            f"{site.name}-budget-{api.removesuffix('.googleapis.com')}",
            project=site.gcp_project,
            service=api,
            disable_on_destroy=False,
            opts=self._child,
        )

    def _descriptor(self, metric_name: str, monitoring: Any) -> Any:
        """A metric of the project. Other stacks use it too, so it stays when this stack is destroyed."""
        metric = METRICS[metric_name]
        return gcp.monitoring.MetricDescriptor(
            f"{self.site.name}-{metric_name}",
            project=self.site.gcp_project,
            type=metric_type(metric),
            metric_kind="GAUGE",
            value_type="DOUBLE",
            unit=UNITS[metric_name],
            display_name=f"GreenAI {metric_name}",
            description=f"{metric.meaning}. Written by: {metric.written_by}",
            labels=[{"key": name, "value_type": "STRING", "description": f"{name} of the emitter"} for name in LABELS],
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(depends_on=[monitoring], retain_on_delete=True)
            ),
        )

    def _census(self, name: str) -> None:
        site = self.site
        apis = [self._enable(api) for api in ("aiplatform.googleapis.com", *APIS)]
        RepeatedWorkflow(
            f"{name}-census",
            RepeatedWorkflowArgs(
                site=site,
                what="census",
                does=f"Counts the running training jobs of {self._whose}",
                definition=census_definition(site.gcp_project, site.region, self._labels),
                permissions=PERMISSIONS,
            ),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=apis)),
        )

    def _burn(self, rate: BurnRate) -> None:
        long_h, short_min = rate.long.length_s / 3600, rate.short.length_s / 60
        self._policy(
            f"burn-{rate.name}",
            f"the monthly carbon budget burns {rate.rate:g} times as fast as it lasts",
            f"More than {rate.long.threshold_kg:.4g} kg in {long_h:g} h and still so in the last {short_min:g} min: at "
            f"this rate a whole month's budget is gone in {rate.hours_left:.3g} h. Look for a run that should not be.",
            [
                self._above(f"the last {long_h:g} h", rate.long.length_s, rate.long.threshold_kg),
                self._above(f"the last {short_min:g} min", rate.short.length_s, rate.short.threshold_kg),
            ],
        )

    def _silent(self) -> None:
        minutes = self._budget.silence_minutes
        self._policy(
            "silent-tracker",
            f"nobody has reported emissions for {minutes} minutes",
            "A job runs whose tracker is silent, or the job census has stopped: see the executions of the workflow "
            "and the log of the running job. Until then the budget is not watched.",
            [
                {
                    "display_name": f"no value for {minutes} minutes",
                    "condition_absent": {
                        "filter": self._series,
                        "duration": f"{minutes * 60}s",
                        "aggregations": [
                            {
                                "alignment_period": f"{SILENT_PERIOD_S}s",
                                "per_series_aligner": "ALIGN_COUNT",
                                "cross_series_reducer": "REDUCE_SUM",
                            }
                        ],
                    },
                }
            ],
        )

    def _above(self, when: str, length_s: int, threshold_kg: float) -> dict[str, Any]:
        """Emissions of a span that slides along, summed over all who write them."""
        return {
            "display_name": f"above {threshold_kg:.4g} kg in {when}",
            "condition_threshold": {
                "filter": self._series,
                "comparison": "COMPARISON_GT",
                "threshold_value": float(f"{threshold_kg:.10g}"),  # 0.12 rather than 0.12000000000000001
                "duration": "60s",  # the API requires a duration with `evaluationMissingData`
                "aggregations": [
                    {
                        "alignment_period": f"{length_s}s",
                        "per_series_aligner": "ALIGN_SUM",
                        "cross_series_reducer": "REDUCE_SUM",
                    }
                ],
                # Missing data does not prove emissions; a separate policy reports missing data.
                "evaluation_missing_data": "EVALUATION_MISSING_DATA_INACTIVE",
            },
        }

    def _policy(self, what: str, says: str, remedy: str, conditions: list[dict[str, Any]]) -> Any:
        site, budget = self.site, self._budget
        runbook = f" [Runbook]({budget.runbook_url})" if budget.runbook_url else ""
        return gcp.monitoring.AlertPolicy(
            f"{site.name}-{what}",
            project=site.gcp_project,
            display_name=f"greenai {self._whose}: {says}",
            combiner="AND" if len(conditions) > 1 else "OR",
            severity="ERROR" if what == "burn-slow" else "CRITICAL",
            conditions=conditions,
            notification_channels=self.channels.names,
            alert_strategy={"notification_prompts": ["OPENED", "CLOSED"] if budget.notify.all_clear else ["OPENED"]},
            documentation={
                "mime_type": "text/markdown",
                "subject": f"Carbon budget of {self._whose}"[:200],
                "content": f"{self._whose}: {says}. {remedy}{runbook}",
            },
            user_labels=dict(site.labels),
            # The filter names the metric as text, so that it is known at preview.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=self.descriptors)),
        )
