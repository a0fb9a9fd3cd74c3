"""The steps of a cache for a request, without I/O: `blocking` and `awaiting` carry them out.

A generator of steps yields commands for the store and seconds to sleep, and receives the replies. Every request ends
as a hit or a miss; after a miss the model is asked.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from greenai_infra.serving import flight
from greenai_infra.serving.events import StoreError, ValueRefused
from greenai_infra.serving.streams import Recorder
from greenai_infra.serving.values import ANSWER, HEADER_BYTES, STREAM, Codec, Unstorable, pack, pack_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.serving.events import Both, Counts, Operation
    from greenai_infra.serving.keys import Key, Keys
    from greenai_infra.serving.values import Kind

Steps = Generator[flight.Step, Any, Any]
Request = Any
"""The state of a request between the parts of a semantic step (`semantic.near.Request`)."""


class Found(NamedTuple):
    """An answer from the store; of a stream, the list of its chunks."""

    kind: Kind
    answer: Any
    size_bytes: int


class Nearness(Protocol):
    """The semantic step, between a miss of the exact cache and the model (`semantic.near`)."""

    is_quick: bool
    """Whether `request` may run in an event loop."""

    def request(self, prompt: Any, parameters: dict[str, Any], encoded: Callable[[float], None]) -> Request | None:
        """The request in the form for the other methods; None where the step does not apply."""

    def goes_first(self, key: Key) -> bool:
        """Whether to `look` with the request's own key, instead of reading that first."""

    def look(self, request: Request, rules: Rules, now_ms: int, exact: Key | None = None) -> Steps:
        """Returns Found, or None; with `exact` what is stored there, if anything is."""

    def answered(self, request: Request, answer: Any) -> None:
        """The model's answer to a request that was not served."""

    def streamed(self, request: Request, recorder: Recorder | None, rules: Rules) -> None:
        """The same for a stream."""

    def stored(self, key: Key, request: Request, expires_ms: int) -> Steps:
        """The answer is in the store."""


@dataclass(slots=True)
class Rules:
    """The settings of a cache, and its listeners."""

    keys: Keys
    codec: Codec
    ttl_ms: int
    most_bytes: int
    flight_s: float
    cache_sampled: bool
    to_json: Callable[[Any], Any] | None
    from_json: Callable[[Any], Any] | None
    events: Counts | Both
    nearness: Nearness | None = None
    warned: bool = False

    def wanted(self, parameters: dict[str, Any]) -> bool:
        """Whether the request is one for the cache."""
        if self.cache_sampled or parameters.get("temperature", 1) == 0:
            return True
        self.events.bypass("sampled")
        return False

    def read(self, key: Key, value: Any, now_ms: int) -> Found | None:
        """The answer in the reply to GET; None if this cache did not write it."""
        if value is None:
            return None
        try:
            kind, answer = self.codec.decode(key.digest, value, now_ms)
        except ValueRefused:
            self.events.error("get", "value", 0.0)
            return None
        if self.from_json is not None:
            try:
                answer = [self.from_json(one) for one in answer] if kind == STREAM else self.from_json(answer)
            except Exception:  # noqa: BLE001  what it was written for may have changed: the model answers
                self.events.error("get", "value", 0.0)
                return None
        return Found(kind, answer, len(value))

    def failed(self, operation: Operation, error: StoreError, seconds: float) -> None:
        """The store failed, or is left alone because it did."""
        if error.kind != "store down":
            self.events.error(operation, error.kind, seconds)
        elif operation == "get":
            self.events.bypass("store down")

    def request(self, prompt: Any, parameters: dict[str, Any]) -> Request | None:
        """The information on a request that a semantic cache needs after a miss on its exact words."""
        if self.nearness is None:
            return None
        return self.nearness.request(prompt, parameters, self.events.encoded)

    def goes_first(self, key: Key) -> bool:
        """Whether a semantic cache looks for other words before it reads what is stored for these."""
        return self.nearness is not None and self.nearness.goes_first(key)

    def look(self, request: Request, now_ms: int, exact: Key | None = None) -> Steps:
        """The answer of a question that asks the same, or what is stored under `exact`: then raises StoreError."""
        assert self.nearness is not None
        began = time.perf_counter()
        try:
            return (yield from self.nearness.look(request, self, now_ms, exact))
        except StoreError as error:
            if exact is not None:
                raise
            self.failed("get", error, time.perf_counter() - began)
            return None

    def turn(self, key: Key, token: bytes, now_ms: Callable[[], int]) -> Steps:
        """After a miss: another request's answer that arrived meanwhile, if any, and the token if the lock is held."""
        if not self.flight_s:
            return None, b""
        began = time.perf_counter()
        waiting = flight.turn(key, token, lambda value: self.read(key, value, now_ms()), self.flight_s)
        waited, reply = False, None
        try:
            step = next(waiting)
            while True:
                waited = waited or isinstance(step, float)
                reply = yield step
                step = waiting.send(reply)
        except StopIteration as end:
            outcome, found = end.value
        except StoreError as error:
            self.failed("claim", error, time.perf_counter() - began)
            outcome, found = "mine", None  # or not: releasing it compares the token
        if waited:
            self.events.waited(time.perf_counter() - began)
        return found, token if outcome == "mine" else b""

    def keep(self, key: Key, token: bytes, answer: Any, now_ms: int, request: Request | None = None) -> Steps:
        """Stores an answer. Returns True if it was stored."""
        if request is not None and self.nearness is not None:
            self.nearness.answered(request, answer)
        try:
            packed = self._pack(answer)
        except Unstorable as reason:
            self._unstorable(reason)
            return (yield from self.give_up(key, token))
        return (yield from self._keep(key, token, packed, ANSWER, now_ms, request))

    def keep_stream(
        self,
        key: Key,
        token: bytes,
        recorder: Recorder | None,
        started: float,
        now_ms: int,
        request: Request | None = None,
    ) -> Steps:
        """Stores the content of a stream that began at `started`; None: it was not read to its end."""
        if request is not None and self.nearness is not None:
            self.nearness.streamed(request, recorder, self)
        if recorder is None:
            self.events.bypass("aborted")
            return (yield from self.give_up(key, token))
        self.events.called(time.perf_counter() - started)
        if recorder.failure is not None:
            self._unstorable(recorder.failure)
            return (yield from self.give_up(key, token))
        if recorder.size_bytes > self.most_bytes:
            self.events.bypass("too large")
            return (yield from self.give_up(key, token))
        return (yield from self._keep(key, token, pack_stream(recorder.chunks), STREAM, now_ms, request))

    def recorder(self) -> Recorder:
        """For the chunks of one stream."""
        return Recorder(self._pack, self.most_bytes)

    def give_up(self, key: Key, token: bytes) -> Steps:
        """Tells waiting requests to ask the model, because no answer will be stored."""
        if token:
            try:
                yield flight.give_up(key, token)
            except StoreError as error:
                self.failed("release", error, 0.0)
                yield flight.Later(flight.give_up(key, token))
        return False

    def _keep(
        self, key: Key, token: bytes, packed: bytes, kind: Kind, now_ms: int, request: Request | None = None
    ) -> Steps:
        if len(packed) + HEADER_BYTES > self.most_bytes:
            self.events.bypass("too large")
            return (yield from self.give_up(key, token))
        expires_ms = now_ms + self.ttl_ms if now_ms else 0
        value = self.codec.encode(key.digest, packed, kind, expires_ms)
        began = time.perf_counter()
        try:
            yield (b"SET", key.name, value, b"PX", self.ttl_ms)
        except StoreError as error:
            self.failed("set", error, time.perf_counter() - began)
            if error.kind == "timeout":  # slow, or busy with others
                yield flight.Later((b"SET", key.name, value, b"PX", self.ttl_ms))
                if token:
                    yield flight.Later(flight.release(key, token))
                return False
            return (yield from self.give_up(key, token))
        self.events.stored(time.perf_counter() - began, len(value))
        if request is not None and self.nearness is not None:
            yield from self.nearness.stored(key, request, expires_ms)
        if token:
            try:
                yield flight.release(key, token)
            except StoreError as error:
                self.failed("release", error, 0.0)
                yield flight.Later(flight.release(key, token))
        return True

    def _pack(self, answer: Any) -> bytes:
        if self.to_json is None:
            return pack(answer)
        try:
            answer = self.to_json(answer)
        except Exception as error:  # noqa: BLE001  the answer is there, and the caller gets it
            raise Unstorable(f"to_json: {type(error).__name__}: {error}") from None
        return pack(answer)

    def _unstorable(self, reason: Unstorable) -> None:
        self.events.bypass("not storable")
        if not self.warned:
            self.warned = True
            warnings.warn(
                f"an answer of the model is not stored: {reason}. Stored are text, bytes, numbers, lists and maps; "
                "give to_json= and from_json= for others",
                stacklevel=2,
            )
