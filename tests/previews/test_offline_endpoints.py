"""Mistakes in endpoints and their scaling are found, with the resource and the property named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.previews.checks.aws.endpoints import RANGES, ROLL_PERCENT, SERVERLESS_MEMORY_MB
from greenai_infra.previews.checks.aws.scaling import FORMS
from greenai_infra.previews.sdk.aws_models import allowed_values, shape

from .offline_project import name_of, preview_program

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.contracts.declared import Finding

SOUND = """
model = aws.sagemaker.Model("model", execution_role_arn="arn:aws:iam::123456789012:role/r",
    primary_container={"image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/x:v1"})
config = aws.sagemaker.EndpointConfiguration("config", production_variants=[{
    "variant_name": "AllTraffic", "model_name": model.name, "instance_type": "ml.inf2.xlarge",
    "initial_instance_count": 2, "volume_size_in_gb": 100,
    "routing_configs": [{"routing_strategy": "LEAST_OUTSTANDING_REQUESTS"}]}])
endpoint = aws.sagemaker.Endpoint("endpoint", name="chat", endpoint_config_name=config.name, deployment_config={
    "rolling_update_policy": {"wait_interval_in_seconds": 300,
        "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": 50}}})
target = aws.appautoscaling.Target("target", min_capacity=1, max_capacity=4, service_namespace="sagemaker",
    scalable_dimension="sagemaker:variant:DesiredInstanceCount",
    resource_id=pulumi.Output.concat("endpoint/", endpoint.name, "/variant/AllTraffic"))
aws.appautoscaling.Policy("policy", policy_type="TargetTrackingScaling", service_namespace="sagemaker",
    scalable_dimension="sagemaker:variant:DesiredInstanceCount", resource_id=target.resource_id,
    target_tracking_scaling_policy_configuration={"target_value": 100.0, "scale_in_cooldown": 600,
        "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"}})
"""
SERVERLESS = """
model = aws.sagemaker.Model("model", execution_role_arn="arn:aws:iam::123456789012:role/r",
    primary_container={"image": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/x:v1"})
config = aws.sagemaker.EndpointConfiguration("config", production_variants=[{
    "variant_name": "AllTraffic", "model_name": model.name,
    "serverless_config": {"memory_size_in_mb": 2048, "max_concurrency": 5}}])
aws.sagemaker.Endpoint("endpoint", endpoint_config_name=config.name)
"""


def findings(folder: Path, program: str, old: str = "", new: str = "") -> list[Finding]:
    assert not old or program.count(old) >= 1, old
    return list(preview_program(folder, program.replace(old, new) if old else program).findings)


@pytest.mark.parametrize("program", [SOUND, SERVERLESS])
def test_sound_endpoints_have_no_findings(tmp_path: Path, program: str) -> None:
    assert findings(tmp_path, program) == []


@pytest.mark.parametrize(
    ("old", "new", "name", "property_", "message"),
    [
        (
            "ml.inf2.xlarge",
            "ml.inf2.2xlarge",
            "config",
            "productionVariants[0].instanceType",
            "'ml.inf2.2xlarge', an unknown instance type",
        ),
        (
            "LEAST_OUTSTANDING_REQUESTS",
            "LEAST_BUSY",
            "config",
            "productionVariants[0].routingConfigs[0].routingStrategy",
            "'LEAST_BUSY', an unknown value",
        ),
        ('"initial_instance_count": 2', '"initial_instance_count": 0', "config", None, "initialInstanceCount is 0"),
        ('"volume_size_in_gb": 100', '"volume_size_in_gb": 600', "config", None, "volumeSizeInGb is 600"),
        (
            "ml.inf2.xlarge",
            "ml.g5.xlarge",
            "config",
            "productionVariants[0].volumeSizeInGb",
            "ml.g5.xlarge has disks of its own, encrypted by its hardware; SageMaker makes no volume for it",
        ),
        (
            '"variant_name"',
            '"serverless_config": {"memory_size_in_mb": 1024, "max_concurrency": 1}, "variant_name"',
            "config",
            "productionVariants[0].instanceType",
            "instanceType and serverlessConfig exclude each other",
        ),
        (
            '"value": 50',
            '"value": 60',
            "endpoint",
            "deploymentConfig.rollingUpdatePolicy.maximumBatchSize.value",
            "a roll of 60 % of the instances",
        ),
        (
            '"rolling_update_policy"',
            '"blue_green_update_policy": {"traffic_routing_configuration": {"type": "ALL_AT_ONCE",'
            ' "wait_interval_in_seconds": 60}}, "rolling_update_policy"',
            "endpoint",
            "deploymentConfig",
            "rollingUpdatePolicy and blueGreenUpdatePolicy exclude each other",
        ),
        ("min_capacity=1", "min_capacity=5", "target", "minCapacity", "minCapacity 5 is more than maxCapacity 4"),
        ("min_capacity=1", "min_capacity=-1", "target", "minCapacity", "minCapacity is -1"),
        (
            '"/variant/AllTraffic"',
            '"/variants/AllTraffic"',
            "target",
            "resourceId",
            "resourceId 'endpoint/chat/variants/AllTraffic' does not fit sagemaker:variant:DesiredInstanceCount",
        ),
        (
            '"/variant/AllTraffic"',
            '"/variant/Blue"',
            "target",
            "resourceId",
            "resourceId names the variant 'Blue'; endpoint has AllTraffic",
        ),
        (
            "sagemaker:variant:DesiredInstanceCount",
            "sagemaker:variant:DesiredCount",
            "target",
            "scalableDimension",
            "'sagemaker:variant:DesiredCount', an unknown value",
        ),
        (
            'service_namespace="sagemaker"',
            'service_namespace="ecs"',
            "target",
            "scalableDimension",
            "is not one of the namespace ecs",
        ),
        ('"target_value": 100.0', '"target_value": 0.0', "policy", None, "targetValue is 0"),
        ('"scale_in_cooldown": 600', '"scale_in_cooldown": -5', "policy", None, "scaleInCooldown is -5 s"),
        (
            "SageMakerVariantInvocationsPerInstance",
            "SageMakerInvocationsPerInstance",
            "policy",
            None,
            "'SageMakerInvocationsPerInstance', an unknown value",
        ),
    ],
)
def test_a_planted_mistake_is_found(
    tmp_path: Path, old: str, new: str, name: str, property_: str | None, message: str
) -> None:
    found = [one for one in findings(tmp_path, SOUND, old, new) if name_of(one) == name]

    assert any(message in one.message and property_ in (None, one.property) for one in found), found
    assert all(one.severity == "error" and one.remedy for one in found)


@pytest.mark.parametrize(
    ("old", "new", "name", "message"),
    [
        ('"memory_size_in_mb": 2048', '"memory_size_in_mb": 2500', "config", "2500 MB is no size of serverless memory"),
        ('"max_concurrency": 5', '"max_concurrency": 300', "config", "serverlessConfig.maxConcurrency is 300"),
        (
            '"max_concurrency": 5',
            '"max_concurrency": 5, "provisioned_concurrency": 9',
            "config",
            "provisionedConcurrency 9 is more than maxConcurrency 5",
        ),
        (
            'EndpointConfiguration("config"',
            'EndpointConfiguration("config", data_capture_config={"destination_s3_uri": "s3://b/x", '
            '"initial_sampling_percentage": 5, "capture_options": [{"capture_mode": "Input"}]}',
            "config",
            "a serverless endpoint captures no data",
        ),
        (
            'Model("model"',
            'Model("model", vpc_config={"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}',
            "model",
            "config serves this model serverless, and that knows no vpcConfig",
        ),
        ('Model("model"', 'Model("model", enable_network_isolation=True', "model", "knows no enableNetworkIsolation"),
        (
            'Endpoint("endpoint"',
            'Endpoint("endpoint", deployment_config={"rolling_update_policy": {"wait_interval_in_seconds": 60,'
            ' "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": 50}}}',
            "endpoint",
            "a serverless endpoint can't be updated in rolls",
        ),
    ],
)
def test_a_mistake_with_a_serverless_endpoint_is_found(
    tmp_path: Path, old: str, new: str, name: str, message: str
) -> None:
    [finding] = findings(tmp_path, SERVERLESS, old, new)

    assert message in finding.message
    assert (name_of(finding), finding.severity, bool(finding.remedy)) == (name, "error", True)


def test_two_variants_of_one_name_are_found(tmp_path: Path) -> None:
    twice = SOUND.replace("production_variants=[{", "production_variants=2 * [{")

    [finding] = findings(tmp_path, twice)

    assert finding.message == "two variants are named 'AllTraffic'"


def test_a_key_for_instances_with_disks_of_their_own_is_found(tmp_path: Path) -> None:
    keyed = SOUND.replace('"ml.inf2.xlarge"', '"ml.p4d.24xlarge"').replace(' "volume_size_in_gb": 100,', "")

    [finding] = findings(tmp_path, keyed, 'EndpointConfiguration("config"', 'EndpointConfiguration("config", '
    'kms_key_arn="arn:aws:kms:eu-north-1:123456789012:key/0f0e0d0c-0b0a-4908-8706-050403020100"')  # fmt: skip

    assert (finding.property, name_of(finding)) == ("kmsKeyArn", "config")


def test_the_limits_are_those_of_the_api() -> None:
    named = {
        "initialInstanceCount": "InitialTaskCount",
        "volumeSizeInGb": "ProductionVariantVolumeSizeInGB",
        "modelDataDownloadTimeoutInSeconds": "ProductionVariantModelDataDownloadTimeoutInSeconds",
        "containerStartupHealthCheckTimeoutInSeconds": "ProductionVariantContainerStartupHealthCheckTimeoutInSeconds",
        "serverlessConfig.maxConcurrency": "ServerlessMaxConcurrency",
        "serverlessConfig.provisionedConcurrency": "ServerlessProvisionedConcurrency",
    }
    for path, name in named.items():
        limits = shape("sagemaker", name)
        assert RANGES[path] == (limits["min"], limits.get("max")), path
    memory = shape("sagemaker", "ServerlessMemorySizeInMB")
    assert (SERVERLESS_MEMORY_MB[0], SERVERLESS_MEMORY_MB[-1]) == (memory["min"], memory["max"])
    rolls = shape("sagemaker", "RollingUpdatePolicy")["members"]["MaximumBatchSize"]["documentation"]
    assert f"{ROLL_PERCENT[0]}% to {ROLL_PERCENT[1]}%" in rolls


def test_every_dimension_of_sagemaker_has_a_form() -> None:
    dimensions = allowed_values("application-autoscaling", "ScalableDimension")

    assert set(FORMS) == {one for one in dimensions if one.startswith("sagemaker:")}
