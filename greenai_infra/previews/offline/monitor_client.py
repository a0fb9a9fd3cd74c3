"""How a program reaches the resource monitor in its own process: by plain calls, on its own thread.

A server on loopback would take more than half of a program's run time here. Calls that are answered at once keep the
order in which the program declares: of two resources with the same URN, the second is always the reported duplicate.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from greenai_infra.previews.offline.transforms import LoopIsNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.previews.offline.monitor import Monitor


class MonitorClient:
    """The monitor as an SDK calls it: its methods with a request, its refusals as errors of gRPC."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        method = getattr(self._monitor, name)
        return lambda request: method(request, self)

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """What a handler of the monitor calls to refuse."""
        raise RefusedCall(code, details)


class RefusedCall(grpc.RpcError):  # type: ignore[misc]
    """A refusal of the monitor, with the two questions that an SDK asks of an error of gRPC."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


MOST_AT_ONCE = 64
"""The number of parallel calls in Pulumi's own language host."""


class SdkCalls(ThreadPoolExecutor):
    """Makes the SDK's calls of the monitor at once; all other work that a program hands to its loop gets a thread.

    A call that the monitor answers only after calling the program back gets a thread of another pool: the loop must
    stay free for the callback, and so must this pool, as the callback may hand work to it.
    """

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="program")
        self._called_back = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="called-back")

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """The call's future: already done, or of a thread."""
        if not str(getattr(call, "__module__", "")).startswith("pulumi.runtime."):
            return super().submit(call, *args, **named)
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **named))
        except LoopIsNeeded:
            return self._called_back.submit(call, *args, **named)
        except Exception as error:  # noqa: BLE001 - as a thread would: the caller gets it from the future
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Of both pools."""
        self._called_back.shutdown(wait, cancel_futures=cancel_futures)
        super().shutdown(wait, cancel_futures=cancel_futures)
