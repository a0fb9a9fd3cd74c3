"""The program `inference` on Google Cloud: one region that serves one workload on TPUs."""

from __future__ import annotations

from typing import Any

import pulumi

from components.gcp.inference.region import ServingRegion, ServingRegionArgs
from greenai_infra.deploy.stack_configs.gcp_inference import GCP_INFERENCE_EXAMPLE, read_gcp_inference_config
from programs.config import bad_config, read_section
from programs.gcp_budget import declare_gcp_budget, read_gcp_budget

HUB_TOKEN = "hugging-face-token"


def run() -> dict[str, Any]:
    """Declare the stack; what a person needs to use it."""
    config = read_section("inference", read_gcp_inference_config, GCP_INFERENCE_EXAMPLE)
    token = pulumi.Config().get_secret(HUB_TOKEN)
    if token is not None and (config.garden is None or config.garden.hugging_face_model is None):
        raise bad_config(
            f"{pulumi.get_project()}:{HUB_TOKEN}: only a Hugging Face model on Vertex AI takes it; on a TPU VM keep "
            "the token in Secret Manager and name the secret in server.model_token_secret"
        )
    budget = read_gcp_budget()
    region = ServingRegion(config.workload, ServingRegionArgs(config, token))
    return region.outputs | declare_gcp_budget(budget, config, region.site, jobs=False)
