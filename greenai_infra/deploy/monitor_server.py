"""How a program reaches the resource monitor: over gRPC on loopback, as an SDK wants it, or directly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import resource_pb2_grpc

from greenai_infra.deploy.transforms import CHANNEL_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.deploy.monitor import Monitor


class _Direct:
    """A client of the monitor without a channel, for a run of which only the rendered documents are used."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        method = getattr(self._monitor, name)
        return lambda request: method(request, self)

    def abort(self, code: Any, details: str) -> None:
        """What a handler of the monitor calls to refuse."""
        raise RuntimeError(details)


@contextmanager
def serving(monitor: Monitor) -> Iterator[Any]:
    """A client of the monitor as the SDK wants one: over gRPC on loopback, or direct if it fills in stand-ins."""
    if monitor.stand_ins is not None:
        yield _Direct(monitor)
        return
    # more threads than the program has, so that none of its calls waits for another one's transform
    with ThreadPoolExecutor(max_workers=10, thread_name_prefix="monitor") as pool:
        server = grpc.server(pool, options=CHANNEL_OPTIONS)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS) as channel:
                yield resource_pb2_grpc.ResourceMonitorStub(channel)
        finally:
            server.stop(grace=1).wait()
