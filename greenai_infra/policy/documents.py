"""Documents that resources carry as JSON text: IAM policies and Step Functions definitions.

They are read where they can be: as declared, or with stand-ins for what comes with `up`. A policy is known by its form
(an object with a Statement), not by a list of resource types.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, has_unknown, plain
from greenai_infra.policy.reach import objects, parsed
from greenai_infra.policy.resource_types import STATE_MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource

_HOLDS_POLICY = re.compile(r"polic(y|ies)$|^policyDocument$|^policyData$", re.IGNORECASE)
_NO_DOCUMENT = frozenset({"lifecyclePolicy", "deletionPolicy", "sessionAffinityPolicy", "restartPolicy"})


def holds_policy(name: str) -> bool:
    """Whether a property of this name holds a policy, as far as names can say."""
    return _HOLDS_POLICY.search(name) is not None and name not in _NO_DOCUMENT


def named_statements(resource: DeclaredResource) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path of the document, how to call the statement, statement) of each statement of a resource's IAM policies.

    Skips anything that is not an object: the preview's own checks report malformed documents.
    """
    for where, document in objects(dict(resource.rendered)):
        found = document.get("Statement", [])
        statements = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
        for index, statement in enumerate(statements):
            sid = statement.get("Sid")
            yield where, f"statement '{sid}'" if isinstance(sid, str) and sid else f"statement {index}", statement


def unread_policies(resource: DeclaredResource) -> Iterator[str]:
    """Properties that hold a policy and are unknown even with stand-ins."""
    if resource.package not in ("aws", "gcp") or resource.read:
        return
    for name, value in resource.rendered.items():
        if holds_policy(name) and _waits(value):
            yield name


def _waits(value: Any) -> bool:
    """Whether the text itself is unknown. An unknown attribute beside the text hides nothing."""
    value = plain(value)
    if isinstance(value, list):
        return any(_waits(item) for item in value)
    if isinstance(value, dict):
        return any(_waits(item) for name, item in value.items() if holds_policy(name))
    return value is UNKNOWN


def state_machine(resource: DeclaredResource) -> Any:
    """Returns the definition: an object, UNKNOWN if unreadable, None if the resource is not a state machine."""
    if resource.type != STATE_MACHINE:
        return None
    definition = plain(resource.rendered.get("definition"))
    if definition is UNKNOWN or (isinstance(definition, dict) and has_unknown(definition)):
        return UNKNOWN
    return definition if isinstance(definition, dict) else parsed(definition)


def calls(definition: Any, operation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, parameters) of each task of a definition that calls an API operation, whichever way it is spelt."""
    ends = re.compile(rf":{operation}(\.\w+)*$", re.IGNORECASE)
    for where, state in objects(definition):
        resource = state.get("Resource")
        if isinstance(resource, str) and ends.search(resource):
            parameters = state.get("Parameters", state.get("Arguments"))
            yield where, parameters if isinstance(parameters, dict) else {}
