"""What a cache needs of every kind of store, asked of a real one through its URL: what each backend must pass."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from typing import Any

from prometheus_client import CollectorRegistry

from greenai_infra import CacheMetrics, InferenceCache, SemanticCache
from greenai_infra.serving.energy import CacheEnergy, measured
from greenai_infra.serving.place import find_place
from greenai_infra.serving.semantic.calibration import Calibration, Counts
from greenai_infra.serving.semantic.encoder import StaticEncoder
from greenai_infra.serving.stats import read_stats
from greenai_infra.serving.store import Store
from greenai_infra.serving.sweep import Sweep

PATIENCE_S = 20.0


def pass_contract(url: str) -> None:
    """Fail at the first thing that a store at this URL does otherwise."""
    for check in (
        _keeps_an_answer_for_all_who_share_it,
        _forgets_after_its_time,
        _asks_once_for_many,
        _answers_tasks,
        _runs_scripts_whole,
        _keeps_hashes_and_streams,
        _is_shown_without_secrets,
    ):
        check(url)


def _cache(url: str, call: Any, tenant: str, **options: Any) -> InferenceCache:
    return InferenceCache(call, model="m", version="1", url=url, tenant=tenant, max_delay_s=PATIENCE_S, **options)


def _keeps_an_answer_for_all_who_share_it(url: str) -> None:
    asked: list[str] = []
    tenant = str(uuid.uuid4())
    answer = {"text": "größer \x00", "tokens": [1, 2.5, None]}

    def model(prompt: str) -> Any:
        asked.append(prompt)
        return answer

    for _ in range(2):  # the second has connections of its own
        with _cache(url, model, tenant) as cache:
            assert cache("q") == answer
    assert asked == ["q"]
    with _cache(url, str.upper, str(uuid.uuid4())) as other:
        assert other("q") == "Q"  # another tenant's


def _forgets_after_its_time(url: str) -> None:
    with _cache(url, str.upper, str(uuid.uuid4()), ttl=0.2) as cache:
        cache("q")
        until = time.monotonic() + PATIENCE_S
        while cache.get("q") is not None:
            assert time.monotonic() < until, "an answer outlives its time"
            time.sleep(0.05)


def _asks_once_for_many(url: str) -> None:
    asked: list[str] = []
    all_there = threading.Event()

    def slow(prompt: str) -> str:
        asked.append(prompt)
        all_there.wait(0.3)
        return prompt.upper()

    with _cache(url, slow, str(uuid.uuid4())) as cache:
        answers: list[str] = []
        threads = [threading.Thread(target=lambda: answers.append(cache("q"))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert (asked, answers) == (["q"], ["Q"] * 6)


def _answers_tasks(url: str) -> None:
    asked: list[str] = []

    async def model(prompt: str) -> str:
        asked.append(prompt)
        return prompt.upper()

    async def twice() -> tuple[str, str]:
        async with _cache(url, model, str(uuid.uuid4())) as cache:
            return await cache("q"), await cache("q")

    assert asyncio.run(twice()) == ("Q", "Q")
    assert asked == ["q"]


def _runs_scripts_whole(url: str) -> None:
    """As the locks and the sums of the standing time do."""
    store = Store(find_place(url), PATIENCE_S)
    key = uuid.uuid4().hex.encode()
    script = b"if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
    try:
        assert store.execute(b"SET", key, b"mine", b"NX", b"PX", 60_000) == b"OK"
        assert store.execute(b"SET", key, b"yours", b"NX", b"PX", 60_000) is None
        assert store.execute(b"EVAL", script, 1, key, b"yours") == 0
        assert store.execute(b"EVAL", script, 1, key, b"mine") == 1
        assert abs(store.now_ms() / 1000 - time.time()) < 60
    finally:
        store.close()


def _keeps_hashes_and_streams(url: str) -> None:
    """The sums that workers share, and the journal of the questions that a cache by meaning has seen."""
    tenant = str(uuid.uuid4())
    metrics = CacheMetrics(
        store=url,
        registry=CollectorRegistry(),
        settled_every_s=3600.0,
        call=measured(100.0),
        cache=CacheEnergy(lookup_j=1.0, standing_w=0.0),
        intensity=360.0,
    )
    metrics.listen(model="m", version="1", tenant=tenant).miss(0.001)
    metrics.settle()
    with Sweep(url) as sweep:
        assert [tally.lookups for scope, tally in read_stats(sweep).by_scope.items() if scope.tenant == tenant] == [1]

    options: dict[str, Any] = {"calibration": Calibration(Counts(asked=600), StaticEncoder.name), "checked_share": 0.0}
    options |= {"model": "m", "version": "1", "url": url, "tenant": tenant, "max_delay_s": PATIENCE_S}
    with SemanticCache(str.upper, **options) as first:
        first.put("How do I reset my password?", "so")
    with SemanticCache(str.upper, **options) as second:  # which reads the journal
        until = time.monotonic() + PATIENCE_S
        while second.get("Could you tell me how to reset my password?") != "so":
            assert time.monotonic() < until, "the journal is not read"
            time.sleep(0.05)


def _is_shown_without_secrets(url: str) -> None:
    assert "hush" not in f"{find_place(url)} {find_place(url)!r}"
