"""What the training program declares: tags, policies, hardening, names, start."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta, timezone

import pulumi
import pytest

from greenai_infra.catalog.local_disks import has_local_disk
from greenai_infra.stacks.aws.logs import log_retention_days
from greenai_infra.stacks.aws.policy import allow
from greenai_infra.stacks.aws.private_vpc import subnet_cidrs
from greenai_infra.stacks.aws.training.planned_start import at_expression
from greenai_infra.stacks.tags import aws_tags

from .declare import Declared, Resource, changed, declare, run_program

# Longest name that AWS takes, for what Pulumi names after the logical name plus a hyphen and seven characters.
LENGTHS = {
    "Bucket": 63,
    "Role": 64,
    "RolePolicy": 128,
    "Schedule": 64,
    "ScheduleGroup": 64,
    "StateMachine": 80,
    "Queue": 80,
    "Topic": 256,
    "Repository": 256,
    "SecurityGroup": 255,
}
ONLY_FOR_ALL_RESOURCES = {"LogInToRegistry", "PutMetrics", "LookAtNetwork", "DeliverLogs"}


def test_every_taggable_resource_carries_the_facts(declared: Declared) -> None:
    for resource in declared.resources:
        if not resource.taggable:
            continue
        tags = resource.inputs["tags"]
        assert {"project", "team", "workload", "environment", "managed-by", "carbon-zone"} <= tags.keys(), resource
        assert tags["green-ai"] == "true"
        assert re.fullmatch(r"\d+(\.\d+)?", tags["carbon-intensity-g-per-kwh"])
        assert {tags["carbon-signal"], tags["carbon-basis"]} == {"average", "lifecycle"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", tags["carbon-observed-at"])
        assert re.fullmatch(r"[0-9a-f]{12,64}", tags["plan-id"])
        for key, value in tags.items():
            assert re.fullmatch(r"[\w .:/=+\-@]{1,128}", key)
            assert re.fullmatch(r"[\w .:/=+\-@]{1,256}", value), f"{resource.name}: {key}={value!r}"


def test_the_job_itself_carries_the_tags_of_its_stack() -> None:
    declared = declare("sliced")
    train = json.loads(declared.one("StateMachine").inputs["definition"])["States"]["Train"]
    tags = {tag["Key"]: tag["Value"] for tag in train["Parameters"]["Tags"]}
    assert tags == declared.one("StateMachine").inputs["tags"]
    assert tags["carbon-intensity-g-per-kwh"] == "131.25"
    assert tags["carbon-source"] == "electricity-maps forecast of 2036-11-30 sandbox"


def test_aws_tags_hold_what_a_tag_can_hold() -> None:
    assert aws_tags({"a": "Électricité (ODbL), 20 %"}) == {"a": "Électricité ODbL 20"}
    assert aws_tags({"a": "x" * 300}) == {"a": "x" * 256}


def test_resources_say_their_region(declared: Declared) -> None:
    network = declared.one("Vpc").inputs["region"]
    for resource in declared.resources:
        if ":iam/" not in resource.type:
            assert resource.inputs["region"] == network, resource


def test_no_policy_allows_a_wildcard_action(declared: Declared) -> None:
    for resource in declared.resources:
        for statement in resource.policies():
            if statement["Effect"] == "Allow":
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    assert "*" not in action, f"{resource.name}: {statement['Sid']}"


def test_roles_reach_all_resources_only_where_aws_knows_no_narrower(declared: Declared) -> None:
    for role in declared.of("RolePolicy"):
        wide = {statement["Sid"] for statement in role.policies() if statement["Resource"] == "*"}
        assert wide <= ONLY_FOR_ALL_RESOURCES
        for statement in role.policies():
            assert statement["Resource"] != "*" or statement["Sid"] == "LogInToRegistry" or statement["Condition"]


def test_policies_have_no_holes(declared: Declared) -> None:
    for resource in declared.resources:
        for statement in resource.policies():
            assert "None" not in json.dumps(statement), f"{resource.name}: {statement}"
            assert "null" not in json.dumps(statement), f"{resource.name}: {statement}"


def test_roles_are_assumed_only_for_our_own_account(declared: Declared) -> None:
    for role in declared.of("Role"):
        [statement] = role.policies()
        assert statement["Principal"].keys() == {"Service"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert ":123456789012:" in statement["Condition"]["ArnLike"]["aws:SourceArn"]


def test_wildcards_are_refused_where_policies_are_written() -> None:
    with pytest.raises(ValueError, match=r"s3:Get\*"):
        allow("Read", ["s3:Get*"], "*")


def test_jobs_read_and_write_only_their_buckets() -> None:
    [policy] = [role for role in declare("sliced").of("RolePolicy") if role.name.endswith("-training")]
    objects = {
        resource
        for statement in policy.policies()
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
        if resource.startswith("arn:aws:s3") and resource.endswith("/*")
    }
    workload = "pretrain-1b-on-the-cleanest-grid-we-have"
    own = {f"arn:aws:s3:us-west-2:123456789012:{workload}-{what}/*" for what in ("data", "checkpoints", "artifacts")}
    assert objects == own | {"arn:aws:s3:::example-corpus/*"}


def test_buckets_are_closed(declared: Declared) -> None:
    names = {bucket.name for bucket in declared.of("Bucket")}
    assert len(names) == 3
    for kind in ("BucketPublicAccessBlock", "BucketOwnershipControls", "BucketVersioning", "BucketPolicy"):
        assert {resource.name for resource in declared.of(kind)} == names
    for block in declared.of("BucketPublicAccessBlock"):
        assert all(block.inputs[key] for key in block.inputs if key.startswith(("block", "ignore", "restrict")))
    for encryption in declared.of("BucketServerSideEncryptionConfiguration"):
        [rule] = encryption.inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["bucketKeyEnabled"]
    for policy in declared.of("BucketPolicy"):
        tls = next(statement for statement in policy.policies() if statement["Sid"] == "DenyPlainHttp")
        assert (tls["Effect"], tls["Action"], tls["Principal"]) == ("Deny", "s3:*", "*")
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert len(tls["Resource"]) == 2


def test_only_checkpoints_expire() -> None:
    rules = {
        resource.name: resource.inputs["rules"][0] for resource in declare("sliced").of("BucketLifecycleConfiguration")
    }
    expiring = {
        name.rsplit("-", 1)[1]: rule["expiration"]["days"] for name, rule in rules.items() if "expiration" in rule
    }
    assert expiring == {"checkpoints": 45}
    assert all(rule["noncurrentVersionExpiration"]["noncurrentDays"] == 45 for rule in rules.values())
    assert all(rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"] == 7 for rule in rules.values())


def test_data_outlives_destroy_unless_told_otherwise() -> None:
    assert not any(bucket.inputs["forceDestroy"] for bucket in declare("contiguous").of("Bucket"))
    assert all(bucket.inputs["forceDestroy"] for bucket in declare("now").of("Bucket"))


def test_the_network_has_no_way_out(declared: Declared) -> None:
    kinds = {resource.type.split(":")[2] for resource in declared.resources}
    assert not kinds & {"InternetGateway", "NatGateway", "EgressOnlyInternetGateway", "Route"}
    assert len(declared.of("Subnet")) >= 2
    for rule in [*declared.of("SecurityGroupIngressRule"), *declared.of("SecurityGroupEgressRule")]:
        assert not {"cidrIpv4", "cidrIpv6"} & rule.inputs.keys()
    assert declared.one("DefaultSecurityGroup").inputs["ingress"] == []


def test_encrypted_with_the_stack_key(declared: Declared) -> None:
    key = f"arn:aws:kms:{declared.one('Vpc').inputs['region']}:123456789012:{declared.one('Key').name}"
    assert declared.one("Key").inputs["enableKeyRotation"] is True
    assert declared.one("Topic").inputs["kmsMasterKeyId"] == key
    assert declared.one("Repository").inputs["encryptionConfigurations"][0]["kmsKey"] == key
    assert all(group.inputs["kmsKeyId"] == key for group in declared.of("LogGroup"))
    assert all(queue.inputs["kmsMasterKeyId"] == key for queue in declared.of("Queue"))


def test_names_fit_for_the_longest_workload() -> None:
    declared = declare("sliced")
    assert len(declared.one("Vpc").inputs["tags"]["workload"]) == 40
    for resource in declared.resources:
        limit = LENGTHS.get(resource.type.split(":")[2])
        if limit is not None:
            assert len(resource.name) + 8 <= limit, resource


def test_names_are_unique_by_type(declared: Declared) -> None:
    names = [(resource.type, resource.name) for resource in declared.everything]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("example", "start"), [("contiguous", "2036-12-01T22:00:00"), ("sliced", "2036-12-01T09:00:00")]
)
def test_the_schedule_is_the_plan_s_start(example: str, start: str) -> None:
    schedule = declare(example).one("Schedule").inputs
    assert schedule["scheduleExpression"] == f"at({start})"
    assert schedule["scheduleExpressionTimezone"] == "UTC"
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
    call = json.loads(schedule["target"]["input"])
    assert call["StateMachineArn"].endswith("-training")
    assert re.fullmatch(r"[a-z0-9-]{1,80}", call["Name"])


def test_a_start_is_written_in_utc() -> None:
    summer = datetime(2026, 7, 1, 0, 30, 15, 999, tzinfo=timezone(timedelta(hours=2)))
    assert at_expression(summer) == "at(2026-06-30T22:30:15)"
    assert at_expression(datetime(2026, 7, 1, tzinfo=UTC)) == "at(2026-07-01T00:00:00)"
    with pytest.raises(ValueError, match="no time zone"):
        at_expression(datetime(2026, 7, 1))  # noqa: DTZ001


def test_launch_now_is_one_job_and_nothing_scheduled() -> None:
    declared = declare("now")
    assert not declared.of("Schedule")
    assert not declared.of("StateMachine")
    job = declared.one("TrainingJob").inputs
    assert job["trainingJobName"] == "classify-00aa11bb"
    # Three hours planned, half on top; six hours of waiting allowed.
    assert job["stoppingCondition"] == {"maxRuntimeInSeconds": 16200, "maxWaitTimeInSeconds": 21600}
    assert job["inputDataConfigs"][0]["dataSource"]["s3DataSource"]["s3Uri"] == "s3://example-mails/train"
    assert "volumeKmsKeyId" not in job["resourceConfig"]


def test_jobs_are_told_the_plan_s_figures() -> None:
    environment = declare("now").one("TrainingJob").inputs["environment"]
    assert environment["GREENAI_INTENSITY_G_PER_KWH"] == "41"
    assert environment["GREENAI_PLANNED_EMISSIONS_KG"] == "0.093"
    assert environment["GREENAI_PLANNED_HOURS"] == "3"
    assert all(isinstance(value, str) and len(value) <= 512 for value in environment.values())


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [
        ("ml.p4d.24xlarge", True),
        ("ml.p4de.24xlarge", True),
        ("ml.g4dn.xlarge", True),
        ("ml.g5.2xlarge", True),
        ("ml.p5en.48xlarge", True),
        ("ml.trn1.32xlarge", True),
        ("ml.m5d.xlarge", True),
        ("ml.p3dn.24xlarge", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.p3.8xlarge", False),
        ("ml.inf2.xlarge", False),
        ("ml.m5.xlarge", False),
        ("ml.g5g.xlarge", False),
    ],
)
def test_which_instances_have_disks_of_their_own(instance_type: str, local: bool) -> None:
    assert has_local_disk(instance_type) is local


def test_subnets_split_the_network() -> None:
    assert subnet_cidrs("10.42.0.0/16", 3) == ["10.42.0.0/19", "10.42.32.0/19", "10.42.64.0/19"]
    with pytest.raises(ValueError, match="split into 8"):
        subnet_cidrs("10.42.0.0/22", 9)


@pytest.mark.parametrize(("wanted", "kept"), [(1, 1), (45, 60), (90, 90), (366, 400), (3650, 3653), (9999, 3653)])
def test_logs_are_kept_at_least_as_long_as_wanted(wanted: int, kept: int) -> None:
    assert log_retention_days(wanted) == kept


def test_taggable_is_read_from_the_sdk() -> None:
    assert Resource("aws:ec2/vpc:Vpc", "", {}).taggable
    assert not Resource("aws:scheduler/schedule:Schedule", "", {}).taggable


@pytest.mark.parametrize(
    ("zones", "key"),
    [(["usw2-az4", "usw2-az1"], "availabilityZoneId"), (["us-west-2a", "us-west-2c"], "availabilityZone")],
)
def test_subnets_lie_in_the_zones_that_are_named_by_id_or_by_letter(zones: list[str], key: str) -> None:
    declared, refused = run_program(changed("sliced", network={"availability_zones": zones}))

    assert not refused
    other = {"availabilityZoneId", "availabilityZone"} - {key}
    subnets = sorted(declared.of("Subnet"), key=lambda subnet: subnet.inputs["cidrBlock"])  # registered in any order
    assert [subnet.inputs[key] for subnet in subnets] == zones
    assert not any(other & subnet.inputs.keys() for subnet in declared.of("Subnet"))


@pytest.mark.parametrize(
    ("example", "log_in", "image"),
    [
        ("sliced", "aws ecr get-login-password", r"\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[\w-]+:v1"),
        ("gcp-slices", "gcloud auth configure-docker", r"-docker\.pkg\.dev/[\w-]+/[\w-]+/[\w-]+:v1"),
    ],
)
def test_the_outputs_build_and_push_the_same_image(
    example: str, log_in: str, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs: dict[str, str] = {}

    def export(name: str, value: object) -> None:
        pulumi.Output.from_input(value).apply(lambda known: outputs.__setitem__(name, known))

    monkeypatch.setattr(pulumi, "export", export)
    run_program(changed(example, image=None))
    words = shlex.split(outputs["build_image"])
    assert words[:4] == ["docker", "build", "--platform", "linux/amd64"]
    assert words[words.index("--file") + 1] == "training/Dockerfile"
    assert f"PLAN_ID={outputs['plan_id']}" in words
    assert f"REGION={outputs['region']}" in words
    assert words[-1] == "."
    tag = words[words.index("--tag") + 1]
    assert re.search(f"{image}$", tag)
    assert outputs["push_image"].startswith(log_in)
    assert outputs["push_image"].endswith(f"docker push {tag}")
    assert outputs["image"] == tag
