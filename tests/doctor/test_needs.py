"""What a stack's config needs, by hand from the example stacks; roles are counted in what the stacks declare."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")

from greenai_infra.doctor.needs import LONGEST_RUN, AwsNeeds, GcpNeeds, needs_of
from greenai_infra.project.stack_files import StackFile
from tests.stacks.declare import changed, config_of, declare

AWS = (
    "sliced",
    "contiguous",
    "budgeted",
    "now",
    "inferentia",
    "serverless",
    "cache-nodes",
    "cache-serverless",
    "budget",
)


def needs(example: str) -> AwsNeeds | GcpNeeds | None:
    return needs_of(StackFile(example, Path(f"Pulumi.{example}.yaml"), "", config_of(example), "greenai-infra"))


def test_a_training_stack_on_spot() -> None:
    found = needs("sliced")

    assert isinstance(found, AwsNeeds)
    assert [(one.name, one.needed) for one in found.quotas] == [
        ("ml.p4d.24xlarge for spot training job usage", 2),
        (LONGEST_RUN, 6 * 3600),
    ]
    assert found.image == "123456789012.dkr.ecr.us-west-2.amazonaws.com/trainers/pretrain:2026-11"
    assert (found.data_uri, found.reads_own_data, found.own_vpc) == ("s3://example-corpus/tokens/v3", False, True)


def test_what_is_the_user_s_own_is_neither_made_nor_missing() -> None:
    network = {
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }
    config = changed("sliced", network=network, buckets={"data": "acme-corpus"}, data_uri=None)
    found = needs_of(StackFile("x", Path("Pulumi.x.yaml"), "", config, "greenai-infra"))

    assert isinstance(found, AwsNeeds)
    assert (found.own_vpc, found.data_uri, found.reads_own_data) == (False, "s3://acme-corpus/train/", False)


def test_an_endpoint_needs_room_for_its_scaling_and_for_an_update() -> None:
    found = needs("inferentia")
    section = config_of("inferentia")["greenai-infra:inference"]
    count = section["instance_count"]

    assert isinstance(found, AwsNeeds)
    [quota] = found.quotas
    assert quota.name == f"{section['instance_type']} for endpoint usage"
    assert quota.needed == max(section.get("max_instances") or 2 * count, 2 * count)


def test_a_serverless_endpoint_has_no_machines_and_no_vpc() -> None:
    found = needs("serverless")
    assert isinstance(found, AwsNeeds)
    assert (found.quotas, found.own_vpc) == ((), False)


def test_google_cloud() -> None:
    found = needs("gcp-slices")
    assert isinstance(found, GcpNeeds)
    section = config_of("gcp-slices")["greenai-infra:training"]
    assert (found.project, found.region) == (section["gcp_project"], section["region"])


@pytest.mark.parametrize("example", AWS)
def test_a_stack_makes_no_more_roles_than_are_counted(example: str) -> None:
    found = needs(example)
    assert isinstance(found, AwsNeeds)
    assert len(declare(example).of("Role")) <= found.roles


def test_the_program_of_somebody_else_is_not_guessed_at() -> None:
    file = StackFile("x", Path("Pulumi.x.yaml"), "", {"greenai-infra:program": "mine"}, "greenai-infra")
    assert needs_of(file) is None
