"""The Pulumi engine's error messages in one table, each with the command that fixes it.

Messages missing from the table are shown in the engine's words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenai_infra.catalog.regions import regions
from greenai_infra.engine.gcp_errors import GCP_TABLE
from greenai_infra.engine.region_errors import regional
from greenai_infra.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.catalog.regions import Region

MINIMUM_CLI = "3.181.0"
"""First CLI that runs in-process programs for every operation."""

INSTALL_CLI = (
    f"install the CLI, at least {MINIMUM_CLI}: https://www.pulumi.com/docs/install/\n"
    "without it:  greenai-infra preview --offline"
)
NO_CLI = f"there is no `pulumi` on PATH.\nto mend it: {INSTALL_CLI}"
NO_SDK = "the Pulumi SDK is not installed.\nto mend it: pip install 'greenai-infra[aws]'"

BACKEND = """\
choose where Pulumi keeps its state, by one of
  mkdir -p $HOME/.pulumi-state && pulumi login file://$HOME/.pulumi-state
  pulumi login s3://BUCKET
  pulumi login
or set PULUMI_BACKEND_URL"""
PASSPHRASE = (
    "export PULUMI_CONFIG_PASSPHRASE=...  (or PULUMI_CONFIG_PASSPHRASE_FILE=FILE); it encrypts the stack's secrets"
)
CREDENTIALS = (
    "sign in to AWS:  aws sso login  (or export AWS_PROFILE=..., or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
)

INTERRUPTED = r"^(?:error: )?(?:update|preview|destroy) cancell?ed$"

# pattern in what the engine says -> (what is wrong, how to mend it); {stack}, {sdk} and {gcp_sdk} are filled in
TABLE: tuple[tuple[str, str, str], ...] = (
    (r"PULUMI_ACCESS_TOKEN must be set|this command requires logging in", "Pulumi has no backend", BACKEND),
    (
        r"No valid credential sources|unable to validate AWS credentials|AWS credentials are invalid|"
        r"Invalid credentials configured|AWS \w+ session for .* has expired|AWS profile .* was not found|"
        r"credential_process configured for|failed to refresh cached credentials|failed to get shared config profile|"
        r"ExpiredToken|InvalidClientTokenId|UnrecognizedClientException|AuthFailure\b(?!\.)|InvalidToken\b|"
        r"get credentials",
        "there are no valid AWS credentials",
        CREDENTIALS,
    ),
    (
        r"unable to open state directory|unable to open bucket|read \"?\.pulumi/meta\.yaml",
        "Pulumi's backend can't be opened",
        BACKEND,
    ),
    (
        r"passphrase must be set|passphrase .* not set|(?:failed|unable) to read PULUMI_CONFIG_PASSPHRASE_FILE",
        "there is no passphrase for the stack's secrets",
        PASSPHRASE,
    ),
    (
        r"incorrect passphrase|cipher: message authentication failed",
        "the passphrase is not the one that the stack's secrets were encrypted with",
        "export PULUMI_CONFIG_PASSPHRASE=...  with the old one. If nothing was built and no value is encrypted yet, "
        "take encryptionsalt out of Pulumi.{stack}.yaml instead",
    ),
    (
        r"currently locked by|Another update is currently in progress",
        "another update of the stack runs, or ended without unlocking it",
        "wait for it, or if it is gone:  pulumi cancel --stack {stack}",
    ),
    (
        r"explicit deny in a (?:service|resource) control policy",
        "a policy of your organisation denies it, whatever the account's own policies allow",
        "ask who runs the AWS organisation to allow the action that is named above",
    ),
    (
        r"AccessDenied|UnauthorizedOperation|is not authorized to perform",
        "the AWS credentials lack a permission",
        "allow the action that is named above, or use another profile: export AWS_PROFILE=...",
    ),
    *GCP_TABLE,
    (
        r"no resource plugin 'pulumi-resource-aws'|could not (?:load|automatically download and install) .*plugin|"
        r"failed to download plugin",
        "the engine's plugin for AWS is missing",
        "pulumi plugin install resource aws {sdk}",
    ),
    (
        r"No module named '(?:pulumi_aws|pulumi|boto3|botocore)'",
        "an SDK package is missing",
        "pip install 'greenai-infra[aws]'",
    ),
    (
        INTERRUPTED,
        "interrupted before it was done",
        "go on with  greenai-infra up --stack {stack}  or remove it with  greenai-infra destroy --stack {stack}",
    ),
    (
        r"BucketNotEmpty|RepositoryNotEmptyException",
        "a bucket or an image repository is not empty, so it is kept",
        "empty it, or set force_destroy: true in Pulumi.{stack}.yaml and run up, then destroy",
    ),
    (
        r"OptInRequired",
        "the AWS account is not signed up for the service in this region",
        "finish the account's sign-up in the AWS console (payment method, phone), or open the service there once",
    ),
    (
        r"BucketAlreadyExists\b",
        "a bucket of that name belongs to somebody else: names are shared by all of AWS",
        "give the stack another workload or project name in Pulumi.{stack}.yaml",
    ),
    (
        r"BucketAlreadyOwnedByYou|Cannot create already existing|AlreadyExistsException|EntityAlreadyExists|"
        r"RepositoryAlreadyExists",
        "something of that name is in the account already, left by an earlier stack or made by hand",
        "remove it, or take it into the stack:  pulumi import --stack {stack}",
    ),
    (
        r"already scheduled for deletion",
        "a secret of that name waits to be deleted",
        "aws secretsmanager restore-secret --secret-id NAME  or  aws secretsmanager delete-secret --secret-id NAME "
        "--force-delete-without-recovery",
    ),
    (
        r"new key policy will not allow you to update the key policy",
        "the key's policy would lock out whoever runs this: KMS sees no permission for them in it",
        "run it as a role or user of the account itself that may call kms:PutKeyPolicy: export AWS_PROFILE=...",
    ),
    (
        r"ThrottlingException|Throttling: |RequestLimitExceeded|Rate exceeded|TooManyRequestsException",
        "AWS was asked too often in a short time",
        "greenai-infra up --stack {stack}  again in some minutes: what was built stays, and the rest is added",
    ),
    (
        r"InvalidTag\b|TagValue you have provided is invalid",
        "AWS refuses a tag: values may hold letters, digits, blanks and _ . : / = + - @ only",
        "correct the value that is named above in Pulumi.{stack}.yaml",
    ),
    (
        r"create the service.linked role for (\w+)",
        "the account lacks a service's own role",
        "aws iam create-service-linked-role --aws-service-name SERVICE.amazonaws.com  (as elasticache.amazonaws.com)",
    ),
    (
        r"no stack named",
        "the stack is not in Pulumi's backend: nothing has been built, or that was in another backend",
        "look which backend this is:  pulumi whoami --verbose",
    ),
)

PROGRAM_FAILED = (
    "the stack's program failed",
    "correct Pulumi.{stack}.yaml or the program, and look again:  greenai-infra preview --offline --stack {stack}",
)

UNHANDLED = "an unhandled error occurred: "
INLINE = "python inline source runtime error: "
TRACEBACK = "Traceback (most recent call last):\n"
FRAME = re.compile(r'^ +File "([^"]+)", line (\d+)', re.MULTILINE)
"""Paths in the project are relative to its folder in what `explain` gets."""

AFTERMATH = re.compile(r"(?:error: )?(?:update|preview|destroy) failed|.*\bcontext canceled")
"""Messages of the engine that follow from another failure: its closing message, and steps cut off, such as policies."""

FLAGS = re.IGNORECASE | re.MULTILINE
SHOWN_LINES = 15


def explain(
    stack: str, errors: list[str], stderr: str, stdout: str, sdk: str = "", gcp_sdk: str = "", region: str = ""
) -> EngineError:
    """The error to raise for a failed engine command.

    `errors` are the engine's diagnostics of severity error, which streaming output has shown already; `stderr` and
    `stdout` are what the command line printed. NoCapacity only if every diagnostic lies in the stack's region, which is
    `region` or else what the stack's name ends with.
    """
    program_failed = any(one.startswith(UNHANDLED) for one in errors)
    errors = list(dict.fromkeys(filter(None, map(_condensed, errors))))
    about = causes(errors)
    place = _region_of(stack, region)
    if found := regional(about, place):
        cause, one = found
        what, remedy = cause.told(place.name if place else "")
        if not what:
            return cause.said(f"{stack}: {_last_lines(one)}")
        return cause.said(f"{stack}: {what}.\n{_quoted(one)}\nto mend it: {remedy}")
    said = "\n".join(about) or _errors_in(stderr) or _errors_in(stdout) or "\n".join(errors)
    known = next(((what, remedy) for pattern, what, remedy in TABLE if re.search(pattern, said, FLAGS)), None)
    if known is None and program_failed:
        known = PROGRAM_FAILED
    if known:
        what, remedy = known
        remedy = remedy.format(stack=stack, sdk=sdk, gcp_sdk=gcp_sdk).rstrip()
        return EngineError(f"{stack}: {what}.\n{_quoted(said)}\nto mend it: {remedy}")
    if not said:
        return EngineError(f"{stack}: pulumi failed and gave no reason; its last output:\n{_quoted(stdout)}")
    return EngineError(f"{stack}: pulumi failed.\n{_quoted(said)}")


def _region_of(stack: str, name: str) -> Region | None:

    return next((one for one in regions() if one.name == name or (not name and stack.endswith(f"-{one.name}"))), None)


def causes(errors: Iterable[str]) -> list[str]:
    """The diagnostics without those that only follow from another."""
    return [one for one in errors if not AFTERMATH.fullmatch(one.strip())]


def _condensed(error: str) -> str:
    """Returns a diagnostic without the SDK's prefix, and only the last line of a traceback.

    The engine has masked the stack's secrets in the diagnostic; the exception itself still holds them.
    """
    error = error.strip().removeprefix(UNHANDLED)
    _, has_traceback, last = error.rpartition(TRACEBACK)
    if not has_traceback:
        return error.removeprefix(INLINE)
    lines = last.splitlines()
    start = next((number for number, line in enumerate(lines) if not line.startswith(" ")), None)
    if start is None:
        return error
    own = [f"at {path}:{line}" for path, line in FRAME.findall(last) if not path.startswith(("/", "<"))]
    return "\n".join([*lines[start:], *own[-1:]]).strip()


def _errors_in(text: str) -> str:
    """Returns the text from the first line that says error; empty without such a line."""
    lines = text.strip().splitlines()
    start = next((number for number, line in enumerate(lines) if re.match(r"\s*error: ", line)), None)
    return "\n".join(lines[start:]) if start is not None else ""


def _quoted(text: str) -> str:
    return "\n".join(f"  | {line}" for line in _last_lines(text).splitlines())


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-SHOWN_LINES:])
