"""IAM policy documents: JSON, their grammar, and the words that the grammar knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra import strict_json
from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.reach import values_at

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where each type of resource holds policy documents.
DOCUMENTS = {
    "aws:iam/role:Role": ("assumeRolePolicy", "inlinePolicies[].policy"),
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:kms/key:Key": ("policy",),
    "aws:kms/keyPolicy:KeyPolicy": ("policy",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:sns/topic:Topic": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:sqs/queue:Queue": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy",),
}
VERSIONS = ("2012-10-17", "2008-10-17")
_TOP = frozenset({"Version", "Id", "Statement"})
_APPLIES_TO = frozenset({"Principal", "NotPrincipal", "Resource", "NotResource"})
_STATEMENT = frozenset({"Sid", "Effect", "Action", "NotAction", "Condition"}) | _APPLIES_TO


def check_policy_documents(resource: DeclaredResource) -> Iterator[Finding]:
    """Every policy document of a resource that is known, or known but for values that come with `up`."""
    for path in DOCUMENTS.get(resource.type, ()):
        for where, text in values_at(plain(dict(resource.rendered)), path):
            if isinstance(text, str):
                for message, remedy in policy_problems(text):
                    yield resource.finding("policy-malformed", where, f"{where}: {message}", remedy)


def policy_problems(text: str) -> Iterator[tuple[str, str]]:
    """(what is wrong, what to do) for each fault of a policy document."""
    try:
        document = strict_json.loads(text)
    except ValueError as error:
        yield f"not JSON: {error}", "write the document with json.dumps or Output.json_dumps"
        return
    if not isinstance(document, dict):
        yield "not an object", "a policy is an object with Version and Statement"
        return
    if document.get("Version") not in VERSIONS:
        yield f"Version is {document.get('Version')!r}", f'write "Version": "{VERSIONS[0]}"'
    for key in sorted(set(document) - _TOP):
        yield f"unknown key '{key}'", f"a policy has {', '.join(sorted(_TOP))}"
    statements = document.get("Statement")
    if not statements:
        yield "no Statement", "add at least one statement"
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements or {}]):
        yield from ((f"statement {index}: {message}", remedy) for message, remedy in _statement_problems(statement))


def _statement_problems(statement: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(statement, dict):
        yield "not an object", "a statement has Effect, Action and Resource"
        return
    if not statement:
        return
    for key in sorted(set(statement) - _STATEMENT):
        yield f"unknown key '{key}'", f"a statement has {', '.join(sorted(_STATEMENT))}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect is {statement.get('Effect')!r}", "write Allow or Deny"
    if ("Action" in statement) == ("NotAction" in statement):
        yield "needs exactly one of Action and NotAction", "name the actions"
    for action in _texts(statement.get("Action", statement.get("NotAction", []))):
        if action != "*" and ":" not in action:
            yield f"action '{action}' has no service", "write it like s3:GetObject"
    if not _APPLIES_TO & set(statement):
        yield "names neither a Resource nor a Principal", "name what it applies to"


def _texts(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
