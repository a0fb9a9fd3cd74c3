"""Property values between a plugin and the engine: protobuf structs as plain Python values and back.

Two strings of the protocol matter here. An unknown value (not known before `up`) is the string `UNKNOWN`; a secret is a
map with the key `SIGNATURE` and the value under `value`.
"""

from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def from_struct(message: struct_pb2.Struct) -> dict[str, Any]:
    """The struct's values, nulls left out on the top level, whole numbers as int."""
    values: dict[str, Any] = json_format.MessageToDict(message)
    return {key: _whole(value) for key, value in values.items() if value is not None}


def to_struct(values: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


def is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def has_secret(value: Any) -> bool:
    """Whether the value or anything in it is secret."""
    return bool(reveal(value) != value)


def reveal(value: Any) -> Any:
    """The value with every secret in it unwrapped."""
    if is_secret(value):
        return reveal(value.get("value"))
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether the value or anything in it is unknown."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
