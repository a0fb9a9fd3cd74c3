"""The state machine that runs the plan: slice after slice, each resuming from the checkpoint of the slice before.

    Begin -> SelectRun -> WaitForStart -> Train -> Inspect -> Decide
    Decide: completed                      -> SendSuccess -> Finished
            time is up, slices remain      -> NextRun -> SelectRun
            no capacity, tries remain      -> WaitForCapacity -> TryAgain -> SelectRun
            no capacity, slices remain     -> NextRun -> SelectRun
            still running / stopping       -> WaitForJob / WaitForStop -> Inspect
            anything else                  -> SendFailure -> Failed

An unbroken plan has one slice. A job that reaches its time limit ends as "Stopped" (MaxRuntimeExceeded,
or MaxWaitTimeExceeded with spot): SageMaker sends it SIGTERM and gives it 120 s to write a last checkpoint. Every
slice but the last is meant to end this way; in the last slice it is a failure. `.sync` reports a stopped job as a
failed task, so the job's own status is read, however the task ended.

A definition holds its plan, or is the same for every plan and takes the plan as the execution's input (`run_input`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.stacks.aws.training.training_request import plan_folder
from greenai_infra.stacks.plan_environment import plan_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.contracts.stack.training import TrainingConfig
    from greenai_infra.stacks.aws.training.run_limits import RunLimit

CAPACITY_TRIES = 3
CAPACITY_WAIT_S = 900
RUNNING_WAIT_S = 900
STOPPING_WAIT_S = 60
STARTUP_S = 6 * 3600
"""How much longer than its limits a job may be under way (starting, pulling the image, uploading)."""

INPUT = "$$.Execution.Input"

# `started` is the start time of the execution in pieces: year, month, day, hour, minute, second, fraction.
_STAMP = ", ".join(f"States.ArrayGetItem($.started, {piece})" for piece in range(6))


@dataclass(frozen=True)
class WorkflowFacts:
    """The state machine's identity in job names and notices. `plan_id` is None if the input holds it."""

    workload: str
    region: str
    plan_id: str | None
    topic_arn: Any
    spot: bool

    @property
    def plan(self) -> tuple[str, str]:
        """Returns the plan in a text for States.Format, and the value that fills it, if any."""
        return (self.plan_id, "") if self.plan_id else ("{}", f"{INPUT}.plan_id, ")


def run_input(config: TrainingConfig, limits: Sequence[RunLimit], tags: Mapping[str, str]) -> dict[str, Any]:
    """Returns the input of an execution whose definition holds no plan: the plan's runs, and its values for a job."""
    return {
        "plan_id": config.planned.plan_id,
        "folder": plan_folder(config),
        "runs": [_run(limit, config.spot) for limit in limits],
        "last": len(limits) - 1,
        "environment": plan_environment(config),
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def workflow_definition(
    facts: WorkflowFacts, request: dict[str, Any], limits: Sequence[RunLimit] | None
) -> dict[str, Any]:
    """The definition in Amazon States Language (JSONPath). `request` is the training job without name and limits.

    Without limits, runs and plan are those of the execution's input.
    """
    plan = "" if facts.plan_id is None else f", plan {facts.plan_id}"
    runs = {"runs.$": f"{INPUT}.runs"} if limits is None else {"runs": [_run(limit, facts.spot) for limit in limits]}
    return {
        "Comment": f"Training {facts.workload} in {facts.region}{plan}",
        "StartAt": "Begin",
        "States": {
            "Begin": _pass(
                "SelectRun",
                {
                    **runs,
                    "started.$": "States.StringSplit($$.Execution.StartTime, '-T:.Z')",
                    "index": 0,
                    "attempt": 0,
                    "problem": _NO_PROBLEM,
                },
            ),
            # Names of jobs are never reused, so each try gets a new name.
            "SelectRun": _pass(
                "WaitForStart",
                {
                    "limit.$": "States.ArrayGetItem($.runs, $.index)",
                    "job.$": f"States.Format('{facts.workload}-{{}}{{}}{{}}{{}}{{}}{{}}-{{}}-{{}}', {_STAMP}, "
                    "$.index, $.attempt)",
                },
                result_path="$.run",
            ),
            "WaitForStart": {"Type": "Wait", "TimestampPath": "$.run.limit.start", "Next": "Train"},
            "Train": _train(facts, request),
            "Inspect": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob",
                "Parameters": {"TrainingJobName.$": "$.run.job"},
                "ResultPath": "$.job",
                "Retry": [_retry(["States.ALL"], first_s=10, tries=4, longest_s=120)],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.inspection", "Next": "SendNeverStarted"}],
                "Next": "Decide",
            },
            "Decide": {"Type": "Choice", "Choices": _choices(limits), "Default": "SendFailure"},
            "NextRun": _pass("SelectRun", _restart({"index.$": "States.MathAdd($.index, 1)", "attempt": 0})),
            "WaitForCapacity": {"Type": "Wait", "Seconds": CAPACITY_WAIT_S, "Next": "TryAgain"},
            "TryAgain": _pass(
                "SelectRun", _restart({"index.$": "$.index", "attempt.$": "States.MathAdd($.attempt, 1)"})
            ),
            "WaitForJob": {"Type": "Wait", "Seconds": RUNNING_WAIT_S, "Next": "Inspect"},
            "WaitForStop": {"Type": "Wait", "Seconds": STOPPING_WAIT_S, "Next": "Inspect"},
            **_endings(facts, limits),
        },
    }


_NO_PROBLEM = {"Error": "none", "Cause": "none"}


def _run(limit: RunLimit, spot: bool) -> dict[str, Any]:
    timeout_s = (limit.wait_s if spot else limit.run_s) + STARTUP_S
    run = {"start": format_time(limit.start), "run_s": limit.run_s, "timeout_s": timeout_s}
    return {**run, "wait_s": limit.wait_s} if spot else run


def _pass(following: str, parameters: dict[str, Any], result_path: str | None = None) -> dict[str, Any]:
    state: dict[str, Any] = {"Type": "Pass", "Parameters": parameters, "Next": following}
    return {**state, "ResultPath": result_path} if result_path else state


def _restart(changes: dict[str, Any]) -> dict[str, Any]:
    return {"runs.$": "$.runs", "started.$": "$.started", "problem": _NO_PROBLEM, **changes}


def _retry(errors: list[str], *, first_s: int, tries: int, longest_s: int) -> dict[str, Any]:
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": first_s,
        "BackoffRate": 2,
        "MaxDelaySeconds": longest_s,
        "MaxAttempts": tries,
        "JitterStrategy": "FULL",
    }


def _train(facts: WorkflowFacts, request: dict[str, Any]) -> dict[str, Any]:
    stopping = {"MaxRuntimeInSeconds.$": "$.run.limit.run_s"}
    if facts.spot:
        stopping["MaxWaitTimeInSeconds.$"] = "$.run.limit.wait_s"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {
            **request,
            "TrainingJobName.$": "$.run.job",
            "StoppingCondition": stopping,
            "Environment": {**request["Environment"], "GREENAI_SLICE.$": "States.Format('{}', $.index)"},
        },
        "TimeoutSecondsPath": "$.run.limit.timeout_s",
        "ResultPath": None,
        # Both come before a job exists, or while it is only being watched: trying again under the same name is safe.
        "Retry": [
            _retry(["SageMaker.ResourceLimitExceededException"], first_s=300, tries=5, longest_s=1800),
            _retry(["SageMaker.AmazonSageMakerException"], first_s=15, tries=6, longest_s=300),
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.problem", "Next": "Inspect"}],
        "Next": "Inspect",
    }


def _choices(limits: Sequence[RunLimit] | None) -> list[dict[str, Any]]:
    def status(value: str) -> dict[str, Any]:
        return {"Variable": "$.job.TrainingJobStatus", "StringEquals": value}

    time_is_up = {
        "Or": [
            {"Variable": "$.job.SecondaryStatus", "StringEquals": reason}
            for reason in ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
        ]
    }
    no_capacity = [
        status("Failed"),
        {"Variable": "$.job.FailureReason", "IsPresent": True},
        {"Variable": "$.job.FailureReason", "StringMatches": "*CapacityError*"},
    ]
    last = {"NumericLessThanPath": f"{INPUT}.last"} if limits is None else {"NumericLessThan": len(limits) - 1}
    slices_remain = {"Variable": "$.index", **last}
    tries_remain = {"Variable": "$.attempt", "NumericLessThan": CAPACITY_TRIES}
    return [
        {**status("Completed"), "Next": "SendSuccess"},
        {"And": [status("Stopped"), time_is_up, slices_remain], "Next": "NextRun"},
        {"And": [*no_capacity, tries_remain], "Next": "WaitForCapacity"},
        {"And": [*no_capacity, slices_remain], "Next": "NextRun"},
        {**status("InProgress"), "Next": "WaitForJob"},
        {**status("Stopping"), "Next": "WaitForStop"},
    ]


def _endings(facts: WorkflowFacts, limits: Sequence[RunLimit] | None) -> dict[str, Any]:
    plan, of_plan = facts.plan
    runs, of_runs = ("{}", f"States.MathAdd({INPUT}.last, 1), ") if limits is None else (len(limits), "")
    name = f"Training {facts.workload} in {facts.region} (plan {plan})"
    console = f"https://{facts.region}.console.aws.amazon.com/states/home?region={facts.region}#/v2/executions/details/"
    watch = f"Run: {console}{{}}"
    failed = f"{name}: job {{}} of run {{}} of {runs} ended as {{}} ({{}})."
    not_started = f"{name}: job {{}} could not be started: {{}}: {{}}."
    return {
        "SendSuccess": _notice(
            facts,
            "Finished",
            "finished",
            f"{name}: job {{}} has finished. {watch}",
            f"{of_plan}$.run.job, $$.Execution.Id",
        ),
        "SendFailure": _notice(
            facts,
            "Failed",
            "did not finish",
            f"{failed} Checkpoints are kept. {watch} Details: {{}}",
            f"{of_plan}$.run.job, States.MathAdd($.index, 1), {of_runs}$.job.TrainingJobStatus, "
            "$.job.SecondaryStatus, $$.Execution.Id, $.problem.Cause",
        ),
        "SendNeverStarted": _notice(
            facts,
            "Failed",
            "did not start",
            f"{not_started} {watch}",
            f"{of_plan}$.run.job, $.problem.Error, $.problem.Cause, $$.Execution.Id",
        ),
        "Finished": {"Type": "Succeed"},
        "Failed": {
            "Type": "Fail",
            "Error": "TrainingNotFinished",
            "Cause": "The plan's runs are over, or one failed; the notice and the states before this one say which.",
        },
    }


def _notice(facts: WorkflowFacts, following: str, outcome: str, text: str, values: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {
            "TopicArn": facts.topic_arn,
            "Subject": f"greenai: {facts.workload} {outcome} in {facts.region}",
            "Message.$": f"States.Format('{text}', {values})",
        },
        "Retry": [_retry(["States.ALL"], first_s=5, tries=4, longest_s=60)],
        # A failed notice has no effect on the training.
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.notice", "Next": following}],
        "ResultPath": "$.notice",
        "Next": following,
    }
