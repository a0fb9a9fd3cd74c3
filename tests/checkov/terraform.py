"""What a stack declares, as Terraform JSON: the one form of it that checkov reads. As small as that needs it to be.

Names follow from the SDK's by rule, but for the tables below. A value that exists only after `up` becomes a reference
to a resource it is made from, which is how checkov sees what belongs together: a bucket and its policy, a VPC and its
log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, has_unknown, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.previews.result import PreviewResult

# Pulumi's module -> what Terraform's type begins with, where that is not the module's own name.
_MODULES = {
    "aws:ec2": "aws",
    "gcp:artifactregistry": "google_artifact_registry",
    "gcp:cloudrunv2": "google_cloud_run_v2",
    "gcp:cloudscheduler": "google_cloud_scheduler",
    "gcp:networkconnectivity": "google_network_connectivity",
    "gcp:projects": "google_project",
    "gcp:secretmanager": "google_secret_manager",
    "gcp:servicedirectory": "google_service_directory",
    "gcp:serviceaccount": "google_service_account",
}
_TYPES = {"gcp:serviceaccount/account:Account": "google_service_account"}

# Blocks that may be repeated: Pulumi names them in the plural.
_BLOCKS = {
    "allows": "allow",
    "denies": "deny",
    "ecpuPerSeconds": "ecpu_per_second",
    "encryptionConfigurations": "encryption_configuration",
    "inputDataConfigs": "input_data_config",
    "lifecycleRules": "lifecycle_rule",
    "logDeliveryConfigurations": "log_delivery_configuration",
    "metricQueries": "metric_query",
    "nodeSpecs": "node_spec",
    "parameters": "parameter",
    "routingConfigs": "routing_config",
    "rules": "rule",
    "s3DataSources": "s3_data_source",
    "weeklyMaintenanceWindows": "weekly_maintenance_window",
}
# Maps with keys of their owner's, which keep their names.
_MAPS = ("annotations", "dimensions", "environment", "hyperParameters", "labels", "tags", "userLabels", "variables")


def terraform_type(token: str) -> str:
    """`aws_s3_bucket_policy` for `aws:s3/bucketPolicy:BucketPolicy`."""
    package, path, name = token.split(":")
    module = f"{package}:{path.split('/')[0]}"
    default = module.replace("gcp", "google").replace(":", "_")
    return _TYPES.get(token) or f"{_MODULES.get(module, default)}_{_snake(name)}"


def _snake(name: str) -> str:
    """`bucket_iam_member` for `BucketIAMMember`, `cidr_ipv4` for `cidrIpv4`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


def labelled(result: PreviewResult) -> dict[str, DeclaredResource]:
    """What the stack builds, by the label it gets: the labels of different stacks and types differ."""
    labels = {}
    for one in result.built:
        label = re.sub(r"\W", "_", f"{result.stack}__{terraform_type(one.type)}__{one.name}")
        assert label not in labels, f"two resources would be named {label}"
        labels[label] = one
    return labels


def translate(labels: Mapping[str, DeclaredResource]) -> dict[str, Any]:
    """The resources as one Terraform JSON document."""
    addresses = {one.urn: f"{terraform_type(one.type)}.{label}" for label, one in labels.items()}
    document: dict[str, Any] = {}
    for label, one in labels.items():
        document.setdefault(terraform_type(one.type), {})[label] = _body(one, addresses)
    return {"resource": document}


def _body(one: DeclaredResource, addresses: Mapping[str, str]) -> dict[str, Any]:
    body = {}
    for name, value in plain(dict(one.inputs)).items():
        sources = [addresses[urn] for urn in one.property_dependencies.get(name, ()) if urn in addresses]
        references = [f"${{{address}.id}}" for address in sources] or ["${var.known_after_up}"]
        written = plain(one.rendered.get(name))
        if value is UNKNOWN and isinstance(written, str) and written.startswith("{"):
            value = written  # a document, with stand-ins for what is not known in it
        elif has_unknown(value):
            value = _filled(value, references)
        body[_BLOCKS.get(name, _snake(name))] = value if name in _MAPS else _renamed(value)
    return body


def _filled(value: Any, references: list[str]) -> Any:
    """The value with references in place of unknowns; a list in place of an unknown that is made from several."""
    if value is UNKNOWN:
        return references[0] if len(references) == 1 else references
    if isinstance(value, dict):
        return {key: _filled(item, references[:1]) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, [references[min(place, len(references) - 1)]]) for place, item in enumerate(value)]
    return value


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _BLOCKS.get(name, _snake(name)): item if name in _MAPS else _renamed(item) for name, item in value.items()
        }
    return [_renamed(item) for item in value] if isinstance(value, list) else value
