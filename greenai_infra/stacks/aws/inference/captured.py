"""Where requests and answers are kept, if the stack's owner wants them kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.stacks.aws.storage import BucketArgs, PrivateBucket

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.inference import DataCapture
    from greenai_infra.stacks.aws.site import Site

PREFIX = "requests/"


@dataclass(frozen=True)
class CapturedArgs:
    """How much is kept, for how long, and with which key."""

    site: Site
    key_arn: Any
    capture: DataCapture
    force_destroy: bool


class CapturedRequests(pulumi.ComponentResource):  # type: ignore[misc]
    """Private bucket whose objects go after `keep_days`."""

    def __init__(self, name: str, args: CapturedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:CapturedRequests", name, None, opts)
        days = args.capture.keep_days
        self._args = args
        # No copy elsewhere: these are samples for debugging that soon expire, and a second copy of possibly
        # personal data would need protection too.
        self.bucket = PrivateBucket(
            f"{name}-bucket",
            BucketArgs(args.site, "requests", args.key_arn, days, days, args.force_destroy),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.objects_arn = pulumi.Output.concat(self.bucket.arn, f"/{PREFIX}*")
        self.register_outputs({"bucket": self.bucket.name})

    @property
    def configuration(self) -> dict[str, Any]:
        """What the endpoint's configuration says of it."""
        return {
            "enable_capture": True,
            "initial_sampling_percentage": self._args.capture.sampling_percent,
            "destination_s3_uri": pulumi.Output.concat("s3://", self.bucket.name, f"/{PREFIX}"),
            "kms_key_id": self._args.key_arn,
            "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        }
