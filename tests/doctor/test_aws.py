"""The checkups of an AWS account, against moto: what is there, what is missing, what may not be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("boto3", reason="the aws extra is not installed")

from greenai_infra.doctor.aws import check_aws
from greenai_infra.doctor.needs import LONGEST_RUN, AwsNeeds, Quota

from .conftest import REGION

if TYPE_CHECKING:
    from greenai_infra.doctor.checkup import Checkup

    from .conftest import Account

JOB = Quota("sagemaker", "ml.p5.48xlarge for training job usage", 2, "the job's instances")
RUN = Quota("sagemaker", LONGEST_RUN, 8 * 3600.0, "seconds of the longest slice")
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/trainers/llm:v1"
MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}'
BARE = AwsNeeds(REGION, own_vpc=False)


def checkups(account: Account, needs: AwsNeeds) -> dict[str, Checkup]:
    return {checkup.part: checkup for checkup in check_aws(account.session, needs)}


def the(account: Account, needs: AwsNeeds, part: str) -> tuple[str, str, str]:
    found = checkups(account, needs)[part]
    return found.state, found.said, found.remedy


def test_the_account_and_a_region_that_needs_no_opting_in(account: Account) -> None:
    found = checkups(account, BARE)

    assert [(one.part, one.state) for one in found.values()] == [("AWS account", "ok"), ("region", "ok")]
    assert found["AWS account"].said.startswith("123456789012, as ")


def test_a_region_that_is_not_enabled_ends_the_examination(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    client = account.session.client

    class Ec2:
        def describe_regions(self, **_: Any) -> dict[str, Any]:
            return {"Regions": [{"RegionName": "ap-southeast-3", "OptInStatus": "not-opted-in"}]}

    def opened(name: str, **options: Any) -> Any:
        return Ec2() if name == "ec2" else client(name, **options)

    monkeypatch.setattr(account.session, "client", opened)
    found = checkups(account, replace(BARE, region="ap-southeast-3", quotas=(JOB,)))

    assert list(found) == ["AWS account", "region"]
    assert found["region"].state == "error"
    assert "aws account enable-region --region-name ap-southeast-3" in found["region"].remedy


@pytest.mark.parametrize(("value", "state"), [(0.0, "error"), (1.0, "error"), (2.0, "ok"), (20.0, "ok")])
def test_a_quota_is_found_by_its_name_and_compared(account: Account, value: float, state: str) -> None:
    others = {f"ml.m{number}.large for training job usage": 99.0 for number in range(5)}
    account.applied["sagemaker"] = {**others, JOB.name: value}

    found, said, remedy = the(account, replace(BARE, quotas=(JOB,)), f"quota {JOB.name}")

    assert found == state
    assert said == f"{value:.0f}, needed 2 (the job's instances)"
    assert ("at least 2" in remedy) is (state == "error")


def test_a_quota_that_was_never_raised_is_aws_s_default(account: Account) -> None:
    account.default["sagemaker"] = {JOB.name: 0.0, RUN.name: 432_000.0}

    found = checkups(account, replace(BARE, quotas=(JOB, RUN)))

    assert found[f"quota {JOB.name}"].state == "error"
    assert found[f"quota {RUN.name}"].state == "ok"


def test_a_quota_of_an_unknown_name_is_unknown_and_no_zero(account: Account) -> None:
    assert the(account, replace(BARE, quotas=(JOB,)), f"quota {JOB.name}")[:2] == (
        "unknown",
        "Service Quotas lists no quota of this name",
    )


def test_a_longest_run_over_the_account_s_limit(account: Account) -> None:
    account.applied["sagemaker"] = {RUN.name: 3600.0}
    state, said, remedy = the(account, replace(BARE, quotas=(RUN,)), f"quota {RUN.name}")

    assert (state, said) == ("error", "3,600, needed 28,800 (seconds of the longest slice)")
    assert "a longest run of at least 28800" in remedy


def test_vpcs_left(account: Account) -> None:
    ec2 = account.session.client("ec2")
    needs = replace(BARE, own_vpc=True)
    assert the(account, needs, "VPCs")[:2] == ("ok", f"1 of 5 used in {REGION}; the stack makes one")

    for number in range(4):
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    state, said, remedy = the(account, needs, "VPCs")
    assert (state, said) == ("error", f"5 of 5 used in {REGION}; the stack makes one")
    assert "at least 6" in remedy


def test_roles_left(account: Account) -> None:
    assert the(account, replace(BARE, roles=4), "IAM roles")[:2] == ("ok", "0 of 1,000 used; the stack makes up to 4")
    assert the(account, replace(BARE, roles=1001), "IAM roles")[0] == "error"


def test_an_image_s_repository_and_tag(account: Account) -> None:
    ecr, needs = account.session.client("ecr"), replace(BARE, image=IMAGE)
    assert the(account, needs, "image")[:2] == (
        "error",
        f"account 123456789012 has no repository trainers/llm in {REGION}",
    )

    ecr.create_repository(repositoryName="trainers/llm")
    assert the(account, needs, "image") == (
        "error",
        f"trainers/llm in {REGION} has no image v1",
        f"push it: docker push {IMAGE}",
    )

    ecr.put_image(repositoryName="trainers/llm", imageManifest=MANIFEST, imageTag="v1")
    assert the(account, needs, "image")[:2] == ("ok", f"trainers/llm v1 in {REGION}")


def test_an_image_by_its_digest(account: Account) -> None:
    ecr = account.session.client("ecr")
    ecr.create_repository(repositoryName="trainers/llm")
    put = ecr.put_image(repositoryName="trainers/llm", imageManifest=MANIFEST, imageTag="v1")
    digest = put["image"]["imageId"]["imageDigest"]

    pinned = IMAGE.replace(":v1", f"@{digest}")
    assert the(account, replace(BARE, image=pinned), "image")[0] == "ok"
    other = IMAGE.replace(":v1", f"@sha256:{'0' * 64}")
    assert the(account, replace(BARE, image=other), "image")[0] == "error"


def test_data_that_is_there_and_data_that_is_not(account: Account) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket="corpus", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="corpus", Key="tokens/v3/0001", Body=b"x")

    def state(uri: str) -> tuple[str, str, str]:
        return the(account, replace(BARE, data_uri=uri), f"data {uri}")

    assert state("s3://corpus/tokens/v3")[:2] == ("ok", f"objects are there, in {REGION}")
    assert state("s3://corpus/tokens/v4")[:2] == ("error", "nothing lies there")
    assert state("s3://corpsu/tokens/v3")[:2] == ("error", "there is no bucket corpsu")


def test_data_in_another_region(account: Account) -> None:
    s3 = account.session.client("s3", region_name="us-west-2")
    s3.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    state, said, remedy = the(account, replace(BARE, data_uri="s3://far/x"), "data s3://far/x")

    assert (state, said) == ("error", f"the bucket lies in us-west-2, the stack in {REGION}")
    assert remedy.startswith("aws s3 sync s3://far/x ")


def test_what_may_not_be_looked_at_is_unknown_with_the_action_to_allow(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    client = account.session.client

    class Ecr:
        def describe_images(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeImages")

    monkeypatch.setattr(
        account.session, "client", lambda name, **options: Ecr() if name == "ecr" else client(name, **options)
    )
    assert the(account, replace(BARE, image=IMAGE), "image") == (
        "unknown",
        "not looked at: AccessDeniedException",
        "allow ecr:DescribeImages to see it",
    )


def test_what_the_stack_itself_makes_is_a_warning(account: Account) -> None:
    found = checkups(account, replace(BARE, image_tag="v1", reads_own_data=True))

    assert {part: found[part].state for part in ("image", "data")} == {"image": "warning", "data": "warning"}
    assert "push_image" in found["image"].remedy
    assert "upload_data" in found["data"].remedy


def test_credentials_that_aws_does_not_know(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    class Sts:
        def get_caller_identity(self) -> None:
            raise ClientError({"Error": {"Code": "InvalidClientTokenId"}}, "GetCallerIdentity")

    monkeypatch.setattr(account.session, "client", lambda *_, **__: Sts())
    [found] = check_aws(account.session, BARE)

    assert found.state == "error"
    assert "aws sso login" in found.remedy
    assert f"enable-region --region-name {REGION}" in found.remedy
