"""Which resource types have rules, and which property names show that a type needs judging.

The rules read some properties of every type by name: policies, members, address ranges, flags and access lists.
Only for the types in their tables do they know whether data must be encrypted, or whether the default is open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import short_type
from greenai_infra.numbers import counted
from greenai_infra.policy.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_JUDGED = "not-judged"
"""Name of the advice in the policy pack. It is not a rule, and has no exemptions."""

_NOTHING_MORE = frozenset({"aws:scheduler/schedule:Schedule", "gcp:cloudrunv2/job:Job"})
"""Types in our own stacks that have such property names but need no rule: they hold no workload data."""
JUDGED = _NOTHING_MORE.union(*(rule.types for rule in RULES))

HIDES = re.compile(r"aws:cloudformation/stack|aws:cloudcontrol/|command:|pulumi-(nodejs|python):dynamic")
"""Types that build hidden resources: templates, commands, dynamic providers."""
_TELLING_TYPE = re.compile(r"public|permission|/eip:", re.IGNORECASE)
_TELLING = re.compile(
    r"kms_?key|encryption|encrypted$|^public(?!lyAccessible)|^internal$|^(addressType|authorizationType|accessConfigs)$|"
    r"authorizedNetworks|internetAccess|networkAccessType|endpointPublicAccess",
    re.IGNORECASE,
)


def is_telling(type_: str, properties: frozenset[str]) -> bool:
    """Whether a type that no rule knows has something to judge, by its name and those of its properties."""
    return bool(_TELLING_TYPE.search(type_)) or any(_TELLING.search(name) for name in properties)


def not_judged_text(counts: Mapping[str, int]) -> str:
    """`not judged: 3 resources of types aws:ebs:Volume (2), aws:rds:Instance (1)`; empty without any."""
    types = ", ".join(f"{short_type(type_)} ({count})" for type_, count in counts.items())
    what = "type" if len(counts) == 1 else "types"
    return f"not judged: {counted(sum(counts.values()), 'resource')} of {what} {types}" if counts else ""
