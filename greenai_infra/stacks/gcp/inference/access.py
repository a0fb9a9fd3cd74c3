"""What the serving machine may read: only its image, its weights and its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_gcp as gcp

if TYPE_CHECKING:
    import pulumi

    from greenai_infra.contracts.stack.gcp_inference import Server
    from greenai_infra.stacks.gcp.site import Site


def let_read(site: Site, server: Server, member: Any, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """Rights of an account on the server's image repository, bucket and secret, each limited to that resource."""
    host, project, repository = server.image.split("/")[:3]
    given: list[pulumi.Resource] = [
        gcp.artifactregistry.RepositoryIamMember(
            f"{site.name}-image",
            project=project,
            location=host.removesuffix("-docker.pkg.dev"),
            repository=repository,
            role="roles/artifactregistry.reader",
            member=member,
            opts=opts,
        )
    ]
    if server.from_bucket is not None:
        given.append(
            gcp.storage.BucketIAMMember(
                f"{site.name}-weights",
                bucket=server.from_bucket,
                role="roles/storage.objectViewer",
                member=member,
                opts=opts,
            )
        )
    if server.model_token_secret is not None:
        given.append(
            gcp.secretmanager.SecretIamMember(
                f"{site.name}-token",
                project=site.gcp_project,
                secret_id=server.model_token_secret,
                role="roles/secretmanager.secretAccessor",
                member=member,
                opts=opts,
            )
        )
    return given
