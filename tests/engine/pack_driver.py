"""Drives a policy pack over gRPC as the engine does: a process of its own, true proxies around what it gets."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from greenai_infra.contracts.declared import UNKNOWN, UNKNOWN_MARK, DeclaredResource, Secret
from greenai_infra.previews.sdk.wire import SECRET, SIGNATURE
from tests.engine.forks import Fork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LEVELS = {analyzer_pb2.ADVISORY: "advisory", analyzer_pb2.MANDATORY: "mandatory"}


@dataclass(frozen=True)
class Report:
    """One diagnostic; where the pack leaves the URN out, it is that of the resource that was asked about."""

    rule: str
    level: str
    urn: str
    message: str

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]


class Pack:
    """A running pack."""

    def __init__(self, stub: Any) -> None:
        self.stub = stub

    @property
    def policies(self) -> dict[str, Any]:
        """What the pack says of each of its policies, by name."""
        return {one.name: one for one in self.stub.GetAnalyzerInfo(struct_pb2.Struct()).policies}

    def configure_stack(self, project: str, config: Mapping[str, str], dry_run: bool) -> None:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack="dev", project=project, organization="organization", config=dict(config), dry_run=dry_run
        )
        self.stub.ConfigureStack(request)

    def configure(self, levels: Mapping[str, int], **properties: Mapping[str, Any]) -> None:
        """What the engine makes of `--policy-pack-config`, rule by rule with `_` for `-`."""
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, level in levels.items():
            config = request.policyConfig[name]
            config.enforcementLevel = level
            config.properties.update(properties.get(name.replace("-", "_"), {}))
        self.stub.Configure(request)

    def analyze(self, resources: Sequence[DeclaredResource]) -> list[Report]:
        """All reports on a stack: on each resource, then on the whole."""
        found = []
        for one in resources:
            request = analyzer_pb2.AnalyzeRequest(
                urn=one.urn,
                type=one.type,
                name=one.name,
                properties=to_struct(one.inputs),
                options={"parent": one.parent},
            )
            found += _reports(self.stub.Analyze(request), one.urn)
        whole = analyzer_pb2.AnalyzeStackRequest(resources=[_in_stack(one) for one in resources])
        return found + _reports(self.stub.AnalyzeStack(whole), "")


@contextlib.contextmanager
def running(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Pack]:
    """Start the pack of a folder, as the language host does, and end it."""
    process = Fork(["-m", "pulumi.policy", "127.0.0.1:1", str(folder)], environment or os.environ, ".")
    try:
        port = process.stdout.readline().decode().strip()
        assert port.isdigit(), port + process.stderr.read().decode()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Pack(analyzer_pb2_grpc.AnalyzerStub(channel))
    finally:
        process.kill()
        process.wait()


def _reports(response: Any, urn: str) -> list[Report]:
    return [
        Report(one.policyName, LEVELS[one.enforcementLevel], one.urn or urn, one.message)
        for one in response.diagnostics
    ]


def _in_stack(one: DeclaredResource) -> Any:
    resource = analyzer_pb2.AnalyzerResource(
        urn=one.urn,
        type=one.type,
        name=one.name,
        properties=to_struct(one.inputs),
        options={"parent": one.parent},
        parent=one.parent,
        dependencies=one.dependencies,
    )
    for name, urns in one.property_dependencies.items():
        resource.propertyDependencies[name].urns.extend(urns)
    return resource


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Inputs as the engine sends them, with its marks for unknown and secret values."""
    message = struct_pb2.Struct()
    message.update({key: _wire(value) for key, value in values.items()})
    return message


def _wire(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_MARK
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": _wire(value.value)}
    if isinstance(value, dict):
        return {key: _wire(item) for key, item in value.items()}
    return [_wire(item) for item in value] if isinstance(value, list) else value
