"""`no-public-access`: doors that stand open, doors that only look so, and doors that can't be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource

from .declare import a, could_not_run, kept, messages

RULE = "no-public-access"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
FIREWALL = "gcp:compute/firewall:Firewall"
ALLOW = [{"protocol": "tcp", "ports": ["443"]}]
GCS: dict[str, Any] = {"uniformBucketLevelAccess": True, "publicAccessPrevention": "enforced"}
ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}


def grant(principal: Any, condition: Any = None, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **more}
    return json.dumps({"Statement": [{**statement, "Condition": condition} if condition else statement]})


def bucket_policy(text: str) -> DeclaredResource:
    return a("aws:s3/bucketPolicy:BucketPolicy", policy=text)


ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.mark.parametrize(
    "resource",
    [
        a(GROUP, ingress=[{"cidrBlocks": ["10.0.0.0/8"]}, {"cidrBlocks": ["10.0.0.0/16", "0.0.0.0/0"]}]),
        a(GROUP, ingress=[{"ipv6CidrBlocks": ["::/0"]}]),
        a(INGRESS, cidrIpv4="0.0.0.0/0"),
        a(INGRESS, cidrIpv6="::/0"),
        a(INGRESS, cidrIpv4="128.0.0.0/1"),
        a("aws:ec2/securityGroupRule:SecurityGroupRule", type="ingress", cidrBlocks=["0.0.0.0/0"]),
        a("aws:ec2/instance:Instance", associatePublicIpAddress=True),
        a("aws:ec2/launchTemplate:LaunchTemplate", networkInterfaces=[{"associatePublicIpAddress": "true"}]),
        a("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=True),
        a("aws:lb/loadBalancer:LoadBalancer", internal=False),
        a("aws:lb/loadBalancer:LoadBalancer"),
        a("aws:rds/instance:Instance", publiclyAccessible=True),
        a("aws:redshiftserverless/workgroup:Workgroup", publiclyAccessible=True),
        a("aws:neptune/clusterInstance:ClusterInstance", publiclyAccessible="true"),
        a("aws:s3/bucketAcl:BucketAcl", acl="public-read"),
        a("aws:s3/bucketAcl:BucketAcl", accessControlPolicy={"grants": [{"grantee": {"uri": ALL_USERS}}]}),
        a("aws:s3/bucket:Bucket", grants=[{"type": "Group", "uri": ALL_USERS, "permissions": ["READ"]}]),
        a("aws:s3/bucketObjectv2:BucketObjectv2", acl="public-read"),
        a("aws:ecs/service:Service", networkConfiguration={"assignPublicIp": True}),
        a("gcp:storage/bucketACL:BucketACL", predefinedAcl="publicRead"),
        bucket_policy(grant("*")),
        bucket_policy(grant({"AWS": ["*"]})),
        bucket_policy(grant("*", {"Bool": {"aws:SecureTransport": "true"}})),
        bucket_policy(grant("*", {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}})),
        bucket_policy(grant("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})),
        a(FIREWALL, allows=ALLOW, sourceRanges=["0.0.0.0/0"]),
        a(FIREWALL, allows=ALLOW, direction="INGRESS"),
        a("gcp:tpu/v2Vm:V2Vm", networkConfig={"enableExternalIps": True}),
        a(
            "gcp:tpu/v2QueuedResource:V2QueuedResource",
            tpu={"nodeSpecs": [{"node": {"networkConfig": {"enableExternalIps": True}}}]},
        ),
        a("gcp:storage/bucketIAMMember:BucketIAMMember", member="allUsers", role="roles/storage.objectViewer"),
        a("gcp:storage/bucketIAMBinding:BucketIAMBinding", members=["user:x@y.z", "allAuthenticatedUsers"]),
        a("gcp:storage/bucketAccessControl:BucketAccessControl", entity="allUsers"),
        a("gcp:storage/bucketACL:BucketACL", roleEntities=["READER:allUsers"]),
        a("gcp:cloudrunv2/serviceIamPolicy:ServiceIamPolicy", policyData='{"bindings":[{"members":["allUsers"]}]}'),
        a("gcp:storage/bucket:Bucket", uniformBucketLevelAccess=True),
        a("gcp:storage/bucket:Bucket", publicAccessPrevention="enforced"),
    ],
    ids=lambda one: f"{one.type.rsplit(':', 1)[-1]} {json.dumps(dict(one.inputs))[:70]}",
)
def test_open(resource: DeclaredResource) -> None:
    assert len(messages(RULE, resource)) == 1


@pytest.mark.parametrize(
    "resource",
    [
        a(GROUP, ingress=[{"cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"]}], egress=[{"cidrBlocks": ["0.0.0.0/0"]}]),
        a(INGRESS, referencedSecurityGroupId=UNKNOWN),
        a(INGRESS, cidrIpv4="203.0.113.0/24"),
        a("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", cidrIpv4="0.0.0.0/0"),
        a("aws:ec2/securityGroupRule:SecurityGroupRule", type="egress", cidrBlocks=["0.0.0.0/0"]),
        a("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=False, vpcId=UNKNOWN),
        a("aws:lb/loadBalancer:LoadBalancer", internal=True),
        bucket_policy(grant("*", ACCOUNT)),
        bucket_policy(grant({"AWS": "arn:aws:iam::123456789012:root"})),
        bucket_policy(grant("*", Effect="Deny")),
        a("aws:ec2/vpcEndpoint:VpcEndpoint", policy=grant("*")),
        a(FIREWALL, allows=ALLOW, sourceRanges=["35.191.0.0/16", "130.211.0.0/22"]),
        a(FIREWALL, allows=ALLOW, sourceTags=["workers"]),
        a(FIREWALL, allows=ALLOW, direction="EGRESS", destinationRanges=["0.0.0.0/0"]),
        a(FIREWALL, allows=ALLOW, sourceRanges=["0.0.0.0/0"], disabled=True),
        a(FIREWALL, denies=[{"protocol": "all"}], sourceRanges=["0.0.0.0/0"]),
        a("gcp:storage/bucket:Bucket", **GCS),
        a("gcp:storage/bucketIAMMember:BucketIAMMember", member=UNKNOWN),
        a("aws:ec2/instance:Instance", _read=True, associatePublicIpAddress=True),
        a("aws:ssm/parameter:Parameter", value='{"publiclyAccessible": true, "cidrBlocks": ["0.0.0.0/0"]}'),
    ],
    ids=lambda one: f"{one.type.rsplit(':', 1)[-1]} {sorted(one.inputs)}",
)
def test_closed(resource: DeclaredResource) -> None:
    assert kept(RULE, resource)


@pytest.mark.parametrize(
    "resource",
    [
        a(GROUP, ingress=[{"cidrBlocks": [UNKNOWN]}]),
        a(GROUP, ingress=UNKNOWN),
        a("gcp:tpu/v2Vm:V2Vm", networkConfig=UNKNOWN),
        a(INGRESS, cidrIpv4=UNKNOWN),
        a("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=UNKNOWN),
        a("aws:lb/loadBalancer:LoadBalancer", internal=UNKNOWN),
        a(FIREWALL, allows=ALLOW, sourceRanges=UNKNOWN),
        a("gcp:storage/bucket:Bucket", uniformBucketLevelAccess=True, publicAccessPrevention=UNKNOWN),
    ],
)
def test_what_can_not_be_seen_shuts_the_gate(resource: DeclaredResource) -> None:
    assert could_not_run(RULE, resource)
