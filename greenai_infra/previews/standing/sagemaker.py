"""Standing charges of SageMaker: an endpoint's instances that wait for requests, as few as the stack allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.idle_power import idle_power
from greenai_infra.catalog.offers import offers
from greenai_infra.contracts.declared import plain
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.standing import HOURS_PER_MONTH, idle_instance_power_w
from greenai_infra.policy.resource_types import ENDPOINT_CONFIGURATION, SCALING_TARGET
from greenai_infra.previews.standing.charge import Charge, nothing, unknown
from greenai_infra.previews.standing.prices import priced

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.previews.standing.charge import Rule, Surroundings


def training_job(_: DeclaredResource, __: Surroundings) -> Charge:
    """A job that starts with `up` and ends: it counts as the planned run, not as standing."""
    return nothing("training job", "runs once and ends: its figures are those of the planned run")


def endpoint_configuration(_: DeclaredResource, __: Surroundings) -> Charge:
    """A configuration runs no machines; the machines that it describes are counted at the endpoint."""
    return nothing("endpoint configuration", "counted at its endpoint")


def endpoint(resource: DeclaredResource, around: Surroundings) -> Charge:
    """The instances of every variant, each at the least number that autoscaling allows, idle."""
    found = [around.by_urn[urn] for urn in resource.dependencies if urn in around.by_urn]
    configurations = [one for one in found if one.type == ENDPOINT_CONFIGURATION]
    if len(configurations) != 1:
        return unknown("endpoint", "its configuration is not part of this stack")
    variants = plain(dict(configurations[0].inputs)).get("productionVariants")
    if not isinstance(variants, list) or not variants:
        return unknown("endpoint", "its variants are known only after up")
    charges = [_variant(variant, resource, around) for variant in variants]
    if len(charges) == 1:
        return charges[0]
    return Charge(
        "; ".join(one.what for one in charges),
        _sum([one.power_w for one in charges]),
        _sum([one.usd_per_month for one in charges]),
        "; ".join(dict.fromkeys(filter(None, (one.energy_source for one in charges)))),
        "; ".join(dict.fromkeys(filter(None, (one.price_source for one in charges)))),
        "; ".join(dict.fromkeys(filter(None, (one.note for one in charges)))),
        _band(charges),
    )


def _variant(variant: dict[str, Any], resource: DeclaredResource, around: Surroundings) -> Charge:
    serverless = variant.get("serverlessConfig")
    if serverless:
        if serverless.get("provisionedConcurrency"):
            return unknown("serverless variant", "no figure is known for provisioned concurrency")
        return nothing("serverless variant", "no standing charge: runs, and is billed, only while it answers")
    instance_type = variant.get("instanceType")
    count = _least(resource, around, variant)
    if not isinstance(instance_type, str) or count is None:
        return unknown("endpoint", "its instance type or number of instances is known only after up")
    what = f"{count} x {instance_type}, idle"
    price = priced("aws", f"sagemaker-hosting:{instance_type}", resource.region, count * HOURS_PER_MONTH)
    offer = _hardware(instance_type)
    if offer is None:
        reason = "; ".join(filter(None, (f"no figure is known for what {instance_type} draws", price.reason)))
        return Charge(what, None, price.usd, "", price.source, reason, price.band)
    chip = find_accelerator(offer.accelerator)
    power_w = idle_instance_power_w(idle_power(chip).watts, offer.accelerators)
    source = (
        f"{offer.accelerators} x {chip.name} waiting, with their share of the host, {power_w:.0f} W an instance, "
        f"before PUE: power model of `plan`; chip power: {chip.power_source}"
    )
    return Charge(what, power_w * count, price.usd, source, price.source, price.reason, price.band)


def _least(resource: DeclaredResource, around: Surroundings, variant: dict[str, Any]) -> int | None:
    """Returns the least number of instances: the minimum of the variant's scaling target, else the initial number."""
    count = variant.get("initialInstanceCount")
    for one in around.resources:
        if one.type == SCALING_TARGET and resource.urn in one.dependencies:
            named = plain(one.rendered.get("resourceId"))
            variant_name = variant.get("variantName")
            if isinstance(named, str) and variant_name and not named.endswith(f"/variant/{variant_name}"):
                continue  # of another variant of the same endpoint
            least = plain(one.inputs.get("minCapacity"))
            count = least if isinstance(least, int | float) else count
    return int(count) if isinstance(count, int | float) else None


def _hardware(instance_type: str) -> Offer | None:
    """What is in an instance type; the same in every region."""
    wanted = instance_type.removeprefix("ml.")
    rows = offers(include_suspect=True)
    return next((one for one in rows if one.provider == "aws" and one.instance_type == wanted), None)


def _band(charges: list[Charge]) -> Estimate | None:
    """Returns the band of a sum if any part is an estimate and all parts are known; else None."""
    if all(one.usd_band is None for one in charges) or any(one.usd_per_month is None for one in charges):
        return None
    return sum((one.usd_band or Estimate.exact(one.usd_per_month or 0.0) for one in charges), Estimate.exact(0.0))


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


RULES: dict[str, Rule] = {
    "aws:sagemaker/endpoint:Endpoint": endpoint,
    ENDPOINT_CONFIGURATION: endpoint_configuration,
    "aws:sagemaker/trainingJob:TrainingJob": training_job,
}
