"""`no-public-access`: nothing that a stack builds is open to the public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, plain
from greenai_infra.policy.documents import named_statements
from greenai_infra.policy.reach import is_true, leaves, value_at, values_at
from greenai_infra.policy.rule import Breach, ResourceRule, RuleSettings, breach, not_known
from greenai_infra.policy.rules.everybody import EVERYBODY, allows_anybody, is_everybody, is_limited
from greenai_infra.policy.rules.open_doors import ACLS, FLAGS, GROUPS_OF_EVERYBODY, RANGES, UNSEEN_FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.contracts.declared import DeclaredResource

_NO_GRANT = frozenset({"aws:ec2/vpcEndpoint:VpcEndpoint"})
"""A policy on these resources only restricts who passes through; it grants no rights."""


def check_public_access(resource: DeclaredResource, settings: RuleSettings) -> Iterator[Breach]:
    """Addresses, flags and access lists by name; policies that allow everybody; members that are everybody."""
    if resource.read:
        return
    for where, value in leaves(dict(resource.inputs), into_texts=False):
        yield from _by_name(resource, where, value)
    for path in UNSEEN_FLAGS.get(resource.type, ()):
        yield from (not_known(resource, where) for where, it in values_at(resource.inputs, path) if it is UNKNOWN)
    if special := _SPECIAL.get(resource.type):
        yield from special(resource)
    if resource.type not in _NO_GRANT:
        yield from _public_statements(resource)
    if resource.package == "gcp":
        yield from _members(resource)
    if resource.package == "aws":
        yield from _listed_groups(resource)


def _by_name(resource: DeclaredResource, where: str, value: Any) -> Iterator[Breach]:
    """What the last name of a path says: a range of addresses, a flag, a named access list."""
    name = where.rsplit(".", 1)[-1].split("[")[0]
    if name in RANGES or (name == "ingress" and value is UNKNOWN):
        if not _goes_out(resource, where):
            yield from _source(resource, where, value)
    elif name in FLAGS:
        if value is UNKNOWN:
            yield not_known(resource, where)
        elif is_true(value):
            yield breach(resource, where, FLAGS[name], f"set {where} to false")
    elif name in ACLS:
        if value is UNKNOWN:
            yield not_known(resource, where)
        elif value in ACLS[name]:
            yield breach(resource, where, f"anybody may read it ({where} is {value})")


def _goes_out(resource: DeclaredResource, where: str) -> bool:
    """Whether a range says where traffic may go, not whence it comes."""
    if value_at(resource.inputs, "type") == "egress" or "Egress" in resource.type:
        return True
    return where.startswith("egress")


def _source(resource: DeclaredResource, where: str, value: Any) -> Iterator[Breach]:
    if value is UNKNOWN:
        yield not_known(resource, where, what=f"who is let in at {where}")
    elif is_everybody(value):
        yield breach(resource, where, f"everybody is let in: {value}", "name the security group or network instead")


def _public_statements(resource: DeclaredResource) -> Iterator[Breach]:
    """`no-star-actions` reports policies that are unknown before `up`, and both rules stop the same `up`."""
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


def _load_balancer(resource: DeclaredResource) -> Iterator[Breach]:
    internal = value_at(resource.inputs, "internal")
    if internal is UNKNOWN:
        yield not_known(resource, "internal")
    elif not is_true(internal):
        yield breach(resource, "internal", "it is open to the internet", "set internal to true")


def _firewall(resource: DeclaredResource) -> Iterator[Breach]:
    """Judges a firewall rule of Google Cloud; an inbound rule without sources is open to the public."""
    inputs = plain(dict(resource.inputs))
    allows = inputs.get("allows")
    if inputs.get("direction") == "EGRESS" or is_true(inputs.get("disabled")) or not (allows or allows is UNKNOWN):
        return
    found = list(values_at(inputs, "sourceRanges[]"))
    for where, value in found:
        yield from _source(resource, where, value)
    if not found and not any(inputs.get(name) is not None for name in ("sourceTags", "sourceServiceAccounts")):
        yield breach(resource, "sourceRanges", "everybody is let in, as no source is named", "set sourceRanges")


def _bucket(resource: DeclaredResource) -> Iterator[Breach]:
    """A bucket of Google Cloud whose objects can be made public."""
    uniform = value_at(resource.inputs, "uniformBucketLevelAccess")
    if uniform is UNKNOWN:
        yield not_known(resource, "uniformBucketLevelAccess")
    elif not is_true(uniform):
        yield breach(resource, "uniformBucketLevelAccess", "single objects can be made public", "set it to true")
    prevention = value_at(resource.inputs, "publicAccessPrevention")
    if prevention is UNKNOWN:
        yield not_known(resource, "publicAccessPrevention")
    elif prevention in (None, "inherited", "unspecified"):
        message = f"its objects can be made public (publicAccessPrevention is {prevention or 'not set'})"
        yield breach(resource, "publicAccessPrevention", message)


_SPECIAL: dict[str, Callable[[DeclaredResource], Iterator[Breach]]] = {
    "aws:alb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "gcp:compute/firewall:Firewall": _firewall,
    "gcp:storage/bucket:Bucket": _bucket,
}
PUBLIC_ACCESS_TYPES = frozenset(_SPECIAL)
"""Types of which more than the names of properties is read."""


NO_PUBLIC_ACCESS = ResourceRule(
    id="no-public-access",
    title="Nothing can be reached or read by everybody",
    remedy="keep it in the private network, and let in by security group, service account or account",
    why="Endpoints, caches and buckets of a training account are found within minutes. Looks at address ranges, "
    "public addresses, flags, policies that allow everybody, allUsers and allAuthenticatedUsers.",
    settings=RuleSettings,
    check=check_public_access,
    order=120,
    types=PUBLIC_ACCESS_TYPES,
)
