"""The configs of a cloud's providers: the default from the stack's config, explicit providers as they register."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from greenai_infra.contracts.declared import UNKNOWN, UNKNOWN_MARK, plain
from greenai_infra.previews.sdk import wire

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

DEFAULT = ""


class ProviderConfigs:
    """By URN, the config of each provider of a stack."""

    package: ClassVar[str]
    objects: ClassVar[tuple[str, ...]]
    """Keys of the config that hold an object, which travels as JSON text."""

    def __init__(self, config: dict[str, str]) -> None:
        prefix = f"{self.package}:"
        values = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
        self._providers = {DEFAULT: self._parsed(values)}

    def note(self, urn: str, inputs: struct_pb2.Struct) -> None:
        """Keep the config of an explicit provider."""
        self._providers[urn] = self._parsed(plain(wire.decode_struct(inputs)))

    def config(self, provider: str) -> dict[str, Any]:
        """The config behind a provider reference `URN::id`."""
        return self._providers.get(provider.rpartition("::")[0], {}) if provider else self._providers[DEFAULT]

    def _parsed(self, values: dict[str, Any]) -> dict[str, Any]:
        parsed = dict(values)
        for key in self.objects:
            value = parsed.get(key)
            if isinstance(value, str):
                parsed[key] = UNKNOWN if UNKNOWN_MARK in value else _json_object(value)
        return parsed


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
