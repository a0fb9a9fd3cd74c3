"""As many instances as the load needs, and no more: an instance that waits draws power all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.inference.variant import VARIANT

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.inference import InferenceConfig
    from greenai_infra.stacks.aws.site import Site

DIMENSION, NAMESPACE = "sagemaker:variant:DesiredInstanceCount", "sagemaker"
METRIC = "SageMakerVariantInvocationsPerInstance"


@dataclass(frozen=True)
class ScalingArgs:
    """The endpoint, and the stack's config; `config.scales` is true."""

    site: Site
    config: InferenceConfig
    endpoint_name: Any


class EndpointScaling(pulumi.ComponentResource):  # type: ignore[misc]
    """Target tracking on the invocations of an instance in a minute (a Sum: SageMaker counts, it does not average).

    An update of the endpoint sets its instances back to `instance_count`: the provider knows no way to keep the number
    that the load had made of it (terraform-provider-aws issue 48990). Scaling goes on from there.
    """

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:EndpointScaling", name, None, opts)
        site, config, child = args.site, args.config, pulumi.ResourceOptions(parent=self)
        of_variant = {
            "resource_id": pulumi.Output.concat("endpoint/", args.endpoint_name, f"/variant/{VARIANT}"),
            "scalable_dimension": DIMENSION,
            "service_namespace": NAMESPACE,
            "region": site.region,
        }
        self.target = aws.appautoscaling.Target(
            f"{site.name}-instances",
            **of_variant,
            min_capacity=config.min_instances,
            max_capacity=config.largest,
            tags=dict(site.tags),
            opts=child,
        )
        aws.appautoscaling.Policy(
            f"{site.name}-load",
            **of_variant,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration={
                "target_value": config.target,
                "predefined_metric_specification": {"predefined_metric_type": METRIC},
                "scale_in_cooldown": config.scale_in_cooldown_s,
                "scale_out_cooldown": config.scale_out_cooldown_s,
            },
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[self.target])),
        )
        self.register_outputs({"resource_id": self.target.resource_id})
