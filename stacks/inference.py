"""Serves one workload in one region: a SageMaker endpoint on AWS, TPUs on Google Cloud."""

from __future__ import annotations

from typing import Any

from greenai_infra.stacks.config import read_provider


def run() -> dict[str, Any]:
    """Declare the stack; what a person needs to use it."""
    return {"aws": aws, "gcp": gcp}[read_provider("inference")]()


def aws() -> dict[str, Any]:
    """A SageMaker endpoint, and its carbon budget's alarms."""
    from greenai_infra.stacks.aws import InferenceEndpoint, InferenceEndpointArgs
    from greenai_infra.stacks.aws.inference.config import read_config
    from greenai_infra.stacks.budget import check_load_fits, declare_budget, read_budget

    config, budget = read_config(), read_budget()
    check_load_fits(budget, config.requests_per_second, config)
    endpoint = InferenceEndpoint(config.workload, InferenceEndpointArgs(config))
    return endpoint.outputs | declare_budget(budget, config, endpoint.site, jobs=False)


def gcp() -> dict[str, Any]:
    """TPUs or a Model Garden deployment, and the carbon budget's alert policies."""
    from greenai_infra.stacks.gcp import InferenceEndpoint, InferenceEndpointArgs
    from greenai_infra.stacks.gcp.inference.config import read_config
    from greenai_infra.stacks.gcp_budget import declare_gcp_budget, read_gcp_budget

    config, token = read_config()
    budget = read_gcp_budget()
    endpoint = InferenceEndpoint(config.workload, InferenceEndpointArgs(config, token))
    return endpoint.outputs | declare_gcp_budget(budget, config, endpoint.site, jobs=False)
