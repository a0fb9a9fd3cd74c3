"""The section `inference` of a stack on AWS, read for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from greenai_infra.contracts.stack.inference import INFERENCE_EXAMPLE, read_inference_config
from greenai_infra.stacks.config import bad_config, read_section

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.inference import InferenceConfig


def read_config() -> InferenceConfig:
    """The config, with an image. Raises pulumi.RunError."""
    config = read_section("inference", read_inference_config, INFERENCE_EXAMPLE)
    key = f"{pulumi.get_project()}:inference"
    if config.image is None:
        raise bad_config(
            f"{key}: image: missing; a plan does not know which container serves the model. Set it with "
            "`greenai-infra select PLAN --image URI [--model-data S3_URI]`, or here, for example "
            f"image: 123456789012.dkr.ecr.{config.region}.amazonaws.com/llm-neuronx:v1"
        )
    if config.latency_bound_ms is None:
        pulumi.log.info(f"{key}: latency_bound_ms is not set, so there is no alarm on latency")
    return config
