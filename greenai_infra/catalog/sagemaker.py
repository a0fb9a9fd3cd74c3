"""The EC2 instance types on which SageMaker trains and serves."""

from __future__ import annotations

from functools import cache

from greenai_infra.catalog.read import table


def is_sagemaker_training(instance_type: str) -> bool:
    """Whether a SageMaker training job can run on this EC2 type (`p4d.24xlarge` or `ml.p4d.24xlarge`)."""
    return _uses().get(instance_type.removeprefix("ml."), (False, False))[0]


def is_sagemaker_hosting(instance_type: str) -> bool:
    """Whether a SageMaker endpoint can run on this EC2 type; False for an unknown type."""
    return _uses().get(instance_type.removeprefix("ml."), (False, False))[1]


@cache
def _uses() -> dict[str, tuple[bool, bool]]:
    rows = table("aws-sagemaker-instances.csv", ("instance_type", "training", "hosting", "source"))
    return {row.text("instance_type"): (row.flag("training"), row.flag("hosting")) for row in rows}
