"""Mistakes that checkov has to find in the translation: were a property lost on the way, these would not be told.

checkov reads the policies of keys in HCL only, so a key for anybody is no mistake here; our own rules find it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True)
class Mistake:
    """`changes` to the first resource of a type in a stack (None takes a property out), and checkov's check for it."""

    id: str
    check: str
    stack: str
    type: str
    changes: dict[str, Any]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


OPEN_RULE = {
    "cidrIpv4": "0.0.0.0/0",
    "fromPort": 22,
    "toPort": 22,
    "ipProtocol": "tcp",
    "referencedSecurityGroupId": None,
}

PLANTED = (
    Mistake("key-not-rotated", "CKV_AWS_7", "contiguous", "aws:kms/key:Key", {"enableKeyRotation": False}),
    Mistake("topic-not-encrypted", "CKV_AWS_26", "budget", "aws:sns/topic:Topic", {"kmsMasterKeyId": None}),
    Mistake("queue-not-encrypted", "CKV_AWS_27", "contiguous", "aws:sqs/queue:Queue", {"kmsMasterKeyId": None}),
    Mistake("log-not-encrypted", "CKV_AWS_158", "budget", "aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": None}),
    Mistake(
        "tags-can-move", "CKV_AWS_51", "contiguous", "aws:ecr/repository:Repository", {"imageTagMutability": "MUTABLE"}
    ),
    Mistake(
        "image-not-encrypted",
        "CKV_AWS_136",
        "contiguous",
        "aws:ecr/repository:Repository",
        {"encryptionConfigurations": None},
    ),
    Mistake(
        "bucket-opened",
        "CKV_AWS_53",
        "contiguous",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"blockPublicAcls": False},
    ),
    Mistake(
        "bucket-policy-for-anybody",
        "CKV_AWS_70",
        "contiguous",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": document({**ANYBODY, "Action": "s3:*"})},
    ),
    Mistake(
        "role-may-do-anything",
        "CKV_AWS_63",
        "contiguous",
        "aws:iam/rolePolicy:RolePolicy",
        {"policy": document(EVERYTHING)},
    ),
    Mistake(
        "ssh-for-the-world",
        "CKV_AWS_24",
        "contiguous",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        OPEN_RULE,
    ),
    Mistake("public-addresses", "CKV_AWS_130", "contiguous", "aws:ec2/subnet:Subnet", {"mapPublicIpOnLaunch": True}),
    Mistake(
        "cache-in-plain-text",
        "CKV_AWS_30",
        "cache-nodes",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        {"transitEncryptionEnabled": False},
    ),
    Mistake(
        "cache-not-encrypted",
        "CKV_AWS_29",
        "cache-nodes",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        {"atRestEncryptionEnabled": False},
    ),
    Mistake(
        "secret-not-encrypted", "CKV_AWS_149", "cache-nodes", "aws:secretsmanager/secret:Secret", {"kmsKeyId": None}
    ),
    Mistake(
        "alarm-without-action",
        "CKV_AWS_319",
        "budget",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {"actionsEnabled": False},
    ),
    Mistake(
        "model-with-network",
        "CKV_AWS_370",
        "inferentia",
        "aws:sagemaker/model:Model",
        {"enableNetworkIsolation": False},
    ),
    Mistake(
        "gcp-bucket-with-acls",
        "CKV_GCP_29",
        "gcp-slices",
        "gcp:storage/bucket:Bucket",
        {"uniformBucketLevelAccess": False},
    ),
    Mistake(
        "gcp-bucket-opened",
        "CKV_GCP_114",
        "gcp-slices",
        "gcp:storage/bucket:Bucket",
        {"publicAccessPrevention": "inherited"},
    ),
    Mistake("gcp-key-not-rotated", "CKV_GCP_43", "gcp-slices", "gcp:kms/cryptoKey:CryptoKey", {"rotationPeriod": None}),
    Mistake(
        "gcp-ssh-for-the-world",
        "CKV_GCP_2",
        "gcp-slices",
        "gcp:compute/firewall:Firewall",
        {
            "direction": "INGRESS",
            "denies": None,
            "allows": [{"protocol": "tcp", "ports": ["22"]}],
            "sourceRanges": ["0.0.0.0/0"],
        },
    ),
    Mistake(
        "gcp-subnet-without-log", "CKV_GCP_26", "gcp-slices", "gcp:compute/subnetwork:Subnetwork", {"logConfig": None}
    ),
    Mistake(
        "gcp-image-not-encrypted",
        "CKV_GCP_84",
        "gcp-slices",
        "gcp:artifactregistry/repository:Repository",
        {"kmsKeyName": None},
    ),
    Mistake("gcp-editor", "CKV_GCP_49", "gcp-slices", "gcp:projects/iAMMember:IAMMember", {"role": "roles/editor"}),
)
