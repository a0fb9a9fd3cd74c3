"""Requests to a synchronous model: threads carry out the steps."""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.serving import flight
from greenai_infra.serving.events import StoreError
from greenai_infra.serving.flight import Later
from greenai_infra.serving.streams import Recording, is_stream
from greenai_infra.serving.values import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.serving.keys import Key
    from greenai_infra.serving.steps import Found, Request, Rules, Steps
    from greenai_infra.serving.store import Store
    from greenai_infra.serving.streams import Recorder


class Blocking:
    """A cache's requests. `limit_s`: for all commands before the model is asked, and again for all afterwards."""

    def __init__(self, call: Callable[..., Any], rules: Rules, store: Store, limit_s: float) -> None:
        self._call, self._rules, self._store, self._limit_s = call, rules, store, limit_s

    def ask(self, prompt: Any, parameters: dict[str, Any]) -> Any:
        """The answer, from the store or the model."""
        rules = self._rules
        if not (rules.cache_sampled or rules.wanted(parameters)):
            return self._call(prompt, **parameters)
        key = rules.keys.key(prompt, parameters)
        began = time.perf_counter()
        token, request = b"", None
        try:
            found, request = self._seek(key, prompt, parameters)
            took_s = time.perf_counter() - began
            if found is None:
                found, token = self._turn(key, self._limit_s - took_s)
        except StoreError as error:
            took_s = time.perf_counter() - began
            rules.failed("get", error, took_s)
            found = None
        if found is not None:
            return self._hit(found, took_s)
        rules.events.miss(took_s)
        return self._answer(key, token, prompt, parameters, request)

    def get(self, prompt: Any, parameters: dict[str, Any]) -> Any:
        """The stored answer, or None."""
        key = self._rules.keys.key(prompt, parameters)
        began = time.perf_counter()
        try:
            found, _ = self._seek(key, prompt, parameters)
        except StoreError as error:
            self._rules.failed("get", error, time.perf_counter() - began)
            return None
        return None if found is None else self._hit(found, time.perf_counter() - began)

    def put(self, prompt: Any, parameters: dict[str, Any], answer: Any) -> bool:
        """Stores an answer; returns whether it was stored."""
        key = self._rules.keys.key(prompt, parameters)
        return self._keep(key, b"", answer, self._rules.request(prompt, parameters))

    def _keep(self, key: Key, token: bytes, answer: Any, request: Request | None) -> bool:
        steps = self._rules.keep(key, token, answer, self._store.now_ms(), request)
        return bool(self._carry_out(steps, self._limit_s))

    def _seek(self, key: Key, prompt: Any, parameters: dict[str, Any]) -> tuple[Found | None, Request | None]:
        """The answer to the request or to a question that asks the same, and the request if there may be one.

        Raises StoreError if the store can't be asked for the request itself.
        """
        rules = self._rules
        exact: Key | None = key
        found = None
        request = rules.request(prompt, parameters) if rules.goes_first(key) else None
        if request is None:
            found, exact = rules.read(key, self._store.execute(b"GET", key.name), self._store.now_ms()), None
            request = rules.request(prompt, parameters) if found is None else None
        if request is not None:
            found = self._carry_out(rules.look(request, self._store.now_ms(), exact), self._limit_s)
        return found, request

    def _turn(self, key: Key, limit_s: float) -> tuple[Found | None, bytes]:
        token = flight.new_token()
        try:
            found, held = self._carry_out(self._rules.turn(key, token, self._store.now_ms), limit_s)
        except BaseException:  # such as Ctrl-C; the lock may or may not be held
            self._store.later(*flight.release(key, token))
            raise
        return found, held

    def _answer(self, key: Key, token: bytes, prompt: Any, parameters: dict[str, Any], request: Request | None) -> Any:
        began = time.perf_counter()
        try:
            with flight.holding(token):
                answer = self._call(prompt, **parameters)
            if inspect.isawaitable(answer):
                if inspect.iscoroutine(answer):
                    answer.close()
                raise InputError("call returned an awaitable: create the cache with is_async=True")
        except BaseException:
            self._carry_out(self._rules.give_up(key, token), self._limit_s)
            raise
        if is_stream(answer):

            def done(recorder: Recorder | None) -> None:
                steps = self._rules.keep_stream(key, token, recorder, began, self._store.now_ms(), request)
                self._carry_out(steps, self._limit_s)

            return Recording(answer, self._rules.recorder(), done)
        self._rules.events.called(time.perf_counter() - began)
        self._keep(key, token, answer, request)
        return answer

    def _hit(self, found: Found, seconds: float) -> Any:
        kind, answer, size_bytes = found
        self._rules.events.hit(answer, seconds, size_bytes)
        return answer if kind == ANSWER else iter(answer)

    def _carry_out(self, steps: Steps, limit_s: float) -> Any:
        """The result of the steps. All commands together may take `limit_s`, which restarts after each sleep."""
        left_s, reply = limit_s, None
        try:
            step = next(steps)
            while True:
                if isinstance(step, float):
                    time.sleep(step)
                    left_s, reply = self._limit_s, None
                    step = steps.send(None)
                    continue
                if isinstance(step, Later):
                    self._store.later(*step.command)
                    step = steps.send(None)
                    continue
                began = time.monotonic()
                try:
                    reply = self._store.execute(*step, limit_s=left_s)
                except StoreError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
                left_s -= time.monotonic() - began
        except StopIteration as end:
            return end.value
