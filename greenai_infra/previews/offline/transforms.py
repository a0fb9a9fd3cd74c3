"""Transforms: functions of the program that may change a resource before it is recorded, called back over gRPC.

Part of the protocol that `monitor` follows.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

CHANNEL_OPTIONS = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]  # the SDK's own limit

# Option of a transform -> field of the registration it stands for.
_LISTS = {
    "depends_on": "dependencies",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "aliases": "aliases",
    "additional_secret_outputs": "additionalSecretOutputs",
}
_VALUES = {
    "provider": "provider",
    "version": "version",
    "plugin_download_url": "pluginDownloadURL",
    "deleted_with": "deletedWith",
    "import": "importId",
    "protect": "protect",
    "retain_on_delete": "retainOnDelete",
    "delete_before_replace": "deleteBeforeReplace",
}


class LoopIsNeeded(BaseException):
    """The program's loop has to answer, and is waiting for us: call again from another thread."""


def run_transform(callback: Any, request: Any) -> None:
    """Lets the program change the inputs and options of the registration in place.

    Raises LoopIsNeeded on the thread of a running loop, before any change.
    """
    if _on_a_loop():
        raise LoopIsNeeded
    message = resource_pb2.TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=_options_of(request),
    )
    call = callback_pb2.CallbackInvokeRequest(token=callback.token, request=message.SerializeToString())
    with grpc.insecure_channel(callback.target, options=CHANNEL_OPTIONS) as channel:
        answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(call)
    response = resource_pb2.TransformResponse.FromString(answer.response)
    request.object.CopyFrom(response.properties)
    if response.HasField("options"):
        _set_options(request, response.options)


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _options_of(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions()
    for name, source in _LISTS.items():
        getattr(options, name).extend(getattr(request, source))
    for name, source in _VALUES.items():
        if value := getattr(request, source):
            setattr(options, name, value)
    options.providers.update(request.providers)
    return options


def _set_options(request: Any, options: Any) -> None:
    for name, target in _LISTS.items():
        del getattr(request, target)[:]
        getattr(request, target).extend(getattr(options, name))
    for name, target in _VALUES.items():
        setattr(request, target, getattr(options, name))
    request.deleteBeforeReplaceDefined = request.deleteBeforeReplaceDefined or options.delete_before_replace
    request.providers.clear()
    request.providers.update(options.providers)
