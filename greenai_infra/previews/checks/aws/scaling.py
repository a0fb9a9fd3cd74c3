"""Application Auto Scaling of SageMaker endpoints: bounds, the form of the resource id, and that it names something.

Form of ids and dimensions as in the API reference of RegisterScalableTarget.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.resource_types import ENDPOINT_CONFIGURATION, SCALING_TARGET
from greenai_infra.previews.checks.aws.endpoints import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

POLICY = "aws:appautoscaling/policy:Policy"

# Scalable dimension -> form of the resource id.
FORMS = {
    "sagemaker:variant:DesiredInstanceCount": r"endpoint/[^/]+/variant/[^/]+",
    "sagemaker:variant:DesiredProvisionedConcurrency": r"endpoint/[^/]+/variant/[^/]+",
    "sagemaker:inference-component:DesiredCopyCount": r"inference-component/[^/]+",
}
_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")


def check_scaling(resource: DeclaredResource) -> Iterator[Finding]:
    """Bounds of a target, target value and cooldowns of a policy, namespace and resource id of both."""
    if resource.type not in (SCALING_TARGET, POLICY):
        return
    inputs = plain(dict(resource.inputs))
    yield from _bounds(resource, inputs)
    yield from _tracking(resource, inputs)
    dimension, namespace = inputs.get("scalableDimension"), inputs.get("serviceNamespace")
    if isinstance(dimension, str) and isinstance(namespace, str) and dimension.split(":")[0] != namespace:
        message = f"scalableDimension {dimension} is not one of the namespace {namespace}"
        yield _bad(resource, "scalableDimension", message, f"use {dimension.split(':')[0]} as serviceNamespace")
    named = plain(resource.rendered.get("resourceId"))
    form = FORMS.get(dimension) if isinstance(dimension, str) else None
    if form and isinstance(named, str) and not re.fullmatch(form, named):
        wanted = "endpoint/NAME/variant/NAME" if "variant" in form else "inference-component/NAME"
        yield _bad(resource, "resourceId", f"resourceId '{named}' does not fit {dimension}", f"write it like {wanted}")


def _bounds(resource: DeclaredResource, inputs: dict[str, Any]) -> Iterator[Finding]:
    least, most = inputs.get("minCapacity"), inputs.get("maxCapacity")
    if isinstance(least, int | float) and least < 0:
        yield _bad(resource, "minCapacity", f"minCapacity is {least:g}", "give 0 or more")
    if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
        yield _bad(resource, "minCapacity", f"minCapacity {least:g} is more than maxCapacity {most:g}", "swap them")


def _tracking(resource: DeclaredResource, inputs: dict[str, Any]) -> Iterator[Finding]:
    tracking = inputs.get("targetTrackingScalingPolicyConfiguration")
    if not isinstance(tracking, dict):
        return
    where = "targetTrackingScalingPolicyConfiguration"
    value = tracking.get("targetValue")
    if isinstance(value, int | float) and value <= 0:
        yield _bad(resource, f"{where}.targetValue", f"targetValue is {value:g}", "give the load of one, more than 0")
    for key in ("scaleInCooldown", "scaleOutCooldown"):
        seconds = tracking.get(key)
        if isinstance(seconds, int | float) and seconds < 0:
            yield _bad(resource, f"{where}.{key}", f"{key} is {seconds:g} s", "give 0 or more")
    metrics = [tracking.get(f"{kind}MetricSpecification") for kind in ("predefined", "customized")]
    if sum(metric is not None for metric in metrics) != 1:
        message = "a policy tracks exactly one of predefinedMetricSpecification and customizedMetricSpecification"
        yield _bad(resource, where, message, "set one of both")


def check_scaled_variants(resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """Endpoint and variant that a target names, where it depends on an endpoint of this stack."""
    by_urn = {one.urn: one for one in resources}
    for target in resources:
        if target.type != SCALING_TARGET:
            continue
        endpoints = [by_urn[urn] for urn in target.dependencies if urn in by_urn and by_urn[urn].type == ENDPOINT]
        named = plain(target.rendered.get("resourceId"))
        found = _VARIANT.fullmatch(named) if isinstance(named, str) else None
        if found is None or len(endpoints) != 1:
            continue
        variants = _variant_names(endpoints[0], by_urn)
        if variants and found[2] not in variants:
            message = (
                f"resourceId names the variant '{found[2]}'; {endpoints[0].name} has {', '.join(sorted(variants))}"
            )
            yield _bad(target, "resourceId", message, "name a variant of the endpoint's configuration")


def _variant_names(endpoint: DeclaredResource, by_urn: dict[str, DeclaredResource]) -> set[str]:
    names: set[str] = set()
    for urn in endpoint.dependencies:
        if urn in by_urn and by_urn[urn].type == ENDPOINT_CONFIGURATION:
            for variant in plain(dict(by_urn[urn].inputs)).get("productionVariants") or []:
                if not isinstance(variant, dict) or not isinstance(variant.get("variantName"), str):
                    return set()  # named by the provider
                names.add(variant["variantName"])
    return names


def _bad(resource: DeclaredResource, property_: str, message: str, remedy: str) -> Finding:
    return resource.finding("scaling-malformed", property_, message, remedy)
