"""Price lists in the form that AWS documents, with prices made up for the tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# usage type -> (unit, USD by the beginning of the tier, more attributes)
PRODUCTS: dict[str, dict[str, tuple[str, dict[str, str], dict[str, str]]]] = {
    "AmazonVPC": {
        "EUN1-VpcEndpoint-Hours": ("Hrs", {"0": "0.0110000000"}, {}),
        "EUN1-VpcEndpoint-Bytes": ("GB", {"0": "0.0100000000"}, {}),
        "EUN1-NatGateway-Hours": ("Hrs", {"0": "0.0460000000"}, {}),
    },
    "awskms": {"eu-north-1-KMS-Keys": ("Keys", {"0": "1.0000000000"}, {})},
    "AWSSecretsManager": {"EUN1-AWSSecretsManager-Secrets": ("Secrets", {"0": "0.4000000000"}, {})},
    "AmazonCloudWatch": {
        "EUN1-CW:AlarmMonitorUsage": ("Alarms", {"0": "0.0000000000", "10": "0.1000000000"}, {}),
        "EUN1-CW:CompositeAlarmMonitorUsage": ("Alarms", {"0": "0.5000000000"}, {}),
        "EUN1-CW:MetricMonitorUsage": ("Metrics", {"0": "0.3000000000", "10000": "0.1000000000"}, {}),
    },
    "AmazonElastiCache": {
        "EUN1-NodeUsage:cache.r7g.large": ("Hrs", {"0": "0.1860000000"}, {"cacheEngine": "Valkey"}),
        "EUN1-ExtendedSupportYr1-NodeUsage:cache.r7g.large": ("Hrs", {"0": "0.3"}, {"cacheEngine": "Valkey"}),
        "EUN1-CachedData:Valkey": ("GB-Hours", {"0": "0.0900000000"}, {}),
    },
    "AmazonSageMaker": {
        "EUN1-Host:ml.inf2.xlarge": ("Hrs", {"0": "1.1000000000"}, {}),
        "EUN1-Train:ml.p5.48xlarge": ("Hrs", {"0": "60.0000000000"}, {}),
    },
}
REGION = "eu-north-1"


def price_list(service: str, products: dict[str, Any] | None = None, region: str = REGION) -> dict[str, Any]:
    """One service's list of a region; every product has a SKU of its own."""
    listed, terms = {}, {}
    for number, (usage, (unit, tiers, attributes)) in enumerate((products or PRODUCTS[service]).items()):
        sku = f"SKU{number:04}"
        listed[sku] = {
            "sku": sku,
            "attributes": {"servicecode": service, "usagetype": usage, "regionCode": region, **attributes},
        }
        dimensions = {
            f"{sku}.JRTCKXETXF.{begin}": {"unit": unit, "beginRange": begin, "pricePerUnit": {"USD": usd}}
            for begin, usd in tiers.items()
        }
        terms[sku] = {f"{sku}.JRTCKXETXF": {"sku": sku, "priceDimensions": dimensions, "termAttributes": {}}}
    return {
        "formatVersion": "v1.0",
        "offerCode": service,
        "publicationDate": "2026-11-20T02:56:06Z",
        "products": listed,
        "terms": {"OnDemand": terms},
    }


def write_price_lists(folder: Path, region: str = REGION) -> Path:
    """All lists, laid out as AWS's address is."""
    for service in PRODUCTS:
        file = folder / "offers" / "v1.0" / "aws" / service / "current" / region / "index.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(price_list(service)))
    return folder
