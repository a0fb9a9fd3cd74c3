"""The standing charges of AWS resources that need no catalog: a function per type, and the table of functions below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import plain
from greenai_infra.footprint.standing import HOURS_PER_MONTH
from greenai_infra.previews.standing.charge import Charge, nothing, unknown
from greenai_infra.previews.standing.free import BY_USE, NO_CHARGE
from greenai_infra.previews.standing.prices import priced

if TYPE_CHECKING:
    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.previews.standing.charge import Rule, Surroundings

SHARED = "runs on hardware that the provider shares among customers; no figure by customer is published"
FINE_PERIOD_SECONDS = 60
"""Alarms on shorter periods are billed at the high-resolution price."""


def _service(what: str, item: str, region: str, count: float, note: str = "") -> Charge:
    """A managed service with a list price and unpublished energy."""
    price = priced("aws", item, region, count)
    reason = "; ".join(filter(None, (price.reason, note)))
    return Charge(what, None, price.usd, "", price.source, f"{SHARED}; {reason}" if reason else SHARED, price.band)


def vpc_endpoint(resource: DeclaredResource, _: Surroundings) -> Charge:
    """An interface endpoint by zone and hour; gateway endpoints are free."""
    inputs = plain(dict(resource.inputs))
    kind = inputs.get("vpcEndpointType", "Gateway")
    if kind == "Gateway":
        return nothing("gateway endpoint", NO_CHARGE)
    if kind != "Interface":
        return unknown(f"{kind} endpoint", f"no figure for VPC endpoints of type {kind}")
    zones = inputs.get("subnetIds")
    if not isinstance(zones, list):
        return unknown("interface endpoint", "its number of subnets is known only after up")
    what = f"interface endpoint in {len(zones)} zones"
    return _service(what, "vpc-endpoint-interface", resource.region, len(zones) * HOURS_PER_MONTH)


def kms_key(resource: DeclaredResource, _: Surroundings) -> Charge:
    """A customer-managed key."""
    rotates = bool(plain(resource.inputs.get("enableKeyRotation")))
    note = "the first two rotations add as much each" if rotates else ""
    return _service("key", "kms-key", resource.region, 1, note)


def secret(resource: DeclaredResource, _: Surroundings) -> Charge:
    """A secret, at the same price for any number of versions."""
    return _service("secret", "secretsmanager-secret", resource.region, 1)


def metric_alarm(resource: DeclaredResource, _: Surroundings) -> Charge:
    """An alarm is priced by the metrics it watches; of its queries, expressions do not count."""
    inputs = plain(dict(resource.inputs))
    queries = inputs.get("metricQueries")
    metrics = [one["metric"] for one in queries if one.get("metric")] if isinstance(queries, list) else [inputs]
    periods = [one.get("period") for one in metrics]
    fine = any(isinstance(period, int | float) and period < FINE_PERIOD_SECONDS for period in periods)
    if any("ANOMALY_DETECTION_BAND" in str(one.get("expression", "")) for one in queries or ()):
        return unknown("anomaly alarm", "no list price of anomaly alarms is known")
    item = "cloudwatch-alarm-metric" + ("-high-resolution" if fine else "")
    what = f"alarm on {len(metrics)} metrics" if len(metrics) > 1 else "alarm"
    return _service(what, item, resource.region, len(metrics))


def dashboard(resource: DeclaredResource, _: Surroundings) -> Charge:
    """A dashboard. They have no region; the price is that of us-east-1, where they are billed."""
    return _service("dashboard", "cloudwatch-dashboard", "us-east-1", 1)


def composite_alarm(resource: DeclaredResource, _: Surroundings) -> Charge:
    """A composite alarm, at the same price for any number of alarms."""
    return _service("composite alarm", "cloudwatch-alarm-composite", resource.region, 1)


def repeated_secret_rotation(_: DeclaredResource, __: Surroundings) -> Charge:
    """Rotation of a secret: the function that does it is billed by use."""
    return nothing("rotation", BY_USE)


RULES: dict[str, Rule] = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:ec2/vpcEndpoint:VpcEndpoint": vpc_endpoint,
    "aws:kms/key:Key": kms_key,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretRotation:SecretRotation": repeated_secret_rotation,
}
