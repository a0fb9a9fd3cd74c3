"""What the Pulumi engine complains of, in one table, each with the command that mends it.

What is not in the table is shown as the engine said it.
"""

from __future__ import annotations

import re

from greenai_infra.errors import EngineError, NoCapacity

MINIMUM_CLI = "3.181.0"
"""First CLI that runs in-process programs for every operation."""

NO_CLI = (
    "there is no `pulumi` on PATH; install the CLI (https://www.pulumi.com/docs/install/), at least "
    f"{MINIMUM_CLI}. Without it:  greenai-infra preview --offline"
)
NO_SDK = "the Pulumi SDK is not installed; install it with:  pip install 'greenai-infra[aws]'"

BACKEND = (
    "choose where Pulumi keeps its state:  pulumi login file://$HOME/.pulumi-state  (a folder, which must exist), "
    "pulumi login s3://BUCKET, or pulumi login; or set PULUMI_BACKEND_URL"
)
PASSPHRASE = (
    "export PULUMI_CONFIG_PASSPHRASE=...  (or PULUMI_CONFIG_PASSPHRASE_FILE=FILE); it encrypts the stack's secrets"
)
CREDENTIALS = (
    "sign in to AWS:  aws sso login  (or export AWS_PROFILE=..., or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
)

CAPACITY = re.compile(
    r"InsufficientInstanceCapacity|CapacityError|ResourceLimitExceeded|no capacity|insufficient (\w+ )?capacity|"
    r"unable to provision requested ML compute capacity",
    re.IGNORECASE,
)

# pattern in what the engine says -> (what is wrong, how to mend it); {stack} and {sdk} are filled in
TABLE: tuple[tuple[str, str, str], ...] = (
    (r"PULUMI_ACCESS_TOKEN must be set|not logged in|could not determine .*backend", "Pulumi has no backend", BACKEND),
    (
        r"unable to open state directory|unable to open bucket|read \"?\.pulumi/meta\.yaml",
        "Pulumi's backend can't be opened",
        BACKEND,
    ),
    (
        r"passphrase must be set|passphrase .* not set|failed to read PULUMI_CONFIG_PASSPHRASE_FILE",
        "there is no passphrase for the stack's secrets",
        PASSPHRASE,
    ),
    (
        r"incorrect passphrase|cipher: message authentication failed",
        "the passphrase is not the one that the stack's secrets were encrypted with",
        f"{PASSPHRASE}. Or, if nothing was built yet, take encryptionsalt out of Pulumi.{{stack}}.yaml",
    ),
    (
        r"currently locked by|Another update is currently in progress",
        "another update of the stack runs, or ended without unlocking it",
        "wait for it, or if it is gone:  pulumi cancel --stack {stack}",
    ),
    (
        r"No valid credential sources|unable to validate AWS credentials|NoCredentialProviders|"
        r"failed to refresh cached credentials|ExpiredToken|InvalidClientTokenId|UnrecognizedClientException|"
        r"get credentials",
        "there are no valid AWS credentials",
        CREDENTIALS,
    ),
    (
        r"AccessDenied|UnauthorizedOperation|is not authorized to perform",
        "the AWS credentials lack a permission",
        "allow the action that is named above, or use another profile: export AWS_PROFILE=...",
    ),
    (
        r"no resource plugin 'pulumi-resource-aws'|could not (?:load|download) .*plugin",
        "the engine's plugin for AWS is missing",
        "pulumi plugin install resource aws {sdk}",
    ),
    (r"No module named '(?:pulumi_aws|pulumi|boto3|botocore)'", "an SDK package is missing", NO_SDK),
    (
        r"pending operations from previous deployment|has \d+ pending operation",
        "an earlier update was interrupted, and it is not known what it built",
        "pulumi refresh --stack {stack}",
    ),
    (
        r"BucketNotEmpty|RepositoryNotEmptyException",
        "a bucket or an image repository is not empty, so it is kept",
        "empty it, or set force_destroy: true in Pulumi.{stack}.yaml and run up, then destroy",
    ),
    (
        r"no stack named",
        "the stack is not in Pulumi's backend: nothing has been built, or that was in another backend",
        "pulumi whoami --verbose  says which backend this is",
    ),
)

SHOWN_LINES = 15


def explain(stack: str, errors: list[str], stderr: str, stdout: str, sdk: str = "") -> EngineError:
    """The error to raise for a failed engine command.

    `errors` are the engine's diagnostics of severity error, which streaming output has shown already; `stderr` and
    `stdout` are what the command line printed. NoCapacity only if every diagnostic is about capacity.
    """
    errors = [one.strip() for one in errors if one.strip()]
    about = [one for one in errors if not re.fullmatch(r"(?:update|preview|destroy) failed", one)]
    if about and all(CAPACITY.search(one) for one in about):
        return NoCapacity(f"{stack}: {_last_lines(about[0])}")
    said = "\n".join(errors) or _errors_in(stderr) or _errors_in(stdout)
    for pattern, what, remedy in TABLE:
        if re.search(pattern, said, re.IGNORECASE):
            return EngineError(f"{what}.\n{_quoted(said)}\nto mend it: {remedy.format(stack=stack, sdk=sdk).rstrip()}")
    if not said:
        return EngineError(f"pulumi failed on {stack} and gave no reason; its last output:\n{_quoted(stdout)}")
    return EngineError(f"pulumi failed on {stack}:\n{_quoted(said)}")


def _errors_in(text: str) -> str:
    """The text from its first line that says error; empty if none does."""
    lines = text.strip().splitlines()
    start = next((number for number, line in enumerate(lines) if re.match(r"\s*error: ", line)), None)
    return "\n".join(lines[start:]) if start is not None else ""


def _quoted(text: str) -> str:
    return "\n".join(f"  | {line}" for line in _last_lines(text).splitlines())


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-SHOWN_LINES:])
