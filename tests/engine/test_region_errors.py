"""What lies in the region and not in the stack: an opt-in region that is off, quotas, and policies of an organisation.

Wordings are AWS's, from issues of Terraform's and Pulumi's providers and of SkyPilot.
"""

from __future__ import annotations

import pytest

from greenai_infra.engine.errors import explain
from greenai_infra.engine.failover import build_first_with_capacity
from greenai_infra.errors import EngineError, NoCapacity, RegionClosed

INVALID_TOKEN = [
    "creating KMS Key: operation error KMS: CreateKey, https response error StatusCode: 400, RequestID: x, api error "
    "UnrecognizedClientException: The security token included in the request is invalid.",
    "creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 401, RequestID: x, api error "
    "AuthFailure: AWS was not able to validate the provided access credentials",
    "creating S3 Bucket (x): operation error S3: CreateBucket, https response error StatusCode: 403, api error "
    "InvalidToken: The provided token is malformed or otherwise invalid.",
    "validating provider credentials: operation error STS: GetCallerIdentity, https response error StatusCode: 403, "
    "api error InvalidClientTokenId: The security token included in the request is invalid.",
]
OFF = [
    *INVALID_TOKEN,
    "creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 401, api error OptInRequired: "
    "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
    "creating S3 Bucket (x): operation error S3: CreateBucket, https response error StatusCode: 400, api error "
    "IllegalLocationConstraintException: The eu-south-2 location constraint is incompatible for the region specific "
    "endpoint this request was sent to.",
]
BY_ORGANISATION = (
    "creating EC2 VPC: operation error EC2: CreateVpc, api error UnauthorizedOperation: You are not authorized to "
    "perform this operation. User: arn:aws:sts::111122223333:assumed-role/ci/x is not authorized to perform: "
    "ec2:CreateVpc with an explicit deny in a service control policy"
)
QUOTAS = [
    ("creating EC2 VPC: api error VpcLimitExceeded: The maximum number of VPCs has been reached.", "networks", "vpc"),
    ("api error AddressLimitExceeded: The maximum number of addresses has been reached.", "Elastic IP", "ec2"),
    ("VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 0", "vCPUs", "ec2"),
    ("api error MaxSpotInstanceCountExceeded: Max spot instance count exceeded", "spot instances", "ec2"),
    (
        "creating SageMaker AI Endpoint: ResourceLimitExceeded: The account-level service limit 'ml.inf2.xlarge for "
        "endpoint usage' is 0 Instances",
        "SageMaker quota",
        "sagemaker",
    ),
]
ELSEWHERE = [
    "operation error IAM: CreateRole, api error LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000",
    "operation error EC2: CreateVpc, api error RequestLimitExceeded: Request limit exceeded.",
    "User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: iam:CreateRole on resource: role with an "
    "explicit deny in a service control policy",
    "api error AuthFailure.ServiceLinkedRoleCreationNotPermitted: The provided credentials do not have permission to "
    "create the service-linked role for EC2 Spot Instances.",
]


@pytest.mark.parametrize("said", OFF)
@pytest.mark.parametrize(
    ("stack", "region"), [("tune-eu-south-2", ""), ("dev", "eu-south-2"), ("tune-eu-north-1", "eu-south-2")]
)
def test_a_region_that_is_off_says_how_to_enable_it(said: str, stack: str, region: str) -> None:
    error = explain(stack, [said, "update failed"], "", "", region=region)

    assert isinstance(error, RegionClosed)
    assert str(error).startswith(f"{stack}: eu-south-2 is most likely not enabled in the AWS account")
    assert f"  | {said}" in str(error)
    assert "aws account enable-region --region-name eu-south-2" in str(error)


@pytest.mark.parametrize("said", INVALID_TOKEN)
@pytest.mark.parametrize("region", ["eu-north-1", ""])
def test_the_same_words_mean_credentials_where_no_region_must_be_enabled(said: str, region: str) -> None:
    error = explain("dev", [said, "update failed"], "", "", region=region)

    assert not isinstance(error, NoCapacity)
    assert str(error).startswith("dev: there are no valid AWS credentials.")


def test_a_denial_by_the_organisation_is_told_as_one() -> None:
    error = explain("tune-eu-north-1", [BY_ORGANISATION, "update failed"], "", "")

    assert isinstance(error, RegionClosed)
    assert "a policy of your organisation denies it" in str(error)
    assert "where.deny" in str(error)


@pytest.mark.parametrize(("said", "what", "service"), QUOTAS)
def test_a_quota_names_the_list_of_its_service(said: str, what: str, service: str) -> None:
    error = explain("tune-us-west-2", [said, "update failed"], "", "")

    assert isinstance(error, NoCapacity)
    assert not isinstance(error, RegionClosed)
    assert what in str(error).splitlines()[0]
    assert f"--region us-west-2 --service-code {service} " in str(error)


@pytest.mark.parametrize("said", ELSEWHERE)
def test_what_every_region_would_say_is_no_reason_to_go_on(said: str) -> None:
    assert not isinstance(explain("tune-eu-south-2", [said, "update failed"], "", ""), NoCapacity)


def test_a_fault_of_another_kind_beside_it_stops() -> None:
    error = explain("tune-eu-north-1", [QUOTAS[0][0], "api error AccessDenied: no", "update failed"], "", "")

    assert not isinstance(error, NoCapacity)


def test_up_goes_on_from_a_closed_region_and_says_what_all_of_them_lacked() -> None:
    said: list[str] = []

    def build(stack: str) -> str:
        raise explain(stack, [OFF[0], "update failed"], "", "")

    with pytest.raises(
        NoCapacity, match="is open to the account and has capacity and quota: a-eu-south-2, a-eu-south-1"
    ):
        build_first_with_capacity(
            ["a-eu-south-2", "a-eu-south-1"], build, lambda stack, error, following: said.append(error.said)
        )

    assert said == ["region closed", "region closed"]


@pytest.mark.parametrize(
    ("said", "what", "remedy"),
    [
        (
            "creating S3 Bucket (my-data): api error BucketAlreadyExists: ",
            "belongs to somebody else",
            "another workload",
        ),
        ("api error BucketAlreadyOwnedByYou: you already own it.", "in the account already", "pulumi import"),
        (
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            "waits to be",
            "restore",
        ),
        ("The new key policy will not allow you to update the key policy in the future.", "lock out", "PutKeyPolicy"),
        ("creating SageMaker: api error ThrottlingException: Rate exceeded", "too often", "again in some minutes"),
        (
            "api error InvalidTag: The TagValue you have provided is invalid: provider=aws@7.40.0",
            "refuses a tag",
            "correct",
        ),
        (
            "InvalidParameterValue: Please create the service linked role for ElastiCache",
            "own role",
            "create-service-linked-role",
        ),
    ],
)
def test_other_complaints_are_told_as_what_they_are(said: str, what: str, remedy: str) -> None:
    error = explain("tune-eu-north-1", [said, "update failed"], "", "")

    assert type(error) is EngineError
    assert what in str(error).splitlines()[0]
    assert remedy in str(error).partition("to mend it: ")[2]
