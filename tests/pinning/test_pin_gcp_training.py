"""A plan's placement on Google Cloud becomes the config of a training stack there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.catalog.offers import offers
from greenai_infra.catalog.tpu import chips_of
from greenai_infra.catalog.vertex import vertex_hardware, vertex_machines
from greenai_infra.contracts.stack.gcp_training import (
    GCP_TRAINING_EXAMPLE,
    GcpTrainingConfig,
    read_gcp_training_config,
)
from greenai_infra.errors import InputError, Refused

from .plans import NORTH, config, make_project, pin, placement, plan, selected, stack, stacks, training

if TYPE_CHECKING:
    from pathlib import Path

FINLAND = "europe-north1"
SLICES = [("2026-03-01T01:00:00Z", "2026-03-01T04:00:00Z"), ("2026-03-02T01:00:00Z", "2026-03-02T06:00:00Z")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def on_gcp(instance_type: str = "a3-highgpu-8g", instances: int = 1, **other: Any) -> dict[str, Any]:
    more = {"zone": "FI", "instance_type": instance_type, "instances": instances, **other}
    return placement(FINLAND, 1.0, provider="gcp", **more)


def test_a_placement_becomes_a_whole_stack(project: Path) -> None:
    selection = pin(project, plan(on_gcp(instances=2, purchase="spot", slices=SLICES)), gcp_project="acme-training")

    file = stack(project, FINLAND)
    assert config(file)["gcp:region"] == FINLAND
    assert config(file)["greenai-infra:program"] == "training"
    section = training(file)
    assert {key: section[key] for key in ("provider", "gcp_project", "machine_type", "instance_count", "spot")} == {
        "provider": "gcp",
        "gcp_project": "acme-training",
        "machine_type": "a3-highgpu-8g",
        "instance_count": 2,
        "spot": True,
    }
    assert (section["accelerator_type"], section["accelerator_count"]) == ("NVIDIA_H100_80GB", 8)
    assert len(section["slices"]) == 2
    assert isinstance(selection.stacks[0].config, GcpTrainingConfig)
    assert selection.stacks[0].machine == "2 x a3-highgpu-8g"
    assert selected(project) == ["Pulumi.tune-europe-north1.yaml"]


def test_without_a_project_it_is_pinned_and_the_user_is_told(project: Path) -> None:
    selection = pin(project, plan(on_gcp()))
    assert selection.notes == (
        "tune-europe-north1 can't be built yet: it lacks gcp_project, which no plan knows; write into "
        "Pulumi.tune-europe-north1.yaml, with your own values (or for gcp_project: select again with "
        "--gcp-project ID):\nconfig:\n  greenai-infra:training:\n    gcp_project: acme-ml",
    )
    section = training(stack(project, FINLAND))
    assert "gcp_project" not in section
    assert section["machine_type"] == "a3-highgpu-8g"
    with pytest.raises(InputError, match="gcp_project: is missing; expected a string, for example"):
        read_gcp_training_config(section)


def test_a_project_that_is_none_is_refused(project: Path) -> None:
    with pytest.raises(InputError, match="gcp_project: must match the pattern"):
        pin(project, plan(on_gcp()), gcp_project="Acme!")
    assert stacks(project) == []


def test_the_project_and_own_keys_survive_the_next_select(project: Path) -> None:
    pin(project, plan(on_gcp()), gcp_project="acme-training")
    file = stack(project, FINLAND)
    file.write_text(
        file.read_text().replace("    provider: gcp\n", "    provider: gcp\n    boot_disk_gb: 900  # mine\n")
    )

    pin(project, plan(on_gcp("tpu-v5litepod-1", 16)), image="{region}-docker.pkg.dev/acme/trainers/tune:v2")

    section = training(file)
    assert (section["gcp_project"], section["boot_disk_gb"]) == ("acme-training", 900)
    assert "# mine" in file.read_text()
    assert (section["machine_type"], section["tpu_topology"]) == ("ct5lp-hightpu-4t", "4x4")
    assert not {"accelerator_type", "accelerator_count"} & set(section), "the GPUs of the earlier plan are gone"
    assert section["image"] == "europe-north1-docker.pkg.dev/acme/trainers/tune:v2"


def test_a_ranking_over_both_clouds_is_pinned_on_both(project: Path) -> None:
    document = plan(on_gcp(), placement(NORTH, 2.0))

    selection = pin(project, document, gcp_project="acme-training")

    assert [one.stack for one in selection.stacks] == ["tune-europe-north1", "tune-eu-north-1"]
    assert "aws:region" in config(stack(project, NORTH))
    assert "gcp:region" not in config(stack(project, NORTH))


def test_a_choice_on_google_cloud_stays_and_moves_like_any(project: Path) -> None:
    pin(project, plan(on_gcp()), gcp_project="acme-training")
    stays = pin(project, plan(placement(NORTH, 0.95), on_gcp()))
    moves = pin(project, plan(placement(NORTH, 0.5), on_gcp()))

    assert stays.choice.region == "gcp:europe-north1"
    assert moves.choice.region == "aws:eu-north-1"


@pytest.mark.parametrize(
    ("placed", "message"),
    [
        (on_gcp("tpu-v5p", 8), "Vertex AI does not train on tpu-v5p, only on TPU-v5e and TPU-v6e"),
        (on_gcp("tpu-v5litepod-1", 12), "no slice of 12 chips of TPU-v5e; there are slices of 1, 4, 8, 16"),
        (on_gcp("c2-standard-4"), "Vertex AI does not train on c2-standard-4"),
        (on_gcp("n1+nvidia-tesla-t4", 3), "no machine with 3 of n1+nvidia-tesla-t4"),
        (on_gcp("a3-highgpu-1g"), "Vertex AI has a3-highgpu-1g only as spot; plan with hardware.purchase: spot"),
        (on_gcp(cost_usd=None), "has no cost in the plan"),
    ],
)
def test_what_vertex_ai_can_t_run_is_refused(project: Path, placed: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=re.escape(message)):
        pin(project, plan(placed), gcp_project="acme-training")
    assert stacks(project) == []


@pytest.mark.parametrize(
    ("offer", "instances", "expected"),
    [
        ("a2-ultragpu-8g", 3, ("a2-ultragpu-8g", 3, "NVIDIA_A100_80GB", 8, "")),
        ("a3-megagpu-8g", 1, ("a3-megagpu-8g", 1, "NVIDIA_H100_MEGA_80GB", 8, "")),
        ("g2-standard-4", 1, ("g2-standard-4", 1, "NVIDIA_L4", 1, "")),
        ("n1+nvidia-tesla-t4", 4, ("n1-standard-4", 1, "NVIDIA_TESLA_T4", 4, "")),
        ("tpu-v6e-1", 8, ("ct6e-standard-8t", 1, "", 0, "2x4")),
        ("tpu-v5litepod-1", 256, ("ct5lp-hightpu-4t", 1, "", 0, "16x16")),
    ],
)
def test_offers_by_the_names_of_vertex_ai(offer: str, instances: int, expected: tuple[Any, ...]) -> None:
    found = vertex_hardware(offer, instances)
    assert (
        found.machine_type,
        found.machines,
        found.accelerator_type,
        found.accelerator_count,
        found.tpu_topology,
    ) == expected


def test_every_gpu_machine_of_the_catalog_is_known_and_has_as_many_gpus() -> None:
    listed = {one.instance_type: one for one in offers() if one.provider == "gcp" and not one.per_chip}
    assert len(listed) >= 10
    for name, offer in listed.items():
        machine = vertex_machines()[name]
        assert (machine.accelerator, machine.counts) == (offer.accelerator, (offer.accelerators,)), name


def test_topologies_multiply() -> None:
    assert [chips_of(one) for one in ("1x1", "2x4", "16x16", "2x2x4")] == [1, 8, 256, 16]


def test_the_example_is_a_config() -> None:
    import yaml

    assert read_gcp_training_config(next(iter(yaml.safe_load(GCP_TRAINING_EXAMPLE).values()))).gcp_project
