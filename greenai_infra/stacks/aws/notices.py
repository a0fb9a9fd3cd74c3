"""How people hear what became of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.site import Site


@dataclass(frozen=True)
class NoticesArgs:
    """Who is written to. Whoever publishes needs `kms:GenerateDataKey` and `kms:Decrypt` on the key."""

    site: Site
    key_arn: Any
    emails: Sequence[str]
    given_arn: str | None = None
    """The user's existing topic: no topic is made, and no subscriber is added."""


class Notices(pulumi.ComponentResource):  # type: ignore[misc]
    """Encrypted SNS topic with e-mail subscriptions, each of which its reader has to confirm once."""

    def __init__(self, name: str, args: NoticesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:Notices", name, None, opts)
        if args.given_arn is not None:
            self.topic_arn: Any = args.given_arn
            self.register_outputs({"topic_arn": self.topic_arn})
            return
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        self.topic = aws.sns.Topic(
            f"{site.name}-notices",
            display_name=f"greenai {site.workload}",
            kms_master_key_id=args.key_arn,
            region=site.region,
            tags=dict(site.tags),
            opts=child,
        )
        for email in dict.fromkeys(args.emails):
            aws.sns.TopicSubscription(
                f"{site.name}-{email}",
                topic=self.topic.arn,
                protocol="email",
                endpoint=email,
                region=site.region,
                opts=child,
            )
        self.topic_arn = self.topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})
