"""What AWS says of an account and a region before a stack goes there. Only calls that read.

A call that is denied, or can't be made, makes its part `unknown`, with the action that the identity lacks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from greenai_infra.doctor.checkup import Checkup
from greenai_infra.doctor.needs import LONGEST_RUN, Quota
from greenai_infra.engine.errors import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.doctor.needs import AwsNeeds

VPCS = Quota("vpc", "VPCs per Region", 1, "the stack's own VPC")
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")


def check_aws(session: Any, needs: AwsNeeds) -> Iterator[Checkup]:
    """Runs all checkups of a stack. `session` is a boto3 Session without a region."""
    account = _account(session, needs.region)
    yield account
    if account.state != "ok":
        return
    region = _asked("region", "ec2:DescribeRegions", partial(_region, session, needs.region))
    yield region
    if region.state == "error":
        return
    for quota in needs.quotas:
        part = f"quota {quota.name}"
        yield _asked(part, "servicequotas:ListServiceQuotas", partial(_quota, session, needs.region, quota))
    if needs.own_vpc:
        yield _asked("VPCs", "ec2:DescribeVpcs", partial(_vpcs, session, needs.region))
    if needs.roles:
        yield _asked("IAM roles", "iam:GetAccountSummary", partial(_roles, session, needs.roles))
    if needs.image:
        yield _asked("image", "ecr:DescribeImages", partial(_image, session, needs.image))
    elif needs.image_tag:
        yield Checkup(
            "image",
            "warning",
            f"the stack's own repository is empty until you push tag {needs.image_tag}",
            "after `up`, before the start: run the outputs build_image and push_image",
        )
    for uri in (needs.data_uri, *needs.uris):
        if uri:
            yield _asked(f"data {uri}", "s3:ListBucket", partial(_data, session, needs.region, uri))
    if needs.reads_own_data:
        yield Checkup(
            "data",
            "warning",
            "the run reads train/ of the stack's own bucket, which `up` makes empty",
            "after `up`, before the start: run the output upload_data",
        )


def _asked(part: str, action: str, ask: Callable[[], Checkup]) -> Checkup:
    """What `ask` finds, or `unknown` with the reason."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in DENIED:
            return Checkup(part, "unknown", f"not looked at: {code}", f"allow {action} to see it")
        return Checkup(part, "unknown", f"not looked at: {code or error}", f"look at it by hand ({action})")
    except BotoCoreError as error:
        return Checkup(part, "unknown", f"not looked at: {error}", "see that AWS can be reached from here")


def _account(session: Any, region: str) -> Checkup:
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

    try:
        identity = session.client("sts", region_name=region).get_caller_identity()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"):
            enable = f"or enable the region: aws account enable-region --region-name {region}"
            return Checkup(
                "AWS account", "error", f"AWS in {region} does not know these credentials", f"{CREDENTIALS}\n{enable}"
            )
        return Checkup("AWS account", "error", f"AWS refuses these credentials: {code}", CREDENTIALS)
    except (ConnectionError, HTTPClientError) as error:
        return Checkup("AWS account", "unknown", f"AWS can't be reached: {error}", "see that this machine reaches AWS")
    except BotoCoreError as error:
        return Checkup("AWS account", "error", f"no AWS credentials: {error}", CREDENTIALS)
    return Checkup("AWS account", "ok", f"{identity['Account']}, as {identity['Arn'].rpartition(':')[2]}")


def _region(session: Any, region: str) -> Checkup:
    answer = session.client("ec2", region_name="us-east-1").describe_regions(RegionNames=[region], AllRegions=True)
    state = answer["Regions"][0]["OptInStatus"]
    if state == "not-opted-in":
        return Checkup(
            "region",
            "error",
            f"{region} is not enabled in this account",
            f"aws account enable-region --region-name {region}  (takes minutes to hours)",
        )
    return Checkup("region", "ok", f"{region}: {state}")


def _quota(session: Any, region: str, quota: Quota) -> Checkup:
    value = quota_value(session, region, quota)
    part = f"quota {quota.name}"
    if value is None:
        return Checkup(part, "unknown", "Service Quotas lists no quota of this name", _raise(quota, region))
    have = f"{value:,.0f}, needed {quota.needed:,.0f} ({quota.why})"
    if value < quota.needed:
        return Checkup(part, "error", have, _raise(quota, region))
    return Checkup(part, "ok", have)


def _raise(quota: Quota, region: str) -> str:
    what = "a longest run" if quota.name == LONGEST_RUN else "an increase"
    return (
        f"ask for {what} of at least {quota.needed:.0f}: console, Service Quotas, {quota.service}, '{quota.name}', "
        f"region {region} (aws service-quotas request-service-quota-increase)"
    )


def quota_value(session: Any, region: str, quota: Quota) -> float | None:
    """Returns the value in force: the account's, else AWS's default; None if the name is in neither list."""
    client = session.client("service-quotas", region_name=region)
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode=quota.service):
            for entry in page["Quotas"]:
                if entry["QuotaName"] == quota.name:
                    return float(entry["Value"])
    return None


def _vpcs(session: Any, region: str) -> Checkup:
    pages = session.client("ec2", region_name=region).get_paginator("describe_vpcs").paginate()
    there = sum(len(page["Vpcs"]) for page in pages)
    limit = quota_value(session, region, VPCS)
    if limit is None:
        return Checkup("VPCs", "unknown", f"{there} there; the quota is not listed", _raise(VPCS, region))
    said = f"{there} of {limit:.0f} used in {region}; the stack makes one"
    if there + 1 > limit:
        wanted = Quota(VPCS.service, VPCS.name, there + 1, VPCS.why)
        return Checkup("VPCs", "error", said, f"remove one, or {_raise(wanted, region)}")
    return Checkup("VPCs", "ok", said)


def _roles(session: Any, needed: int) -> Checkup:
    summary = session.client("iam").get_account_summary()["SummaryMap"]
    used, limit = summary["Roles"], summary["RolesQuota"]
    said = f"{used:,} of {limit:,} used; the stack makes up to {needed}"
    if used + needed > limit:
        return Checkup(
            "IAM roles", "error", said, "remove roles, or ask for more: Service Quotas, iam, 'Roles per account'"
        )
    return Checkup("IAM roles", "ok", said)


def _image(session: Any, uri: str) -> Checkup:
    """The image's tag or digest in its repository; its region is held by the stack's config."""
    from botocore.exceptions import ClientError

    host, _, path = uri.partition("/")
    registry, _, _, region = host.split(".")[:4]
    repository, identifier = _image_id(path)
    shown = " ".join(f"{value}" for value in identifier.values())
    try:
        client = session.client("ecr", region_name=region)
        client.describe_images(registryId=registry, repositoryName=repository, imageIds=[identifier])
    except ClientError as error:
        missing = {
            "RepositoryNotFoundException": f"account {registry} has no repository {repository} in {region}",
            "ImageNotFoundException": f"{repository} in {region} has no image {shown}",
        }.get(error.response["Error"]["Code"])
        if missing is None:
            raise
        return Checkup("image", "error", missing, f"push it: docker push {uri}")
    return Checkup("image", "ok", f"{repository} {shown} in {region}")


def _image_id(path: str) -> tuple[str, dict[str, str]]:
    """Repository and the identifier that ECR takes, of `repository:tag` or `repository@sha256:...`."""
    if "@" in path:
        repository, _, digest = path.partition("@")
        return repository.partition(":")[0], {"imageDigest": digest}
    repository, _, tag = path.partition(":")
    return repository, {"imageTag": tag or "latest"}


def _data(session: Any, region: str, uri: str) -> Checkup:
    """Checks for an object, and that the bucket is in the stack's region, where gateway endpoints reach it."""
    from botocore.exceptions import ClientError

    part = f"data {uri}"
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    client = session.client("s3", region_name=region)
    try:
        headers = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return Checkup(part, "error", f"there is no bucket {bucket}", "correct the section's URI")
        found = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        if not found or found == region:
            raise
        headers = {"x-amz-bucket-region": found}
    lies_in = headers.get("x-amz-bucket-region", region)
    if lies_in != region:
        copy = f"aws s3 sync {uri} s3://BUCKET-IN-{region}/ --source-region {lies_in} --region {region}"
        return Checkup(part, "error", f"the bucket lies in {lies_in}, the stack in {region}", copy)
    if not client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
        return Checkup(part, "error", "nothing lies there", f"upload it: aws s3 sync ./data {uri}")
    return Checkup(part, "ok", f"objects are there, in {region}")
