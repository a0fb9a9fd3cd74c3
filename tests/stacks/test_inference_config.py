"""What the section `inference` of an AWS stack takes, and how it says no."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from greenai_infra.contracts.stack.inference import (
    INFERENCE_EXAMPLE,
    SERVERLESS_EXCLUDES,
    InferenceConfig,
    Serverless,
    read_inference_config,
)
from greenai_infra.errors import InputError
from greenai_infra.previews.sdk.aws_models import shape

from .changes import replaced
from .declare import config_of

ON_INSTANCES = config_of("inferentia")["greenai-infra:inference"]
SERVERLESS = config_of("serverless")["greenai-infra:inference"]


def refusal(section: dict[str, Any]) -> str:
    with pytest.raises(InputError) as raised:
        read_inference_config(section)
    return str(raised.value)


def test_the_printed_example_is_valid() -> None:
    [section] = yaml.safe_load(INFERENCE_EXAMPLE).values()

    assert read_inference_config(section).planned


def test_limits_of_serverless_are_those_of_the_api() -> None:
    memory, most = (shape("sagemaker", name) for name in ("ServerlessMemorySizeInMB", "ServerlessMaxConcurrency"))

    for size in range(memory["min"], memory["max"] + 1, 1024):
        assert Serverless(memory_mb=size, max_concurrency=most["max"]).memory_mb == size  # type: ignore[arg-type]
    assert (memory["min"], memory["max"], most["min"], most["max"]) == (1024, 6144, 1, 200)


@pytest.mark.parametrize(
    ("serverless", "message"),
    [
        ({"memory_mb": 2000, "max_concurrency": 5}, "serverless.memory_mb: must be 1024 or 2048 or 3072 or 4096"),
        ({"memory_mb": 7168, "max_concurrency": 5}, "serverless.memory_mb: must be"),
        ({"memory_mb": 1024, "max_concurrency": 201}, "at most 200 (is 201)"),
        ({"memory_mb": 1024, "max_concurrency": 0}, "at least 1 (is 0)"),
        ({"memory_mb": 1024}, "serverless.max_concurrency: is missing"),
        (
            {"memory_mb": 1024, "max_concurrency": 5, "provisioned_concurrency": 6},
            "provisioned_concurrency 6 is more than max_concurrency 5",
        ),
    ],
)
def test_serverless_sizes_that_sagemaker_does_not_have(serverless: dict[str, Any], message: str) -> None:
    assert message in refusal(replaced(SERVERLESS, {"serverless": serverless}))


@pytest.mark.parametrize("key", SERVERLESS_EXCLUDES)
def test_serverless_contradicts_whatever_belongs_to_instances(key: str) -> None:
    values: dict[str, Any] = {"min_instances": 1, "network_isolation": True, "volume_gb": 50, "startup_timeout_s": 600}
    values |= {"max_instances": 3, "scale_in_cooldown_s": 5, "scale_out_cooldown_s": 5}
    values |= {"invocations_per_instance_per_minute": 7.0}

    said = refusal(replaced(SERVERLESS, {key: values.get(key, ON_INSTANCES.get(key))}))

    assert f"serverless and {key} contradict each other" in said


def test_the_excluded_keys_are_keys() -> None:
    assert set(SERVERLESS_EXCLUDES) <= set(InferenceConfig.__struct_fields__)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instance_type": "inf2.xlarge"}, "greenai-infra:inference: instance_type: must match"),
        ({"instance_type": None}, "instance_type is missing: an endpoint that is not serverless needs it, for example"),
        ({"instance_count": None}, "instance_count is missing"),
        ({"network": None}, "network is missing: an endpoint that is not serverless needs it with availability_zones"),
        ({"min_instances": 8}, "instance_count 7 lies outside of min_instances 8 to max_instances 10"),
        ({"max_instances": 6}, "instance_count 7 lies outside of min_instances 2 to max_instances 6"),
        ({"min_instances": 0}, "min_instances: must be at least 1"),
        ({"requests_per_second": None}, "need a load to scale by: set requests_per_second or invocations_per"),
        (
            {"requests_per_second": float("nan")},
            "requests_per_second: must be a finite number (is nan); expected a number, for example 20.5",
        ),
        ({"latency_bound_ms": 0}, "latency_bound_ms: must be more than 0"),
        ({"latency_bound_ms": float("inf")}, "latency_bound_ms: must be"),
        ({"max_error_percent": 100}, "max_error_percent: must be less than 100"),
        ({"image": "docker.io/vllm/vllm:latest"}, "image: must match"),
        (
            {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:v1"},
            "image lies in us-east-1, and SageMaker pulls from its own region eu-north-1 only",
        ),
        ({"model_data": "s3://acme-models/llama.safetensors"}, "model_data: must match"),
        ({"model_data": "https://acme.example/model.tar.gz"}, "model_data: must match"),
        ({"model_data": None, "model_key_arn": SERVERLESS["model_key_arn"]}, "model_key_arn is set without model_data"),
        (
            {"model_key_arn": SERVERLESS["model_key_arn"].replace("eu-north-1", "us-east-1")},
            "model_key_arn lies in us-east-1, not in eu-north-1",
        ),
        ({"variables": {"a b": "1"}}, "variables.a b: the name must match"),
        ({"variables": {f"V{number}": "" for number in range(81)}}, "at most 80 keys"),
        ({"data_capture": {"sampling_percent": 0}}, "data_capture.sampling_percent: must be"),
        ({"network": {"availability_zones": ["us-east-1a", "us-east-1b"]}}, "us-east-1a is not in region eu-north-1"),
        ({"volume_gb": 513}, "volume_gb: must be at most 512"),
        ({"startup_timeout_s": 59}, "startup_timeout_s: must be at least 60"),
        ({"instances": 3}, "instances: unknown key"),
        ({"planned": {**ON_INSTANCES["planned"], "emissions_g_per_request": 0}}, "emissions_g_per_request"),
        ({"provider": "gcp"}, "provider: must be aws"),
    ],
)
def test_what_contradicts_itself_or_lies_outside_of_limits(changes: dict[str, Any], message: str) -> None:
    assert message in refusal(replaced(ON_INSTANCES, changes))


def test_scaling_comes_from_the_plan_where_the_author_says_nothing() -> None:
    # 20 requests a second are 1,200 a minute; 7 instances take 171.4 of them each.
    config = read_inference_config(replaced(ON_INSTANCES, {"min_instances": None, "max_instances": None}))

    assert (config.min_instances, config.largest, config.scales) == (1, 14, True)
    assert config.target == pytest.approx(171.43, abs=0.01)


def test_as_many_at_least_as_at_most_are_never_scaled() -> None:
    config = read_inference_config(
        replaced(ON_INSTANCES, {"min_instances": 7, "max_instances": 7, "requests_per_second": None})
    )

    assert not config.scales
