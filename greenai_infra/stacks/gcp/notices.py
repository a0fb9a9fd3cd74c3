"""The recipients of Google Cloud's messages when an alert policy fires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.site import Site


@dataclass(frozen=True)
class NoticesArgs:
    """Who is written to."""

    site: Site
    emails: Sequence[str]
    given: Sequence[str] = ()
    """The user's existing channels, by full name."""


class Notices(pulumi.ComponentResource):  # type: ignore[misc]
    """An e-mail channel of Cloud Monitoring for each reader; `channels` goes to alert policies."""

    def __init__(self, name: str, args: NoticesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:Notices", name, None, opts)
        site = args.site
        self.channels = [
            gcp.monitoring.NotificationChannel(
                f"{site.name}-{email}",
                display_name=f"greenai {site.workload}: {email}",
                type="email",
                labels={"email_address": email},  # the channel's settings; the stack's labels are `user_labels`
                user_labels=dict(site.labels),
                project=site.gcp_project,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for email in dict.fromkeys(args.emails)
        ]
        self.channel_names: list[Any] = [*dict.fromkeys(args.given), *(channel.name for channel in self.channels)]
        self.register_outputs({"channels": self.channel_names})
