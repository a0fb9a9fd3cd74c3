"""A hit of the exact cache, whole, against a bare GET of redis-py for the same bytes: CPU time, in turn, one Valkey."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Compare

REQUESTS = 2000
LIMIT = 1.3
PROMPT = [
    {"role": "system", "content": "You are an assistant of an electricity company. " * 8},
    {"role": "user", "content": "How much carbon dioxide does a kilowatt hour cause in Sweden? " * 4},
]
PARAMETERS = {"temperature": 0.0, "max_tokens": 400, "stop": ["\n\n"], "seed": 7}
TEXT = "About twenty grams over the life cycle of its plants. " * 40
ANSWER = {"role": "assistant", "content": TEXT, "tokens": 420}


@pytest.fixture
def cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is this process's own CPU time; the server is another process."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)


@pytest.mark.parametrize("events", ["counts", "prometheus"])
def test_a_hit_against_a_bare_get(compare: Compare, cpu_time: None, events: str) -> None:
    import redis

    from greenai_infra import InferenceCache
    from greenai_infra.serving.energy import measured
    from greenai_infra.serving.metrics import CacheMetrics

    listener = None
    if events == "prometheus":
        from prometheus_client import CollectorRegistry

        listener = CacheMetrics(call=measured(120.0), registry=CollectorRegistry()).listen(model="m", version="1")
    cache = InferenceCache(lambda *_, **__: ANSWER, model="m", version="1", max_delay_s=20, events=listener)
    cache(PROMPT, **PARAMETERS)
    key = cache._rules.keys.key(PROMPT, PARAMETERS).name
    client = redis.Redis(unix_socket_path=cache.store.place.address[0])
    assert cache.get(PROMPT, **PARAMETERS) == ANSWER
    assert TEXT.encode() in bytes(client.get(key) or "")  # type: ignore[arg-type]

    def hits() -> None:
        for _ in range(REQUESTS):
            cache(PROMPT, **PARAMETERS)

    def gets() -> None:
        for _ in range(REQUESTS):
            client.get(key)

    compare(f"{REQUESTS} hits ({events}) / {REQUESTS} bare GETs of redis-py, CPU", hits, gets, LIMIT, 9)


def test_an_asynchronous_hit_against_a_bare_get(compare: Compare, cpu_time: None) -> None:
    import redis.asyncio

    from greenai_infra import InferenceCache

    async def call(*_: Any, **__: Any) -> Any:
        return ANSWER

    with asyncio.Runner() as runner:
        cache = InferenceCache(call, model="m", version="1", max_delay_s=20)
        runner.run(cache(PROMPT, **PARAMETERS))
        key = cache._rules.keys.key(PROMPT, PARAMETERS).name
        client = redis.asyncio.Redis(unix_socket_path=cache.store.place.address[0])

        async def hits() -> None:
            for _ in range(REQUESTS):
                await cache(PROMPT, **PARAMETERS)

        async def gets() -> None:
            for _ in range(REQUESTS):
                await client.get(key)

        name = f"{REQUESTS} asynchronous hits / {REQUESTS} bare GETs of redis.asyncio, CPU"
        compare(name, lambda: runner.run(hits()), lambda: runner.run(gets()), LIMIT, 9)
        runner.run(client.aclose())
        runner.run(cache.close())
