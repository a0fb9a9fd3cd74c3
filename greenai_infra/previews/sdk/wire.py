"""Property values as the Pulumi protocol writes them, read as the values of `declared`.

The protocol marks special values inside plain JSON: an unknown is a fixed string, and a map with the key `SIGNATURE`
is a secret, an output, an asset, an archive or a reference to a resource. (pulumi/pulumi: sdk/go/common/resource/sig.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, UNKNOWN_MARK, Secret

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def decode_struct(message: struct_pb2.Struct) -> dict[str, Any]:
    """The values of a struct. Nulls are left out, whole numbers are ints."""
    from google.protobuf import json_format  # comes with the SDK, which may be missing

    values = json_format.MessageToDict(message)
    return {key: decode(value) for key, value in sorted(values.items()) if value is not None}


def decode(value: Any) -> Any:
    """Reads a value of the protocol. A string that contains an unknown is unknown as a whole."""
    if isinstance(value, str):
        return UNKNOWN if UNKNOWN_MARK in value else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        return _decode_map(value)
    return value


def _decode_map(value: dict[str, Any]) -> Any:
    signature = value.get(SIGNATURE)
    if signature is None:
        return {key: decode(item) for key, item in sorted(value.items())}
    if signature == SECRET:
        return Secret(decode(value.get("value")))
    if signature == OUTPUT:
        inner = decode(value["value"]) if "value" in value else UNKNOWN
        return Secret(inner) if value.get("secret") else inner
    if signature == RESOURCE:
        return {"urn": value.get("urn", ""), "id": decode(value.get("id") or UNKNOWN_MARK)}
    kind = {ASSET: "asset", ARCHIVE: "archive"}.get(signature, "special")
    return {kind: {key: decode(item) for key, item in sorted(value.items()) if key != SIGNATURE}}


def make_secret(struct: struct_pb2.Struct, name: str) -> None:
    """Marks a property of the struct as secret; a property that is already secret stays unchanged."""
    from google.protobuf import struct_pb2

    value = struct.fields[name]
    if value.HasField("struct_value") and SIGNATURE in value.struct_value.fields:
        return
    wrapped = struct_pb2.Value()
    wrapped.struct_value.fields[SIGNATURE].string_value = SECRET
    wrapped.struct_value.fields["value"].CopyFrom(value)
    value.CopyFrom(wrapped)
