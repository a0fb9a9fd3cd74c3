"""The state machine of the kill switch: a used-up daily budget stops the project's training jobs, and keeps them so.

    Begin -> ListJobs -> StopOwnJobs -> Sort -> Decide
    Decide: a job would not stop        -> SendNotStopped -> Told -> MorePages
            jobs were asked to stop     -> SendStopped    -> Told -> MorePages
            the first look found none   -> SendNothing    -> Told -> MorePages
            no new jobs                 -> MorePages
    MorePages: another page -> ListMoreJobs -> StopOwnJobs
               else         -> Hold -> LookAtAlarm -> StillOver
    StillOver: the alarm goes on, and less than a day and an hour has passed -> NextRound -> ListJobs
               the alarm goes on                                             -> SendStillOver -> GivenUp
               else                                                          -> Released
    anything that can't be done at all -> SendFailed -> Failed

SageMaker sends a stopped job SIGTERM and gives its container 120 s to write a last checkpoint. Its status is then
"Stopped" with the secondary status "Stopped", which the workflow of a training stack takes for the end of the plan, not
of a slice: it doesn't start the job again. But the workflow may be waiting just then, for capacity or for its next
slice, and people start jobs too. An alarm that is already on sends no second event. So the kill switch holds: it looks
again every quarter of an hour until the alarm is over, when the last 24 hours are below the budget. To go on earlier,
stop the execution of the kill switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.stacks.aws.alarms.own_jobs import ask_for_tags, for_each_job, is_ours, list_states, more_pages, retry

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.alarms.watched import Watched

HOLD_S = 900
ROUNDS = 100
"""25 hours: what was emitted before the jobs stopped has then left the alarm's window."""

STOP = "arn:aws:states:::aws-sdk:sagemaker:stopTrainingJob"
LOOK = "arn:aws:states:::aws-sdk:cloudwatch:describeAlarms"
PUBLISH = "arn:aws:states:::sns:publish"


@dataclass(frozen=True)
class SwitchFacts:
    """`alarm_name` is that of the daily budget's alarm. `topic_arn` may be an output."""

    watched: Watched
    alarm_name: str
    topic_arn: Any
    budget_kg: float


def kill_switch_definition(facts: SwitchFacts) -> dict[str, Any]:
    """The definition in Amazon States Language (JSONPath)."""
    failed = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.problem", "Next": "SendFailed"}]
    return {
        "Comment": f"Stops the training jobs of {facts.watched.whose} when the daily carbon budget is used up",
        "StartAt": "Begin",
        "States": {
            "Begin": {"Type": "Pass", "Parameters": {"round": 0, "told": False}, "Next": "ListJobs"},
            **list_states("StopOwnJobs", Catch=failed),
            "StopOwnJobs": {
                **for_each_job(_job_states(facts), "AskForTags", "Sort", "$.outcomes"),
                "Catch": failed,
            },
            "Sort": {
                "Type": "Pass",
                "Parameters": {
                    "stopped.$": "$.outcomes[?(@.outcome == 'stopped')].job",
                    "refused.$": "$.outcomes[?(@.outcome == 'refused')].job",
                },
                "ResultPath": "$.found",
                "Next": "Decide",
            },
            "Decide": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.found.refused[0]", "IsPresent": True, "Next": "SendNotStopped"},
                    {"Variable": "$.found.stopped[0]", "IsPresent": True, "Next": "SendStopped"},
                    {
                        "And": [
                            {"Variable": "$.told", "BooleanEquals": False},
                            {"Not": {"Variable": "$.page.NextToken", "IsPresent": True}},
                        ],
                        "Next": "SendNothing",
                    },
                ],
                "Default": "MorePages",
            },
            "Told": {
                "Type": "Pass",
                "Parameters": {"round.$": "$.round", "told": True, "page.$": "$.page"},
                "Next": "MorePages",
            },
            "MorePages": {"Type": "Choice", "Choices": [more_pages()], "Default": "Hold"},
            "Hold": {"Type": "Wait", "Seconds": HOLD_S, "Next": "LookAtAlarm"},
            "LookAtAlarm": {
                "Type": "Task",
                "Resource": LOOK,
                "Parameters": {"AlarmNames": [facts.alarm_name]},
                "ResultSelector": {"states.$": "$.MetricAlarms[*].StateValue"},
                "ResultPath": "$.alarm",
                "Retry": retry(),
                "Catch": failed,
                "Next": "StillOver",
            },
            "StillOver": {
                "Type": "Choice",
                "Choices": [
                    {"And": [*_still_over(), {"Variable": "$.round", "NumericLessThan": ROUNDS}], "Next": "NextRound"},
                    {"And": _still_over(), "Next": "SendStillOver"},
                ],
                "Default": "Released",
            },
            "NextRound": {
                "Type": "Pass",
                "Parameters": {"round.$": "States.MathAdd($.round, 1)", "told": True},
                "Next": "ListJobs",
            },
            "Released": {"Type": "Succeed"},
            **_notices(facts),
        },
    }


def _still_over() -> list[dict[str, Any]]:
    state = "$.alarm.states[0]"
    return [{"Variable": state, "IsPresent": True}, {"Variable": state, "StringEquals": "ALARM"}]


def _job_states(facts: SwitchFacts) -> dict[str, Any]:
    def outcome(word: str) -> dict[str, Any]:
        return {"Type": "Pass", "Parameters": {"outcome": word, "job.$": "$.TrainingJobName"}, "End": True}

    # A job whose tags can't be read may be ours: it is reported, not passed over.
    refused = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.problem", "Next": "Refused"}]
    return {
        "AskForTags": {**ask_for_tags("IsOurs"), "Catch": refused},
        "IsOurs": {
            "Type": "Choice",
            "Choices": [{"And": is_ours(facts.watched.project, facts.watched.environment), "Next": "Stop"}],
            "Default": "Other",
        },
        "Stop": {
            "Type": "Task",
            "Resource": STOP,
            "Parameters": {"TrainingJobName.$": "$.TrainingJobName"},
            "ResultPath": None,
            "Retry": retry(),
            "Catch": refused,
            "Next": "Stopped",
        },
        "Stopped": outcome("stopped"),
        "Refused": outcome("refused"),
        "Other": outcome("other"),
    }


def _notices(facts: SwitchFacts) -> dict[str, Any]:
    whose, region = facts.watched.whose, facts.watched.site.region
    console = f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/"
    watch = f"Kill switch: {console}{{}}"
    over = f"{whose} has used up its daily carbon budget of {facts.budget_kg:g} kg CO2e."
    names = "States.JsonToString({})"
    return {
        "SendStopped": _notice(
            facts,
            "Told",
            "jobs stopped",
            f"{over} These training jobs were asked to stop and will write a checkpoint: {{}}. Nothing starts them "
            f"again. New jobs are stopped too while the alarm lasts. {watch}",
            f"{names.format('$.found.stopped')}, $$.Execution.Id",
        ),
        "SendNotStopped": _notice(
            facts,
            "Told",
            "jobs NOT stopped",
            f"{over} These training jobs could not be stopped, or their tags not be read: {{}}. Stop them by hand; it "
            f"is tried again every {HOLD_S // 60} minutes. Asked to stop: {{}}. {watch}",
            f"{names.format('$.found.refused')}, {names.format('$.found.stopped')}, $$.Execution.Id",
        ),
        "SendNothing": _notice(
            facts,
            "Told",
            "no job to stop",
            f"{over} No training job of the project is running. New ones are stopped while the alarm lasts. {watch}",
            "$$.Execution.Id",
        ),
        "SendStillOver": _notice(
            facts,
            "GivenUp",
            "still over budget",
            f"{over} It is still used up after 25 hours: something other than training jobs of the project emits, or "
            f"that would not stop. The kill switch ends here. {watch}",
            "$$.Execution.Id",
        ),
        "SendFailed": _notice(
            facts,
            "Failed",
            "kill switch failed",
            f"{over} The kill switch could not do its work: {{}}: {{}}. Stop the jobs by hand. {watch}",
            "$.problem.Error, $.problem.Cause, $$.Execution.Id",
        ),
        "GivenUp": {"Type": "Fail", "Error": "StillOverBudget", "Cause": "The daily budget is used up after 25 hours."},
        "Failed": {"Type": "Fail", "Error": "KillSwitchFailed", "Cause": "The states before this one say why."},
    }


def _notice(facts: SwitchFacts, following: str, outcome: str, text: str, values: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": PUBLISH,
        "Parameters": {
            "TopicArn": facts.topic_arn,
            "Subject": f"greenai budget {facts.watched.site.workload}: {outcome}"[:100],
            "Message.$": f"States.Format('{text}', {values})",
        },
        "Retry": retry(),
        # A notice that can't be sent must not keep the jobs running.
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.notice", "Next": following}],
        "ResultPath": "$.notice",
        "Next": following,
    }
