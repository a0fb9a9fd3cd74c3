"""What a run of a program has told the monitor, in the protocol's own messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf import struct_pb2


@dataclass
class Registration:
    """A registered (or read) resource: the request after transforms, and the outputs that the program registered."""

    urn: str
    request: Any
    inputs: struct_pb2.Struct
    read: bool = False
    source: str = ""


@dataclass
class Recorded:
    """All that a run of the program has told the monitor."""

    registrations: dict[str, Registration] = field(default_factory=dict)
    duplicates: list[Registration] = field(default_factory=list)
    outputs: dict[str, struct_pb2.Struct] = field(default_factory=dict)
    invokes: list[str] = field(default_factory=list)
    logs: list[tuple[str, str, str]] = field(default_factory=list)
    """(severity `info`, `warning` or `error`; message; URN or empty)"""
