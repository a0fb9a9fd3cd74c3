"""The APIs that a stack uses, and the accounts with which Google's services act in the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.site import Site


@dataclass(frozen=True)
class ServicesArgs:
    """`apis` by name, as in `aiplatform.googleapis.com`; `agents` are those of them whose service agent is needed."""

    site: Site
    apis: Sequence[str]
    agents: Sequence[str]


class Services(pulumi.ComponentResource):  # type: ignore[misc]
    """Enabled APIs and their service agents. APIs stay enabled at destroy: other stacks may use them.

    `agents` gives the IAM member of each service agent. The agent of Cloud Storage can't be made this way, and would
    need a lookup; its name follows from the project's number, which the other agents' names hold. It exists
    once `gcloud storage service-agent --project ID` was run in the project.
    """

    def __init__(self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:Services", name, None, opts)
        project, child = args.site.gcp_project, pulumi.ResourceOptions(parent=self)
        self.apis: dict[str, Any] = {
            api: gcp.projects.Service(
                f"{args.site.name}-{_short(api)}",
                project=project,
                service=api,
                disable_on_destroy=False,
                opts=child,
            )
            for api in dict.fromkeys([*args.apis, *args.agents])
        }
        self.agents: dict[str, Any] = {}
        for api in dict.fromkeys(args.agents):
            identity = gcp.projects.ServiceIdentity(
                f"{args.site.name}-{_short(api)}",
                project=project,
                service=api,
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[self.apis[api]])),
            )
            self.agents[api] = identity.member
        self.register_outputs({})

    @property
    def project_number(self) -> Any:
        """The project's number, from the name of the first agent: `serviceAccount:service-NUMBER@...`."""
        first = next(iter(self.agents.values()))
        return first.apply(lambda member: member.split("service-")[-1].split("@")[0] if member else member)

    @property
    def storage_agent(self) -> Any:
        """IAM member of the service agent of Cloud Storage."""
        return pulumi.Output.concat(
            "serviceAccount:service-", self.project_number, "@gs-project-accounts.iam.gserviceaccount.com"
        )


def _short(api: str) -> str:
    return api.removesuffix(".googleapis.com")
