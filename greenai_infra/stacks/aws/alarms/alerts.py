"""Where alarms are sent: an SNS topic with a separate key, and its subscribers.

CloudWatch can't publish to a topic encrypted with the key that AWS manages for SNS, which would stay unnoticed until an
alarm is missed. So the key is ours, and the policies of key and topic let CloudWatch in, for alarms of this account and
region only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.encryption import key_statements
from greenai_infra.stacks.aws.policy import Statement, allow_alarms, deny_plain_http, render

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.alarms import Notify
    from greenai_infra.stacks.aws.site import Site

CONFIRM_MINUTES = 5
"""How long an https subscriber may take to confirm."""


@dataclass(frozen=True)
class AlertsArgs:
    """The recipients, and the notices that they get."""

    site: Site
    notify: Notify
    about: str = "Carbon budget"
    given_arn: str | None = None
    """The user's existing topic: no topic is made, and its subscribers stay unchanged."""


class Alerts(pulumi.ComponentResource):  # type: ignore[misc]
    """Encrypted topic with its subscriptions.

    What publishes should depend on `ready`, the policies. Not on the whole component: a subscriber that doesn't confirm
    would keep the alarms from being built.
    """

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:Alerts", name, None, opts)
        self._site = site = args.site
        self._child = child = pulumi.ResourceOptions(parent=self)
        if args.given_arn is not None:
            self.ready: list[Any] = []
            self.topic_arn: Any = args.given_arn
            self.account_id: Any = args.given_arn.split(":")[4]
            self.register_outputs({"topic_arn": self.topic_arn})
            return
        logical = f"{site.name}-alerts"
        self.key = aws.kms.Key(
            logical,
            description=f"{args.about} alerts of {site.workload} in {site.region}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            region=site.region,
            tags=site.named("alerts"),
            opts=child,
        )
        self.topic = aws.sns.Topic(
            logical,
            display_name=f"greenai {args.about.split()[-1].lower()} {site.workload}",
            kms_master_key_id=self.key.arn,
            region=site.region,
            tags=dict(site.tags),
            opts=child,
        )
        # The topic's ARN holds the account, which saves a lookup; hence the key's policy is a separate resource.
        self.account_id = self.topic.owner
        aws.kms.Alias(
            logical,
            name=f"alias/greenai-{site.name}-alerts",
            target_key_id=self.key.key_id,
            region=site.region,
            opts=child,
        )
        self.key_policy = aws.kms.KeyPolicy(
            logical, key_id=self.key.key_id, policy=render(self._key_statements()), region=site.region, opts=child
        )
        self.topic_policy = aws.sns.TopicPolicy(
            logical, arn=self.topic.arn, policy=render(self._topic_statements()), region=site.region, opts=child
        )
        self._subscribe(args.notify)
        self.ready = [self.key_policy, self.topic_policy]
        self.topic_arn, self.key_arn = self.topic.arn, self.key.arn
        self.register_outputs({"topic_arn": self.topic_arn, "key_arn": self.key_arn})

    def _for_alarms(self, actions: list[str], resource: Any) -> Statement:
        return allow_alarms("CloudWatchAlarms", actions, resource, self._site.region, self.account_id)

    def _key_statements(self) -> list[Statement]:
        return [
            *key_statements(self._site.region, self.account_id),
            self._for_alarms(["kms:Decrypt", "kms:GenerateDataKey"], "*"),  # this key: a key policy speaks of no other
        ]

    def _topic_statements(self) -> list[Statement]:
        return [
            self._for_alarms(["sns:Publish"], self.topic.arn),
            # SNS takes no wildcard in the service part of a topic policy's actions, so they are named.
            {**deny_plain_http("sns", self.topic.arn), "Action": ["sns:Publish"]},
        ]

    def _subscribe(self, notify: Notify) -> None:
        for email in dict.fromkeys(notify.emails):
            self._subscription(email, protocol="email", endpoint=email)
        addresses = dict.fromkeys(address.reveal() for address in notify.https)
        for number, address in enumerate(addresses, start=1):
            self._subscription(
                f"https-{number}",  # the address may hold a token, so it is kept out of names
                protocol="https",
                endpoint=pulumi.Output.secret(address),
                endpoint_auto_confirms=True,
                confirmation_timeout_in_minutes=CONFIRM_MINUTES,
            )

    def _subscription(self, who: str, **arguments: Any) -> None:
        aws.sns.TopicSubscription(
            f"{self._site.name}-alerts-{who}",
            topic=self.topic.arn,
            region=self._site.region,
            **arguments,
            opts=self._child,
        )
