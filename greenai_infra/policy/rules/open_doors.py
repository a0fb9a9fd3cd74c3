"""What opens a resource to everybody, by type: addresses, flags, words; what `no-public-access` goes through."""

from __future__ import annotations

# Addresses from which a rule lets in.
SOURCES: dict[str, tuple[str, ...]] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("ingress[].cidrBlocks[]", "ingress[].ipv6CidrBlocks[]"),
    "aws:ec2/securityGroup:SecurityGroup": ("ingress[].cidrBlocks[]", "ingress[].ipv6CidrBlocks[]"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("cidrIpv4", "cidrIpv6"),
    "gcp:sql/databaseInstance:DatabaseInstance": ("settings.ipConfiguration.authorizedNetworks[].value",),
}
PUBLIC_IP = "a public address is given to it"
# Flags that open a door: path, what it does, and whether the door is open where nothing is said.
FLAGS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "aws:dms/replicationInstance:ReplicationInstance": (("publiclyAccessible", PUBLIC_IP, False),),
    "aws:ec2/instance:Instance": (("associatePublicIpAddress", PUBLIC_IP, False),),
    "aws:ec2/launchTemplate:LaunchTemplate": (("networkInterfaces[].associatePublicIpAddress", PUBLIC_IP, False),),
    "aws:ec2/subnet:Subnet": (("mapPublicIpOnLaunch", "what starts in it gets a public address", False),),
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest": (("associatePublicIpAddress", PUBLIC_IP, False),),
    "aws:ecs/service:Service": (("networkConfiguration.assignPublicIp", PUBLIC_IP, False),),
    "aws:eks/cluster:Cluster": (("vpcConfig.endpointPublicAccess", "its API is open to the internet", True),),
    "aws:mq/broker:Broker": (("publiclyAccessible", PUBLIC_IP, False),),
    "aws:rds/clusterInstance:ClusterInstance": (("publiclyAccessible", PUBLIC_IP, False),),
    "aws:rds/instance:Instance": (("publiclyAccessible", PUBLIC_IP, False),),
    "aws:redshift/cluster:Cluster": (("publiclyAccessible", PUBLIC_IP, False),),
    "gcp:sql/databaseInstance:DatabaseInstance": (("settings.ipConfiguration.ipv4Enabled", PUBLIC_IP, False),),
    "gcp:tpu/v2QueuedResource:V2QueuedResource": (
        ("tpu.nodeSpecs[].node.networkConfig.enableExternalIps", PUBLIC_IP, False),
    ),
    "gcp:tpu/v2Vm:V2Vm": (
        ("networkConfig.enableExternalIps", PUBLIC_IP, False),
        ("networkConfigs[].enableExternalIps", PUBLIC_IP, False),
    ),
}
# A property with one value, or being left out, that opens a door: path, open values, open if left out, what it does.
WORDS: dict[str, tuple[tuple[str, tuple[str, ...], bool, str], ...]] = {
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": (("group", ("all",), False, "anybody may start its image"),),
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission": (
        ("accountId", ("all",), False, "anybody may copy the snapshot"),
    ),
    "aws:lambda/functionUrl:FunctionUrl": (("authorizationType", ("NONE",), False, "anybody may call it"),),
    "aws:lambda/permission:Permission": (("principal", ("*",), False, "anybody may call the function"),),
    "aws:s3/bucketAcl:BucketAcl": (
        ("acl", ("public-read", "public-read-write", "authenticated-read"), False, "anybody may read the bucket"),
    ),
    "aws:sagemaker/domain:Domain": (
        ("appNetworkAccessType", ("PublicInternetOnly",), True, "its apps go over the internet"),
    ),
    "aws:sagemaker/notebookInstance:NotebookInstance": (
        ("directInternetAccess", ("Enabled",), True, "it reaches the internet past the VPC"),
    ),
    "gcp:compute/address:Address": (("addressType", ("EXTERNAL",), True, "it is a public address"),),
    "gcp:storage/bucketACL:BucketACL": (
        (
            "predefinedAcl",
            ("publicRead", "publicReadWrite", "authenticatedRead"),
            False,
            "anybody may read the bucket",
        ),
    ),
    "gcp:storage/bucket:Bucket": (
        ("publicAccessPrevention", ("inherited", "unspecified"), True, "its objects can be made public"),
    ),
}
WORDS["aws:s3/bucket:Bucket"] = WORDS["aws:s3/bucketV2:BucketV2"] = WORDS["aws:s3/bucketAcl:BucketAcl"]
WORDS["aws:s3/bucketAclV2:BucketAclV2"] = WORDS["aws:s3/bucketAcl:BucketAcl"]
WORDS["aws:s3/bucketObject:BucketObject"] = WORDS["aws:s3/bucketObjectv2:BucketObjectv2"] = (
    ("acl", ("public-read", "public-read-write", "authenticated-read"), False, "anybody may read the object"),
)
GROUPS_OF_EVERYBODY = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
"""Ends of the addresses that S3's access control lists have for everybody."""
PUBLIC_BY_NATURE = {
    "aws:ec2/eip:Eip": "it is a public address",
    "aws:ecrpublic/repository:Repository": "anybody may pull its images",
    "gcp:compute/globalAddress:GlobalAddress": "it is a public address",
}
