"""The repository that a stack's image is pushed to on Google Cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from greenai_infra.stacks.gcp.encryption import EncryptionKey
    from greenai_infra.stacks.gcp.site import Site

KEPT_IMAGES = 20
UNTAGGED_AGE = "604800s"
"""7 days."""


@dataclass(frozen=True)
class RegistryArgs:
    """`what` is the image's name in it; `readers`: name of who may pull -> IAM member."""

    site: Site
    what: str
    key: EncryptionKey
    readers: dict[str, Any] = field(default_factory=dict)


class ImageRegistry(pulumi.ComponentResource):  # type: ignore[misc]
    """Artifact Registry: encrypted, tags that can't be moved (a plan's rerun gets the same image), old images go."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:ImageRegistry", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        logical = f"{site.name}-{args.what}"
        self.repository = gcp.artifactregistry.Repository(
            logical,
            repository_id=logical,
            description=f"Images of {site.workload}",
            format="DOCKER",
            location=site.region,
            project=site.gcp_project,
            kms_key_name=args.key.id,
            docker_config={"immutable_tags": True},
            cleanup_policies=[
                {
                    "id": "layers-that-no-tag-points-at",
                    "action": "DELETE",
                    "condition": {"tag_state": "UNTAGGED", "older_than": UNTAGGED_AGE},
                },
                {
                    "id": "the-newest-stay",
                    "action": "KEEP",
                    "most_recent_versions": {"keep_count": KEPT_IMAGES},
                },
            ],
            labels=dict(site.labels),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[args.key])),
        )
        for who, member in args.readers.items():
            gcp.artifactregistry.RepositoryIamMember(
                f"{logical}-{who}",
                repository=self.repository.name,
                location=site.region,
                project=site.gcp_project,
                role="roles/artifactregistry.reader",
                member=member,
                opts=child,
            )
        self.host = f"{site.region}-docker.pkg.dev"
        self.url = pulumi.Output.concat(f"{self.host}/{site.gcp_project}/", self.repository.repository_id)
        self.register_outputs({"url": self.url})
