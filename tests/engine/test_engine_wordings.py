"""The words in which Pulumi and AWS say what is wrong, and the row of the table that answers them.

Those of the CLI are of 3.259, of its own runs; those of AWS and its provider are from their sources and issues.
"""

from __future__ import annotations

import pytest

from greenai_infra.engine.errors import explain
from greenai_infra.errors import NoCapacity

PROVIDER = "pulumi:providers:aws resource 'default_7_51_1' has a problem: "
S3_STATE = 'read ".pulumi/meta.yaml": blob (key ".pulumi/meta.yaml") (code=Unknown): operation error S3: GetObject, '

NO_BACKEND = ("Pulumi has no backend", "pulumi login")
NOT_OPENED = ("Pulumi's backend can't be opened", "pulumi login")
NO_PASSPHRASE = ("there is no passphrase for the stack's secrets", "PULUMI_CONFIG_PASSPHRASE")
WRONG_PASSPHRASE = ("the passphrase is not the one", "PULUMI_CONFIG_PASSPHRASE")
LOCKED = ("another update of the stack runs", "pulumi cancel --stack dev")
NO_CREDENTIALS = ("there are no valid AWS credentials", "aws sso login")
NO_PERMISSION = ("the AWS credentials lack a permission", "AWS_PROFILE")
NO_PLUGIN = ("the engine's plugin for AWS is missing", "pulumi plugin install resource aws v7.51.1")
NO_PACKAGE = ("an SDK package is missing", "pip install 'greenai-infra[aws]'")
NOT_EMPTY = ("a bucket or an image repository is not empty", "force_destroy: true")
NO_STACK = ("the stack is not in Pulumi's backend", "pulumi whoami --verbose")

ON_STDERR = [
    ("PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", NO_BACKEND),
    ("this command requires logging in; try running `pulumi login` first", NO_BACKEND),
    (
        'unable to open state directory "file:///home/ann/none": stat /home/ann/none: no such file or directory',
        NOT_OPENED,
    ),
    ('unable to open bucket "s3://": s3blob.OpenBucket: bucketName is required', NOT_OPENED),
    (
        f"{S3_STATE}resolve auth scheme: resolve endpoint: endpoint rule error, Invalid region: region was not a valid "
        "DNS name.",
        NOT_OPENED,
    ),
    (
        f"{S3_STATE}get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found, "
        'operation error ec2imds: GetMetadata, access disabled to EC2 IMDS via client option, or "AWS_EC2_METADATA_'
        'DISABLED" environment variable',
        NO_CREDENTIALS,
    ),
    (
        'unable to open bucket "s3://state?region=eu-north-1": open bucket s3://state?region=eu-north-1: failed to get '
        "shared config profile, nope",
        NO_CREDENTIALS,
    ),
    (
        "getting stack configuration: get stack secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE "
        "or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
        NO_PASSPHRASE,
    ),
    (
        "could not create secrets manager for new stack: unable to read PULUMI_CONFIG_PASSPHRASE_FILE: open "
        "/home/ann/none: no such file or directory",
        NO_PASSPHRASE,
    ),
    ("getting stack configuration: get stack secrets manager: incorrect passphrase", WRONG_PASSPHRASE),
    ("failed to decrypt: cipher: message authentication failed", WRONG_PASSPHRASE),
    (
        "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock "
        "file with `pulumi cancel`.\n  file:///state/.pulumi/locks/organization/sample/dev/1.json: created by "
        "ann@host (pid 1) at 2026-03-01T10:00:00Z",
        LOCKED,
    ),
    (
        "[409] Conflict: Another update is currently in progress.\nTo learn more about possible reasons and "
        "resolution, visit https://www.pulumi.com/docs/support/troubleshooting/common-issues/update-conflicts/",
        LOCKED,
    ),
    ("no stack named 'dev' found", NO_STACK),
]

AS_DIAGNOSTIC = [
    (f"{PROVIDER}No valid credential sources found.\nPlease see https://www.pulumi.com/registry/", NO_CREDENTIALS),
    (f"{PROVIDER}Invalid credentials configured.\nPlease see https://www.pulumi.com/docs/", NO_CREDENTIALS),
    (f"{PROVIDER}The configured AWS credentials are invalid or have expired.\nPlease see https://", NO_CREDENTIALS),
    (f'{PROVIDER}The AWS SSO session for profile "corp" has expired or was not found.\nRun `aws', NO_CREDENTIALS),
    (f"{PROVIDER}The AWS login session for the default profile has expired or was not found.", NO_CREDENTIALS),
    (f'{PROVIDER}The AWS profile "nope" was not found.\nConfigured profiles: corp.', NO_CREDENTIALS),
    (f"{PROVIDER}The credential_process configured for the default profile failed.", NO_CREDENTIALS),
    (
        "rpc error: code = Unknown desc = unable to validate AWS credentials.\nDetails: validating provider "
        "credentials: retrieving caller identity from STS: operation error STS: GetCallerIdentity, https response "
        "error StatusCode: 403, api error InvalidClientTokenId: The security token included in the request is invalid.",
        NO_CREDENTIALS,
    ),
    (
        "1 error occurred:\n\t* creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: "
        "400, RequestID: 1, api error ExpiredToken: The security token included in the request is expired",
        NO_CREDENTIALS,
    ),
    (
        "creating SNS Topic (x): operation error SNS: CreateTopic, https response error StatusCode: 403, api error "
        "UnrecognizedClientException: The security token included in the request is invalid",
        NO_CREDENTIALS,
    ),
    (
        "creating IAM Role (greenai): operation error IAM: CreateRole, https response error StatusCode: 403, api error "
        "AccessDenied: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:CreateRole on "
        "resource: arn:aws:iam::123456789012:role/greenai because no identity-based policy allows the iam:CreateRole "
        "action",
        NO_PERMISSION,
    ),
    (
        "creating SFN State Machine: operation error SFN: CreateStateMachine, api error AccessDeniedException: User: "
        "arn:aws:iam::123456789012:user/ann is not authorized to perform: states:CreateStateMachine",
        NO_PERMISSION,
    ),
    (
        "creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 403, api error "
        "UnauthorizedOperation: You are not authorized to perform this operation.",
        NO_PERMISSION,
    ),
    ("no resource plugin 'pulumi-resource-aws' found in the workspace at version v7.51.1 or on your $PATH", NO_PLUGIN),
    (
        "Could not automatically download and install resource plugin 'pulumi-resource-aws' at version v7.51.1, "
        "install the plugin using `pulumi plugin install resource aws v7.51.1`: error downloading provider aws to "
        "file: failed to download plugin: aws-7.51.1: failed all 5 attempts",
        NO_PLUGIN,
    ),
    ("ModuleNotFoundError: No module named 'pulumi_aws'", NO_PACKAGE),
    (
        "deleting S3 Bucket (greenai-data): operation error S3: DeleteBucket, https response error StatusCode: 409, "
        "RequestID: 1, api error BucketNotEmpty: The bucket you tried to delete is not empty. You must delete all "
        "versions in the bucket.",
        NOT_EMPTY,
    ),
    (
        "ECR Repository (greenai) not empty, consider using force_delete: operation error ECR: DeleteRepository, "
        "https response error StatusCode: 400, RequestID: 1, RepositoryNotEmptyException: The repository with name "
        "'greenai' in registry with id '123456789012' cannot be deleted because it still contains images",
        NOT_EMPTY,
    ),
]


@pytest.mark.parametrize(("said", "answer"), ON_STDERR)
def test_what_the_cli_prints_is_answered_with_what_mends_it(said: str, answer: tuple[str, str]) -> None:
    error = str(explain("dev", [], f"error: {said}\n", "", "v7.51.1"))

    assert answer[0] in error.splitlines()[0]
    assert said.splitlines()[0] in error
    assert answer[1] in error.partition("to mend it: ")[2]


@pytest.mark.parametrize(("said", "answer"), AS_DIAGNOSTIC)
def test_what_a_resource_reports_is_answered_with_what_mends_it(said: str, answer: tuple[str, str]) -> None:
    error = explain("dev", [said, "update failed"], "", "", "v7.51.1")

    assert not isinstance(error, NoCapacity)
    assert answer[0] in str(error).splitlines()[0]
    assert said.splitlines()[0].strip() in str(error)
    assert answer[1] in str(error).partition("to mend it: ")[2]


@pytest.mark.parametrize(
    "said",
    [
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance "
        "type.",
        "CapacityError: Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.",
        "EC2InsufficientCapacityError: Instance type 'ml.g5.48xlarge' is temporarily unavailable in supported "
        "availability zones [euw1-az1]. Try again in a few minutes, or try a different instance type.",
        "An error occurred (InsufficientInstanceCapacity) when calling the RunInstances operation (reached max "
        "retries: 4): Insufficient capacity.",
        "An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The account-level "
        "service limit 'ml.p4d.24xlarge for training job usage' is 0 Instances, with current utilization of 0 "
        "Instances and a request delta of 1 Instances. Please contact AWS support to request an increase for this "
        "limit.",
        "An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The requested "
        "resource training-job/ml.p2.xlarge is not available in this region",
    ],
)
def test_what_another_region_may_have_is_no_capacity(said: str) -> None:
    assert isinstance(explain("dev", [said, "update failed"], "", ""), NoCapacity)


@pytest.mark.parametrize("said", [said for said, _ in ON_STDERR + AS_DIAGNOSTIC])
def test_nothing_else_is_taken_for_a_lack_of_capacity(said: str) -> None:
    assert not isinstance(explain("dev", [said, "update failed"], "", ""), NoCapacity)
