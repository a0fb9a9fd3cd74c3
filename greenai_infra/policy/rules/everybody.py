"""Who counts as everybody: as an address range, as a member on Google Cloud, and as the principal of an AWS policy."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from greenai_infra.policy.reach import texts

EVERYBODY = ("allUsers", "allAuthenticatedUsers")
BROADEST_V4, BROADEST_V6 = 8, 16
"""Prefixes shorter than this count as everybody: 0.0.0.0/1 and 128.0.0.0/1 together are the whole internet."""

# Keys of a condition that keep a statement for everybody from being public. Source: AWS, "Blocking public access to
# your Amazon S3 storage: the meaning of public", and for keys of KMS its "CallerAccount".
_LIMITS = {
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceowner", "aws:sourceip"),
    *("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "kms:calleraccount"),
    *("s3:dataaccesspointaccount", "s3:dataaccesspointarn"),
}


def is_everybody(address: Any) -> bool:
    """Whether an address range is the internet, or so much of it that it might as well be."""
    try:
        network = ip_network(str(address).strip(), strict=False)
    except ValueError:
        return False  # not an address; the preview's other checks say so
    shortest = BROADEST_V4 if network.version == 4 else BROADEST_V6
    return network.prefixlen < shortest and not network.is_private


def allows_anybody(statement: dict[str, Any]) -> bool:
    """Whether the principal of a statement is everybody."""
    principal = statement.get("Principal")
    if "NotPrincipal" in statement:
        return True
    values = principal.values() if isinstance(principal, dict) else [principal]
    return any("*" in texts(value) for value in values)


def is_limited(statement: dict[str, Any]) -> bool:
    """Whether a condition that must match a given caller or source is there, with a value that is not everybody."""
    conditions = statement.get("Condition")
    for operator, tests in conditions.items() if isinstance(conditions, dict) else ():
        if not isinstance(tests, dict) or "Not" in operator or operator.endswith("IfExists") or operator == "Null":
            continue
        for key, values in tests.items():
            wanted = texts(values)
            if key.lower() in _LIMITS and wanted and not any(one == "*" or is_everybody(one) for one in wanted):
                return True
    return False
