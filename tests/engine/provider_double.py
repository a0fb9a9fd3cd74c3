"""A stand-in for a cloud provider's Pulumi plugin: real gRPC towards the real engine, no cloud behind it.

It checks inputs against the SDK's types and the cloud's own tables, makes up names, ids and ARNs, says what forces a
replacement, and leaves all state with the engine. It is a double: nothing that passes here was accepted by a cloud.

It serves the calls the engine makes for Python programs on plain resources. It answers no lookups (`get_*` functions)
and imports nothing, as it keeps no resources. One cloud is one object of the form of `Cloud`.

To make a create fail in `up`, set GREENAI_DOUBLE_FAIL to lines of the form `TOKEN=MESSAGE` or `TOKEN@REGION=MESSAGE`.
`environment` is where this and what the cloud's own plugin reads there is looked up.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from typing import Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from .schema_check import Problem
from .sdk_types import ResourceType, UnknownResourceError, resource_type
from .wire import from_struct, reveal, to_struct

FAIL_VARIABLE = "GREENAI_DOUBLE_FAIL"
LIMITS = [  # as the engine's own plugins
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
]


class Cloud(Protocol):
    """What differs from cloud to cloud; `aws_cloud.AwsCloud` documents the methods."""

    package: str
    version: str

    def configure(self, config: dict[str, Any]) -> Iterator[Problem]: ...
    def name_property(self, type_: ResourceType) -> str | None: ...
    def made_name(self, type_: ResourceType, name: str, seed: bytes) -> str: ...
    def defaults(self, type_: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]: ...
    def problems(self, type_: ResourceType, inputs: dict[str, Any]) -> Iterator[Problem]: ...
    def replaces(self, type_: ResourceType, property_: str) -> bool: ...
    def created(self, type_: ResourceType, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]: ...


class ProviderDouble(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]
    """The plugin's calls. Inputs that Check filled in are listed under `__defaults`, as the real provider does."""

    def __init__(self, cloud: Cloud, environment: Mapping[str, str]) -> None:
        self.cloud = cloud
        self.environment = environment

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self.cloud.version)

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        changed = request.olds != request.news
        return provider_pb2.DiffResponse(changes=_changes(changed))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        for property_, reason in self.cloud.configure(from_struct(request.args)):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"provider {self.cloud.package}: {property_}: {reason}")
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        inputs, olds = from_struct(request.news), from_struct(request.olds)
        try:
            type_ = resource_type(_token(request.urn))
        except UnknownResourceError as problem:
            return provider_pb2.CheckResponse(failures=[provider_pb2.CheckFailure(reason=str(problem))])
        inputs.update(self.cloud.defaults(type_, inputs))
        name = self.cloud.name_property(type_)
        inputs["__defaults"] = []
        if name and name not in inputs and f"{name}Prefix" not in inputs:
            kept = olds.get(name) if name in olds.get("__defaults", []) else None
            inputs[name] = kept or self.cloud.made_name(type_, request.urn.rsplit("::", 1)[1], request.randomSeed)
            inputs["__defaults"] = [name]
        failures = [
            provider_pb2.CheckFailure(property=property_, reason=reason)
            for property_, reason in self.cloud.problems(type_, inputs)
        ]
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        type_ = resource_type(_token(request.urn))
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        changed = [key for key in _changed(olds, news) if key not in request.ignoreChanges]
        replaces = [key for key in changed if self.cloud.replaces(type_, key)]
        name = self.cloud.name_property(type_)
        own_name = name is not None and name in news and name not in news.get("__defaults", [])
        kinds = provider_pb2.PropertyDiff
        detail = {}
        for key in changed:
            word = "ADD" if key not in olds else "DELETE" if key not in news else "UPDATE"
            kind = kinds.Kind.Value(f"{word}_REPLACE" if key in replaces else word)
            detail[key] = kinds(kind=kind, inputDiff=True)
        return provider_pb2.DiffResponse(
            changes=_changes(bool(changed)),
            diffs=changed,
            replaces=replaces,
            detailedDiff=detail,
            hasDetailedDiff=True,
            # Two resources of the same given name can't stand side by side.
            deleteBeforeReplace=bool(replaces) and own_name and name not in changed,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        token, inputs = _token(request.urn), _without_defaults(from_struct(request.properties))
        if request.preview:  # computed outputs left out stay unknown
            return provider_pb2.CreateResponse(properties=to_struct(inputs))
        message = injected_failure(self.environment, token, reveal(inputs.get("region") or inputs.get("location")))
        if message:
            context.abort(grpc.StatusCode.UNKNOWN, message)
        id_, computed = self.cloud.created(resource_type(token), inputs)
        return provider_pb2.CreateResponse(id=id_, properties=to_struct({**computed, **inputs}))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        olds, news = from_struct(request.olds), _without_defaults(from_struct(request.news))
        dropped = from_struct(request.old_inputs).keys() - news.keys()
        kept = {key: value for key, value in olds.items() if key not in dropped}
        return provider_pb2.UpdateResponse(properties=to_struct({**kept, **news}))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if not request.properties.fields:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "the provider double keeps no resources: it can't import")
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the provider double answers no lookups: {request.tok}")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()


def injected_failure(environment: Mapping[str, str], token: str, region: str | None) -> str | None:
    """The message GREENAI_DOUBLE_FAIL holds for creating this resource in this region, if any."""
    for line in environment.get(FAIL_VARIABLE, "").splitlines():
        place, _, message = line.partition("=")
        wanted, _, where = place.partition("@")
        if wanted == token and where in ("", region):
            return message
    return None


def _token(urn: str) -> str:
    """`urn:pulumi:stack::project::parent$type::name` to `type`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _changes(changed: bool) -> Any:
    kinds = provider_pb2.DiffResponse
    return kinds.DIFF_SOME if changed else kinds.DIFF_NONE


def _changed(olds: dict[str, Any], news: dict[str, Any]) -> list[str]:
    keys = (olds.keys() | news.keys()) - {"__defaults"}
    return sorted(key for key in keys if reveal(olds.get(key)) != reveal(news.get(key)))


def _without_defaults(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != "__defaults"}


def serve(add_to: Any, servicer: Any, on_end: Callable[[], None] = lambda: None) -> None:
    """Serve a plugin until the engine ends it or is gone; the port is the first line on standard output.

    `on_end` runs before this process ends: whatever it started must not outlive it, as the engine waits five seconds
    for a plugin whose output somebody still holds open.
    """

    def end(*_: Any) -> None:
        on_end()
        os._exit(0)  # at once: the engine waits for nothing it asked to end

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=LIMITS)
    add_to(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    engine = os.getppid()
    server.start()
    print(port, flush=True)
    while os.getppid() == engine:
        server.wait_for_termination(timeout=1)
    end()


def cloud_of(package: str, environment: Mapping[str, str]) -> Cloud:
    """The cloud of a package; ImportError without its SDK, as one cloud's may be installed without the other's."""
    if package == "gcp":
        from .gcp_cloud import GcpCloud

        return GcpCloud(environment)
    from .aws_cloud import AwsCloud

    return AwsCloud(environment)


def main(package: str) -> None:
    """Be the plugin `pulumi-resource-PACKAGE`."""
    double = ProviderDouble(cloud_of(package, os.environ), os.environ)
    serve(provider_pb2_grpc.add_ResourceProviderServicer_to_server, double)
