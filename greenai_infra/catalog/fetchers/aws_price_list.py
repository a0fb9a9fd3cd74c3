"""AWS's public price lists (the files of the Price List Bulk API, no account needed): prices of standing services.

A file holds the products of a service in a region by SKU, and their terms. A product is recognised by its usage type,
such as `EUN1-VpcEndpoint-Hours`: a prefix for the region, and what is billed. (AWS Billing User Guide, "Reading the
service price list file"; usage types of CloudWatch: "Analyzing, optimizing, and reducing CloudWatch costs".)
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.service_prices import LIST_SOURCE, SAGEMAKER, ServicePrice
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_URL = "https://pricing.us-east-1.amazonaws.com"
LARGEST_BYTES = 400_000_000
_REGION_MARK = r"(?:[A-Z]{2,4}\d?-|[a-z]{2}(?:-[a-z]+)+-\d-)?"


@dataclass(frozen=True)
class Billed:
    """A usage type, as a pattern of what follows the region's prefix, and the item's name here.

    `hourly` says whether the list's unit must be hours. The product must have `attributes` with these values.
    """

    usage: str
    item: str
    unit: str
    hourly: bool = False
    attributes: tuple[tuple[str, str], ...] = ()


SERVICES = {
    "AmazonVPC": (Billed("VpcEndpoint-Hours", "vpc-endpoint-interface", "zone-hour", hourly=True),),
    "awskms": (Billed("KMS-Keys", "kms-key", "key-month"),),
    "AWSSecretsManager": (Billed("AWSSecretsManager-Secrets", "secretsmanager-secret", "secret-month"),),
    "AmazonCloudWatch": (
        Billed("CW:AlarmMonitorUsage", "cloudwatch-alarm-metric", "metric-month"),
        Billed("CW:HighResAlarmMonitorUsage", "cloudwatch-alarm-metric-high-resolution", "metric-month"),
        Billed("CW:CompositeAlarmMonitorUsage", "cloudwatch-alarm-composite", "alarm-month"),
    ),
    "AmazonElastiCache": (
        Billed(
            r"NodeUsage:(cache\.[a-z0-9.]+)",
            "elasticache-valkey:{}",
            "node-hour",
            hourly=True,
            attributes=(("cacheEngine", "Valkey"),),
        ),
        Billed("CachedData:Valkey", "elasticache-valkey:serverless-data", "GB-hour", hourly=True),
    ),
    "AmazonSageMaker": (
        Billed(r"Host:(ml\.[a-z0-9.-]+)", f"{SAGEMAKER['hosting']}{{}}", "instance-hour", hourly=True),
        Billed(r"Train:(ml\.[a-z0-9.-]+)", f"{SAGEMAKER['training']}{{}}", "instance-hour", hourly=True),
    ),
}
"""Offer code of the service -> the items taken from its list."""


def list_address(service: str, region: str) -> str:
    """The location of the newest list of a service in a region, below the service's address or an equal folder."""
    return f"offers/v1.0/aws/{service}/current/{region}/index.json"


def read_price_list(text: str, service: str, region: str, where: str) -> tuple[list[ServicePrice], list[str]]:
    """The prices of known items, and why some items are left out.

    The price is that of the first paid tier, on demand, in USD. An item with two prices is left out.
    Raises InputError for a text that is not a price list of this service and region.
    """
    content = _content(text, where)
    if content.get("offerCode") != service:
        raise InputError(f"{where}: is a list of '{content.get('offerCode')}', not of {service}")
    day = _day(content, where)
    found: dict[str, ServicePrice] = {}
    left_out: dict[str, str] = {}
    for billed, name, sku, usage in _products(content, SERVICES[service], region, where):
        item = billed.item.format(name)
        usd, problem = _price(content, sku, billed)
        if usd is None:
            left_out[item] = f"{item}: {problem} ({usage})"
        elif item in found and found[item].usd != usd:
            left_out[item] = f"{item}: two prices, {found[item].usd:g} and {usd:g} USD a {billed.unit}"
        else:
            source = f"{LIST_SOURCE}, {service}, {usage}: {where}"
            found[item] = ServicePrice(item, region, usd, billed.unit, day, source, "")
    return [price for item, price in sorted(found.items()) if item not in left_out], sorted(left_out.values())


def _content(text: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        raise InputError(f"{where}: is not JSON") from None
    parts = ("products", "terms")
    if not isinstance(content, dict) or not all(isinstance(content.get(part), dict) for part in parts):
        raise InputError(f"{where}: is not a price list: it has no products and terms")
    return content


def _day(content: dict[str, Any], where: str) -> date:
    published = str(content.get("publicationDate", ""))
    try:
        return date.fromisoformat(published[:10])
    except ValueError:
        raise InputError(f"{where}: publicationDate '{published}' is not a date") from None


def _products(
    content: dict[str, Any], wanted: tuple[Billed, ...], region: str, where: str
) -> Iterator[tuple[Billed, str, str, str]]:
    """(what is billed, the part of the usage type that names the kind, SKU, usage type) of each known product."""
    for sku, product in content["products"].items():
        attributes = product.get("attributes") if isinstance(product, dict) else None
        if not isinstance(attributes, dict):
            continue
        usage = str(attributes.get("usagetype", ""))
        for billed in wanted:
            found = re.fullmatch(f"{_REGION_MARK}{billed.usage}", usage)
            if found is None or any(attributes.get(name) != value for name, value in billed.attributes):
                continue
            if attributes.get("regionCode", region) != region:
                raise InputError(f"{where}: is a list of region '{attributes['regionCode']}', not of {region}")
            yield billed, found[1] if found.groups() else "", sku, usage


def _price(content: dict[str, Any], sku: str, billed: Billed) -> tuple[float | None, str]:
    """USD per unit, or None and the reason."""
    try:
        terms = (content["terms"].get("OnDemand") or {}).get(sku, {}).values()
        tiers = [tier for term in terms for tier in term.get("priceDimensions", {}).values()]
        priced = [
            (float(tier.get("beginRange") or 0), tier, float(tier["pricePerUnit"].get("USD", 0))) for tier in tiers
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None, "its terms can't be read"
    costly = [(begin, tier, usd) for begin, tier, usd in priced if 0 < usd < math.inf]
    if not costly:
        return None, "no price in USD on demand"
    _, tier, usd = min(costly, key=lambda entry: entry[0])
    unit = str(tier.get("unit", ""))
    if (re.search(r"\b(hrs?|hours?)\b", unit, re.IGNORECASE) is not None) != billed.hourly:
        return None, f"its unit is '{unit}', which is not by {'hour' if billed.hourly else 'month'}"
    return usd, ""
