"""An inference placement on TPUs becomes the config of a serving stack on Google Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.catalog.tpu import tpu_machine, tpu_machines
from greenai_infra.contracts.stack.gcp_inference import read_gcp_inference_config
from greenai_infra.errors import InputError, Refused

from .plans import make_project, pin, placement, plan

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.pinning.select import Selection

STACK = "Pulumi.tune-europe-west4.yaml"
USERS_PART = {
    "zone": "europe-west4-b",
    "server": {"image": "europe-west4-docker.pkg.dev/acme-ml/serving/vllm-tpu:v1", "model": "gs://acme-models/llama"},
}
WORKLOAD = {
    "name": "tune",
    "project": "assistants",
    "team": "research",
    "kind": "inference",
    "work": {"requests_per_second": 20, "serve_hours": 720},
}


def tpus(chips: int = 8, **other: Any) -> dict[str, Any]:
    values = {"provider": "gcp", "instance_type": "tpu-v5litepod-1", "instances": chips, "zone": "NL", **other}
    return placement("europe-west4", 476.0, **values)


def pinned(folder: Path, document: dict[str, Any], **options: Any) -> Selection:
    return pin(make_project(folder), document, **options)


def write_users_part(folder: Path, **other: Any) -> None:
    section = {**USERS_PART, **other}
    section = {key: value for key, value in section.items() if value is not None}
    (folder / STACK).write_text(yaml.safe_dump({"config": {"greenai-infra:inference": section}}))


def test_the_plan_s_values_join_the_user_s(tmp_path: Path) -> None:
    write_users_part(tmp_path)

    selection = pinned(tmp_path, plan(tpus(), workload=WORKLOAD), gcp_project="acme-ml", notify=("a@example.com",))

    config = yaml.safe_load((tmp_path / STACK).read_text())["config"]
    section = config["greenai-infra:inference"]
    typed = read_gcp_inference_config(section)
    assert config["gcp:region"] == "europe-west4"
    assert config["greenai-infra:program"] == "inference"
    assert section["zone"] == "europe-west4-b"
    assert (typed.accelerator_type, typed.gcp_project, typed.spot) == ("v5litepod-8", "acme-ml", False)
    assert typed.carbon.intensity_g_per_kwh == 21.5
    assert typed.planned is not None
    assert typed.planned.emissions_kg == 476
    assert typed.notify_emails == ["a@example.com"]
    assert [(one.stack, one.machine, one.starts_at) for one in selection.stacks] == [
        ("tune-europe-west4", "1 x v5litepod-8", None)
    ]


def test_the_planned_grams_of_a_request_go_with_it(tmp_path: Path) -> None:
    write_users_part(tmp_path)

    pinned(tmp_path, plan(tpus(), workload=WORKLOAD), gcp_project="acme-ml")

    # 476 kg over 20 x 3,600 x 720 = 51.84 million requests
    section = yaml.safe_load((tmp_path / STACK).read_text())["config"]["greenai-infra:inference"]
    assert section["planned"]["emissions_g_per_request"] == pytest.approx(476_000 / 51_840_000, rel=1e-5)


def test_the_next_plan_keeps_the_user_s_part(tmp_path: Path) -> None:
    write_users_part(tmp_path)
    pinned(tmp_path, plan(tpus(), workload=WORKLOAD), gcp_project="acme-ml")

    pinned(tmp_path, plan(tpus(chips=4, purchase="spot"), workload=WORKLOAD))

    section = yaml.safe_load((tmp_path / STACK).read_text())["config"]["greenai-infra:inference"]
    assert (section["accelerator_type"], section["spot"], section["gcp_project"]) == ("v5litepod-4", True, "acme-ml")
    assert section["server"] == USERS_PART["server"]


def test_a_stack_on_vertex_gets_its_spot_there(tmp_path: Path) -> None:
    garden = {"publisher_model": "publishers/google/models/gemma3@gemma-3-1b-it", "max_replicas": 2}
    write_users_part(tmp_path, zone=None, server=None, serve_on="vertex", garden=garden)

    pinned(tmp_path, plan(tpus(purchase="spot"), workload=WORKLOAD), gcp_project="acme-ml")

    section = yaml.safe_load((tmp_path / STACK).read_text())["config"]["greenai-infra:inference"]
    assert section["garden"] == {**garden, "spot": True}
    assert "spot" not in section


@pytest.mark.parametrize("missing", ["zone", "server", "gcp_project"])
def test_what_no_plan_knows_is_asked_for_by_name(tmp_path: Path, missing: str) -> None:
    write_users_part(tmp_path, **({missing: None} if missing != "gcp_project" else {}))
    options = {} if missing == "gcp_project" else {"gcp_project": "acme-ml"}

    selection = pinned(tmp_path, plan(tpus(), workload=WORKLOAD), **options)

    [note] = selection.notes
    again = " (or for gcp_project: select again with --gcp-project ID)" if missing == "gcp_project" else ""
    said = f"it lacks {missing}, which no plan knows; write into {STACK}, with your own values{again}:\nconfig:\n"
    assert note.startswith(f"tune-europe-west4 can't be built yet: {said}  greenai-infra:inference:\n    {missing}:")
    section = yaml.safe_load((tmp_path / STACK).read_text())["config"]["greenai-infra:inference"]
    assert missing not in section
    assert section["accelerator_type"] == "v5litepod-8"


@pytest.mark.parametrize("serve_on", ["tpu-vm", "vertex"])
def test_what_is_asked_for_makes_the_stack_whole(tmp_path: Path, serve_on: str) -> None:
    make_project(tmp_path)
    (tmp_path / STACK).write_text(f"config:\n  greenai-infra:inference:\n    serve_on: {serve_on}\n")

    [note] = pinned(tmp_path, plan(tpus(), workload=WORKLOAD)).notes

    asked = yaml.safe_load(note.partition(":\n")[2])["config"]["greenai-infra:inference"]
    assert set(asked) == {"gcp_project", "garden"} if serve_on == "vertex" else {"gcp_project", "zone", "server"}
    section = yaml.safe_load((tmp_path / STACK).read_text())["config"]["greenai-infra:inference"]
    assert not set(asked) & set(section)
    read_gcp_inference_config({**section, **asked})
    with pytest.raises(InputError):
        read_gcp_inference_config(section)


def test_regions_that_can_t_be_pinned_are_counted_after_the_third(tmp_path: Path) -> None:
    regions = ("europe-west1", "us-east5", "us-central1", "us-west1", "us-west4", "us-south1", "us-east1")
    others = [{**tpus(chips=3), "region": region} for region in regions]

    selection = pinned(tmp_path, plan(tpus(), *others, workload=WORKLOAD), gcp_project="acme-ml")

    skipped = [note for note in selection.notes if note.startswith("skipped: ")]
    assert [note.split()[1] for note in skipped] == ["gcp:europe-west1:", "gcp:us-east5:", "gcp:us-central1:", "4"]
    assert skipped[-1] == "skipped: 4 more of the ranking, too"


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"chips": 3}, {}, "takes 3 chips of tpu-v5litepod-1, and one host has 1, 4, 8"),
        ({"chips": 16}, {}, "takes 16 chips"),
        (
            {"instance_type": "a3-highgpu-8g", "chips": 1},
            {},
            "the inference program serves on TPUs only, not on a3-highgpu-8g",
        ),
        ({"cost_usd": None}, {}, "has no cost"),
        ({}, {"launch": "scheduled"}, "starts with `up`"),
    ],
)
def test_what_can_t_be_served_is_refused(
    tmp_path: Path, changes: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    write_users_part(tmp_path)

    with pytest.raises(Refused, match=said):
        pinned(tmp_path, plan(tpus(**changes), workload=WORKLOAD), gcp_project="acme-ml", **options)


def test_a_topology_has_the_chips_of_its_machine() -> None:
    for machine in tpu_machines().values():
        chips = 1
        for side in machine.topology.split("x"):
            chips *= int(side)
        assert chips == machine.chips, machine.accelerator_type


def test_machines_are_found_by_name() -> None:
    assert tpu_machine("v5litepod-16") is None
    found = tpu_machine("v5litepod-8")
    assert found is not None
    assert (found.accelerator, found.chips) == ("TPU-v5e", 8)


@pytest.mark.parametrize(("own", "zone"), [(None, "europe-west4-c"), ("europe-west4-b", "europe-west4-b")])
def test_the_zone_is_the_plan_s_where_the_file_names_none(tmp_path: Path, own: str | None, zone: str) -> None:
    write_users_part(tmp_path, zone=own)

    selection = pinned(tmp_path, plan(tpus(zones=["europe-west4-c"]), workload=WORKLOAD), gcp_project="acme-ml")

    config = yaml.safe_load((tmp_path / STACK).read_text())["config"]
    assert config["greenai-infra:inference"]["zone"] == zone
    warned = "zone is europe-west4-b, and tpu-v5litepod-1 is offered in europe-west4-c" in " ".join(selection.notes)
    assert warned is (own is not None)
