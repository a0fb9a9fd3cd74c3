"""Several regions in one stack: what is built where, what the active one runs, and what a wrong section is told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.stack.several_regions import regional_sections, running_section

from .declare import config_of, declare, run_program
from .gcp_previews import mistakes, show
from .sagemaker import COMPLETED, TIME_UP, SageMaker
from .states import Execution, definition_problems, parse
from .workflow_runs import Execution as WorkflowExecution
from .workflow_runs import Raised, Vertex

if TYPE_CHECKING:
    from pathlib import Path

AWS = ["eu-north-1", "eu-west-3", "ca-central-1"]
GCP = ["northamerica-northeast1", "europe-north1", "us-west1"]
RUN = {
    "slices": [
        {"start": "2036-12-05T01:00:00Z", "end": "2036-12-05T04:00:00Z"},
        {"start": "2036-12-06T01:00:00Z", "end": "2036-12-06T05:00:00Z"},
    ],
    "planned": {
        "plan_id": "feedfacecafebeef",
        "planned_at": "2036-12-04T12:00:00Z",
        "rank": 1,
        "energy_kwh": 60,
        "emissions_kg": 2,
        "cost_usd": 400,
    },
}


def of_several(example: str, **changes: Any) -> dict[str, Any]:
    config = config_of(example)
    return {**config, "greenai-infra:training": {**config["greenai-infra:training"], **changes}}


@pytest.mark.parametrize(
    ("example", "regions", "kinds"),
    [
        ("regions", AWS, {"Vpc": 1, "Bucket": 3, "Repository": 1, "StateMachine": 1, "Schedule": 1, "Key": 1}),
        ("gcp-regions", GCP, {"Bucket": 3, "Repository": 1, "Workflow": 1, "Job": 1, "KeyRing": 1}),
    ],
)
def test_every_region_has_all_of_it(example: str, regions: list[str], kinds: dict[str, int]) -> None:
    for kind, times in kinds.items():
        places = [one.inputs.get("region") or one.inputs["location"] for one in declare(example).of(kind)]
        assert sorted(places) == sorted(regions * times), kind


def test_the_schedule_is_enabled_in_the_active_region_only() -> None:
    states = {one.inputs["region"]: one.inputs["state"] for one in declare("regions").of("Schedule")}
    paused = {one.inputs["region"]: one.inputs["paused"] for one in declare("gcp-regions").of("Job")}

    assert states == {"eu-north-1": "ENABLED", "eu-west-3": "DISABLED", "ca-central-1": "DISABLED"}
    assert paused == {"northamerica-northeast1": False, "europe-north1": True, "us-west1": True}


@pytest.mark.parametrize(
    ("example", "kind", "image"),
    [
        ("regions", "TrainingJob", "123456789012.dkr.ecr.{region}.amazonaws.com/training:v1"),
        ("gcp-regions", "Job", "europe-west4-docker.pkg.dev/acme-ml/training/train:v1"),
    ],
)
def test_a_run_that_starts_with_up_starts_in_the_active_region_only(example: str, kind: str, image: str) -> None:
    config = of_several(example)
    section = config["greenai-infra:training"]
    section["regions"] = {
        name: {**one, "launch": "now", "image": image.replace("{region}", name)}
        for name, one in section["regions"].items()
    }

    declared, refused = run_program(config)

    assert not refused
    [job] = declared.of(kind)
    assert (job.inputs.get("region") or job.inputs["location"]) == section["active"]
    assert declared.of("Schedule") == []


def test_the_aws_workflow_runs_the_plan_that_the_schedule_gives() -> None:
    declared, refused = run_program(of_several("regions", active="eu-west-3", run=RUN))
    assert not refused
    [machine] = [one for one in declared.of("StateMachine") if one.inputs["region"] == "eu-west-3"]
    [schedule] = [one for one in declared.of("Schedule") if one.inputs["region"] == "eu-west-3"]
    call = json.loads(schedule.inputs["target"]["input"])
    definition, cloud = parse(machine.inputs["definition"]), SageMaker([TIME_UP, COMPLETED])
    execution = {"Id": "arn:e", "StartTime": "2036-12-05T00:59:59.5Z", "Input": json.loads(call["Input"])}

    run = Execution(definition, cloud, {"Execution": execution})

    assert definition_problems(definition) == []
    assert "feedface" not in machine.inputs["definition"]
    assert schedule.inputs["scheduleExpression"] == "at(2036-12-05T01:00:00)"
    assert call["Name"] == "finetune-7b-feedfacecafe"
    assert run.run({}) == "Succeed"
    assert run.waits == ["2036-12-05T01:00:00Z", "2036-12-06T01:00:00Z"]
    # Three hours, as slices remain; then four and half of all seven.
    assert [one["StoppingCondition"]["MaxRuntimeInSeconds"] for one in cloud.requests] == [10_800, 27_000]
    first = cloud.requests[0]
    bucket = "finetune-7b-eu-west-3-checkpoints-0abc123"
    assert first["CheckpointConfig"]["S3Uri"] == f"s3://{bucket}/checkpoints/feedfacecafe/"
    assert first["Environment"]["GREENAI_CHECKPOINT_URI"] == first["CheckpointConfig"]["S3Uri"]
    assert first["Environment"]["GREENAI_PLAN_ID"] == "feedfacecafebeef"
    assert first["Environment"]["GREENAI_PLANNED_HOURS"] == "7"
    assert first["Environment"]["GREENAI_SLICE"] == "0"
    assert {"Key": "plan-id", "Value": "feedfacecafebeef"} in first["Tags"]
    assert "plan feedfacecafebeef" in cloud.notices[0]["Message"]


def test_the_aws_workflow_says_how_many_runs_there_were() -> None:
    [machine] = [one for one in declare("regions").of("StateMachine") if one.inputs["region"] == "eu-north-1"]
    [schedule] = [one for one in declare("regions").of("Schedule") if one.inputs["region"] == "eu-north-1"]
    given = json.loads(json.loads(schedule.inputs["target"]["input"])["Input"])
    cloud = SageMaker([TIME_UP])
    run = Execution(
        parse(machine.inputs["definition"]),
        cloud,
        {"Execution": {"Id": "arn:e", "StartTime": "2036-12-01T21:59:59.5Z", "Input": given}},
    )

    assert run.run({}) == "Fail"
    assert "(plan 4f2a9c1be07d5a63): job finetune-7b-20361201215959" in cloud.notices[0]["Message"]
    assert "of run 1 of 1 ended as Stopped (MaxRuntimeExceeded)" in cloud.notices[0]["Message"]


def test_the_gcp_workflow_runs_the_plan_that_the_schedule_gives() -> None:
    declared, refused = run_program(of_several("gcp-regions", active="us-west1", run=RUN))
    assert not refused
    [workflow] = [one.inputs for one in declared.of("Workflow") if one.inputs["region"] == "us-west1"]
    [job] = [one.inputs for one in declared.of("Job") if one.inputs["region"] == "us-west1"]
    argument = json.loads(json.loads(base64.b64decode(job["httpTarget"]["body"]))["argument"])
    source = json.loads(workflow["sourceContents"])
    vertex = Vertex([["RUNNING"], ["RUNNING", "SUCCEEDED"]])

    def execute(given: Any, now: datetime) -> Any:
        return WorkflowExecution(vertex, now, workflow["userEnvVars"]).run(source, given)

    assert "feedface" not in workflow["sourceContents"]
    assert job["schedule"] == "0 1 5 12 *"
    assert "is ahead" in execute(argument, datetime(2035, 12, 5, 1, tzinfo=UTC))
    assert execute(argument, datetime(2036, 12, 5, 1, tzinfo=UTC)) == "finished"
    assert vertex.markers[0].query["name"] == "plans/feedfacecafebeef/begun"
    first = vertex.requests[0].body
    assert first["labels"]["plan-id"] == "feedfacecafebeef"
    told = {one["name"]: one["value"] for one in first["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]["env"]}
    assert told["GREENAI_PLAN_ID"] == "feedfacecafebeef"
    assert told["GREENAI_CHECKPOINT_DIR"] == "/gcs/finetune-7b-us-west1-checkpoints/checkpoints/feedfacecafe"
    assert told["SM_MODEL_DIR"] == "/gcs/finetune-7b-us-west1-artifacts/artifacts/feedfacecafe/model"
    assert len(vertex.requests) == 2
    with pytest.raises(Raised, match="give a plan"):
        execute(None, datetime(2036, 12, 5, 1, tzinfo=UTC))


@pytest.mark.parametrize("example", ["regions", "gcp-regions"])
def test_the_tags_stay_as_they_are_when_a_plan_moves_the_run(example: str) -> None:
    config = of_several(example, run=RUN)
    config["greenai-infra:training"]["active"] = list(config["greenai-infra:training"]["regions"])[1]

    moved, refused = run_program(config)

    assert not refused
    before = {(one.type, one.name): one.inputs for one in declare(example).resources}
    after = {(one.type, one.name): one.inputs for one in moved.resources}
    differing = {kind.rpartition(":")[2] for kind, name in before if before[kind, name] != after[kind, name]}
    assert before.keys() == after.keys()
    assert differing == ({"Schedule"} if example == "regions" else {"Job"})


@pytest.mark.parametrize("example", ["regions", "gcp-regions"])
def test_its_preview_has_no_error_and_counts_the_run_once(tmp_path: Path, example: str) -> None:
    config = of_several(example)
    config["greenai-infra:alarms"] = {
        "daily_budget_kg": 20,
        "monthly_budget_kg": 200,
        "notify": {"emails": ["ml-oncall@example.com"]},
    }

    result = show(tmp_path, {"config": config})

    assert mistakes(result) == []
    assert result.standing is not None
    assert result.standing["planned_run"]["energy_kwh"] == 61.4
    assert result.region == (AWS if example == "regions" else GCP)[0]
    buckets = [row["urn"] for row in result.standing["resources"] if row["type"].endswith(":Bucket")]
    assert len(buckets) == 9


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"active": "eu-west-1"}, "training.active: expected one of eu-north-1, eu-west-3, ca-central-1"),
        ({"active": None}, "training.active: expected one of"),
        ({"actve": "eu-north-1"}, "training.actve: unknown key beside `regions`; did you mean active?"),
        ({"image_tag": "v2"}, "training.image_tag: unknown key beside `regions`"),
        ({"regions": []}, "training.regions: expected a section below the name of each region"),
        ({"run": {"spot": True}}, "training.run: expected the keys slices, carbon, planned and no other"),
        ({"run": {"slices": []}}, "training.run: slices"),
    ],
)
def test_a_wrong_key_is_named(changes: dict[str, Any], said: str) -> None:
    declared, refused = run_program(of_several("regions", **changes))

    assert said in refused
    assert declared.resources == []


def test_a_region_s_own_mistake_is_named_with_the_region() -> None:
    for key, value, said in (
        ("region", "eu-west-1", "regions.eu-west-3.region: is 'eu-west-1', below the name of eu-west-3"),
        ("workload", "other", "regions.eu-west-3.workload: is 'other', and 'finetune-7b' in eu-north-1"),
        ("instance_count", 0, "training.regions.eu-west-3: instance_count"),
    ):
        config = of_several("regions")
        regions = config["greenai-infra:training"]["regions"]
        config["greenai-infra:training"]["regions"] = {**regions, "eu-west-3": {**regions["eu-west-3"], key: value}}
        assert said in run_program(config)[1]


def test_sections_are_read_as_they_stand() -> None:
    single = config_of("contiguous")["greenai-infra:training"]
    several = {**config_of("regions")["greenai-infra:training"], "active": "eu-west-3", "run": RUN}

    assert regional_sections(single) == {"eu-north-1": single}
    assert list(regional_sections(several)) == ["eu-west-3", "eu-north-1", "ca-central-1"]
    assert running_section(several)["planned"] == RUN["planned"]
    assert running_section(several)["carbon"]["zone"] == "FR"
    assert running_section({"regions": 3}) == {"regions": 3}
