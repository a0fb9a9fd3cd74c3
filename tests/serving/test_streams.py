"""Streams: passed on as they come, stored when they are whole, replayed as streams."""

from __future__ import annotations

import asyncio
import gc
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra import InferenceCache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def cached(call: Callable[..., Any], **options: Any) -> InferenceCache:
    settings: dict[str, Any] = {"model": "m", "version": "1", "tenant": str(uuid.uuid4()), "max_delay_s": 20}
    return InferenceCache(call, **{**settings, **options})


class Letters:
    """A model that streams the letters of its prompt."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = 0

    def __call__(self, prompt: str) -> Iterator[Any]:
        self.asked.append(prompt)
        try:
            for letter in prompt:
                if letter == "!":
                    raise ConnectionError("upstream is gone")
                yield {"delta": letter, "raw": letter.encode()}
        finally:
            self.closed += 1


def delta(prompt: str) -> list[dict[str, Any]]:
    return [{"delta": letter, "raw": letter.encode()} for letter in prompt]


def test_a_stream_is_stored_whole_and_replayed() -> None:
    model = Letters()
    cache = cached(model)
    first = cache("abc")
    assert next(first) == delta("a")[0]  # while the model has not said the rest
    assert cache.get("abc") is None
    assert list(first) == delta("bc")
    again = cache("abc")
    assert next(again) == delta("a")[0]
    assert list(again) == delta("bc")
    got = cache.get("abc")
    assert list(got) == delta("abc")
    assert model.asked == ["abc"]
    assert (cache.counts.hits, cache.counts.misses, cache.counts.calls) == (2, 1, 1)


@pytest.mark.parametrize("end", ["close", "with", "forgotten"])
def test_an_aborted_stream_is_not_stored(end: str) -> None:
    model = Letters()
    cache = cached(model)
    stream = cache("abc")
    next(stream)
    if end == "close":
        stream.close()
    elif end == "with":
        with stream:
            pass
    del stream
    gc.collect()
    assert model.closed == 1
    assert cache.counts.bypasses["aborted"] == 1
    assert cache.get("abc") is None
    assert list(cache("abc")) == delta("abc")  # nobody waits for the aborted one
    assert cache.counts.waits == 0


def test_a_stream_that_fails_is_not_stored() -> None:
    cache = cached(Letters())
    for _ in range(2):
        with pytest.raises(ConnectionError, match="upstream is gone"):
            list(cache("ab!"))
    assert cache.get("ab!") is None
    assert cache.counts.misses == 2


def test_a_chunk_is_stored_as_it_came() -> None:
    cache = cached(Letters())
    for chunk in cache("ab"):
        chunk["delta"] = "changed by its reader"
    assert list(cache("ab")) == delta("ab")


def test_an_empty_stream_is_one() -> None:
    cache = cached(Letters())
    assert list(cache("")) == list(cache("")) == []
    assert cache.counts.hits == 1


def test_a_stream_beyond_the_cap_is_passed_on_and_not_stored() -> None:
    cache = cached(Letters(), max_value_bytes=100)
    assert list(cache("a" * 50)) == delta("a" * 50)
    assert cache.counts.bypasses["too large"] == 1
    assert cache.get("a" * 50) is None


def test_chunks_that_can_t_be_stored_are_passed_on() -> None:
    cache = cached(lambda prompt: iter([1, (2, 3)]))
    with pytest.warns(UserWarning, match=r"builtins\.tuple.*to_json"):
        assert list(cache("q")) == [1, (2, 3)]
    assert cache.get("q") is None


def test_chunks_are_converted() -> None:
    cache = cached(lambda prompt: iter([1 + 2j]), to_json=lambda c: [c.real, c.imag], from_json=lambda c: complex(*c))
    assert list(cache("q")) == list(cache("q")) == [1 + 2j]
    assert cache.counts.hits == 1


def test_a_coroutine_may_return_a_stream() -> None:
    """As OpenAI's asynchronous client does."""
    closed: list[str] = []

    class Stream:
        def __init__(self, text: str) -> None:
            self._letters = iter(text)

        def __aiter__(self) -> Stream:
            return self

        async def __anext__(self) -> str:
            try:
                return next(self._letters)
            except StopIteration:
                raise StopAsyncIteration from None

        async def close(self) -> None:
            closed.append("closed")

    async def call(prompt: str, *, stream: bool = False) -> Any:
        return Stream(prompt) if stream else prompt

    async def use() -> None:
        async with cached(call) as cache:
            aborted = await cache("abc", stream=True)
            assert await anext(aborted) == "a"
            await aborted.aclose()
            assert closed == ["closed"]
            for _ in range(2):
                assert [letter async for letter in await cache("abc", stream=True)] == ["a", "b", "c"]
                assert await cache("abc") == "abc"
            assert [letter async for letter in await cache.get("abc", stream=True)] == ["a", "b", "c"]
            assert (cache.counts.hits, cache.counts.misses, cache.counts.bypasses["aborted"]) == (3, 3, 1)

    asyncio.run(use())


def test_an_aborted_asynchronous_generator_is_not_stored() -> None:
    ended: list[str] = []

    async def call(prompt: str) -> AsyncIterator[str]:
        try:
            for letter in prompt:
                yield letter
        finally:
            ended.append(prompt)

    async def use() -> None:
        async with cached(call) as cache:
            stream = cache("abc")
            assert await anext(stream) == "a"
            await stream.aclose()
            assert ended == ["abc"]
            assert await cache.get("abc") is None
            assert [letter async for letter in cache("abc")] == ["a", "b", "c"]
            assert cache.counts.waits == 0
            replayed = cache("abc")
            assert await anext(replayed) == "a"
            await replayed.aclose()
            assert cache.counts.hits == 1

    asyncio.run(use())
