"""Inference plans on AWS: what select writes, what it leaves to the user, what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.contracts.stack.inference import read_inference_config
from greenai_infra.errors import InputError, Refused

from .plans import NORTH, OREGON, config, make_project, pin, placement, plan, plan_id, selected, stack, stacks

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "123456789012.dkr.ecr.{region}.amazonaws.com/llm-neuronx:v1"
MODEL = "s3://acme-{region}/llama/"


def endpoint(region: str, emissions_kg: float, **other: Any) -> dict[str, Any]:
    """Seven Inferentia2 machines for thirty days."""
    return placement(region, emissions_kg, **{"instance_type": "inf2.xlarge", "instances": 7, **other})


def serving(*ranked: dict[str, Any], **work: Any) -> dict[str, Any]:
    """A plan for 20 requests a second over 720 hours: 51.84 million of them."""
    document = plan(*ranked)
    asked = {"requests_per_second": 20.0, "serve_hours": 720.0, "served_model": {"parameters": 8e9}, **work}
    workload = {**document["workload"], "kind": "inference", "work": asked}
    return {**document, "workload": workload}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def section(file: Path) -> dict[str, Any]:
    found = config(file)["greenai-infra:inference"]
    assert isinstance(found, dict)
    return found


def test_everything_that_is_pinned_is_what_the_plan_says(project: Path) -> None:
    pin(project, serving(endpoint(NORTH, 51.84), latency_bound_ms=15000.0), image=IMAGE, model_data=MODEL)

    written = config(stack(project, NORTH))
    assert {key: value for key, value in written.items() if key != "greenai-infra:inference"} == {
        "aws:region": "eu-north-1",
        "greenai-infra:program": "inference",
        "greenai-infra:selected": "true",
    }
    made = section(stack(project, NORTH))
    assert made.pop("carbon")["intensity_g_per_kwh"] == 21.5
    assert made == {
        "workload": "tune",
        "project": "assistants",
        "team": "research",
        "region": "eu-north-1",
        "instance_type": "ml.inf2.xlarge",
        "instance_count": 7,
        "requests_per_second": 20,
        "latency_bound_ms": 15000,
        "planned": {
            "plan_id": plan_id(project),
            "planned_at": "2026-03-01T00:00:00Z",
            "rank": 1,
            "energy_kwh": 48.5,
            "emissions_kg": 51.84,
            "cost_usd": 471.25,
            # 51,840 g over 51.84 million requests; 48.5 kWh are 174.6 MJ
            "emissions_g_per_request": 0.001,
            "energy_j_per_request": 3.36806,
        },
        "image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/llm-neuronx:v1",
        "model_data": "s3://acme-eu-north-1/llama/",
        "network": {"availability_zones": ["eu-north-1a", "eu-north-1b", "eu-north-1c"]},
    }
    assert read_inference_config(section(stack(project, NORTH))).largest == 14


def test_the_stacks_start_with_up_and_say_how_many_machines_they_are(project: Path) -> None:
    selection = pin(project, serving(endpoint(NORTH, 2), endpoint(OREGON, 4, instances=5)), image=IMAGE)

    assert [(one.machine, one.starts_at) for one in selection.stacks] == [
        ("7 x ml.inf2.xlarge", None),
        ("5 x ml.inf2.xlarge", None),
    ]
    assert (selection.notes, selected(project)) == ((), ["Pulumi.tune-eu-north-1.yaml"])


def test_a_stack_is_pinned_without_an_image_and_the_user_is_told(project: Path) -> None:
    selection = pin(project, serving(endpoint(NORTH, 2), endpoint(OREGON, 4)))

    [note] = selection.notes
    assert note == (
        "tune-eu-north-1 can't be built yet: it lacks image, which no plan knows; write into "
        "Pulumi.tune-eu-north-1.yaml, with your own values (or for image: select again with --image URI, and "
        "--model-data S3_URI unless the image holds the model):\nconfig:\n  greenai-infra:inference:\n"
        "    image: 123456789012.dkr.ecr.eu-north-1.amazonaws.com/llm-neuronx:v1"
    )
    assert "image" not in section(stack(project, NORTH))


def test_what_the_author_has_set_stays_with_the_next_plan(project: Path) -> None:
    pin(project, serving(endpoint(NORTH, 2)), image=IMAGE)
    file = stack(project, NORTH)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    instance_count: 7\n", "    instance_count: 7\n    min_instances: 3  # nights\n"))

    pin(project, serving(endpoint(NORTH, 2, instances=9)))

    assert "    min_instances: 3  # nights\n" in file.read_text(encoding="utf-8")
    assert (section(file)["instance_count"], section(file)["image"]) == (9, IMAGE.replace("{region}", NORTH))


def test_a_bound_of_the_author_stays_where_the_plan_has_none(project: Path) -> None:
    pin(project, serving(endpoint(NORTH, 2), latency_bound_ms=900.0))
    pin(project, serving(endpoint(NORTH, 2)))

    assert section(stack(project, NORTH))["latency_bound_ms"] == 900


def test_a_plan_that_contradicts_the_authors_bounds_is_refused_and_nothing_written(project: Path) -> None:
    pin(project, serving(endpoint(NORTH, 2)))
    file = stack(project, NORTH)
    file.write_text(
        file.read_text(encoding="utf-8").replace("instance_count: 7", "instance_count: 7\n    max_instances: 8")
    )
    before = file.read_bytes()

    with pytest.raises(InputError, match="instance_count 9 lies outside of min_instances 1 to max_instances 8"):
        pin(project, serving(endpoint(NORTH, 2, instances=9)))

    assert file.read_bytes() == before


def test_a_serverless_stack_is_left_to_its_author(project: Path) -> None:
    content = {"config": {"greenai-infra:program": "inference", "greenai-infra:inference": {"serverless": {}}}}
    stack(project, NORTH).write_text(yaml.safe_dump(content))

    with pytest.raises(
        Refused, match=r"tune-eu-north-1\.yaml describes a serverless endpoint, and a plan chooses mach"
    ):
        pin(project, serving(endpoint(NORTH, 2)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"instance_type": "inf2.2xlarge"}, r"SageMaker does not serve on inf2\.2xlarge; .*hardware\.accelerators"),
        ({"instance_type": "trn2.3xlarge"}, r"SageMaker does not serve on trn2\.3xlarge"),
        ({"purchase": "spot"}, "SageMaker has no spot instances for endpoints"),
        ({"cost_usd": None}, "has no cost in the plan"),
    ],
)
def test_what_sagemaker_does_not_serve_on_is_refused(project: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        pin(project, serving(endpoint(NORTH, 2, **wrong)))

    assert stacks(project) == []


def test_the_next_region_is_passed_over_where_it_can_t_serve(project: Path) -> None:
    selection = pin(
        project, serving(endpoint(NORTH, 2), endpoint(OREGON, 3, instance_type="inf2.2xlarge")), image=IMAGE
    )

    assert selection.notes == (
        "skipped: aws:us-west-2: SageMaker does not serve on inf2.2xlarge; plan with other hardware.accelerators",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"launch": "scheduled"}, "an endpoint starts with `up`; --launch scheduled is for training"),
        ({"image": IMAGE.replace("{region}", OREGON)}, "the image lies in us-west-2"),
    ],
)
def test_options_that_do_not_fit_are_refused(project: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        pin(project, serving(endpoint(NORTH, 2)), **options)


def test_the_model_has_to_be_an_archive_or_a_folder(project: Path) -> None:
    with pytest.raises(InputError, match=r"model_data: must match .*\(is 's3://acme/model.bin'\)"):
        pin(project, serving(endpoint(NORTH, 2)), model_data="s3://acme/model.bin")


def test_a_model_is_no_option_of_training(project: Path) -> None:
    with pytest.raises(InputError, match="--model-data is for inference, and tune is planned as training"):
        pin(project, plan(placement(NORTH, 2)), model_data=MODEL)


def test_a_plan_without_a_rate_is_no_plan_of_an_endpoint(project: Path) -> None:
    with pytest.raises(InputError, match=r"the plan lacks workload\.work\.requests_per_second"):
        pin(project, serving(endpoint(NORTH, 2), requests_per_second=None))
