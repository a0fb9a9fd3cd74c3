"""A program of a user's own with several components: two regions of one workload, a cache and an endpoint."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .changes import replaced
from .declare import config_of

if TYPE_CHECKING:
    from pathlib import Path

AWS = """
import pulumi

from greenai_infra.contracts.stack.cache import read_cache_config
from greenai_infra.contracts.stack.inference import read_inference_config
from greenai_infra.contracts.stack.training import read_training_config
from greenai_infra.stacks.aws import (
    InferenceCache, InferenceCacheArgs, InferenceEndpoint, InferenceEndpointArgs, TrainingRegion, TrainingRegionArgs,
)

config = pulumi.Config()
north = TrainingRegion("tune-north", TrainingRegionArgs(read_training_config(config.require_object("north"))))
west = TrainingRegion("tune-west", TrainingRegionArgs(read_training_config(config.require_object("west"))))
cache = InferenceCache("answers", InferenceCacheArgs(read_cache_config(config.require_object("answers"))))
served = InferenceEndpoint("chat", InferenceEndpointArgs(read_inference_config(config.require_object("chat"))))
pulumi.export("endpoint", served.endpoint_name)
pulumi.export("regions", [north.outputs["region"], west.outputs["region"]])
"""

GCP = """
import pulumi

from greenai_infra.contracts.stack.gcp_cache import read_gcp_cache_config
from greenai_infra.contracts.stack.gcp_inference import read_gcp_inference_config
from greenai_infra.contracts.stack.gcp_training import read_gcp_training_config
from greenai_infra.stacks.gcp import (
    InferenceCache, InferenceCacheArgs, InferenceEndpoint, InferenceEndpointArgs, TrainingRegion, TrainingRegionArgs,
)

config = pulumi.Config()
north = TrainingRegion("tune-north", TrainingRegionArgs(read_gcp_training_config(config.require_object("north"))))
west = TrainingRegion("tune-west", TrainingRegionArgs(read_gcp_training_config(config.require_object("west"))))
cache = InferenceCache("answers", InferenceCacheArgs(read_gcp_cache_config(config.require_object("answers"))))
served = InferenceEndpoint("chat", InferenceEndpointArgs(read_gcp_inference_config(config.require_object("chat"))))
pulumi.export("regions", [north.outputs["region"], west.outputs["region"]])
"""


def section(example: str, kind: str, **changes: Any) -> dict[str, Any]:
    """A section of an example's config, with changes as `replaced` takes them."""
    return replaced(config_of(example)[f"greenai-infra:{kind}"], changes)


WEST = {"region": "eu-west-3", "network.availability_zones": ["eu-west-3a", "eu-west-3b"], "carbon.zone": "FR"}
AWS_SECTIONS = {
    "north": section("contiguous", "training"),
    "west": section("contiguous", "training", **WEST),
    "answers": section("cache-serverless", "cache"),
    "chat": section("inferentia", "inference"),
}
GCP_SECTIONS = {
    "north": section("gcp-gpus", "training"),
    "west": section("gcp-gpus", "training", region="us-west1", **{"carbon.zone": "US-NW-BPAT"}),
    "answers": section("gcp-cache", "cache", gcp_project="acme-training"),
    "chat": section("vertex", "inference", gcp_project="acme-training"),
}
PROGRAMS = {"aws": (AWS, AWS_SECTIONS), "gcp": (GCP, GCP_SECTIONS)}


def config_values(cloud: str) -> dict[str, str]:
    """The stack's config, as Pulumi gives it to the program."""
    return {
        f"several:{name}": json.dumps(values, default=datetime.isoformat) for name, values in PROGRAMS[cloud][1].items()
    }


def write_several(folder: Path, cloud: str, stack: str = "dev") -> None:
    """The program as a project with one stack."""
    provider = {"aws": {"aws:region": "eu-north-1"}, "gcp": {"gcp:project": "acme-training"}}[cloud]
    (folder / "Pulumi.yaml").write_text("name: several\nruntime: {name: python, options: {toolchain: pip}}\n")
    config = {**provider, **{f"several:{name}": values for name, values in PROGRAMS[cloud][1].items()}}
    (folder / f"Pulumi.{stack}.yaml").write_text(
        json.dumps({"config": config}, default=datetime.isoformat)
    )  # JSON is YAML
    (folder / "__main__.py").write_text(PROGRAMS[cloud][0])
