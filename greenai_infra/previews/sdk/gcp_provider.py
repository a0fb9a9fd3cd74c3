"""What the Google Cloud provider makes of a resource before the engine sees it: its place, and its default labels.

The merge follows the real provider: the resource's labels override the default labels, for resource types that have
`labels` and `effectiveLabels`. The label `goog-pulumi-provisioned`, with which the provider marks what Pulumi builds,
says nothing about the stack and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import PROVIDER_PREFIX, UNKNOWN, UNKNOWN_MARK, has_unknown, plain
from greenai_infra.previews.sdk import wire
from greenai_infra.previews.sdk.provider_configs import ProviderConfigs
from greenai_infra.previews.sdk.schema import resource_schema

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

PROVIDER_TYPE = f"{PROVIDER_PREFIX}gcp"
EFFECTIVE = "effectiveLabels"


class GcpProviders(ProviderConfigs):
    """The Google Cloud providers of a stack."""

    package = "gcp"
    objects = ("defaultLabels",)

    def check(self, urn: str, type_: str, provider: str, inputs: struct_pb2.Struct) -> None:
        """Note a provider's config, or add `effectiveLabels` to the inputs where the provider has default labels."""
        if type_ == PROVIDER_TYPE:
            self.note(urn, inputs)
            return
        defaults = self.config(provider).get("defaultLabels")
        schema = resource_schema(type_) if defaults else None
        if schema is not None and schema.label_property == "labels" and EFFECTIVE in schema.outputs:
            own = wire.decode_struct(inputs).get("labels")
            labels = merge_labels(plain(own), defaults)
            inputs.update({EFFECTIVE: UNKNOWN_MARK if labels is UNKNOWN else labels})
            if plain(own) != own:
                wire.make_secret(inputs, EFFECTIVE)

    def region(self, type_: str, provider: str, inputs: dict[str, Any]) -> str:
        """Where a resource stands: its region, location or zone; empty for what is global or not known."""
        config = self.config(provider)
        if type_ == PROVIDER_TYPE:
            return _text(inputs.get("region"))
        schema = resource_schema(type_)
        if schema is None:
            return ""
        for name in ("region", "location", "zone"):
            if name in schema.inputs.types and (found := _text(inputs.get(name))):
                return region_of(found)
        for name in ("region", "zone"):
            if name in schema.inputs.types and (found := _text(config.get(name))):
                return region_of(found)
        return ""


def region_of(place: str) -> str:
    """Returns the region of a zone (`europe-west4-b`); a region, or a place such as EU or global, unchanged."""
    parts = place.split("-")
    return "-".join(parts[:2]) if len(parts) == 3 and len(parts[2]) == 1 else place


def merge_labels(own: Any, defaults: Any) -> Any:
    """All labels of a resource: a dict, or UNKNOWN."""
    if has_unknown(own) or has_unknown(defaults):
        return UNKNOWN
    return {**(defaults or {}), **(own if isinstance(own, dict) else {})}  # the schema check reports other types


def _text(value: Any) -> str:
    value = plain(value)
    return value if isinstance(value, str) else ""
