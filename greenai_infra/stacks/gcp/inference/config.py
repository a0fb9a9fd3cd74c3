"""The section `inference` of a stack on Google Cloud, read for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.contracts.stack.gcp_inference import GCP_INFERENCE_EXAMPLE, read_gcp_inference_config
from greenai_infra.stacks.config import bad_config, read_section

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig

HUB_TOKEN = "hugging-face-token"


def read_config() -> tuple[GcpInferenceConfig, Any]:
    """Returns the config, and the secret token of the Hugging Face hub or None. Raises pulumi.RunError."""
    config = read_section("inference", read_gcp_inference_config, GCP_INFERENCE_EXAMPLE)
    token = pulumi.Config().get_secret(HUB_TOKEN)
    if token is not None and (config.garden is None or config.garden.hugging_face_model is None):
        raise bad_config(
            f"{pulumi.get_project()}:{HUB_TOKEN}: only a Hugging Face model on Vertex AI takes it; on a TPU VM keep "
            "the token in Secret Manager and name the secret in server.model_token_secret"
        )
    return config, token
