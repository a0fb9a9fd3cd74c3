"""`no-star-actions`: no policy allows everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, has_unknown
from greenai_infra.policy.documents import named_statements, unread_policies
from greenai_infra.policy.reach import leaves, texts
from greenai_infra.policy.rule import Breach, ResourceRule, RuleSettings, breach, not_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource

# Policies of AWS that allow a whole service or more, by the end of their ARN.
_BROAD_MANAGED = re.compile(
    r":(cluster-access-)?policy/(\S*/)?"
    r"(AdministratorAccess\S*|PowerUserAccess|\w*FullAccess(Policy)?(_?[Vv]\d)?|AmazonEKS(Cluster)?AdminPolicy)$"
)
_MANAGED = ("policyArn", "policyArns", "managedPolicyArn", "managedPolicyArns")
_CUSTOM_ROLE = re.compile(r"[:$]gcp:\w+/iAMCustomRole:IAMCustomRole::")
PRIMITIVE_ROLES = ("roles/owner", "roles/editor")
"""Google Cloud's roles of the time before IAM, which allow nearly everything in a project."""


class StarActions(RuleSettings, frozen=True, kw_only=True):
    """How much of a wildcard is too much."""

    allow_partial: bool = False
    """Whether `s3:Get*` is let pass; `*`, `s3:*` and NotAction never are."""


def check_star_actions(resource: DeclaredResource, settings: StarActions) -> Iterator[Breach]:
    """Allow statements of every policy document, AWS's broad managed policies, Google Cloud's primitive roles."""
    for name in unread_policies(resource):
        yield not_known(resource, name, until_up=True)
    for where, named, statement in named_statements(resource):
        if has_unknown([statement.get(key) for key in ("Effect", "Action", "NotAction")]):
            yield not_known(resource, where, until_up=True, what=f"what {named} allows")
        yield from (breach(resource, where, f"{named} {problem}") for problem in _problems(statement, settings))
    if resource.package in ("aws", "gcp"):
        yield from _broad_grants(resource)


def _problems(statement: dict[str, Any], settings: StarActions) -> Iterator[str]:
    if statement.get("Effect") != "Allow":
        return
    if "NotAction" in statement:
        yield "allows all but a few actions (NotAction)"
    wild = [action for action in texts(statement.get("Action", [])) if _is_wild(action, settings.allow_partial)]
    if wild:
        yield f"allows {', '.join(wild[:5])}{' and more' if len(wild) > 5 else ''}"


def _is_wild(action: str, allow_partial: bool) -> bool:
    if not allow_partial:
        return "*" in action or "?" in action
    service, _, operation = action.partition(":")
    return "*" in service or "?" in service or not operation.strip("*?")


def _broad_grants(resource: DeclaredResource) -> Iterator[Breach]:
    for where, value in leaves(dict(resource.rendered)):
        name = where.rsplit(".", 1)[-1].split("[")[0]
        if value is UNKNOWN and where == "role" and _grants(resource) and not _own_role(resource):
            yield not_known(resource, where, until_up=True)
        if value is UNKNOWN and name in _MANAGED and not resource.property_dependencies.get(where.split("[")[0]):
            yield not_known(resource, where, until_up=True)
        if not isinstance(value, str):
            continue
        if name in _MANAGED and _BROAD_MANAGED.search(value):
            yield breach(resource, where, f"{value.rsplit('/', 1)[-1]} allows all actions of a service or more")
        if resource.package == "gcp" and name in ("role", "roles") and value in PRIMITIVE_ROLES:
            yield breach(resource, where, f"{value} allows nearly everything in the project")


def _grants(resource: DeclaredResource) -> bool:
    return resource.package == "gcp" and "IAM" in resource.type.upper()


def _own_role(resource: DeclaredResource) -> bool:
    """Whether the stack itself makes the role: such a role's permissions are listed, and never contain a *."""
    sources = resource.property_dependencies.get("role") or ()
    return bool(sources) and all(_CUSTOM_ROLE.search(urn) for urn in sources)


NO_STAR_ACTIONS = ResourceRule(
    id="no-star-actions",
    title="No policy allows * actions",
    remedy="name the actions one by one (greenai_infra/stacks/aws/policy.py does); on Google Cloud grant a role of one "
    "service",
    why="Whoever holds a * permission can raise instances anywhere, past every budget. Holds for inline, managed, "
    "role, key, topic, queue and bucket policies; Deny statements may say *.",
    settings=StarActions,
    check=check_star_actions,
    order=140,
)
