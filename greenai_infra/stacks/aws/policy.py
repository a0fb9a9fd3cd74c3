"""Policy documents as plain data: no lookups, no wildcard actions.

Values may be outputs of other resources; `render` gives the JSON once they are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.stacks.documents import json_document

if TYPE_CHECKING:
    from collections.abc import Sequence

Statement = dict[str, Any]


def actions_of(service: str, names: str) -> list[str]:
    """Returns the actions of a service, from their space-separated names."""
    return [f"{service}:{name}" for name in names.split()]


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Any,
    *,
    principal: dict[str, Any] | str | None = None,
    condition: dict[str, Any] | None = None,
) -> Statement:
    """A statement that allows exactly these actions. Raises ValueError for an action with a wildcard."""
    if wild := [action for action in actions if "*" in action]:
        raise ValueError(f"{sid}: name the actions one by one instead of {', '.join(wild)}")
    return _statement("Allow", sid, list(actions), resources, principal, condition)


def allow_alarms(sid: str, actions: Sequence[str], resources: Any, region: str, account_id: Any) -> Statement:
    """For policies of topics and their keys: CloudWatch may act for alarms of our account and region.

    Without the condition another customer's alarm could publish to our topic.
    """
    alarms = pulumi.Output.concat(f"arn:aws:cloudwatch:{region}:", account_id, ":alarm:*")
    return allow(
        sid,
        actions,
        resources,
        principal={"Service": "cloudwatch.amazonaws.com"},
        condition={"StringEquals": {"aws:SourceAccount": account_id}, "ArnLike": {"aws:SourceArn": alarms}},
    )


def deny(sid: str, actions: Sequence[str] | str, resources: Any, condition: dict[str, Any]) -> Statement:
    """A statement that denies actions to everyone, under a condition."""
    return _statement("Deny", sid, actions, resources, "*", condition)


def deny_plain_http(service: str, resources: Any) -> Statement:
    """Denies all access over unencrypted connections."""
    return deny("DenyPlainHttp", f"{service}:*", resources, {"Bool": {"aws:SecureTransport": "false"}})


def trust(service: str, account_id: Any, source_arn: Any) -> Statement:
    """Only this service may assume the role, and only on behalf of our own account and that source.

    Without the condition another customer could make the service act with this role (the confused deputy).
    """
    return {
        "Sid": "OnlyForOurOwnResources",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account_id},
            "ArnLike": {"aws:SourceArn": source_arn},
        },
    }


def render(statements: Sequence[Statement]) -> Any:
    """The policy document as JSON, an output."""
    return json_document({"Version": "2012-10-17", "Statement": list(statements)})


def _statement(
    effect: str, sid: str, actions: Any, resources: Any, principal: Any, condition: dict[str, Any] | None
) -> Statement:
    statement = {"Sid": sid, "Effect": effect, "Action": actions, "Resource": resources}
    if principal is not None:
        statement["Principal"] = principal
    if condition is not None:
        statement["Condition"] = condition
    return statement
