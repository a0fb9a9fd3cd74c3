"""Log groups, encrypted and with an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import actions_of, allow

if TYPE_CHECKING:
    import pulumi

    from greenai_infra.stacks.aws.policy import Statement
    from greenai_infra.stacks.aws.site import Site

# The retention periods that CloudWatch Logs knows, in days.
_MONTHS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180)
_YEARS = (365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_RETENTION_DAYS = (*_MONTHS, *_YEARS)


def log_retention_days(wanted: int) -> int:
    """The shortest period CloudWatch Logs knows that is not shorter than wanted."""
    return next((days for days in _RETENTION_DAYS if days >= wanted), _RETENTION_DAYS[-1])


def log_group(
    site: Site, what: str, prefix: str, key_arn: Any, retention_days: int, opts: pulumi.ResourceOptions
) -> Any:
    """A log group `PREFIX/greenai-WORKLOAD`, where the service that writes into it expects its logs."""
    # checkov:skip=CKV_AWS_338: the config says how long logs are kept (retention_days)
    return aws.cloudwatch.LogGroup(
        f"{site.name}-{what}",
        name=f"{prefix}/greenai-{site.name}",
        retention_in_days=log_retention_days(retention_days),
        kms_key_id=key_arn,
        region=site.region,
        tags=dict(site.tags),
        opts=opts,
    )


def deliver_logs_statement(region: str) -> Statement:
    """Delivering the logs of a state machine, which is set up for the account: AWS knows no narrower resource."""
    return allow(
        "DeliverLogs",
        actions_of(
            "logs",
            "CreateLogDelivery DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies GetLogDelivery "
            "ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
        ),
        "*",
        condition={"StringEquals": {"aws:RequestedRegion": region}},
    )
