"""What the workflow of a training plan does, run by a small interpreter against a made-up Vertex AI and clock."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .declare import declare
from .workflow_runs import Execution, Raised, Vertex

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

GPUS_START = datetime(2036, 12, 1, 22, tzinfo=UTC)
SLICES = [
    (datetime(2036, 12, 1, 9, tzinfo=UTC), datetime(2036, 12, 1, 15, tzinfo=UTC)),
    (datetime(2036, 12, 2, 10, tzinfo=UTC), datetime(2036, 12, 2, 14, 30, tzinfo=UTC)),
    (datetime(2036, 12, 3, 9, tzinfo=UTC), datetime(2036, 12, 3, 13, tzinfo=UTC)),
]
DONE, ENDLESS = ["PENDING", "RUNNING", "SUCCEEDED"], ["RUNNING"]
STOCKOUT = {"code": 429, "tags": ["HttpError"], "message": "RESOURCE_EXHAUSTED: no H100 in us-west1-a"}
PREEMPTED = ["RUNNING", "FAILED: Replica workerpool0-0 was preempted"]
BROKEN = ["RUNNING", "FAILED: The replica exited with a non-zero status of 1"]


def execute(
    stack: str, vertex: Vertex, now: datetime, argument: Any = None, late: timedelta = timedelta()
) -> tuple[Any, Execution]:
    """What became of an execution: what it returned, or `raised ...`."""
    workflow = declare(stack).one("Workflow").inputs
    source = json.loads(workflow["sourceContents"])
    execution = Execution(vertex, now + late, workflow["userEnvVars"])
    try:
        ended = execution.run(source, argument or {"launch": "scheduled"})
    except Raised as error:
        ended = f"raised {error.value}"
    return ended, execution


@pytest.mark.parametrize("stack", ["gcp-gpus", "gcp-slices", "gcp-now"])
def test_it_has_no_more_variables_than_google_takes(stack: str) -> None:
    assert len(declare(stack).one("Workflow").inputs["userEnvVars"]) <= 20


def test_one_run_is_started_watched_and_reported() -> None:
    vertex = Vertex([list(DONE)])
    ended, execution = execute("gcp-gpus", vertex, GPUS_START - timedelta(seconds=45))
    assert ended == "finished"
    assert execution.sleeps == ["2036-12-01T22:00:00Z", 300, 300, 300]
    assert [(one.notice, one.severity) for one in execution.notices] == [("finished", "NOTICE")]
    assert vertex.markers[0].query["ifGenerationMatch"] == "0"
    assert vertex.markers[0].url.startswith("https://storage.googleapis.com/upload/storage/v1/b/finetune-7b-artifacts")


@pytest.mark.parametrize("years", [1, 5])
def test_the_same_day_of_earlier_years_starts_nothing(years: int) -> None:
    vertex = Vertex([])
    ended, execution = execute("gcp-gpus", vertex, GPUS_START.replace(year=2036 - years))
    assert "the planned start is ahead" in ended
    assert (vertex.requests, vertex.markers, execution.notices) == ([], [], [])


@pytest.mark.parametrize("later", [timedelta(seconds=3), timedelta(days=365)])
def test_a_second_delivery_and_the_next_year_start_nothing(later: timedelta) -> None:
    vertex = Vertex([], marked=True)
    ended, execution = execute("gcp-gpus", vertex, GPUS_START + later)
    assert "has begun before" in ended
    assert (vertex.requests, execution.notices) == ([], [])


def test_a_start_that_comes_too_late_is_reported_and_runs_nothing() -> None:
    vertex = Vertex([])
    ended, execution = execute("gcp-gpus", vertex, GPUS_START, late=timedelta(minutes=61))
    assert ended.startswith("raised TrainingNotFinished")
    assert [one.notice for one in execution.notices] == ["missed"]
    assert vertex.requests == []


def test_slices_end_with_their_slice_and_resume_in_the_next() -> None:
    vertex = Vertex([list(ENDLESS), list(ENDLESS), list(DONE)])
    ended, execution = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended == "finished"
    assert len(vertex.cancelled) == 2
    ends = [environment(request)["GREENAI_SLICE_END"] for request in vertex.requests]
    # The last may take its 4 h and half of all 14.5 h on top: 09:00 + 11 h 15 min.
    assert ends == ["2036-12-01T15:00:00Z", "2036-12-02T14:30:00Z", "2036-12-03T20:15:00Z"]
    assert [environment(request)["GREENAI_SLICE"] for request in vertex.requests] == ["0", "1", "2"]
    assert [one for one in execution.sleeps if isinstance(one, str)] == [
        "2036-12-02T10:00:00Z",
        "2036-12-03T09:00:00Z",
    ]
    directories = {environment(request)["GREENAI_CHECKPOINT_DIR"] for request in vertex.requests}
    assert len(directories) == 1, "each run finds the checkpoints of the one before"


def test_slices_left_over_are_not_used() -> None:
    vertex = Vertex([list(ENDLESS), list(DONE)])
    assert execute("gcp-slices", vertex, SLICES[0][0])[0] == "finished"
    assert len(vertex.requests) == 2


def test_the_last_slice_out_of_time_is_a_failure() -> None:
    vertex = Vertex([list(ENDLESS), list(ENDLESS), list(ENDLESS)])
    ended, execution = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended.startswith("raised TrainingNotFinished")
    assert execution.notices[0].run == "3 of 3"
    assert execution.now < SLICES[2][0] + timedelta(hours=11, minutes=30)


def test_what_broke_is_not_resumed() -> None:
    vertex = Vertex([list(ENDLESS), list(BROKEN)])
    ended, execution = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended.startswith("raised TrainingNotFinished")
    assert len(vertex.requests) == 2
    assert "non-zero status" in execution.notices[0].problem


STOPPED = "FAILED: The replica workerpool0-0 exited with a non-zero status of 143."


def test_a_job_that_ends_itself_with_its_slice_resumes_in_the_next() -> None:
    """The container stops a minute before the end: 6 h are 72 looks."""
    vertex = Vertex([["RUNNING"] * 71 + [STOPPED], list(DONE)])
    ended, execution = execute("gcp-slices", vertex, SLICES[0][0])
    assert (ended, len(vertex.cancelled)) == ("finished", 0)
    assert [one for one in execution.sleeps if isinstance(one, str)] == ["2036-12-02T10:00:00Z"]
    assert [environment(request)["GREENAI_SLICE"] for request in vertex.requests] == ["0", "1"]


def test_a_job_that_was_told_to_stop_amid_its_slice_is_started_again_in_it() -> None:
    vertex = Vertex([["RUNNING", STOPPED], list(DONE)])
    ended, _ = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended == "finished"
    assert [environment(request)["GREENAI_SLICE"] for request in vertex.requests] == ["0", "0"]


def test_the_last_slice_that_ends_itself_is_a_failure() -> None:
    vertex = Vertex([list(ENDLESS), list(ENDLESS), ["RUNNING"] * 134 + [STOPPED]])  # 11 h 15 min are 135 looks
    ended, _ = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended.startswith("raised TrainingNotFinished")
    assert len(vertex.requests) == 3


def test_what_somebody_cancelled_is_not_resumed() -> None:
    vertex = Vertex([["RUNNING", "CANCELLED"]])
    assert execute("gcp-slices", vertex, SLICES[0][0])[0].startswith("raised TrainingNotFinished")
    assert len(vertex.requests) == 1


@pytest.mark.parametrize("lost", [STOCKOUT, PREEMPTED])
def test_missing_capacity_is_waited_for(lost: Any) -> None:
    vertex = Vertex([copy.copy(lost), copy.copy(lost), list(DONE)])
    ended, execution = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended == "finished"
    assert execution.sleeps.count(900) == 2
    assert [one.body.displayName[-4:] for one in vertex.requests] == ["-0-0", "-0-1", "-0-2"]


def test_a_slice_without_capacity_is_given_up_for_the_next() -> None:
    vertex = Vertex([STOCKOUT] * 4 + [list(DONE)])
    ended, _ = execute("gcp-slices", vertex, SLICES[0][0])
    assert ended == "finished"
    assert [one.body.displayName[-4:] for one in vertex.requests][-2:] == ["-0-3", "-1-0"]


def test_no_capacity_at_all_is_a_failure_that_says_so() -> None:
    vertex = Vertex([STOCKOUT] * 4)
    ended, execution = execute("gcp-gpus", vertex, GPUS_START)
    assert ended.startswith("raised TrainingNotFinished")
    assert "RESOURCE_EXHAUSTED" in execution.notices[0].problem


def test_a_job_that_vertex_refuses_says_why() -> None:
    refused = {"code": 400, "tags": ["HttpError"], "message": "Image not found"}
    ended, execution = execute("gcp-gpus", Vertex([refused]), GPUS_START)
    assert "Image not found" in ended
    assert execution.notices[0].notice == "failed"


def test_by_hand_starts_once_more_and_has_its_whole_time() -> None:
    vertex = Vertex([list(DONE)], marked=True)
    late = GPUS_START + timedelta(days=3)
    ended, _ = execute("gcp-gpus", vertex, late, {"launch": "by-hand"})
    assert ended == "finished"
    assert environment(vertex.requests[0])["GREENAI_SLICE_END"] == "2036-12-05T10:00:00Z"  # 8 h and half of them on top


def test_an_execution_without_arguments_is_one_by_hand() -> None:
    workflow = declare("gcp-gpus").one("Workflow").inputs
    vertex = Vertex([list(DONE)], marked=True)
    execution = Execution(vertex, GPUS_START, workflow["userEnvVars"])
    assert execution.run(json.loads(workflow["sourceContents"]), None) == "finished"


def test_now_starts_whatever_the_hour_but_once() -> None:
    vertex = Vertex([list(DONE)])
    late = datetime(2036, 12, 30, tzinfo=UTC)
    assert execute("gcp-now", vertex, late, {"launch": "now"})[0] == "finished"
    assert "has begun before" in execute("gcp-now", vertex, late, {"launch": "now"})[0]
    assert len(vertex.requests) == 1


def test_a_plan_of_the_longest_length_stays_within_the_steps_of_an_execution() -> None:
    """35 days at a look each 5 minutes: Execution stops at Google's 100,000 steps."""
    from .declare import changed, run_program

    span = [{"start": "2036-12-01T00:00:00Z", "end": "2037-01-04T23:00:00Z"}]
    declared, refused = run_program(changed("gcp-gpus", slices=span))
    assert not refused
    workflow = declared.one("Workflow").inputs
    execution = Execution(Vertex([list(ENDLESS)]), datetime(2036, 12, 1, tzinfo=UTC), workflow["userEnvVars"])
    with pytest.raises(Raised, match="TrainingNotFinished"):
        execution.run(json.loads(workflow["sourceContents"]), {"launch": "scheduled"})


def test_the_request_is_what_the_config_says() -> None:
    vertex = Vertex([list(DONE)])
    execute("gcp-slices", vertex, SLICES[0][0])
    arguments = vertex.requests[0]
    assert arguments.parent == "projects/acme-training/locations/us-west1"
    assert arguments.region == "us-west1"
    assert arguments.connector_params.skip_polling is True
    job = arguments.body
    chief, others = job.jobSpec.workerPoolSpecs
    assert (chief.replicaCount, others.replicaCount) == (1, 1)
    assert chief.machineSpec == {
        "machineType": "a3-highgpu-8g",
        "acceleratorType": "NVIDIA_H100_80GB",
        "acceleratorCount": 8,
    }
    assert chief.diskSpec == {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 1000}
    assert chief.containerSpec.imageUri == "us-west1-docker.pkg.dev/acme-training/trainers/pretrain:2026-11"
    assert job.jobSpec.scheduling.strategy == "SPOT"
    assert job.jobSpec.scheduling.timeout == f"{6 * 3600 + 6 * 3600}s"
    assert environment(arguments)["SM_CHANNEL_TRAIN"] == "/gcs/example-corpus/tokens/v3"
    assert job.labels["carbon-intensity-g-per-kwh"] == "131_25"
    assert job.encryptionSpec.kmsKeyName
    assert job.jobSpec.pscInterfaceConfig.networkAttachment
    assert len(job.displayName) <= 128


def test_a_tpu_slice_and_hyperparameters() -> None:
    vertex = Vertex([list(DONE)])
    execute("gcp-now", vertex, datetime(2036, 11, 30, 12, 5, tzinfo=UTC), {"launch": "now"})
    [pool] = vertex.requests[0].body.jobSpec.workerPoolSpecs
    assert pool.machineSpec == {"machineType": "ct5lp-hightpu-4t", "tpuTopology": "4x4"}
    assert vertex.requests[0].body.jobSpec.scheduling.strategy == "STANDARD"
    vertex = Vertex([list(DONE)])
    execute("gcp-gpus", vertex, GPUS_START)
    [pool] = vertex.requests[0].body.jobSpec.workerPoolSpecs
    assert pool.containerSpec.args == ["--epochs=3", "--learning-rate=2e-5"]


def environment(request: Any) -> dict[str, str]:
    container = request.body.jobSpec.workerPoolSpecs[0].containerSpec
    return {one.name: one.value for one in container.env}
