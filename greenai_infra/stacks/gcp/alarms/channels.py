"""Who hears of a carbon budget: e-mail, webhooks, Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_alarms import GcpNotify
    from greenai_infra.stacks.gcp.site import Site


@dataclass(frozen=True)
class ChannelsArgs:
    """The recipients."""

    site: Site
    notify: GcpNotify


class Channels(pulumi.ComponentResource):  # type: ignore[misc]
    """Notification channels of Cloud Monitoring; `names` goes to alert policies. Addresses and tokens stay secret."""

    def __init__(self, name: str, args: ChannelsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:Channels", name, None, opts)
        self._site, notify = args.site, args.notify
        self.names: list[Any] = []
        for email in dict.fromkeys(notify.emails):
            self._channel(email, "email", {"email_address": email})
        for number, address in enumerate(dict.fromkeys(one.reveal() for one in notify.https), start=1):
            # The address may hold a token, so it is kept out of names.
            self._channel(f"https-{number}", "webhook_tokenauth", {"url": pulumi.Output.secret(address)})
        if notify.slack_channel is not None:
            token = pulumi.Output.secret(notify.slack_channel.token.reveal())
            self._channel("slack", "slack", {"channel_name": notify.slack_channel.name}, {"auth_token": token})
        self.register_outputs({"names": self.names})

    def _channel(self, who: str, kind: str, settings: dict[str, Any], secrets: dict[str, Any] | None = None) -> None:
        channel = gcp.monitoring.NotificationChannel(
            f"{self._site.name}-budget-{who}",
            project=self._site.gcp_project,
            display_name=f"greenai budget {self._site.workload}: {who}",
            type=kind,
            labels=settings,  # the stack's labels go into `user_labels` here
            sensitive_labels=secrets,
            user_labels=dict(self._site.labels),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.names.append(channel.name)
