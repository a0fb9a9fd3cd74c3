"""`encryption`, and for S3 `bucket-encryption` and `bucket-public-access`, which look at several resources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Secret

from .declare import URN, a, could_not_run, kept, messages, stack

RULE = "encryption"
KEY = "arn:aws:kms:eu-north-1:123456789012:key/1"
LOG = "aws:cloudwatch/logGroup:LogGroup"
REPOSITORY = "aws:ecr/repository:Repository"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
JOB = "aws:sagemaker/trainingJob:TrainingJob"
CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
CACHE: dict[str, Any] = {"atRestEncryptionEnabled": True, "transitEncryptionEnabled": True, "kmsKeyId": KEY}


def job(machine: str = "ml.m5.xlarge", count: int = 1, **inputs: Any) -> DeclaredResource:
    resources = {"instanceType": machine, "instanceCount": count, "volumeKmsKeyId": inputs.pop("volume", KEY)}
    return a(JOB, **{"resourceConfig": resources, "outputDataConfig": {"kmsKeyId": KEY}, **inputs})


def machine(request: dict[str, Any]) -> DeclaredResource:
    state = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": request}
    text = json.dumps({"States": {"Train": state}})
    return a("aws:sfn/stateMachine:StateMachine", definition=UNKNOWN, _rendered={"definition": text})


@pytest.mark.parametrize(
    "resource",
    [
        a("aws:sns/topic:Topic", kmsMasterKeyId=KEY),
        a("aws:sns/topic:Topic", kmsMasterKeyId=UNKNOWN),
        a("aws:sns/topic:Topic", kmsMasterKeyId=Secret(KEY)),
        a("aws:sqs/queue:Queue", kmsMasterKeyId="alias/own"),
        a(LOG, kmsKeyId=UNKNOWN),
        a(REPOSITORY, encryptionConfigurations=[{"encryptionType": "KMS", "kmsKey": UNKNOWN}]),
        a("aws:ec2/instance:Instance", rootBlockDevice={"encrypted": True, "kmsKeyId": KEY}),
        a(GROUP, **CACHE),
        a("aws:elasticache/serverlessCache:ServerlessCache", kmsKeyId=KEY),
        job(),
        job("ml.p5.48xlarge", volume=None),
        job(count=2, enableInterContainerTrafficEncryption=True),
        machine({"OutputDataConfig": {"KmsKeyId": KEY}, "ResourceConfig": {"InstanceType": "ml.g5.xlarge"}}),
        a(CONFIG, productionVariants=[{"instanceType": "ml.inf2.xlarge"}], kmsKeyArn=UNKNOWN),
        a(CONFIG, productionVariants=[{"instanceType": "ml.g5.xlarge"}]),
        a(CONFIG, productionVariants=[{"serverlessConfig": {"memorySizeInMb": 4096}}]),
        a("gcp:storage/bucket:Bucket", encryption={"defaultKmsKeyName": UNKNOWN}),
        a("gcp:memorystore/instance:Instance", transitEncryptionMode="SERVER_AUTHENTICATION", kmsKey="k"),
        a("aws:ec2/vpc:Vpc"),
        a("aws:ssm/parameter:Parameter", value='{"encrypted": false}'),
    ],
    ids=lambda one: f"{one.type.rsplit(':', 1)[-1]} {sorted(one.inputs)}",
)
def test_encrypted(resource: DeclaredResource) -> None:
    assert kept(RULE, resource)


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (a("aws:sns/topic:Topic"), "its messages: no key of your own"),
        (a("aws:sns/topic:Topic", kmsMasterKeyId=""), "its messages: no key of your own"),
        (a("aws:sns/topic:Topic", kmsMasterKeyId="alias/aws/sns"), "alias/aws/sns is AWS's key"),
        (a("aws:sqs/queue:Queue", sqsManagedSseEnabled=True), "its messages: no key of your own"),
        (a(LOG), "its logs: no key of your own"),
        (a(REPOSITORY), "its images: no key of your own"),
        (a(REPOSITORY, encryptionConfigurations=[{"encryptionType": "AES256"}]), "its images: no key of your own"),
        (a(REPOSITORY, encryptionConfigurations=[{"encryptionType": "KMS"}]), "its images: no key of your own"),
        (a("aws:ebs/volume:Volume", encrypted=False), "encrypted is off"),
        (a("aws:ec2/instance:Instance", rootBlockDevice={"encrypted": False}), "rootBlockDevice.encrypted is off"),
        (a(GROUP, **{**CACHE, "transitEncryptionEnabled": False}), "data in transit is not encrypted"),
        (a(GROUP, **{**CACHE, "atRestEncryptionEnabled": None}), "data at rest is not encrypted"),
        (a(GROUP, **{**CACHE, "kmsKeyId": None}), "no key of your own"),
        (job(volume=None), "the volume: no key of your own"),
        (job(outputDataConfig={}), "what training writes: no key of your own"),
        (job(count=2), "traffic between the 2 machines is not encrypted"),
        (machine({"OutputDataConfig": {}, "ResourceConfig": {"InstanceType": "ml.g5.xlarge"}}), "what training writes"),
        (a(CONFIG, productionVariants=[{"instanceType": "ml.inf2.xlarge"}]), "the volume of ml.inf2.xlarge"),
        (a("gcp:storage/bucket:Bucket"), "its objects: no key of your own"),
    ],
    ids=lambda one: one if isinstance(one, str) else f"{one.type.rsplit(':', 1)[-1]} {sorted(one.inputs)}",
)
def test_not_encrypted(resource: DeclaredResource, says: str) -> None:
    [message] = messages(RULE, resource)
    assert says in message


@pytest.mark.parametrize(
    "resource",
    [
        a("aws:ebs/volume:Volume", encrypted=UNKNOWN, kmsKeyId=KEY),
        a(GROUP, **{**CACHE, "transitEncryptionEnabled": UNKNOWN}),
    ],
)
def test_a_switch_that_is_unknown_shuts_the_gate(resource: DeclaredResource) -> None:
    assert could_not_run(RULE, resource)


@pytest.mark.parametrize(
    ("resource", "ok"),
    [
        (a(LOG), True),
        (a("aws:sqs/queue:Queue"), True),
        (a("aws:sqs/queue:Queue", sqsManagedSseEnabled=False), False),
        (a(REPOSITORY), True),
        (a("aws:sns/topic:Topic", kmsMasterKeyId="alias/aws/sns"), True),
        (a("aws:sns/topic:Topic"), False),
        (a("gcp:storage/bucket:Bucket"), True),
    ],
)
def test_where_the_clouds_own_keys_will_do(resource: DeclaredResource, ok: bool) -> None:
    assert kept(RULE, resource, customer_managed_keys=False) == ok


BUCKET = a("aws:s3/bucket:Bucket", "data", bucket=None)
OTHER = f"{URN}aws:s3/bucket:Bucket::other"
SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def default(algorithm: Any = "aws:kms", key: Any = UNKNOWN, **inputs: Any) -> DeclaredResource:
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm, "kmsMasterKeyId": key}}
    of = {"bucket": UNKNOWN, "_after": [BUCKET.urn], "rules": [rule], **inputs}
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    return a(type_, "sse", **of)


def block(**inputs: Any) -> DeclaredResource:
    of = {"bucket": UNKNOWN, "_after": [BUCKET.urn], **dict.fromkeys(SWITCHES, True), **inputs}
    return a("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", **of)


def test_a_bucket_with_both_beside_it() -> None:
    whole = stack(BUCKET, default(), block())
    assert kept("bucket-encryption", whole)
    assert kept("bucket-public-access", whole)


@pytest.mark.parametrize(
    "beside",
    [
        [],
        [default("AES256", None)],
        [default(key=None)],
        [default(key="alias/aws/s3")],
        [default(_after=[OTHER])],
        [default(_after=[BUCKET.urn, OTHER], _from={"bucket": (OTHER,)})],
        [default(bucket="another")],
    ],
    ids=["nothing", "S3's key", "no key", "AWS's key", "another's", "another's, after this", "another's by name"],
)
def test_a_bucket_without_a_key_of_your_own(beside: list[DeclaredResource]) -> None:
    assert messages("bucket-encryption", stack(BUCKET, *beside))


def test_parts_of_a_bucket_by_name() -> None:
    named = a("aws:s3/bucket:Bucket", "data", bucket="data-1")
    assert kept("bucket-public-access", stack(named, block(bucket="data-1", _after=[])))
    assert not kept("bucket-public-access", stack(named, block(bucket="data-2", _after=[])))


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("value", [False, None])
def test_each_switch_counts(switch: str, value: Any) -> None:
    assert messages("bucket-public-access", stack(BUCKET, block(**{switch: value}))) == [f"{switch} is off"]


def test_unknown_switches_and_algorithms() -> None:
    assert could_not_run("bucket-public-access", stack(BUCKET, block(ignorePublicAcls=UNKNOWN)))
    assert could_not_run("bucket-encryption", stack(BUCKET, default(UNKNOWN)))
