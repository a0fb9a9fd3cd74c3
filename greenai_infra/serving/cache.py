"""`InferenceCache`: answers of a model, kept under everything that the answer depends on.

    from greenai_infra import InferenceCache

    cache = InferenceCache(ask_model, model="llama-3.1-8b", version="2026-05", ttl=3600)
    cache("What is PUE?", temperature=0.0)          # asks the model
    cache("What is PUE?", temperature=0.0)          # comes from the store

A request never fails because of the store, and is delayed by it for at most `max_delay_s`: half of that before the
model is asked, half afterwards. What went wrong is counted, and the model answers.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.serving.awaiting import Awaiting
from greenai_infra.serving.blocking import Blocking
from greenai_infra.serving.events import Both, Counts, Events
from greenai_infra.serving.keys import Keys, normalise
from greenai_infra.serving.steps import Rules
from greenai_infra.serving.values import Codec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from greenai_infra.serving.async_store import AsyncStore
    from greenai_infra.serving.place import Where
    from greenai_infra.serving.store import Store

DAY_S = 86_400
MOST_VALUE_BYTES = 1 << 20
MAX_DELAY_S = 0.1
OF_DELAY = 0.45
"""Of the delay, before the model and again after it; a tenth is left for what the machine does meanwhile."""
FLIGHT_S = 15.0
FIRST_CONNECTION_S = 1.0
"""So long at most does the making of a cache wait for its store; then the cache works without, and goes on trying."""


class InferenceCache:
    """A callable like `call`, which asks the store first.

    call: `call(prompt, **parameters)`; a function, a coroutine function or an asynchronous generator function. It may
        return a stream (an iterator, synchronous or not), which is stored when it has been read to its end.
    model, version, tenant: parts of every key. Change `version` whenever the model answers differently.
    url: `redis://`, `rediss://` or `unix://`, a file of `pulumi stack output --json`, a `CacheConnection`, or None for
        a Valkey of this process (`serving.embedded`).
    ttl: seconds, or a timedelta, from its storing until an answer is gone; a hit prolongs nothing.
    max_value_bytes: larger answers are not stored.
    max_delay_s: seconds that the store may delay a request; half before the model is asked, half afterwards.
    flight_s: seconds that a request waits at most while another one, of any process, asks the model the same; 0: none.
    cache_sampled: False caches requests with `temperature=0` only; True leaves the choice to you.
    ignore: names of parameters that the answer does not depend on (`user`, `timeout`): they are not part of the key.
    normalise: what is done to texts of the prompt before they are compared (`keys.normalise`); `str` does nothing.
    signing_key: values that were written without this key are refused. Without it, whoever may write to the store can
        plant answers.
    to_json, from_json: turn an answer (of a stream each chunk) into text, bytes, numbers, lists and maps, and back.
    events: is told what happens (`events.Events`), beside `counts`, which counts it.
    is_async: whether `call` is asynchronous, where that can't be seen. If so, await calls, `get`, `put` and `close`.

    Stored are text, bytes, numbers, flags, None, and lists and maps of them, empty ones too; other answers are returned
    and not stored, with a warning. Exceptions of `call` are never stored and reach the caller as they are.
    Safe to share among threads, among the tasks of a loop, and after a fork.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        *,
        model: str,
        version: str,
        tenant: str | None = None,
        url: Where = None,
        ttl: float | timedelta = DAY_S,
        max_value_bytes: int = MOST_VALUE_BYTES,
        max_delay_s: float = MAX_DELAY_S,
        flight_s: float = FLIGHT_S,
        cache_sampled: bool = True,
        ignore: Collection[str] = (),
        normalise: Callable[[str], str] = normalise,
        signing_key: str | bytes | None = None,
        to_json: Callable[[Any], Any] | None = None,
        from_json: Callable[[Any], Any] | None = None,
        events: Events | None = None,
        is_async: bool | None = None,
    ) -> None:
        """Raises InputError for an argument that can't be used, GreenAIError where an extra is missing."""
        _check(model, version, tenant, ignore)
        if type(max_value_bytes) is not int or max_value_bytes < 1:
            raise InputError(f"max_value_bytes is {max_value_bytes!r}, where a number of bytes above 0 is expected")
        self.model, self.version, self.tenant = model, version, tenant
        self.counts = Counts()
        self._rules = rules = Rules(
            keys=Keys(tenant, model, version, ignore=ignore, normalise=normalise),
            codec=Codec(signing_key.encode() if isinstance(signing_key, str) else signing_key),
            ttl_ms=_milliseconds("ttl", ttl.total_seconds() if isinstance(ttl, timedelta) else ttl),
            most_bytes=max_value_bytes,
            flight_s=_milliseconds("flight_s", flight_s) / 1000 if flight_s else 0.0,
            cache_sampled=cache_sampled,
            to_json=to_json,
            from_json=from_json,
            events=self.counts if events is None else Both(self.counts, events),
        )
        limit_s = _milliseconds("max_delay_s", max_delay_s) / 1000 * OF_DELAY
        self.is_async = is_asynchronous(call) if is_async is None else is_async
        self.store: Store | AsyncStore
        self._run: Blocking | Awaiting
        self._ask: Callable[[Any, dict[str, Any]], Any]
        if self.is_async:
            self.store = awaited = open_async_store(url, limit_s)
            self._run = awaiting = Awaiting(call, rules, awaited, limit_s)
            self._ask = awaiting.stream if inspect.isasyncgenfunction(inspect.unwrap(call)) else awaiting.ask
        else:
            self.store = store = open_store(url, limit_s)
            store.connect(FIRST_CONNECTION_S)
            self._run = Blocking(call, rules, store, limit_s)
            self._ask = self._run.ask

    def __call__(self, prompt: Any, /, **parameters: Any) -> Any:
        """The answer, from the store or of the model.

        Raises InputError for a prompt or parameter that can't be part of a key, and whatever `call` raises.
        """
        return self._ask(prompt, parameters)

    def get(self, prompt: Any, /, **parameters: Any) -> Any:
        """The stored answer, of a stream its replay; None where there is none. Never asks the model."""
        return self._run.get(prompt, parameters)

    def put(self, prompt: Any, answer: Any, /, **parameters: Any) -> Any:
        """Store an answer for the request. True if it was stored."""
        return self._run.put(prompt, parameters, answer)

    def close(self) -> Any:
        """Close the connections."""
        return self.store.close()

    def __enter__(self) -> Self:
        if self.is_async:
            raise InputError("the model is asked asynchronously: use `async with`")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        closing = self.close()
        if closing is not None:
            await closing

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r}, version={self.version!r}, store={self.store.place})"


def is_asynchronous(call: Callable[..., Any]) -> bool:
    """Whether a callable is a coroutine function or an asynchronous generator function, also behind wrappers."""
    for one in (call, getattr(call, "__call__", None)):  # noqa: B004  an object whose __call__ is asynchronous
        plain = inspect.unwrap(one) if one is not None else None
        if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
            return True
    return False


def _check(model: Any, version: Any, tenant: Any, ignore: Any) -> None:
    for name, value in (("model", model), ("version", version)):
        if not isinstance(value, str) or not value:
            raise InputError(f"{name} is {value!r}, where a text is expected; it is part of every key")
    if not (tenant is None or isinstance(tenant, str)):
        raise InputError(f"tenant is {tenant!r}, where a text or None is expected; it is part of every key")
    for name, value in (("model", model), ("version", version), ("tenant", tenant or "")):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"{name} is {value!r}, which is not valid Unicode; it is part of every key") from None
    if isinstance(ignore, str):
        raise InputError(f"ignore is {ignore!r}, where a list of names is expected")


def _milliseconds(name: str, seconds: float) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InputError(f"{name} is {seconds!r}, where seconds are expected")
    if not 0.001 <= seconds < 1e9:  # NaN neither
        raise InputError(f"{name} is {seconds} s, where at least 0.001 s, and less than 1e9 s, is expected")
    return round(seconds * 1000)


def open_store(url: Where, limit_s: float) -> Store:
    """The store at a place, for threads. Raises InputError for a place that can't be meant."""
    try:
        from greenai_infra.serving.place import find_place
        from greenai_infra.serving.store import Store

        return Store(find_place(url), limit_s)
    except ModuleNotFoundError as error:
        raise _missing(error) from None


def open_async_store(url: Where, limit_s: float) -> AsyncStore:
    """The same for the tasks of an event loop."""
    try:
        from greenai_infra.serving.async_store import AsyncStore
        from greenai_infra.serving.place import find_place

        return AsyncStore(find_place(url), limit_s)
    except ModuleNotFoundError as error:
        raise _missing(error) from None


def _missing(error: ModuleNotFoundError) -> Exception:
    if (error.name or "").partition(".")[0] != "redis":
        return error
    return GreenAIError("a cache needs redis-py: pip install 'greenai-infra[serving]'")
