"""Lookups that a provider answers by itself, from their arguments and without a cloud: AWS's policy documents.

`aws.iam.get_policy_document` is written here as the provider writes it (terraform-provider-aws, `IAMPolicyDoc`): a
list with a single item becomes that item, a longer list is sorted in descending order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import has_unknown, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY_DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"
VERSION = "2012-10-17"
_LISTS = (
    ("actions", "Action"),
    ("notActions", "NotAction"),
    ("resources", "Resource"),
    ("notResources", "NotResource"),
)
_WHO = (("principals", "Principal"), ("notPrincipals", "NotPrincipal"))


def answer(token: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the lookup's result; None if only a cloud can answer, or if the arguments are invalid or unknown."""
    if token != POLICY_DOCUMENT or has_unknown(dict(arguments)):
        return None
    given = plain(dict(arguments))
    try:
        document = _document(given)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # the provider would refuse it, and the engine's preview says why
    return {
        **given,
        "id": "policy-document",
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "version": document["Version"],
    }


def _document(given: Mapping[str, Any]) -> dict[str, Any]:
    own = [_statement(one) for one in given.get("statements") or []]
    sources = [statement for text in given.get("sourcePolicyDocuments") or [] for statement in _statements(text)]
    statements = sources + own
    for text in given.get("overridePolicyDocuments") or []:
        for statement in _statements(text):
            sid = statement.get("Sid")
            statements = [one for one in statements if not sid or one.get("Sid") != sid] + [statement]
    named = {"Id": given["policyId"]} if given.get("policyId") else {}
    return {"Version": given.get("version") or VERSION, **named, "Statement": statements}


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    sid = {"Sid": given["sid"]} if given.get("sid") else {}
    lists = {name: _one_or_more(given[key]) for key, name in _LISTS if given.get(key)}
    who = {name: _principals(given[key]) for key, name in _WHO if given.get(key)}
    conditions: dict[str, dict[str, Any]] = {}
    for one in given.get("conditions") or []:
        conditions.setdefault(one["test"], {})[one["variable"]] = _one_or_more(one["values"])
    limited = {"Condition": conditions} if conditions else {}
    return {**sid, "Effect": given.get("effect") or "Allow", **lists, **who, **limited}


def _principals(given: list[Mapping[str, Any]]) -> Any:
    by_type: dict[str, list[str]] = {}
    for one in given:
        by_type.setdefault(one["type"], []).extend(one["identifiers"])
    if by_type == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_more(names) for kind, names in by_type.items()}


def _one_or_more(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _statements(text: str) -> list[dict[str, Any]]:
    found = json.loads(text)["Statement"]
    return found if isinstance(found, list) else [found]
