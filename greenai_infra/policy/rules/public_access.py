"""`no-public-access`: nothing that a stack builds can be reached, or read, by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.policy.declared import UNKNOWN, plain
from greenai_infra.policy.documents import named_statements
from greenai_infra.policy.reach import is_true, leaves, value_at, values_at
from greenai_infra.policy.rule import Breach, ResourceRule, RuleSettings, breach, not_known
from greenai_infra.policy.rules.everybody import EVERYBODY, allows_anybody, is_everybody, is_limited
from greenai_infra.policy.rules.open_doors import (
    FLAGS,
    GROUPS_OF_EVERYBODY,
    PUBLIC_BY_NATURE,
    PUBLIC_IP,
    SOURCES,
    WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.policy.declared import DeclaredResource

_NO_GRANT = frozenset({"aws:ec2/vpcEndpoint:VpcEndpoint"})
"""A policy of these limits who passes through; it gives nobody a right."""


def check_public_access(resource: DeclaredResource, settings: RuleSettings) -> Iterator[Breach]:
    """Addresses, flags and words by type; policies that allow everybody; members that are everybody."""
    if resource.read:
        return
    for path in SOURCES.get(resource.type, ()):
        for where, value in values_at(resource.inputs, path):
            yield from _source(resource, where, value)
    for path, what, default in FLAGS.get(resource.type, ()):
        yield from _flag(resource, path, what, default)
    for path, opens, default, what in WORDS.get(resource.type, ()):
        yield from _word(resource, path, opens, default, what)
    if special := _SPECIAL.get(resource.type):
        yield from special(resource)
    if resource.type not in _NO_GRANT:
        yield from _public_statements(resource)
    if resource.package == "gcp":
        yield from _members(resource)
    if resource.package == "aws":
        yield from _listed_groups(resource)


def _source(resource: DeclaredResource, where: str, value: Any) -> Iterator[Breach]:
    if value is UNKNOWN:
        yield not_known(resource, where, what=f"who is let in at {where}")
    elif is_everybody(value):
        yield breach(resource, where, f"everybody is let in: {value}", "name the security group or network instead")


def _flag(resource: DeclaredResource, path: str, what: str, default: bool) -> Iterator[Breach]:
    found = list(values_at(resource.inputs, path))
    for where, value in found:
        if value is UNKNOWN:
            yield not_known(resource, where)
        elif is_true(value):
            yield breach(resource, where, what, f"set {path} to false")
    if not found and default:
        yield breach(resource, path, f"{what}, as {path} is not set", f"set {path} to false")


def _word(resource: DeclaredResource, path: str, opens: tuple[str, ...], default: bool, what: str) -> Iterator[Breach]:
    value = value_at(resource.inputs, path)
    if value is UNKNOWN:
        yield not_known(resource, path)
    elif value in opens or (value is None and default):
        yield breach(resource, path, f"{what} ({path} is {value or 'not set'})")


def _public_statements(resource: DeclaredResource) -> Iterator[Breach]:
    """Policies that nobody can read yet are told of by `no-star-actions`, and both stop the same `up`."""
    for where, named, statement in named_statements(resource):
        if statement.get("Effect") == "Allow" and allows_anybody(statement) and not is_limited(statement):
            remedy = "name the principals, or add a condition such as aws:PrincipalAccount"
            yield breach(resource, where, f"{named} allows everybody", remedy)


def _members(resource: DeclaredResource) -> Iterator[Breach]:
    for where, value in leaves(dict(resource.rendered)):
        if value is UNKNOWN and where.split("[")[0] in ("member", "members") and "IAM" in resource.type:
            continue  # an account that comes with up: everybody is a word, not an account
        if isinstance(value, str) and (value in EVERYBODY or value.rsplit(":", 1)[-1] in EVERYBODY):
            yield breach(resource, where, f"{value} is everybody", "grant it to a service account or a group")


def _listed_groups(resource: DeclaredResource) -> Iterator[Breach]:
    for where, value in leaves(dict(resource.inputs)):
        if isinstance(value, str) and value.endswith(GROUPS_OF_EVERYBODY):
            yield breach(resource, where, f"it is granted to everybody: {value}", "grant it to an account or a role")


def _classic_rule(resource: DeclaredResource) -> Iterator[Breach]:
    """`SecurityGroupRule`, whose direction is a property."""
    if value_at(resource.inputs, "type") == "egress":
        return
    for path in ("cidrBlocks[]", "ipv6CidrBlocks[]"):
        for where, value in values_at(resource.inputs, path):
            yield from _source(resource, where, value)


def _load_balancer(resource: DeclaredResource) -> Iterator[Breach]:
    internal = value_at(resource.inputs, "internal")
    if internal is UNKNOWN:
        yield not_known(resource, "internal")
    elif not is_true(internal):
        yield breach(resource, "internal", "it is open to the internet", "set internal to true")


def _firewall(resource: DeclaredResource) -> Iterator[Breach]:
    """A firewall rule of Google Cloud; an inbound one that says nothing of its sources lets everybody in."""
    inputs = plain(dict(resource.inputs))
    allows = inputs.get("allows")
    if inputs.get("direction") == "EGRESS" or is_true(inputs.get("disabled")) or not (allows or allows is UNKNOWN):
        return
    found = list(values_at(inputs, "sourceRanges[]"))
    for where, value in found:
        yield from _source(resource, where, value)
    if not found and not any(inputs.get(name) is not None for name in ("sourceTags", "sourceServiceAccounts")):
        yield breach(resource, "sourceRanges", "everybody is let in, as no source is named", "set sourceRanges")


def _machine(resource: DeclaredResource) -> Iterator[Breach]:
    for where, value in values_at(resource.inputs, "networkInterfaces[].accessConfigs"):
        if value is UNKNOWN:
            yield not_known(resource, where)
        elif value:
            yield breach(resource, where, PUBLIC_IP, "leave accessConfigs away")


def _uniform(resource: DeclaredResource) -> Iterator[Breach]:
    uniform = value_at(resource.inputs, "uniformBucketLevelAccess")
    if uniform is UNKNOWN:
        yield not_known(resource, "uniformBucketLevelAccess")
    elif not is_true(uniform):
        yield breach(resource, "uniformBucketLevelAccess", "single objects can be made public", "set it to true")


def _by_nature(resource: DeclaredResource) -> Iterator[Breach]:
    if value_at(resource.inputs, "addressType") != "INTERNAL":
        yield breach(resource, "", PUBLIC_BY_NATURE[resource.type])


_SPECIAL: dict[str, Callable[[DeclaredResource], Iterator[Breach]]] = {
    **dict.fromkeys(PUBLIC_BY_NATURE, _by_nature),
    "aws:alb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _classic_rule,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "gcp:compute/firewall:Firewall": _firewall,
    "gcp:compute/instance:Instance": _machine,
    "gcp:compute/instanceTemplate:InstanceTemplate": _machine,
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": _machine,
    "gcp:storage/bucket:Bucket": _uniform,
}


NO_PUBLIC_ACCESS = ResourceRule(
    id="no-public-access",
    title="Nothing can be reached or read by everybody",
    remedy="keep it in the private network, and let in by security group, service account or account",
    why="Endpoints, caches and buckets of a training account are found within minutes. Looks at address ranges, "
    "public addresses, flags, policies that allow everybody, allUsers and allAuthenticatedUsers.",
    settings=RuleSettings,
    check=check_public_access,
)
