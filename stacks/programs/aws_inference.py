"""The program `inference` on AWS: one region that serves one workload from a SageMaker endpoint."""

from __future__ import annotations

from typing import Any

import pulumi

from components.aws.inference.endpoint import InferenceEndpoint, InferenceEndpointArgs
from greenai_infra.deploy.stack_configs.inference import INFERENCE_EXAMPLE, read_inference_config
from programs.carbon_budget import check_load_fits, declare_budget, read_budget
from programs.config import bad_config, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what a person needs to use it."""
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
    budget = read_budget()
    check_load_fits(budget, config.requests_per_second, config)
    endpoint = InferenceEndpoint(config.workload, InferenceEndpointArgs(config))
    return endpoint.outputs | declare_budget(budget, config, endpoint.site, jobs=False)
