"""The repository that the training image is pushed to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.site import Site

KEPT_IMAGES = 20
UNTAGGED_DAYS = 7

_LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "layers that no tag points at",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "the newest images stay",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
            "action": {"type": "expire"},
        },
    ]
}


@dataclass(frozen=True)
class RegistryArgs:
    """`force_destroy`: whether the repository may be destroyed with images in it."""

    site: Site
    key_arn: Any
    force_destroy: bool = False


class ImageRegistry(pulumi.ComponentResource):  # type: ignore[misc]
    """ECR repository: encrypted, scanned on push, tags that can't be moved (a plan's rerun gets the same image)."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:ImageRegistry", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        self.repository = aws.ecr.Repository(
            f"{site.name}-training",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=args.force_destroy,
            region=site.region,
            tags=dict(site.tags),
            opts=child,
        )
        aws.ecr.LifecyclePolicy(
            f"{site.name}-training",
            repository=self.repository.name,
            policy=json.dumps(_LIFECYCLE),
            region=site.region,
            opts=child,
        )
        self.url, self.arn = self.repository.repository_url, self.repository.arn
        self.register_outputs({"url": self.url, "arn": self.arn})
