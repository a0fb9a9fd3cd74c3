"""The state machine of a plan, run against a SageMaker that answers as told."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from .declare import declare
from .sagemaker import BROKEN, COMPLETED, NO_CAPACITY, REFUSED, STOPPED, TIME_UP, WAIT_UP, SageMaker
from .states import Execution, definition_problems, parse

CONTEXT = {
    "Execution": {
        "Id": "arn:aws:states:us-west-2:123456789012:execution:m:e",
        "StartTime": "2036-12-01T09:00:07.123Z",
    }
}
SLICE_STARTS = ["2036-12-01T09:00:00Z", "2036-12-02T10:00:00Z", "2036-12-03T09:00:00Z"]
QUARTER = 900


def definition_of(example: str) -> dict[str, Any]:
    return parse(declare(example).one("StateMachine").inputs["definition"])


def execute(example: str, cloud: SageMaker) -> tuple[str, Execution]:
    execution = Execution(definition_of(example), cloud, CONTEXT)
    return execution.run({}), execution


@pytest.mark.parametrize("example", ["contiguous", "sliced"])
def test_every_state_is_reached_and_has_an_end(example: str) -> None:
    assert definition_problems(definition_of(example)) == []


@pytest.mark.parametrize(
    ("state", "change", "problem"),
    [
        ("NextRun", {"Next": "SelectRnu"}, "NextRun names no state: SelectRnu"),
        ("Begin", {"Next": "WaitForStart"}, None),
        ("Finished", {"Type": "Wait", "Seconds": 1, "Next": "Finished"}, "no end after Finished"),
    ],
)
def test_the_check_finds_broken_definitions(state: str, change: dict[str, Any], problem: str | None) -> None:
    definition = definition_of("sliced")
    definition["States"][state] = {**definition["States"][state], **change}
    problems = definition_problems(definition)
    assert (problem in problems) if problem else problems == []


def test_a_run_that_completes_is_over() -> None:
    cloud = SageMaker([COMPLETED])
    ended, execution = execute("contiguous", cloud)
    assert ended == "Succeed"
    assert execution.waits == ["2036-12-01T22:00:00Z"]
    assert list(cloud.jobs) == ["finetune-7b-20361201090007-0-0"]
    assert cloud.notices[0]["Subject"] == "greenai: finetune-7b finished in eu-north-1"


def test_a_single_run_gets_half_its_planned_time_on_top() -> None:
    cloud = SageMaker([COMPLETED])
    execute("contiguous", cloud)
    assert cloud.requests[0]["StoppingCondition"] == {"MaxRuntimeInSeconds": 12 * 3600}
    assert cloud.timeouts == [18 * 3600]


def test_a_single_run_out_of_time_is_a_failure() -> None:
    cloud = SageMaker([TIME_UP])
    assert execute("contiguous", cloud)[0] == "Fail"
    assert "ended as Stopped (MaxRuntimeExceeded)" in cloud.notices[0]["Message"]


@pytest.mark.parametrize("stopped_is_error", [True, False])
def test_slices_follow_each_other_and_share_their_checkpoints(stopped_is_error: bool) -> None:
    cloud = SageMaker([TIME_UP, WAIT_UP, COMPLETED], stopped_is_error)
    ended, execution = execute("sliced", cloud)
    assert ended == "Succeed"
    assert execution.waits == SLICE_STARTS
    assert len({request["CheckpointConfig"]["S3Uri"] for request in cloud.requests}) == 1
    assert [request["Environment"]["GREENAI_SLICE"] for request in cloud.requests] == ["0", "1", "2"]


def test_slices_end_on_time_and_the_last_may_overrun() -> None:
    cloud = SageMaker([TIME_UP, TIME_UP, COMPLETED])
    execute("sliced", cloud)
    hours = [
        (stop["MaxRuntimeInSeconds"] / 3600, stop["MaxWaitTimeInSeconds"] / 3600)
        for stop in (request["StoppingCondition"] for request in cloud.requests)
    ]
    # 6 h, 4.5 h and 4 h are 14.5 h together: half of it, and all of it, on top of the last 4 h.
    assert hours == [(6, 6), (4.5, 4.5), (11.25, 18.5)]


def test_slices_left_over_are_not_used() -> None:
    cloud = SageMaker([TIME_UP, COMPLETED])
    ended, execution = execute("sliced", cloud)
    assert (ended, len(cloud.jobs), execution.waits) == ("Succeed", 2, SLICE_STARTS[:2])


def test_the_last_slice_out_of_time_is_a_failure() -> None:
    cloud = SageMaker([TIME_UP, TIME_UP, TIME_UP])
    assert execute("sliced", cloud)[0] == "Fail"
    assert "run 3 of 3" in cloud.notices[0]["Message"]


@pytest.mark.parametrize("outcome", [STOPPED, BROKEN])
def test_what_was_stopped_by_hand_or_broke_is_not_resumed(outcome: Any) -> None:
    cloud = SageMaker([TIME_UP, outcome])
    assert execute("sliced", cloud)[0] == "Fail"
    assert len(cloud.jobs) == 2


def test_missing_capacity_is_waited_for() -> None:
    cloud = SageMaker([NO_CAPACITY, NO_CAPACITY, COMPLETED])
    ended, execution = execute("contiguous", cloud)
    assert ended == "Succeed"
    assert [name[-4:] for name in cloud.jobs] == ["-0-0", "-0-1", "-0-2"]
    assert execution.waits.count(QUARTER) == 2


def test_a_slice_without_capacity_is_given_up_for_the_next() -> None:
    cloud = SageMaker([NO_CAPACITY] * 4 + [COMPLETED])
    ended, _ = execute("sliced", cloud)
    assert ended == "Succeed"
    assert [name[-4:] for name in cloud.jobs] == ["-0-0", "-0-1", "-0-2", "-0-3", "-1-0"]


def test_no_capacity_at_all_is_a_failure() -> None:
    cloud = SageMaker([NO_CAPACITY] * 4)
    assert execute("contiguous", cloud)[0] == "Fail"
    assert "CapacityError" in cloud.notices[0]["Message"]


def test_a_job_that_was_never_made_says_why() -> None:
    cloud = SageMaker([REFUSED])
    assert execute("contiguous", cloud)[0] == "Fail"
    assert "could not be started: SageMaker.ValidationException: no such image" in cloud.notices[0]["Message"]


def test_a_job_that_outlives_its_task_is_watched_to_its_end() -> None:
    cloud = SageMaker([COMPLETED], late=4)
    ended, execution = execute("contiguous", cloud)
    assert ended == "Succeed"
    assert execution.waits[1:] == [900, 900, 900, 60]


@pytest.mark.parametrize(("outcome", "ending"), [(COMPLETED, "Succeed"), (BROKEN, "Fail")])
def test_a_notice_that_fails_changes_nothing(outcome: Any, ending: str) -> None:
    assert execute("contiguous", SageMaker([outcome], mute=True))[0] == ending


def test_job_names_fit_sagemaker_for_the_longest_workload() -> None:
    cloud = SageMaker([NO_CAPACITY] * 4 + [COMPLETED])
    execute("sliced", cloud)
    longest = max(cloud.jobs, key=len)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", longest)
    assert longest.startswith("pretrain-1b-on-the-cleanest-grid-we-have-")  # what the roles' policies allow


@pytest.mark.parametrize("example", ["contiguous", "sliced"])
def test_the_request_is_what_sagemaker_takes(example: str) -> None:
    cloud = SageMaker([COMPLETED])
    execute(example, cloud)
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob")
    report = ParamValidator().validate(cloud.requests[0], shape.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert cloud.requests[0]["ResourceConfig"]["InstanceType"] in (
        shape.input_shape.members["ResourceConfig"].members["InstanceType"].enum
    )


def test_spot_and_disks_are_as_the_config_says() -> None:
    requests = {}
    for example in ("contiguous", "sliced"):
        cloud = SageMaker([COMPLETED])
        execute(example, cloud)
        requests[example] = cloud.requests[0]
    assert requests["contiguous"]["EnableManagedSpotTraining"] is False
    assert requests["sliced"]["EnableManagedSpotTraining"] is True
    assert "VolumeKmsKeyId" in requests["contiguous"]["ResourceConfig"]
    assert "VolumeKmsKeyId" not in requests["sliced"]["ResourceConfig"]  # p4d has disks of its own
