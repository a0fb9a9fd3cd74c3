"""What SageMaker may do to serve the model: fetch image and model, write logs and metrics, join the network.

An isolated container has no access itself: SageMaker uses the role on its behalf, from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.contracts.metrics import NAMESPACE
from greenai_infra.stacks.aws.policy import Statement, allow
from greenai_infra.stacks.aws.sagemaker_access import (
    image_arn,
    image_statements,
    metrics_statement,
    network_statements,
    use_key_statements,
)

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.inference import InferenceConfig
    from greenai_infra.stacks.aws.inference.captured import CapturedRequests
    from greenai_infra.stacks.aws.network import PrivateNetwork
    from greenai_infra.stacks.aws.sagemaker_access import Scope

ENDPOINT_METRICS = "/aws/sagemaker/Endpoints"


def serving_statements(
    config: InferenceConfig,
    scope: Scope,
    log_group_arn: Any,
    key_arn: Any,
    network: PrivateNetwork | None,
    captured: CapturedRequests | None,
) -> list[Statement]:
    """The policy of the endpoint's role. `config.image` is set."""
    assert config.image is not None
    return [
        *(_model_statements(config.model_data, config.model_key_arn) if config.model_data else []),
        *use_key_statements(key_arn),
        *image_statements([image_arn(config.image)]),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            _streams(log_group_arn),
        ),
        metrics_statement([NAMESPACE, ENDPOINT_METRICS]),
        *(network_statements(scope, network) if network else []),
        *([allow("KeepRequests", ["s3:PutObject"], captured.objects_arn)] if captured else []),
    ]


def _model_statements(model_data: str, model_key_arn: str | None) -> list[Statement]:
    """Reading the model: its archive, or everything in its folder."""
    bucket, _, path = model_data.removeprefix("s3://").partition("/")
    arn, folder = f"arn:aws:s3:::{bucket}", not path or path.endswith("/")
    statements = [
        allow("ReadModel", ["s3:GetObject"], f"{arn}/{path}*" if folder else f"{arn}/{path}"),
        allow("FindBucket", ["s3:GetBucketLocation"], arn),
        allow("FindModel", ["s3:ListBucket"], arn, condition={"StringLike": {"s3:prefix": [f"{path}*"]}}),
    ]
    if model_key_arn:
        statements.append(allow("OpenModel", ["kms:Decrypt", "kms:DescribeKey"], model_key_arn))
    return statements


def _streams(log_group_arn: Any) -> list[Any]:
    return [log_group_arn, pulumi.Output.concat(log_group_arn, ":*")]
