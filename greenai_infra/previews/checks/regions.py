"""Regions: known at all, set at all, and offering the service."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import DeclaredResource, Finding
from greenai_infra.previews.sdk.aws_models import known_regions, regions_of, service_of
from greenai_infra.previews.sdk.aws_provider import PROVIDER_TYPE
from greenai_infra.previews.sdk.schema import resource_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def check_region_offers_service(resource: DeclaredResource) -> Iterator[Finding]:
    """Finds a resource whose explicit region does not exist, or whose region lacks the resource's service."""
    if resource.type == PROVIDER_TYPE or not _in_region(resource) or not resource.region:
        return
    if resource.region not in known_regions():
        if resource.inputs.get("region"):  # that of a provider or the stack is reported once, below
            yield resource.finding("aws-unknown-region", "region", *_unknown(resource.region))
        return
    service = service_of(resource.type)
    regions = regions_of(service) if service else None
    if regions is not None and resource.region not in regions:
        message = f"{resource.region} does not offer {service}"
        remedy = f"use another region, such as {', '.join(sorted(regions)[:4])}"
        yield resource.finding("aws-service-not-in-region", "region", message, remedy)


def check_provider_regions(resources: Sequence[DeclaredResource]) -> Iterator[Finding]:
    """Finds providers, default included, whose region does not exist, and a default provider used without a region."""
    used: dict[str, DeclaredResource] = {}
    for resource in resources:
        if resource.type == PROVIDER_TYPE and resource.region and resource.region not in known_regions():
            yield resource.finding("aws-unknown-region", "region", *_unknown(resource.region))
        elif _in_region(resource) and not resource.inputs.get("region") and not resource.provider:
            used.setdefault(resource.region, resource)
    for region, first in used.items():
        if not region:
            message = f"no region is set for {first.type} and other resources of the default provider"
            remedy = "set aws:region in the stack's config"
            yield Finding("warning", "aws-region-not-set", "", "aws:region", message, remedy)
        elif region not in known_regions():
            yield Finding("error", "aws-unknown-region", "", "aws:region", *_unknown(region))


def _in_region(resource: DeclaredResource) -> bool:
    """Whether a resource belongs to a single AWS region."""
    if not resource.custom or resource.package != "aws":
        return False
    schema = resource_schema(resource.type)
    return schema is not None and schema.has_region


def _unknown(region: str) -> tuple[str, str]:
    close = difflib.get_close_matches(region, sorted(known_regions()), n=1)
    remedy = f"did you mean {close[0]}?" if close else "correct the region"
    return f"'{region}' is no AWS region that botocore knows", remedy
