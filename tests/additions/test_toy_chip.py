"""A new chip is one row: catalog, estimates and image know it. Where it can be rented, and for what, are other rows."""

import json
from typing import Any

import pytest

from .conftest import Copy

CHIP = (
    "Toy1,Toys Ltd,gpu,training inference,500,500,500,500,TDP as published,60,1000,1000,2000,2000,96,4000,"
    ",,,,,,hbm-board,Toys datasheet,2026,K,\n"
)
OFFER = (
    "aws,eu-north-1,toy9.48xlarge,Toy1,8,192,2048,40.0,20.0,20.0,2026-07-09,false,false,1,2,eun1-az1 eun1-az2,"
    "Toys price list,\n"
)
WORKLOAD = """\
name: toy-run
kind: training
project: assistants
team: platform
hardware: {accelerators: [Toy1], count: 8}
work: {accelerator_hours: {hours: 24, accelerator: Toy1}}
"""


@pytest.fixture
def toy(copy: Copy) -> Copy:
    copy.append("data/accelerators.csv", CHIP)
    return copy


def answered(copy: Copy, *words: object) -> Any:
    done = copy.run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_row_is_in_catalog_and_estimates(toy: Copy) -> None:
    chips = {chip["name"]: chip for chip in answered(toy, "catalog", "accelerators")}
    assert chips["Toy1"]["embodied"]["kg"] == pytest.approx(2.05 * 96)  # kg per GB of its class x memory

    training = ("estimate", "training", "--parameters", "7B", "--tokens", "1B", "--accelerator", "toy1", "--count", 8)
    hours = (
        6 * 7e9 * 1e9 / (8 * 1000e12 * 0.35) / 3600
    )  # 6 N D over the peak of eight, at the MFU of an unmeasured chip
    assert answered(toy, *training)["hours"] == pytest.approx(hours, rel=0.03)

    serving = ("estimate", "inference", "--model", "Llama-3.1-8B-Instruct", "--accelerator", "Toy1", "--batch", 16)
    served = answered(toy, *serving)
    assert any("Toy1 was not measured" in note for note in served["notes"])


def test_it_is_planned_where_it_can_be_rented(toy: Copy) -> None:
    """An offer says where and for how much; SageMaker's list says which of EC2's machines train with it."""
    toy.append("data/offers.csv", OFFER)
    assert [one["region"] for one in answered(toy, "regions", "--accelerator", "Toy1")] == ["eu-north-1"]

    (toy.folder / "toy.yaml").write_text(WORKLOAD)
    refused = toy.run("plan", "toy.yaml", "--source", "embedded")
    assert refused.returncode == 1
    assert "toy9.48xlarge (Toy1): not a SageMaker training instance" in refused.stderr

    toy.append("data/aws-sagemaker-instances.csv", "toy9.48xlarge,true,true,Toys\n")
    placement = answered(toy, "plan", "toy.yaml", "--source", "embedded")["placement"]
    assert (placement["instance_type"], placement["accelerator"]) == ("toy9.48xlarge", "Toy1")
    assert 24 / 8 * 40 <= placement["cost_usd"] <= 24 / 8 * 40 * 1.05  # eight chips for three hours, and its stack


def test_the_image_follows_from_the_family_of_the_chip(toy: Copy) -> None:
    code = "from greenai_infra.scaffold.training_image import variant_for; print(variant_for('Toy1'))"
    assert toy.python(code) == "gpu\n"
