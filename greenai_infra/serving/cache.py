"""`InferenceCache`: caches answers of a model under a key of everything that the answer depends on.

    from greenai_infra import InferenceCache

    cache = InferenceCache(ask_model, model="llama-3.1-8b", version="2026-05", ttl=3600)
    cache("What is PUE?", temperature=0.0)          # asks the model
    cache("What is PUE?", temperature=0.0)          # comes from the store

The store never makes a request fail, and delays it by at most `max_delay_s`: half of that before the model is asked,
half afterwards. Failures are counted, and the model answers.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from greenai_infra.errors import InputError, missing_extra
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
"""Share of the delay for the store, before the model and again after it; a tenth is left for the machine's work."""
FLIGHT_S = 15.0
FIRST_CONNECTION_S = 1.0
"""Longest time that creating a cache waits for its store; then the cache works without it, and keeps trying."""


class InferenceCache:
    """A callable like `call` that asks the store first.

    call: `call(prompt, **parameters)`; a function, a coroutine function or an asynchronous generator function. It may
        return a stream (an iterator, synchronous or not), which is stored when it has been read to its end.
    model, version, tenant: parts of every key. Change `version` whenever the model answers differently.
    url: `redis://`, `rediss://` or `unix://`, a file of `pulumi stack output --json`, a `CacheConnection`, or None for
        a Valkey of this process (`serving.embedded`).
    ttl: seconds, or a timedelta, that an answer is kept; a hit does not extend it.
    max_value_bytes: larger answers are not stored.
    max_delay_s: seconds that the store may delay a request; half before the model is asked, half afterwards.
    flight_s: seconds that a request waits at most while another, of any process, asks the model the same; 0: no wait.
    cache_sampled: False caches requests with `temperature=0` only; True leaves the choice to you.
    ignore: names of parameters that the answer does not depend on (`user`, `timeout`): they stay out of the key.
    normalise: changes texts of the prompt before they are compared (`keys.normalise`); `str` leaves them unchanged.
    signing_key: values written without this key are refused. Without it, anybody with write access to the store can
        plant answers.
    to_json, from_json: turn an answer (of a stream each chunk) into text, bytes, numbers, lists and maps, and back.
    events: receives events (`events.Events`), in addition to `counts`, which counts them.
    is_async: whether `call` is asynchronous, where it can't be detected. If so, await calls, `get`, `put` and `close`.

    It stores text, bytes, numbers, flags, None, and lists and maps of them, including empty ones; other answers are
    returned without being stored, with a warning. Exceptions of `call` are never stored and reach the caller unchanged.
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
        """Raises InputError for an unusable argument, GreenAIError where an extra is missing."""
        _check(model, version, tenant, ignore)
        if type(max_value_bytes) is not int or max_value_bytes < 1:
            raise InputError(f"max_value_bytes is {max_value_bytes!r}; expected is a number of bytes above 0")
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
        """The answer, from the store or the model.

        Raises InputError for a prompt or parameter that can't be part of a key, and whatever `call` raises.
        """
        return self._ask(prompt, parameters)

    def get(self, prompt: Any, /, **parameters: Any) -> Any:
        """The stored answer, or the replay of a stored stream; None for a miss. Never asks the model."""
        return self._run.get(prompt, parameters)

    def put(self, prompt: Any, answer: Any, /, **parameters: Any) -> Any:
        """Stores an answer for the request. Returns True if it was stored."""
        return self._run.put(prompt, parameters, answer)

    def close(self) -> Any:
        """Closes the connections."""
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
            raise InputError(f"{name} is {value!r}; expected is a text, because it is part of every key")
    if not (tenant is None or isinstance(tenant, str)):
        raise InputError(f"tenant is {tenant!r}; expected is a text or None, because it is part of every key")
    for name, value in (("model", model), ("version", version), ("tenant", tenant or "")):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"{name} is {value!r}, which is not valid Unicode; it is part of every key") from None
    if isinstance(ignore, str):
        raise InputError(f"ignore is {ignore!r}; expected is a list of names")


def _milliseconds(name: str, seconds: float) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InputError(f"{name} is {seconds!r}; expected are seconds")
    if not 0.001 <= seconds < 1e9:  # NaN neither
        raise InputError(f"{name} is {seconds} s; expected is at least 0.001 s and less than 1e9 s")
    return round(seconds * 1000)


def open_store(url: Where, limit_s: float) -> Store:
    """The store at a place, for threads. Raises InputError for an unusable place."""
    try:
        from greenai_infra.serving.place import find_place
        from greenai_infra.serving.store import Store

        return Store(find_place(url), limit_s)
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None


def open_async_store(url: Where, limit_s: float) -> AsyncStore:
    """The same for the tasks of an event loop."""
    try:
        from greenai_infra.serving.async_store import AsyncStore
        from greenai_infra.serving.place import find_place

        return AsyncStore(find_place(url), limit_s)
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None
