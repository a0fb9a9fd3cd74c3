"""Resources of the user's own: taken as they are, neither made nor changed; what is not given is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .declare import Declared, changed, declare, run_program
from .gcp_previews import mistakes, show

if TYPE_CHECKING:
    from pathlib import Path

KEY = "arn:aws:kms:eu-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:iam::123456789012:role/ml/training"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
TOPIC = "arn:aws:sns:eu-north-1:123456789012:ml-team"
VPC = {"vpc_id": "vpc-0a1b2c3d4e5f60718", "subnet_ids": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60719"]}
GCP_KEY = "projects/acme-keys/locations/northamerica-northeast1/keyRings/ml/cryptoKeys/training"
SUBNET = "projects/acme-net/regions/northamerica-northeast1/subnetworks/jobs"
ACCOUNT = "trainer@acme-training.iam.gserviceaccount.com"
CHANNEL = "projects/acme-training/notificationChannels/1234567890"

AWS_GIVEN: dict[str, Any] = {
    "network": VPC,
    "buckets": {"data": "acme-data", "checkpoints": "acme-checkpoints"},
    "kms_key_arn": KEY,
    "role_arn": ROLE,
    "permissions_boundary": BOUNDARY,
    "topic_arn": TOPIC,
    "notify_emails": None,
}
GCP_GIVEN: dict[str, Any] = {
    "network.subnet": SUBNET,
    "buckets": {"data": "acme-data", "checkpoints": "acme-checkpoints"},
    "kms_key": GCP_KEY,
    "service_account": ACCOUNT,
    "notification_channels": [CHANNEL],
    "notify_emails": None,
}


def declared_with(example: str, section: str = "training", **given: Any) -> Declared:
    declared, refused = run_program(changed(example, section, **given))
    assert not refused
    return declared


def kinds(declared: Declared) -> set[str]:
    return {one.type.rpartition(":")[2] for one in declared.resources}


def request_of(declared: Declared) -> dict[str, Any]:
    definition = json.loads(declared.one("StateMachine").inputs["definition"])
    request: dict[str, Any] = definition["States"]["Train"]["Parameters"]
    return request


def test_nothing_given_on_aws_is_made() -> None:
    declared = declared_with("contiguous", **AWS_GIVEN)

    assert kinds(declare("contiguous")) - kinds(declared) == {
        *("Vpc", "Subnet", "RouteTable", "RouteTableAssociation", "DefaultSecurityGroup", "VpcEndpoint", "FlowLog"),
        *("Key", "Alias", "Topic", "TopicSubscription"),
    }
    # Of three buckets only the one that is not given, and nothing that changes another's.
    for kind in ("Bucket", "BucketPolicy", "BucketPublicAccessBlock", "BucketLifecycleConfiguration"):
        assert [one.name for one in declared.of(kind)] == ["finetune-7b-artifacts"]
    # Workflow and schedule have roles of their own, within the boundary.
    assert sorted(one.name for one in declared.of("Role")) == ["finetune-7b-start", "finetune-7b-workflow"]
    assert {one.inputs["permissionsBoundary"] for one in declared.of("Role")} == {BOUNDARY}


def test_a_job_on_aws_uses_what_is_given() -> None:
    declared = declared_with("contiguous", **AWS_GIVEN)
    request = request_of(declared)

    assert request["RoleArn"] == ROLE
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["CheckpointConfig"]["S3Uri"] == "s3://acme-checkpoints/checkpoints/4f2a9c1be07d/"
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://acme-data/train/"
    assert request["VpcConfig"] == {"SecurityGroupIds": ["training-finetune-7b-id"], "Subnets": VPC["subnet_ids"]}
    [group] = declared.of("SecurityGroup")
    assert group.inputs["vpcId"] == VPC["vpc_id"]
    policies = [statement for one in declared.of("RolePolicy") for statement in one.policies()]
    assert [one["Resource"] for one in policies if one["Sid"] == "SendNotices"] == [TOPIC]
    assert [one["Resource"] for one in policies if one["Sid"] == "LendJobItsRole"] == [ROLE]
    assert {one["Resource"] for one in policies if one["Sid"] in ("EncryptNotices", "UseKey")} == {KEY}


def test_the_role_that_is_made_may_use_the_buckets_and_the_network_that_are_given() -> None:
    declared = declared_with("contiguous", network=VPC, buckets={"data": "acme-data"})
    [policy] = [one for one in declared.of("RolePolicy") if one.name == "finetune-7b-training"]
    statements = {one["Sid"]: one for one in policy.policies()}

    assert statements["ReadData"]["Resource"] == "arn:aws:s3:::acme-data/*"
    assert statements["JoinNetwork"]["Resource"][1:] == [
        "arn:aws:ec2:eu-north-1:123456789012:subnet/subnet-0a1b2c3d4e5f60718",
        "arn:aws:ec2:eu-north-1:123456789012:subnet/subnet-0b1b2c3d4e5f60719",
        "arn:aws:ec2:eu-north-1:123456789012:training-finetune-7b",
    ]
    assert statements["UseOwnInterfaces"]["Condition"] == {
        "ArnEquals": {"ec2:Vpc": "arn:aws:ec2:eu-north-1:123456789012:vpc/vpc-0a1b2c3d4e5f60718"}
    }


def test_an_endpoint_uses_what_is_given() -> None:
    declared = declared_with(
        "inferentia",
        "inference",
        network=VPC,
        kms_key_arn=KEY,
        role_arn=ROLE,
        permissions_boundary=BOUNDARY,
        topic_arn=TOPIC,
        notify_emails=None,
    )

    assert declared.one("Model").inputs["executionRoleArn"] == ROLE
    assert declared.one("Model").inputs["vpcConfig"]["subnets"] == VPC["subnet_ids"]
    assert {*("Key", "Alias", "KeyPolicy", "Topic", "TopicPolicy", "Vpc", "FlowLog", "Role")} & kinds(declared) == set()
    assert {
        tuple(one.inputs["alarmActions"]) for one in declared.of("MetricAlarm") if "alarmActions" in one.inputs
    } == {(TOPIC,)}


def test_nothing_given_on_google_cloud_is_made_and_the_job_uses_it() -> None:
    declared = declared_with("gcp-gpus", **GCP_GIVEN)
    workflow = declared.one("Workflow").inputs

    gone = kinds(declare("gcp-gpus")) - kinds(declared)
    assert {"Network", "Subnetwork", "Route", "Firewall", "KeyRing", "CryptoKey", "CryptoKeyIAMMember"} <= gone
    assert {"NotificationChannel", "ManagedZone", "RecordSet"} <= gone
    assert [one.name for one in declared.of("Bucket")] == ["finetune-7b-artifacts"]
    assert {one.inputs["bucket"] for one in declared.of("BucketIAMMember")} == {"finetune-7b-artifacts"}
    assert sorted(one.name for one in declared.of("Account")) == ["finetune-7b-flow", "finetune-7b-start"]
    assert declared.one("NetworkAttachment").inputs["subnetworks"] == [SUBNET]
    told = workflow["userEnvVars"]
    assert (told["KEY"], told["JOB_ACCOUNT"]) == (GCP_KEY, ACCOUNT)
    assert (told["CHECKPOINT_BUCKET"], told["DATA_DIR"]) == ("acme-checkpoints", "/gcs/acme-data/train")
    assert declared.one("Bucket").inputs["encryption"] == {"defaultKmsKeyName": GCP_KEY}
    assert declared.one("AlertPolicy").inputs["notificationChannels"] == [CHANNEL]


@pytest.mark.parametrize(("example", "given"), [("contiguous", AWS_GIVEN), ("gcp-gpus", GCP_GIVEN)])
def test_the_preview_and_its_gate_miss_nothing(tmp_path: Path, example: str, given: dict[str, Any]) -> None:
    result = show(tmp_path, {"config": changed(example, **given)})

    # As without: the example has no budget of its own.
    assert [one.code for one in mistakes(result) if one.severity == "error"] == ["budget-alarm"]
    assert result.standing is not None
    assert result.not_judged == {}


@pytest.mark.parametrize(
    ("example", "changes", "said"),
    [
        ("contiguous", {"kms_key_arn": KEY.replace("eu-north", "eu-west")}, "kms_key_arn lies in eu-west-1, and the"),
        ("contiguous", {"kms_key_arn": TOPIC}, "kms_key_arn"),
        ("contiguous", {"role_arn": KEY}, "role_arn"),
        ("contiguous", {"permissions_boundary": ROLE}, "permissions_boundary"),
        ("contiguous", {"topic_arn": TOPIC}, "topic_arn is yours"),
        ("contiguous", {"topic_arn": TOPIC.replace("north", "south"), "notify_emails": None}, "topic_arn lies in"),
        ("contiguous", {"buckets": {"data": "s3://acme"}}, "buckets.data"),
        ("contiguous", {"buckets": {"models": "acme"}}, "buckets.models"),
        ("contiguous", {"network": {"subnet_ids": VPC["subnet_ids"]}}, "vpc_id and subnet_ids belong together"),
        ("contiguous", {"network": {"vpc_id": VPC["vpc_id"]}}, "vpc_id and subnet_ids belong together"),
        ("contiguous", {"network": {**VPC, "cidr": "10.42.0.0/16"}}, "keep one pair"),
        ("gcp-gpus", {"kms_key": GCP_KEY.replace("northamerica-northeast1", "us-west1")}, "kms_key lies in us-west1"),
        ("gcp-gpus", {"kms_key": "my-key"}, "kms_key"),
        (
            "gcp-gpus",
            {"network.subnet": SUBNET.replace("northamerica-northeast1", "us-west1")},
            "network.subnet lies in",
        ),
        ("gcp-gpus", {"network": {"subnet": SUBNET, "cidr": "10.42.0.0/20"}}, "keep one of them"),
        ("gcp-gpus", {"service_account": "trainer"}, "service_account"),
        ("gcp-gpus", {"notification_channels": ["ml-team"]}, "notification_channels"),
    ],
)
def test_a_value_that_can_t_be_is_refused_by_its_key(example: str, changes: dict[str, Any], said: str) -> None:
    declared, refused = run_program(changed(example, **changes))

    assert said in refused
    assert refused.startswith("greenai-infra:training")
    assert declared.resources == []
