"""Requests to an asynchronous model: the tasks of an event loop carry out the steps. The counterpart of `blocking`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from greenai_infra.serving import flight
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.flight import Later
from greenai_infra.serving.streams import is_stream, record, replay
from greenai_infra.serving.values import ANSWER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from greenai_infra.serving.async_store import AsyncStore
    from greenai_infra.serving.keys import Key
    from greenai_infra.serving.steps import Found, Request, Rules, Steps
    from greenai_infra.serving.streams import Recorder


class Awaiting:
    """A cache's requests. `limit_s`: for all commands before the model is asked, and again for all afterwards."""

    def __init__(self, call: Callable[..., Any], rules: Rules, store: AsyncStore, limit_s: float) -> None:
        self._call, self._rules, self._store, self._limit_s = call, rules, store, limit_s

    async def ask(self, prompt: Any, parameters: dict[str, Any]) -> Any:
        """The answer, from the store or the model."""
        if not self._rules.wanted(parameters):
            return await self._call(prompt, **parameters)
        key, token, found, request = await self._looked_up(prompt, parameters)
        if found is not None:
            return found.answer if found.kind == ANSWER else replay(found.answer)
        began = time.perf_counter()
        try:
            with flight.holding(token):
                answer = await self._call(prompt, **parameters)
        except BaseException:
            await self._carry_out(self._rules.give_up(key, token), self._limit_s)
            raise
        if is_stream(answer):
            return self._recording(key, token, began, answer, request)
        self._rules.events.called(time.perf_counter() - began)
        await self._keep(key, token, answer, request)
        return answer

    async def stream(self, prompt: Any, parameters: dict[str, Any]) -> AsyncIterator[Any]:
        """The same for an asynchronous generator function: the store is asked when the first chunk is."""
        if not self._rules.wanted(parameters):
            source = self._call(prompt, **parameters)
        else:
            key, token, found, request = await self._looked_up(prompt, parameters)
            if found is None:
                source = self._recording(key, token, time.perf_counter(), self._call(prompt, **parameters), request)
            else:
                source = replay(found.answer)
        try:
            async for chunk in source:
                yield chunk
        finally:
            await source.aclose()

    async def get(self, prompt: Any, parameters: dict[str, Any]) -> Any:
        """The stored answer, or None."""
        key = self._rules.keys.key(prompt, parameters)
        began = time.perf_counter()
        try:
            found, _ = await self._seek(key, prompt, parameters)
        except StoreError as error:
            self._rules.failed("get", error, time.perf_counter() - began)
            return None
        if found is None:
            return None
        self._rules.events.hit(found.answer, time.perf_counter() - began, found.size_bytes)
        return found.answer if found.kind == ANSWER else replay(found.answer)

    async def put(self, prompt: Any, parameters: dict[str, Any], answer: Any) -> bool:
        """Stores an answer; returns whether it was stored."""
        key = self._rules.keys.key(prompt, parameters)
        return await self._keep(key, b"", answer, await self._request(prompt, parameters))

    async def _keep(self, key: Key, token: bytes, answer: Any, request: Request | None) -> bool:
        steps = self._rules.keep(key, token, answer, self._store.now_ms(), request)
        return bool(await self._carry_out(steps, self._limit_s))

    async def _request(self, prompt: Any, parameters: dict[str, Any]) -> Request | None:
        if self._rules.nearness is None or self._rules.nearness.is_quick:
            return self._rules.request(prompt, parameters)
        return await asyncio.to_thread(self._rules.request, prompt, parameters)

    async def _seek(self, key: Key, prompt: Any, parameters: dict[str, Any]) -> tuple[Found | None, Request | None]:
        rules = self._rules
        exact: Key | None = key
        found = None
        request = await self._request(prompt, parameters) if rules.goes_first(key) else None
        if request is None:
            found, exact = rules.read(key, await self._store.execute(b"GET", key.name), self._store.now_ms()), None
            request = await self._request(prompt, parameters) if found is None else None
        if request is not None:
            found = await self._carry_out(rules.look(request, self._store.now_ms(), exact), self._limit_s)
        return found, request

    async def _looked_up(
        self, prompt: Any, parameters: dict[str, Any]
    ) -> tuple[Key, bytes, Found | None, Request | None]:
        """Key, the token of a held lock, and the answer if the store has it; else it is a miss."""
        rules = self._rules
        key = rules.keys.key(prompt, parameters)
        began = time.perf_counter()
        token, request = b"", None
        try:
            found, request = await self._seek(key, prompt, parameters)
            took_s = time.perf_counter() - began
            if found is None:
                found, token = await self._turn(key, self._limit_s - took_s)
        except StoreError as error:
            took_s = time.perf_counter() - began
            rules.failed("get", error, took_s)
            found = None
        if found is None:
            rules.events.miss(took_s)
        else:
            rules.events.hit(found.answer, took_s, found.size_bytes)
        return key, token, found, request

    async def _turn(self, key: Key, limit_s: float) -> tuple[Found | None, bytes]:
        token = flight.new_token()
        try:
            found, held = await self._carry_out(self._rules.turn(key, token, self._store.now_ms), limit_s)
        except BaseException:  # cancelled: the lock may or may not be held
            self._store.later(*flight.release(key, token))
            raise
        return found, held

    def _recording(self, key: Key, token: bytes, began: float, source: Any, request: Request | None) -> Any:
        async def done(recorder: Recorder | None) -> None:
            steps = self._rules.keep_stream(key, token, recorder, began, self._store.now_ms(), request)
            await self._carry_out(steps, self._limit_s)

        return record(source, self._rules.recorder(), done)

    async def _carry_out(self, steps: Steps, limit_s: float) -> Any:
        """The result of the steps. All commands together may take `limit_s`, which restarts after each sleep."""
        left_s, reply = limit_s, None
        try:
            step = next(steps)
            while True:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                    left_s, reply = self._limit_s, None
                    step = steps.send(None)
                    continue
                if isinstance(step, Later):
                    self._store.later(*step.command)
                    step = steps.send(None)
                    continue
                began = time.monotonic()
                try:
                    reply = await self._store.execute(*step, limit_s=left_s)
                except StoreError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
                left_s -= time.monotonic() - began
        except StopIteration as end:
            return end.value
