"""SageMaker endpoints: variants that contradict themselves, and updates that could not be rolled out.

Limits as in SageMaker's guide ("Deploy models with Serverless Inference", "Deployment guardrails") and API reference
(ProductionVariant, ProductionVariantServerlessConfig, RollingUpdatePolicy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.local_disks import has_local_disk
from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.resource_types import ENDPOINT_CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL = "aws:sagemaker/model:Model"

SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)
RANGES = {
    "initialInstanceCount": (1, None),
    "volumeSizeInGb": (1, 512),
    "modelDataDownloadTimeoutInSeconds": (60, 3600),
    "containerStartupHealthCheckTimeoutInSeconds": (60, 3600),
    "serverlessConfig.maxConcurrency": (1, 200),
    "serverlessConfig.provisionedConcurrency": (1, 200),
}
INSTANCES_ONLY = ("instanceType", "initialInstanceCount", "volumeSizeInGb", "managedInstanceScaling", "routingConfigs")
ROLL_PERCENT = (5, 50)

Problem = tuple[str, str, str]
"""Property, what is wrong with it, what to do."""


def check_production_variants(resource: DeclaredResource) -> Iterator[Finding]:
    """Each variant runs on instances or serverless, within SageMaker's limits."""
    if resource.type != ENDPOINT_CONFIGURATION:
        return
    inputs = plain(dict(resource.inputs))
    names: set[str] = set()
    for index, variant in enumerate(_variants(inputs)):
        where = f"productionVariants[{index}]"
        name = variant.get("variantName")
        if isinstance(name, str):
            if name in names:
                yield _bad(resource, (f"{where}.variantName", f"two variants are named '{name}'", "give each its own"))
            names.add(name)
        problems = (*_kind_problems(variant, inputs), *_range_problems(variant), *_disk_problems(variant, inputs))
        for property_, message, remedy in problems:
            own = property_ in inputs
            yield _bad(resource, (property_ if own else f"{where}.{property_}", message, remedy))


def _kind_problems(variant: dict[str, Any], inputs: dict[str, Any]) -> Iterator[Problem]:
    serverless = variant.get("serverlessConfig")
    if serverless is None:
        if variant.get("instanceType") is None and not inputs.get("executionRoleArn"):
            yield "instanceType", "the variant has neither instances nor serverlessConfig", "set instanceType"
        return
    if not isinstance(serverless, dict):
        return
    for key in INSTANCES_ONLY:
        if variant.get(key) is not None:
            message = f"{key} and serverlessConfig exclude each other: a serverless variant has no instances"
            yield key, message, "keep one of both"
    if len(_variants(inputs)) > 1:
        yield "serverlessConfig", "a serverless endpoint has one variant only", "take the others out"
    if inputs.get("dataCaptureConfig") is not None:
        yield "dataCaptureConfig", "a serverless endpoint captures no data", "take dataCaptureConfig out"
    memory = serverless.get("memorySizeInMb")
    if isinstance(memory, int | float) and memory not in SERVERLESS_MEMORY_MB:
        sizes = ", ".join(map(str, SERVERLESS_MEMORY_MB))
        yield "serverlessConfig.memorySizeInMb", f"{memory:g} MB is no size of serverless memory", f"use one of {sizes}"
    most, kept = serverless.get("maxConcurrency"), serverless.get("provisionedConcurrency")
    if isinstance(most, int) and isinstance(kept, int) and kept > most:
        message = f"provisionedConcurrency {kept} is more than maxConcurrency {most}"
        yield "serverlessConfig.provisionedConcurrency", message, f"give at most {most}"


def _range_problems(variant: dict[str, Any]) -> Iterator[Problem]:
    for path, (low, high) in RANGES.items():
        head, _, rest = path.partition(".")
        inner = variant.get(head)
        value = inner.get(rest) if rest and isinstance(inner, dict) else None if rest else inner
        if isinstance(value, int | float) and (value < low or (high is not None and value > high)):
            advice = f"give {low} to {high}" if high is not None else f"give at least {low}"
            yield path, f"{path} is {value:g}", advice


def _disk_problems(variant: dict[str, Any], inputs: dict[str, Any]) -> Iterator[Problem]:
    """SageMaker refuses a volume, or a key for it, on instances with local disks."""
    instance_type = variant.get("instanceType")
    if not isinstance(instance_type, str) or not has_local_disk(instance_type):
        return
    why = f"{instance_type} has disks of its own, encrypted by its hardware"
    if inputs.get("kmsKeyArn") is not None:
        yield "kmsKeyArn", f"{why}; SageMaker refuses a volume key for it", "take kmsKeyArn out"
    if variant.get("volumeSizeInGb") is not None:
        yield "volumeSizeInGb", f"{why}; SageMaker makes no volume for it", "take volumeSizeInGb out"


def check_serverless_models(resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """Models of serverless variants: no VPC, no isolation. Updates of serverless endpoints: not in rolls."""
    by_urn = {one.urn: one for one in resources}
    for configuration in resources:
        if configuration.type != ENDPOINT_CONFIGURATION or not _is_serverless(configuration):
            continue
        for model in (by_urn[urn] for urn in configuration.dependencies if urn in by_urn):
            if model.type != MODEL:
                continue
            inputs = plain(dict(model.inputs))
            for key in ("vpcConfig", "enableNetworkIsolation"):
                if inputs.get(key):
                    message = f"{configuration.name} serves this model serverless, and that knows no {key}"
                    yield _bad(model, (key, message, f"take {key} out, or serve on instances"))
    for endpoint in resources:
        policy = plain(dict(endpoint.inputs)).get("deploymentConfig") if endpoint.type == ENDPOINT else None
        if not isinstance(policy, dict) or policy.get("rollingUpdatePolicy") is None:
            continue
        described = [by_urn[urn] for urn in endpoint.dependencies if urn in by_urn]
        if any(one.type == ENDPOINT_CONFIGURATION and _is_serverless(one) for one in described):
            message = "a serverless endpoint can't be updated in rolls"
            yield _bad(endpoint, ("deploymentConfig.rollingUpdatePolicy", message, "use blueGreenUpdatePolicy"))


def check_rollout(resource: DeclaredResource) -> Iterator[Finding]:
    """Checks an endpoint's deployment: a single policy, and batch sizes that SageMaker accepts."""
    policy = plain(dict(resource.inputs)).get("deploymentConfig") if resource.type == ENDPOINT else None
    if not isinstance(policy, dict):
        return
    rolling = policy.get("rollingUpdatePolicy")
    if rolling is not None and policy.get("blueGreenUpdatePolicy") is not None:
        message = "rollingUpdatePolicy and blueGreenUpdatePolicy exclude each other"
        yield _bad(resource, ("deploymentConfig", message, "keep one of both"))
    size = rolling.get("maximumBatchSize") if isinstance(rolling, dict) else None
    low, high = ROLL_PERCENT
    if isinstance(size, dict) and size.get("type") == "CAPACITY_PERCENT":
        value = size.get("value")
        if isinstance(value, int | float) and not low <= value <= high:
            where = "deploymentConfig.rollingUpdatePolicy.maximumBatchSize.value"
            yield _bad(resource, (where, f"a roll of {value:g} % of the instances", f"give {low} to {high}"))


def _variants(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    variants = inputs.get("productionVariants")
    return [one for one in variants if isinstance(one, dict)] if isinstance(variants, list) else []


def _is_serverless(configuration: DeclaredResource) -> bool:
    return any(one.get("serverlessConfig") is not None for one in _variants(plain(dict(configuration.inputs))))


def _bad(resource: DeclaredResource, problem: Problem) -> Finding:
    property_, message, remedy = problem
    return resource.finding("endpoint-malformed", property_, message, remedy)
