"""The model and how it is run: what SageMaker's CreateModel and CreateEndpointConfig are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from greenai_infra.catalog.local_disks import has_local_disk
from greenai_infra.contracts.metrics import NAMESPACE
from greenai_infra.stacks.plan_environment import plan_environment

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.inference import InferenceConfig

VARIANT = "AllTraffic"
"""A single variant takes all requests, under a fixed name: SageMaker rolls out an update only to the same name."""


def container(config: InferenceConfig) -> dict[str, Any]:
    """Image, model and environment."""
    made: dict[str, Any] = {"image": config.image, "environment": environment(config)}
    if config.model_data is None:
        return made
    if config.model_data.endswith(".tar.gz"):
        return {**made, "model_data_url": config.model_data}
    folder = {"s3_uri": config.model_data, "s3_data_type": "S3Prefix", "compression_type": "None"}
    return {**made, "model_data_source": {"s3_data_sources": [folder]}}


def environment(config: InferenceConfig) -> dict[str, str]:
    """Returns the plan for the tracker in the container, and the variables of the stack's config."""
    return {**plan_environment(config), "GREENAI_METRIC_NAMESPACE": NAMESPACE, **config.variables}


def production_variant(config: InferenceConfig, model_name: Any) -> dict[str, Any]:
    """The variant: instances, or memory and concurrency."""
    variant: dict[str, Any] = {"variant_name": VARIANT, "model_name": model_name}
    if config.serverless is not None:
        serverless = {key: value for key, value in structs.asdict(config.serverless).items() if value is not None}
        serverless["memory_size_in_mb"] = serverless.pop("memory_mb")
        return {**variant, "serverless_config": serverless}
    assert config.instance_type is not None
    variant |= {
        "instance_type": config.instance_type,
        "initial_instance_count": config.instance_count,
        "initial_variant_weight": 1.0,
        # A request of many tokens keeps an instance busy for long; random routing could send it the next request too.
        "routing_configs": [{"routing_strategy": "LEAST_OUTSTANDING_REQUESTS"}],
        "model_data_download_timeout_in_seconds": config.startup_timeout_s,
        "container_startup_health_check_timeout_in_seconds": config.startup_timeout_s,
    }
    if not has_local_disk(config.instance_type):
        variant["volume_size_in_gb"] = config.volume_gb
    return variant


def volume_key(config: InferenceConfig, key_arn: Any) -> Any | None:
    """The key of the instances' volumes. SageMaker refuses a key for instances with local disks."""
    if config.instance_type is None or has_local_disk(config.instance_type):
        return None
    return key_arn
