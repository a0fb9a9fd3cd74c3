"""The carbon budget of one project in one region: its alarms, their recipients, the dashboard, the kill switch.

    daily budget                                                 --+
    fast burn:  1 h above 2 %    and  5 min at that rate         --+
    slow burn:  6 h above 5 %    and 30 min at that rate         --+-- budget: the only alarm that notifies people
    silent tracker: no emissions are reported                    --+
    anomaly (if wanted)                                          --+

The parts have no actions. Only the composite alarm `budget` sends a notice, when the first part begins and when the
last has ended: a single page, even if more parts go off meanwhile. The notice names the alarm that set it off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.contracts.burn_rate import Window, burn_rates
from greenai_infra.contracts.stack.alarms import BudgetSection
from greenai_infra.stacks.aws.alarms import watched as alarms
from greenai_infra.stacks.aws.alarms.alerts import Alerts, AlertsArgs
from greenai_infra.stacks.aws.alarms.chat import ChatArgs, ChatChannels
from greenai_infra.stacks.aws.alarms.dashboard_body import dashboard_body
from greenai_infra.stacks.aws.alarms.job_census import JobCensus, JobCensusArgs
from greenai_infra.stacks.aws.alarms.kill_switch import KillSwitch, KillSwitchArgs
from greenai_infra.stacks.aws.alarms.watched import Watched
from greenai_infra.stacks.aws.site import Site
from greenai_infra.stacks.documents import json_document

if TYPE_CHECKING:
    from greenai_infra.contracts.burn_rate import BurnRate
    from greenai_infra.contracts.stack.alarms import AlarmsConfig
    from greenai_infra.contracts.stack.inference import InferenceConfig
    from greenai_infra.contracts.stack.training import TrainingConfig


@dataclass(frozen=True)
class CarbonBudgetArgs:
    """`config` says whose budget it is and where; its figures too, unless `budget` is given.

    `site` is the site of the component that has the budget; without a site, the budget has a separate name and tags.
    `jobs`: whether training jobs emit. An endpoint runs continuously and reports by itself: it has no census, and a
    silent tracker is an alarm only if the section sets the minutes.
    """

    config: AlarmsConfig | TrainingConfig | InferenceConfig
    budget: BudgetSection | None = None
    jobs: bool = True
    site: Site | None = None

    @property
    def figures(self) -> BudgetSection:
        """Returns the budget's section. Raises ValueError for any other config without a budget."""
        if self.budget is not None:
            return self.budget
        if not isinstance(self.config, BudgetSection):
            raise ValueError(f"{self.config.workload}: give `budget`, as this config has no figures of one")
        return self.config


class CarbonBudget(pulumi.ComponentResource):  # type: ignore[misc]
    """Budget alarms with everything that they need."""

    def __init__(self, name: str, args: CarbonBudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:CarbonBudget", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self.site = site = args.site or Site.of(name, args.config, args.config.region)
        self._budget = budget = args.figures
        owner = args.config
        runbook = f"Runbook: {budget.runbook_url}" if budget.runbook_url else ""
        self.watched = Watched(site, owner.project, owner.environment, runbook)
        self.alerts = Alerts(f"{name}-alerts", AlertsArgs(site, budget.notify), opts=self._child)
        if budget.notify.slack or budget.notify.teams:
            chat = ChatArgs(site, self.alerts.account_id, self.alerts.topic_arn, budget.notify)
            ChatChannels(f"{name}-chat", chat, opts=self._child)
        if args.jobs:
            JobCensus(
                f"{name}-job-census", JobCensusArgs(self.watched, self.alerts, budget.retention_days), opts=self._child
            )

        self.daily = alarms.daily(self.watched, Window(alarms.DAY_S, budget.daily_budget_kg), self._child)
        parts = {"daily-budget": self.daily}
        parts |= {f"burn-{rate.name}": self._burn(rate) for rate in burn_rates(budget.monthly_budget_kg)}
        if args.jobs or budget.silent_minutes is not None:
            parts["silent-tracker"] = alarms.silent(self.watched, budget.silence_minutes, self._silence(), self._child)
        if budget.anomaly_band is not None:
            parts["anomaly"] = alarms.anomaly(self.watched, budget.anomaly_band, self._child)
        self.alarm = self._composite(parts)

        self.dashboard = self._dashboard([self.alarm, *parts.values()])
        self.outputs = {
            "budget_alarm_arn": self.alarm.arn,
            "budget_topic_arn": self.alerts.topic_arn,
            "budget_dashboard": self.dashboard.dashboard_name,
            "budget_project": owner.project,
            "budget_environment": owner.environment,
            "budget_region": site.region,
            "daily_budget_kg": budget.daily_budget_kg,
            "monthly_budget_kg": budget.monthly_budget_kg,
        }
        if budget.kill_switch:
            switch = KillSwitch(
                f"{name}-kill-switch",
                KillSwitchArgs(self.watched, self.alerts, self.daily, budget.daily_budget_kg, budget.retention_days),
                opts=self._child,
            )
            self.outputs["kill_switch_arn"] = switch.state_machine.arn
        self.register_outputs(self.outputs)

    def _burn(self, rate: BurnRate) -> Any:
        """Both windows of a burn rate, and the alarm that is on while both are."""
        watched, what = self.watched, f"burn-{rate.name}"
        long_h, short_min = rate.long.length_s / 3600, rate.short.length_s / 60
        speed = f"{rate.rate:g} times the rate that lasts a month"
        windows = {
            f"{what}-long": (rate.long, f"More than {rate.long.threshold_kg:.4g} kg CO2e in {long_h:g} h: {speed}."),
            f"{what}-short": (rate.short, f"More than {rate.short.threshold_kg:.4g} kg CO2e in {short_min:g} min."),
        }
        both = [alarms.above(watched, name, *window, self._child) for name, window in windows.items()]
        description = (
            f"{watched.whose} burns its monthly carbon budget {speed}; a whole month's is gone in "
            f"{rate.hours_left:.3g} h. {watched.see_also}"
        )
        rule = " AND ".join(f'ALARM("{watched.alarm_name(name)}")' for name in windows)
        return self._composite_alarm(what, rule, description, both)

    def _silence(self) -> str:
        who = "a job runs whose tracker is silent, or the job census has stopped" if self._args.jobs else "it is silent"
        minutes = self._budget.silence_minutes
        return f"For {minutes} minutes nobody has reported emissions of {self.watched.whose}: {who}."

    def _composite(self, parts: dict[str, Any]) -> Any:
        topic, budget = self.alerts.topic_arn, self._budget
        rule = " OR ".join(f'ALARM("{self.watched.alarm_name(name)}")' for name in parts)
        description = (
            f"Carbon budget of {self.watched.whose}: {budget.daily_budget_kg:g} kg CO2e a day, "
            f"{budget.monthly_budget_kg:g} kg a month. {self.watched.see_also}"
        )
        return self._composite_alarm(
            "budget",
            rule,
            description,
            [*parts.values(), *self.alerts.ready],
            alarm_actions=[topic],
            ok_actions=[topic] if budget.notify.all_clear else None,
        )

    def _composite_alarm(self, what: str, rule: str, description: str, needs: list[Any], **actions: Any) -> Any:
        site = self.site
        return aws.cloudwatch.CompositeAlarm(
            f"{site.name}-{what}",
            alarm_name=self.watched.alarm_name(what),
            alarm_description=description.strip(),
            alarm_rule=rule,
            region=site.region,
            tags=dict(site.tags),
            **actions,
            # The rule names them as text, so that it is known at preview.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=needs)),
        )

    def _dashboard(self, shown: list[Any]) -> Any:
        site, carbon = self.site, self._args.config.carbon
        body = dashboard_body(self.watched, self._budget, carbon, [alarm.arn for alarm in shown])
        return aws.cloudwatch.Dashboard(
            f"{site.name}-budget",
            dashboard_name=f"greenai-{site.name}-{site.region}",
            dashboard_body=json_document(body),
            region=site.region,
            opts=self._child,
        )
