"""The exact cache on a real Valkey: what is asked once, what is asked again, and what comes back."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra import InferenceCache
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Model:
    """Answers with what it was asked, and remembers that."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, dict[str, Any]]] = []

    def __call__(self, prompt: Any, **parameters: Any) -> Any:
        self.asked.append((prompt, parameters))
        return {"prompt": prompt, "parameters": parameters, "number": len(self.asked)}


@pytest.fixture
def model() -> Model:
    return Model()


def cached(call: Any, **options: Any) -> InferenceCache:
    """A cache with all the time that a busy test machine needs, of a tenant of its own."""
    settings: dict[str, Any] = {"model": "m", "version": "1", "tenant": str(uuid.uuid4()), "max_delay_s": 20}
    return InferenceCache(call, **{**settings, **options})


def test_the_second_answer_is_the_first_and_asks_nobody(model: Model) -> None:
    cache = cached(model)
    first = cache("What is PUE?", temperature=0.0, stop=["\n"])
    assert cache("What is PUE?", stop=["\n"], temperature=0.0) == first
    assert len(model.asked) == 1
    assert (cache.counts.hits, cache.counts.misses, cache.counts.stores) == (1, 1, 1)


@pytest.mark.parametrize(
    "answer",
    [None, "", "text", b"\x00bytes", 0, True, 2**63, 1.0, float("inf"), [], {}, [{"a": [b"x", None, -1.5]}]],
    ids=repr,
)
def test_answers_come_back_as_they_were(answer: Any) -> None:
    answers = iter([answer])
    cache = cached(lambda prompt: next(answers))
    cache("q")
    again = cache("q")
    assert (again, type(again)) == (answer, type(answer))


def test_an_error_of_the_model_reaches_the_caller_and_is_not_stored() -> None:
    answers: Iterator[Any] = iter([ValueError("busy"), "fine"])

    def call(prompt: str) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    cache = cached(call)
    with pytest.raises(ValueError, match="busy"):
        cache("q")
    assert (cache("q"), cache("q")) == ("fine", "fine")


def test_a_coroutine_function_is_awaited() -> None:
    asked = []

    async def call(prompt: str) -> str:
        asked.append(prompt)
        return prompt.upper()

    async def use() -> list[str]:
        async with cached(call) as cache:
            assert await cache.get("a") is None
            return [await cache("a"), await cache("a"), await cache.get("a")]

    assert asyncio.run(use()) == ["A", "A", "A"]
    assert asked == ["a"]


def test_an_asynchronous_stream_is_replayed() -> None:
    asked = []

    async def call(prompt: str) -> AsyncIterator[str]:
        asked.append(prompt)
        for letter in prompt:
            yield letter

    async def use() -> list[list[str]]:
        async with cached(call) as cache:
            return [[chunk async for chunk in cache("abc")] for _ in range(2)]

    assert asyncio.run(use()) == [["a", "b", "c"]] * 2
    assert asked == ["abc"]


def test_put_and_get_ask_nobody(model: Model) -> None:
    cache = cached(model)
    assert cache.get("q", temperature=0.0) is None
    assert cache.put("q", "given", temperature=0.0) is True
    assert cache.get("q", temperature=0.0) == cache("q", temperature=0.0) == "given"
    assert cache.get("q") is None
    assert model.asked == []


def test_an_unencodable_parameter_is_named(model: Model) -> None:
    with pytest.raises(InputError, match=r"parameter callback is a builtins\.function"):
        cached(model)("q", callback=lambda: None)
    assert model.asked == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ttl": "60"}, "ttl is '60'"),
        ({"ttl": None}, "ttl is None"),
        ({"ttl": True}, "ttl is True"),
        ({"ttl": 0}, "ttl is 0 s"),
        ({"ttl": float("nan")}, "ttl is nan s"),
        ({"ttl": timedelta(days=20_000)}, "less than 1e9 s"),
        ({"max_delay_s": "0.1"}, "max_delay_s is '0.1'"),
        ({"flight_s": -1}, "flight_s is -1 s"),
        ({"max_value_bytes": 0}, "max_value_bytes is 0"),
        ({"max_value_bytes": "1 MB"}, "max_value_bytes is '1 MB'"),
        ({"model": "\ud800"}, "model is .* not valid Unicode"),
        ({"tenant": "a\udfff"}, "tenant is .* not valid Unicode"),
    ],
)
def test_an_argument_that_can_t_be_meant_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        cached(str, **options)
