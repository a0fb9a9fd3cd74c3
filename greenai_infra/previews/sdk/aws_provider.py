"""What the AWS provider adds to a resource before the engine sees it: the region, and its default tags.

The merge follows the real provider's Check (pulumi/pulumi-aws, provider/tags.go): the resource's tags override the
default tags, ignored keys are removed, and the result is the input `tagsAll`; an unknown tag makes all of it unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import PROVIDER_PREFIX, UNKNOWN, UNKNOWN_MARK, has_unknown, plain
from greenai_infra.previews.sdk import wire
from greenai_infra.previews.sdk.provider_configs import ProviderConfigs
from greenai_infra.previews.sdk.schema import resource_schema

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

PROVIDER_TYPE = f"{PROVIDER_PREFIX}aws"


class AwsProviders(ProviderConfigs):
    """The AWS providers of a stack."""

    package = "aws"
    objects = ("defaultTags", "ignoreTags")

    def check(self, urn: str, type_: str, provider: str, inputs: struct_pb2.Struct) -> None:
        """Note a provider's config, or add `tagsAll` to the inputs of a taggable resource."""
        if type_ == PROVIDER_TYPE:
            self.note(urn, inputs)
        elif type_.startswith("aws:") and (schema := resource_schema(type_)) and "tagsAll" in schema.outputs:
            decoded = wire.decode_struct(inputs)
            tags = merge_tags(plain(decoded.get("tags")), self.config(provider))
            inputs.update({"tagsAll": UNKNOWN_MARK if tags is UNKNOWN else tags})
            if plain(decoded.get("tags")) != decoded.get("tags"):
                wire.make_secret(inputs, "tagsAll")

    def region(self, type_: str, provider: str, inputs: dict[str, Any]) -> str:
        """Returns the region of a resource; empty if it is not set, is unknown, or the package is another cloud's."""
        if not type_.startswith(("aws:", PROVIDER_TYPE)):
            return ""
        region = plain(inputs.get("region")) or self.config(provider).get("region") or ""
        return region if isinstance(region, str) else ""


def merge_tags(own: Any, config: dict[str, Any]) -> Any:
    """All tags of a resource: a dict, or UNKNOWN."""
    defaults, ignored = config.get("defaultTags"), config.get("ignoreTags")
    if has_unknown(own) or has_unknown(defaults) or has_unknown(ignored):
        return UNKNOWN
    default_tags = (defaults or {}).get("tags") or {}
    keys = set((ignored or {}).get("keys") or [])
    prefixes = tuple((ignored or {}).get("keyPrefixes") or [])
    merged = {**default_tags, **(own if isinstance(own, dict) else {})}  # the schema check reports other types
    return {key: value for key, value in merged.items() if key not in keys and not key.startswith(prefixes or ("\0",))}
