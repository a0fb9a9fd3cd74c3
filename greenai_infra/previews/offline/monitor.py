"""An in-process stand-in for the Pulumi engine: the resource monitor and engine services that an SDK talks to.

Everything here follows Pulumi's internal protocol (`pulumi.runtime.proto`), which moves with the SDK: checked with
CHECKED_SDK. It answers as the engine does in a preview: a resource's outputs are its inputs, everything else is
unknown. With `stand_ins` it fills in values otherwise unknown, so that documents built from them can be read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2, resource_pb2_grpc

from greenai_infra.contracts.declared import STACK_TYPE
from greenai_infra.previews.offline import local_answers
from greenai_infra.previews.offline.recorded import Recorded, Registration
from greenai_infra.previews.offline.transforms import run_transform
from greenai_infra.previews.sdk import wire

CHECKED_SDK = "3.272"

FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "OUTPUT_VALUES",
    "ALIAS_SPECS",
    "REPLACEMENT_TRIGGER",
    "DELETED_WITH",
    "REPLACE_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
    "PARAMETERIZATION",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
)
_OLD_FEATURES = frozenset(
    (
        *("secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith", "replaceWith"),
        *("transforms", "invokeTransforms", "parameterization", "resourceHooks", "errorHooks"),
    )
)

Check = Callable[[str, str, str, struct_pb2.Struct], None]
"""(URN, resource type, provider reference, inputs): changes the inputs in place as the provider's Check does."""
StandIns = Callable[[str, str, struct_pb2.Struct], tuple[str, dict[str, Any]]]
"""(resource type, name, inputs) -> id and values in place of unknown outputs."""


class Engine:
    """The part of the engine service that programs use. The SDK calls it directly, without a channel."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._root = ""

    def Log(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Keeps messages of the program and drops the SDK's debug output."""
        names = {engine_pb2.INFO: "info", engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}
        if request.severity in names:
            self._recorded.logs.append((names[request.severity], request.message, request.urn))
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any) -> Any:  # noqa: N802
        """Older SDKs tell the engine which resource is the stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any) -> Any:  # noqa: N802
        """Older SDKs ask for it again."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def RequirePulumiVersion(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Accepts every CLI version: no CLI takes part."""
        return empty_pb2.Empty()


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):  # type: ignore[misc]
    """Records what is declared and answers with what a preview knows."""

    def __init__(self, project: str, stack: str, check: Check, stand_ins: StandIns | None = None) -> None:
        self.recorded = Recorded()
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._check = check
        self.stand_ins = stand_ins
        self._lock = threading.Lock()
        self._stack_transforms: list[Any] = []
        self._transforms: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}
        self._packages: dict[str, Any] = {}

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        values = resource_pb2.ResourceMonitorFeature
        known = {name.removeprefix("RESOURCE_MONITOR_FEATURE_"): value for name, value in values.items()}
        return resource_pb2.DeploymentInfo(supportedFeatures=[known[name] for name in FEATURES if name in known])

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _OLD_FEATURES)

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        urn = self._urn(request.parent, request.type, request.name)
        with self._lock:
            self._parents[urn] = request.parent
            self._transforms[urn] = list(request.transforms)
        self._apply_transforms(urn, request)
        inputs = struct_pb2.Struct()
        inputs.CopyFrom(request.object)
        if request.custom and not request.remote:
            self._check(urn, request.type, request.provider, inputs)
        self._record(Registration(urn, request, inputs, source=_source(request)))
        answer = struct_pb2.Struct()
        answer.CopyFrom(inputs)
        id_ = self._fill(request, answer) if request.custom else ""
        for name in request.additionalSecretOutputs:
            if name in answer.fields:
                wire.make_secret(answer, name)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=answer)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        self.recorded.outputs[request.urn] = request.outputs
        return empty_pb2.Empty()

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        urn = self._urn(request.parent, request.type, request.name)
        self._record(Registration(urn, request, request.properties, read=True, source=_source(request)))
        answer = struct_pb2.Struct()
        answer.CopyFrom(request.properties)
        self._fill(request, answer)
        response = resource_pb2.ReadResourceResponse(urn=urn, properties=answer)
        if hasattr(response, "id"):
            response.id = request.id
        return response

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.tok == "pulumi:pulumi:getResource":
            return self._known_resource(request, context)
        response = resource_pb2.ResourceInvokeResponse()
        if (known := local_answers.answer(request.tok, wire.decode_struct(request.args))) is not None:
            getattr(response, "return").update(known)
            return response
        with self._lock:
            self.recorded.invokes.append(request.tok)
        if hasattr(response, "unknown"):
            response.unknown = True
        return response

    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.tok} can't be called offline")

    def ExistsResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"whether {request.type} {request.id} exists isn't known offline")

    def RegisterStackTransform(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        self._stack_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()  # invokes aren't answered, so their transforms are never needed

    def RegisterResourceHook(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()  # hooks run around real changes

    def RegisterErrorHook(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self._lock:
            reference = f"package-{len(self._packages)}"
            self._packages[reference] = request
        return resource_pb2.RegisterPackageResponse(ref=reference)

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def _urn(self, parent: str, type_: str, name: str) -> str:
        qualified = parent.split("::", 3)[2] if parent.count("::") >= 3 else ""
        chain = f"{qualified}$" if qualified and qualified != STACK_TYPE else ""
        return f"{self._prefix}{chain}{type_}::{name}"

    def _record(self, registration: Registration) -> None:
        with self._lock:
            if registration.urn in self.recorded.registrations:
                self.recorded.duplicates.append(registration)
            else:
                self.recorded.registrations[registration.urn] = registration

    def _fill(self, request: Any, answer: struct_pb2.Struct) -> str:
        """Add stand-ins to the answer if this run uses them; returns the id, empty while unknown."""
        if self.stand_ins is None:
            return ""
        id_, values = self.stand_ins(request.type, request.name, answer)
        answer.update({name: value for name, value in values.items() if name not in answer.fields})
        return id_

    def _known_resource(self, request: Any, context: Any) -> Any:
        urn = request.args.fields["urn"].string_value
        response = resource_pb2.ResourceInvokeResponse()
        if urn not in self.recorded.registrations:
            context.abort(grpc.StatusCode.NOT_FOUND, f"unknown resource {urn}")
        else:
            state = self.recorded.registrations[urn].inputs
            getattr(response, "return").update({"urn": urn, "id": "", "state": state})
        return response

    def _apply_transforms(self, urn: str, request: Any) -> None:
        """Returns transforms in the engine's order: the resource's, its ancestors' from the nearest on, the stack's."""
        with self._lock:
            callbacks, current = [], urn
            while current:
                callbacks += self._transforms.get(current, [])
                current = self._parents.get(current, "")
            callbacks += self._stack_transforms
        for callback in callbacks:
            run_transform(callback, request)


def _source(request: Any) -> str:
    """`path:line` of the program's line that declared the resource, or empty."""
    position = request.sourcePosition
    return f"{unquote(urlsplit(position.uri).path)}:{position.line}" if position.uri else ""
