"""`budget-alarm`: who trains, serves or watches has an alarm on emissions that does something."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from greenai_infra.contracts.declared import UNKNOWN, has_unknown, plain
from greenai_infra.contracts.stack import needing_budget
from greenai_infra.policy.documents import calls, state_machine
from greenai_infra.policy.reach import values_at
from greenai_infra.policy.resource_types import ALERT_POLICY, METRIC_ALARM, WORKFLOW
from greenai_infra.policy.rule import Breach, RuleSettings, Stack, StackRule, not_known
from greenai_infra.policy.rules.alarm_actions import reached
from greenai_infra.policy.rules.watched_series import compared_metrics, somebody_elses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource

STACK_REFERENCE = "pulumi:pulumi:StackReference"
REFERENCED_OUTPUT = "budget_alarm_arn"
WORK = frozenset(
    {
        "aws:sagemaker/endpoint:Endpoint",
        "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob",
        "aws:sagemaker/pipeline:Pipeline",
        "aws:sagemaker/trainingJob:TrainingJob",
        "gcp:tpu/v2QueuedResource:V2QueuedResource",
        "gcp:tpu/v2Vm:V2Vm",
        "gcp:vertex/aiEndpoint:AiEndpoint",
        "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment",
    }
)
"""Types that train or serve."""
SUBSCRIBE = (
    "name somebody in the config's section alarms, such as  notify: {emails: [oncall@example.com]}  (greenai-infra "
    "select PLAN --notify EMAIL), or declare the subscription yourself"
)
_RUNS_JOBS = re.compile(r"customJobs|trainingPipelines|aiplatform", re.IGNORECASE)


class BudgetAlarm(RuleSettings, frozen=True, kw_only=True):
    """The metric that a budget alarm must watch."""

    namespace: str = "GreenAI"
    metric: Annotated[str, Meta(min_length=1)] = "carbon_emissions_kg"


def check_budget_alarm(stack: Stack, settings: BudgetAlarm) -> Iterator[Breach]:
    """A budget alarm with an action among the resources, or in a stack that is referenced as `alarms-stack`."""
    budget = [one for one in stack.built if _watches(one, settings)]
    unknown = [found for alarm in budget for found in _unknown_threshold(alarm)]
    yield from unknown
    alarms = budget_alarms(stack, settings)
    tells = [reached(one, stack.built) for one in alarms]
    if unknown or any(one.acts or one.unread for one in tells):
        return
    reason = why_needed(stack)
    if reason is None:
        return
    reference = _reference(stack)
    if reference == "":
        return
    if reason is UNKNOWN:
        machine = next(one for one in stack.built if state_machine(one) is UNKNOWN or _workflow_unknown(one))
        yield not_known(machine, "definition", until_up=True, what="whether this workflow starts jobs")
        return
    if hidden := [one for found in tells for one in found.hidden]:
        yield not_known(*hidden[0], what="whom the budget alarm tells")
        return
    remedy = ""
    elsewhere = ((one.name, somebody_elses(one, settings.metric, stack)) for one in ([] if alarms else budget))
    if strange := next((one for one in elsewhere if one[1]), None):
        message = f"{reason}, and its budget alarm {strange[0]} watches emissions of {strange[1]}"
        remedy = "give the alarm the dimensions that the tracker writes: Project, Environment and Region of this stack"
    elif budget and not alarms:
        message = f"{reason}, and its alarm on {settings.metric} has no static limit that emissions can exceed"
    elif alarms:
        message = f"{reason}, and its budget alarm {alarms[0].name} has no action, or its actions are off"
        remedy = SUBSCRIBE if alarms[0].type == ALERT_POLICY else ""
    else:
        message = f"{reason}, and has no alarm on {settings.metric}"
    yield Breach(stack.urn, "", message + (f"; {reference}" if reference else ""), remedy)


def budget_alarms(stack: Stack, settings: BudgetAlarm) -> list[DeclaredResource]:
    """The alarms on this stack's emissions with a fixed limit that they can exceed."""
    return [
        one
        for one in stack.built
        if _watches(one, settings) and _has_limit(one) and not somebody_elses(one, settings.metric, stack)
    ]


def why_needed(stack: Stack) -> Any:
    """Returns why the stack needs a budget alarm; None if it needs no alarm; UNKNOWN if the values are unknown."""
    program = stack.config.get("program")
    if isinstance(program, str) and program in needing_budget() and stack.built:
        return f"this stack runs the program {program}"
    waits = False
    for resource in stack.built:
        if resource.type in WORK:
            return f"{resource.name} trains or serves"
        definition = state_machine(resource)
        if definition is UNKNOWN or _workflow_unknown(resource):
            waits = True
        elif definition is not None and any(True for _ in calls(definition, "createTrainingJob")):
            return f"the state machine {resource.name} starts training jobs"
        elif resource.type == WORKFLOW and _RUNS_JOBS.search(str(plain(resource.rendered.get("sourceContents")))):
            return f"the workflow {resource.name} starts Vertex AI jobs"
    return UNKNOWN if waits else None


def _workflow_unknown(resource: DeclaredResource) -> bool:
    return resource.type == WORKFLOW and has_unknown(resource.rendered.get("sourceContents"))


def _watches(resource: DeclaredResource, settings: BudgetAlarm) -> bool:
    """Whether an alarm looks at the metric at all."""
    inputs = plain(dict(resource.inputs))
    if resource.type == METRIC_ALARM:
        metric = (settings.namespace, settings.metric)
        return any((one.get("namespace"), one.get("metricName")) == metric for one in compared_metrics(inputs))
    if resource.type == ALERT_POLICY:
        wanted = re.compile(rf"(?<![A-Za-z0-9]){re.escape(settings.metric)}(?![A-Za-z0-9])")
        paths = (
            "conditions[].conditionThreshold.filter",
            "conditions[].conditionPrometheusQueryLanguage.query",
            "conditions[].conditionMonitoringQueryLanguage.query",
        )
        found = (value for path in paths for _, value in values_at(inputs, path))
        return any(isinstance(value, str) and wanted.search(value) for value in found)
    return False


def _unknown_threshold(resource: DeclaredResource) -> Iterator[Breach]:
    path = "threshold" if resource.type == METRIC_ALARM else "conditions[].conditionThreshold.thresholdValue"
    for where, value in values_at(resource.inputs, path):
        if value is UNKNOWN:
            yield not_known(resource, where, what="the budget alarm's threshold")


def _has_limit(resource: DeclaredResource) -> bool:
    """Whether emissions can exceed a fixed figure: an alarm on silence or on an anomaly is not a budget alarm."""
    inputs = plain(dict(resource.inputs))
    if resource.type == METRIC_ALARM:
        above = str(inputs.get("comparisonOperator", "")) in _ABOVE
        return above and _positive(inputs.get("threshold"))
    return any(_limits(one) for _, one in values_at(inputs, "conditions[]") if isinstance(one, dict))


def _limits(condition: dict[str, Any]) -> bool:
    """Whether a condition of Google Cloud Monitoring compares with a fixed figure."""
    fixed = condition.get("conditionThreshold")
    if isinstance(fixed, dict):
        return fixed.get("comparison") == "COMPARISON_GT" and _positive(fixed.get("thresholdValue"))
    queries = (condition.get(f"condition{kind}QueryLanguage") for kind in ("Prometheus", "Monitoring"))
    return any(isinstance(query, dict) and ">" in str(query.get("query")) for query in queries)


_ABOVE = ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold")


def _positive(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return 0 < float(value) < math.inf
    except ValueError:
        return False


def _reference(stack: Stack) -> str | None:
    """Returns "" if an alarms stack is referenced, None without a reference, else what is wrong with the reference."""
    named = stack.config.get("alarms-stack")
    if not isinstance(named, str) or not named:
        return None
    for resource in stack.resources:
        name = plain(resource.inputs.get("name", resource.name))
        if resource.type == STACK_REFERENCE and isinstance(name, str) and name.rsplit("/", 1)[-1] == named:
            outputs = plain(resource.inputs.get("outputs"))
            if isinstance(outputs, dict) and not _there(outputs.get(REFERENCED_OUTPUT)):
                return f"the stack {named} has no output {REFERENCED_OUTPUT}"
            return ""
    return f"alarms-stack names {named}, but the program declares no reference to it"


def _there(value: Any) -> bool:
    return value is UNKNOWN or bool(value)


BUDGET_ALARM = StackRule(
    id="budget-alarm",
    title="A stack that trains or serves has a budget alarm with an action",
    remedy="declare the alarms in this stack (in its config, the section alarms: daily_budget_kg, monthly_budget_kg, "
    "notify), or name a stack of alarms of the same project and region: alarms-stack",
    why="A budget that nobody hears of does nothing. The alarm watches the emissions metric with a fixed limit; it, "
    "or a composite alarm over it, must have an action that is on.",
    settings=BudgetAlarm,
    check=check_budget_alarm,
    order=20,
)
