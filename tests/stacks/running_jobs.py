"""A SageMaker with running jobs, a CloudWatch and an SNS that answer as told, for census and kill switch to talk to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator

from .states import TaskError

if TYPE_CHECKING:
    from botocore.model import ServiceModel

PAGE = 2
SDK = "arn:aws:states:::aws-sdk:"


@dataclass(frozen=True)
class Job:
    """A job that is in progress when first seen."""

    name: str
    project: str | None = "foundation"
    environment: str = "production"
    doing: str = "Training"
    stubborn: bool = False
    """Whether a request to stop it is refused."""

    @property
    def arn(self) -> str:
        return f"arn:aws:sagemaker:eu-west-1:123456789012:training-job/{self.name}"


@dataclass
class Cloud:
    """`jobs` are those of each look: the last ones stay. `alarm` are the states of the daily alarm, one a look."""

    jobs: list[list[Job]]
    alarm: list[str] = field(default_factory=lambda: ["OK"])
    broken: str = ""
    """An action that is always refused."""
    mute: bool = False
    stopped: list[str] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)
    _seen: bool = False
    _listed: list[Job] = field(default_factory=list)

    def __call__(self, resource: str, parameters: dict[str, Any], timeout_s: float | None) -> Any:
        service, action = resource.removeprefix(SDK).removeprefix("arn:aws:states:::").split(":")
        _check_call(service, action, parameters)
        if action == self.broken:
            raise TaskError("Service.AccessDeniedException", f"not authorized to perform {action}")
        return getattr(self, f"_{action.lower()}")(parameters)

    def _listtrainingjobs(self, parameters: dict[str, Any]) -> Any:
        assert parameters["StatusEquals"] == "InProgress"
        first = int(parameters.get("NextToken", 0))
        if first == 0 and len(self.jobs) > 1 and self._seen:
            self.jobs.pop(0)
        self._seen = True
        if first == 0:
            self._listed = [job for job in self.jobs[0] if job.name not in self.stopped]
        running = self._listed
        summaries = [
            {"TrainingJobName": job.name, "TrainingJobArn": job.arn, "SecondaryStatus": job.doing}
            for job in running[first : first + PAGE]
        ]
        more = {"NextToken": str(first + PAGE)} if len(running) > first + PAGE else {}
        return {"TrainingJobSummaries": summaries, **more}

    def _listtags(self, parameters: dict[str, Any]) -> Any:
        [job] = [job for jobs in self.jobs for job in jobs if job.arn == parameters["ResourceArn"]][:1]
        tags = {"workload": "x", "environment": job.environment}
        tags |= {"project": job.project} if job.project else {}
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _stoptrainingjob(self, parameters: dict[str, Any]) -> Any:
        [job] = [job for job in self.jobs[0] if job.name == parameters["TrainingJobName"]]
        if job.stubborn:
            raise TaskError("SageMaker.SageMakerException", "not in a state that can be stopped")
        self.stopped.append(job.name)
        return {}

    def _describealarms(self, parameters: dict[str, Any]) -> Any:
        state = self.alarm.pop(0) if len(self.alarm) > 1 else self.alarm[0]
        return {"MetricAlarms": [{"AlarmName": parameters["AlarmNames"][0], "StateValue": state}]}

    def _putmetricdata(self, parameters: dict[str, Any]) -> Any:
        self.written.append(parameters)
        return {}

    def _publish(self, parameters: dict[str, Any]) -> Any:
        self.notices.append(parameters)
        if self.mute:
            raise TaskError("SNS.AuthorizationErrorException", "not allowed")
        return {"MessageId": "1"}


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def _check_call(service: str, action: str, parameters: dict[str, Any]) -> None:
    """The parameters as AWS's own model of the call has them."""
    operation = _model(service).operation_model(action[0].upper() + action[1:])
    report = ParamValidator().validate(parameters, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
