"""`no-star-actions`: every place where a policy can hide, and what can't be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Secret

from .declare import URN, a, could_not_run, kept, messages

RULE = "no-star-actions"
HOLDERS = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:opensearch/domain:Domain": "accessPolicies",
}


def document(action: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}, statement]}


def role_policy(text: Any) -> DeclaredResource:
    return a("aws:iam/rolePolicy:RolePolicy", policy=text)


@pytest.mark.parametrize("type_", HOLDERS)
def test_wherever_a_policy_stands(type_: str) -> None:
    good: dict[str, Any] = {HOLDERS[type_]: json.dumps(document(["s3:GetObject", "s3:PutObject"]))}
    bad: dict[str, Any] = {HOLDERS[type_]: json.dumps(document("*"))}
    assert kept(RULE, a(type_, **good))
    assert messages(RULE, a(type_, **bad)) == ["statement 1 allows *"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(document(["s3:GetObject", "sagemaker:*"])),
        json.dumps(document("s3:Get*")),
        json.dumps(document("*:*")),
        json.dumps({"Statement": {"Effect": "Allow", "NotAction": ["iam:PassRole"], "Resource": "*"}}),
        "\n  " + json.dumps(document("kms:*"), indent=2),
        document("kms:*"),
        Secret(json.dumps(document("kms:*"))),
        json.dumps({"nested": json.dumps(document("kms:*"))}),
    ],
    ids=["in a list", "part of a name", "both parts", "NotAction", "laid out", "an object", "secret", "JSON in JSON"],
)
def test_a_star_in_any_form(text: Any) -> None:
    assert len(messages(RULE, role_policy(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(document("s3:*", "Deny")),
        json.dumps(document("sts:AssumeRole", Resource="arn:aws:s3:::*")),
        json.dumps({"rules": [{"action": {"type": "*"}}]}),
        "not a document",
        "{broken",
    ],
)
def test_no_star_action(text: str) -> None:
    assert kept(RULE, role_policy(text))


def test_part_of_a_name_can_be_let_pass() -> None:
    assert kept(RULE, role_policy(json.dumps(document("s3:Get*"))), allow_partial=True)
    for action in ("*", "s3:*", "s3:?*", "*:*", "s*:GetObject", "iam:????????????", "?:?"):
        assert not kept(RULE, role_policy(json.dumps(document(action))), allow_partial=True), action


def test_inline_policies_of_a_role() -> None:
    role = a("aws:iam/role:Role", inlinePolicies=[{"name": "all", "policy": json.dumps(document("ec2:*"))}])
    assert messages(RULE, role) == ["statement 1 allows ec2:*"]


@pytest.mark.parametrize(
    ("arn", "ok"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", False),
        ("arn:aws:iam::aws:policy/PowerUserAccess", False),
        ("arn:aws:iam::aws:policy/AmazonS3FullAccess", False),
        ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", True),
        ("arn:aws:iam::123456789012:policy/own", True),
        ("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2", False),
        ("arn:aws:iam::aws:policy/AmazonEMRFullAccessPolicy_v2", False),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", True),
        (UNKNOWN, False),  # of no resource of the stack: looked up in the cloud
    ],
)
def test_managed_policies(arn: Any, ok: bool) -> None:
    assert kept(RULE, a("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn=arn)) == ok
    assert kept(RULE, a("aws:iam/role:Role", managedPolicyArns=[arn])) == ok


@pytest.mark.parametrize(
    ("role", "ok"), [("roles/owner", False), ("roles/editor", False), ("roles/storage.objectUser", True)]
)
def test_primitive_roles_of_google_cloud(role: str, ok: bool) -> None:
    assert kept(RULE, a("gcp:projects/iAMMember:IAMMember", role=role, member="user:x@y.z")) == ok
    whole = json.dumps({"bindings": [{"role": role, "members": ["user:x@y.z"]}]})
    assert kept(RULE, a("gcp:projects/iAMPolicy:IAMPolicy", policyData=whole)) == ok


def test_a_policy_is_judged_with_stand_ins() -> None:
    """Unknown as declared because of an ARN in it; the offline preview renders it."""
    star = json.dumps(document("*", Resource="arn:aws:s3:::stand-in"))
    assert not kept(RULE, a("aws:s3/bucketPolicy:BucketPolicy", policy=UNKNOWN, _rendered={"policy": star}))


@pytest.mark.parametrize(
    "resource",
    [
        role_policy(UNKNOWN),
        role_policy(Secret(UNKNOWN)),
        a("aws:iam/role:Role", inlinePolicies=[{"name": "x", "policy": UNKNOWN}]),
        a("aws:iam/policy:Policy", policy={"Statement": [{"Effect": "Allow", "Action": [UNKNOWN]}]}),
        a("gcp:projects/iAMMember:IAMMember", role=UNKNOWN, member="user:x@y.z"),
        a("gcp:projects/iAMMember:IAMMember", role=UNKNOWN, _from={"role": (f"{URN}random:index:Pet::it",)}),
    ],
)
def test_a_policy_that_can_not_be_read_shuts_the_gate(resource: DeclaredResource) -> None:
    assert could_not_run(RULE, resource)


def test_a_role_of_the_stacks_own_lists_its_permissions() -> None:
    own = f"{URN}gcp:projects/iAMCustomRole:IAMCustomRole::flow"
    assert kept(RULE, a("gcp:projects/iAMMember:IAMMember", role=UNKNOWN, _from={"role": (own,)}))


def test_other_unknown_values_do_not() -> None:
    role = a("aws:iam/role:Role", inlinePolicies=[{"name": UNKNOWN, "policy": json.dumps(document("s3:GetObject"))}])
    assert kept(RULE, role)
    assert kept(RULE, a("aws:ecr/lifecyclePolicy:LifecyclePolicy", repository=UNKNOWN, policy='{"rules": []}'))


def test_a_policy_of_the_stack_itself_is_judged_where_it_is_declared() -> None:
    sources = {"policyArn": ("urn:pulumi:dev::shop::aws:iam/policy:Policy::own",)}

    assert kept(RULE, a("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn=UNKNOWN, _from=sources))


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
CLUSTER_ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", {"policyArns": [ADMINISTRATOR]}),
        ("aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", {"managedPolicyArn": ADMINISTRATOR}),
        ("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", {"policyArn": CLUSTER_ADMINISTRATOR}),
    ],
)
def test_broad_policies_by_other_names(type_: str, inputs: dict[str, Any]) -> None:
    assert not kept(RULE, a(type_, **inputs))
