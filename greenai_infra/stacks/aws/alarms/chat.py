"""Alerts in Slack and Microsoft Teams, through Amazon Q Developer in chat applications (formerly AWS Chatbot)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import actions_of, allow
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.alarms import Notify
    from greenai_infra.stacks.aws.site import Site

SERVICE_REGION = "us-east-2"
"""The service is global and its API answers in four regions only; topics may lie in any."""

GUARDRAIL = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
"""The upper limit of permissions from the channel. The default would be AdministratorAccess."""


@dataclass(frozen=True)
class ChatArgs:
    """The topic that is read out, and the channels."""

    site: Site
    account_id: Any
    topic_arn: Any
    notify: Notify


class ChatChannels(pulumi.ComponentResource):  # type: ignore[misc]
    """One configuration for each channel, and the role with which the service draws the alarm's graph."""

    def __init__(self, name: str, args: ChatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:ChatChannels", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            f"{name}-role",
            ServiceRoleArgs(
                site=site,
                what="chat",
                service="chatbot.amazonaws.com",
                account_id=args.account_id,
                source_arn=pulumi.Output.concat("arn:aws:chatbot::", args.account_id, ":chat-configuration/*"),
                statements=[
                    # A policy can't name metrics or the list of alarms as resources.
                    allow(
                        "DrawAlarms",
                        actions_of("cloudwatch", "DescribeAlarms GetMetricData GetMetricWidgetImage"),
                        "*",
                        condition={"StringEquals": {"aws:RequestedRegion": site.region}},
                    )
                ],
            ),
            opts=child,
        )
        common = {
            "iam_role_arn": role.arn,
            "sns_topic_arns": [args.topic_arn],
            "guardrail_policy_arns": [GUARDRAIL],
            "logging_level": "ERROR",
            "region": SERVICE_REGION,
            "tags": dict(site.tags),
            "opts": pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role])),
        }
        # Names are unique in the account, as the service is global.
        unique = f"greenai-{site.name}-{site.region}"
        if slack := args.notify.slack:
            aws.chatbot.SlackChannelConfiguration(
                f"{site.name}-slack",
                configuration_name=f"{unique}-slack",
                slack_team_id=slack.workspace_id,
                slack_channel_id=slack.channel_id,
                **common,
            )
        if teams := args.notify.teams:
            aws.chatbot.TeamsChannelConfiguration(
                f"{site.name}-teams",
                configuration_name=f"{unique}-teams",
                tenant_id=teams.tenant_id,
                team_id=teams.team_id,
                channel_id=teams.channel_id,
                **common,
            )
        self.register_outputs({})
