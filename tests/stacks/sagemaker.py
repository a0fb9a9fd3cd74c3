"""A SageMaker that answers as told, for the state machine to talk to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .states import TaskError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPLETED = ("Completed", "Completed", "")
TIME_UP = ("Stopped", "MaxRuntimeExceeded", "")
WAIT_UP = ("Stopped", "MaxWaitTimeExceeded", "")
STOPPED = ("Stopped", "Stopped", "")
NO_CAPACITY = ("Failed", "Failed", "CapacityError: Unable to provision requested ML compute capacity.")
BROKEN = ("Failed", "Failed", "AlgorithmError: exit code 1")
REFUSED = ("", "", "")

Outcome = tuple[str, str, str]


@dataclass
class SageMaker:
    """`outcomes` are those of the jobs in the order of their creation.

    `stopped_is_error`: whether a job that was stopped fails the task that waits for it. `late`: how many questions
    after a job are answered with "still running". `mute`: whether notices fail.
    """

    outcomes: Sequence[Outcome]
    stopped_is_error: bool = True
    late: int = 0
    mute: bool = False
    jobs: dict[str, Outcome] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, resource: str, parameters: dict[str, Any], timeout_s: float | None) -> Any:
        if resource == "arn:aws:states:::sagemaker:createTrainingJob.sync":
            return self._create(parameters, timeout_s)
        if resource == "arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob":
            return self._describe(parameters["TrainingJobName"])
        assert resource == "arn:aws:states:::sns:publish"
        self.notices.append(parameters)
        if self.mute:
            raise TaskError("SNS.AuthorizationErrorException", "not allowed")
        return {"MessageId": "1"}

    def _create(self, parameters: dict[str, Any], timeout_s: float | None) -> Any:
        name = parameters["TrainingJobName"]
        assert name not in self.jobs, f"a job named {name} exists"
        outcome = self.outcomes[len(self.jobs)]
        if outcome == REFUSED:
            raise TaskError("SageMaker.ValidationException", "no such image")
        self.jobs[name] = outcome
        self.requests.append(parameters)
        self.timeouts.append(timeout_s)
        if self.late:
            raise TaskError("States.Timeout", "")
        if outcome[0] == "Failed" or (outcome[0] == "Stopped" and self.stopped_is_error):
            raise TaskError("States.TaskFailed", f"{outcome[1]} {outcome[2]}")
        return self._describe(name)

    def _describe(self, name: str) -> Any:
        if name not in self.jobs:
            raise TaskError("SageMaker.SageMakerException", "Requested resource not found.")
        status, secondary, reason = self.jobs[name]
        if self.late:
            self.late -= 1
            status, secondary, reason = ("InProgress", "Training", "") if self.late else ("Stopping", "Stopping", "")
        answer = {"TrainingJobName": name, "TrainingJobStatus": status, "SecondaryStatus": secondary}
        return {**answer, "FailureReason": reason} if reason else answer
