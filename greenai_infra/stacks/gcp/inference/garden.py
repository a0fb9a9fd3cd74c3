"""A Model Garden model on a Vertex AI endpoint with TPU machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.alerts import ThresholdAlertArgs, threshold_alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.stack.gcp_inference import Garden, GcpInferenceConfig
    from greenai_infra.stacks.gcp.site import Site

DUTY_CYCLE_METRIC = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
ERRORS_METRIC = "aiplatform.googleapis.com/prediction/online/error_count"
LATENCY_METRIC = "aiplatform.googleapis.com/prediction/online/prediction_latencies"
ERRORS_PER_MINUTE = 5
LATENCY_MS = 10_000
"""95th percentile: a generated answer takes seconds, and ten mean that requests queue."""


@dataclass(frozen=True)
class GardenArgs:
    """`token` opens a gated Hugging Face model, a secret of the stack's config; None for an open model."""

    site: Site
    config: GcpInferenceConfig
    garden: Garden
    token: Any
    channels: Sequence[Any]
    after: list[pulumi.Resource]


class GardenEndpoint(pulumi.ComponentResource):  # type: ignore[misc]
    """Endpoint with its deployed model, reached by Private Service Connect from this project only.

    The resource takes no labels, so the carbon facts are only in its name; every change replaces it.
    """

    def __init__(self, name: str, args: GardenArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:GardenEndpoint", name, None, opts)
        site, garden, machine = args.site, args.garden, args.config.machine
        child = pulumi.ResourceOptions(parent=self)
        model = {"accept_eula": garden.accept_eula, "model_display_name": site.workload}
        self.endpoint = gcp.vertex.AiEndpointWithModelGardenDeployment(
            f"{site.name}-endpoint",
            project=site.gcp_project,
            location=site.region,
            publisher_model_name=garden.publisher_model,
            hugging_face_model_id=garden.hugging_face_model,
            model_config=model if args.token is None else {**model, "hugging_face_access_token": args.token},
            endpoint_config={
                "endpoint_display_name": site.workload,
                "private_service_connect_config": {
                    "enable_private_service_connect": True,
                    "project_allowlists": [site.gcp_project],
                },
            },
            deploy_config={
                "dedicated_resources": {
                    "machine_spec": {
                        "machine_type": machine.vertex_machine_type,
                        "tpu_topology": machine.topology,
                    },
                    "min_replica_count": garden.min_replicas,
                    "max_replica_count": garden.max_replicas,
                    "spot": garden.spot,
                    "autoscaling_metric_specs": [
                        {"metric_name": DUTY_CYCLE_METRIC, "target": garden.duty_cycle_percent}
                    ],
                }
            },
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=args.after)),
        )
        connect = self.endpoint.endpoint_config.private_service_connect_config
        self.service_attachment = connect.service_attachment
        which = self._which(site, ERRORS_METRIC), self._which(site, LATENCY_METRIC)
        threshold_alert(
            ThresholdAlertArgs(
                site=site,
                what="errors",
                says=f"more than {ERRORS_PER_MINUTE} failed requests a minute",
                remedy="Look into the endpoint's log in Cloud Logging.",
                filter=which[0],
                threshold=ERRORS_PER_MINUTE / 60,
                aggregation={"per_series_aligner": "ALIGN_RATE", "cross_series_reducer": "REDUCE_SUM"},
                channels=args.channels,
            ),
            self,
        )
        threshold_alert(
            ThresholdAlertArgs(
                site=site,
                what="latency",
                says=f"one answer in twenty takes more than {LATENCY_MS / 1000:g} s",
                remedy="If replicas are at max_replicas, raise it, and the plan's kg a month with it.",
                filter=which[1],
                threshold=LATENCY_MS,
                aggregation={"per_series_aligner": "ALIGN_DELTA", "cross_series_reducer": "REDUCE_PERCENTILE_95"},
                channels=args.channels,
            ),
            self,
        )
        self.register_outputs({"endpoint": self.endpoint.endpoint})

    def _which(self, site: Site, metric: str) -> Any:
        return pulumi.Output.concat(
            f'metric.type="{metric}" AND resource.type="aiplatform.googleapis.com/Endpoint" AND '
            f'resource.labels.location="{site.region}" AND resource.labels.endpoint_id="',
            self.endpoint.endpoint,
            '"',
        )
