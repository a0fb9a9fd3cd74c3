"""An alert policy on one metric, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.site import Site


@dataclass(frozen=True)
class ThresholdAlertArgs:
    """`filter` names the metric and the resource, `aggregation` how its points become a figure per minute.

    The alert opens when that figure is above `threshold` for `seconds`; `says` is the sentence that people read, and
    `remedy` what they can do. `only_if` are further conditions, in the API's form, that must hold as well.
    """

    site: Site
    what: str
    says: str
    remedy: str
    filter: Any
    threshold: float
    aggregation: dict[str, Any]
    channels: Sequence[Any]
    seconds: int = 300
    severity: str = "ERROR"
    alignment_seconds: int = 60
    only_if: Sequence[dict[str, Any]] = ()
    depends_on: list[pulumi.Resource] = field(default_factory=list)


def threshold_alert(args: ThresholdAlertArgs, parent: pulumi.Resource) -> Any:
    """The alert policy, with its condition and the conditions that limit it."""
    site = args.site
    return gcp.monitoring.AlertPolicy(
        f"{site.name}-{args.what}",
        project=site.gcp_project,
        display_name=f"greenai {site.workload}: {args.says}",
        combiner="AND" if args.only_if else "OR",
        severity=args.severity,
        conditions=[
            {
                "display_name": args.says,
                "condition_threshold": {
                    "filter": args.filter,
                    "comparison": "COMPARISON_GT",
                    "threshold_value": args.threshold,
                    "duration": f"{args.seconds}s",
                    "aggregations": [{"alignment_period": f"{args.alignment_seconds}s", **args.aggregation}],
                },
            },
            *args.only_if,
        ],
        notification_channels=list(args.channels),
        documentation={"mime_type": "text/markdown", "content": f"{site.workload}: {args.says}. {args.remedy}"},
        user_labels=dict(site.labels),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=args.depends_on),
    )
