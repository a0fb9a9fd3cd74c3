"""Sums of several workers in one store, what a cache really tells them, and what a month makes of it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
import scipy.stats
from prometheus_client import CollectorRegistry

from greenai_infra import InferenceCache
from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.serving.energy import CacheEnergy, measured
from greenai_infra.serving.metrics import CacheMetrics
from greenai_infra.serving.projection import (
    Figures,
    HitRate,
    measured_figures,
    measured_hit_rate,
    project,
    wilson,
)
from greenai_infra.serving.shared import HOURS, STANDING
from greenai_infra.serving.stats import Stats, read_stats
from greenai_infra.serving.sweep import Sweep
from greenai_infra.serving.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def worker(store: str | None, **given: Any) -> CacheMetrics:
    given = {"call": measured(100.0), "cache": CacheEnergy(lookup_j=1.0, standing_w=0.0), "intensity": 360.0, **given}
    return CacheMetrics(store=store, registry=CollectorRegistry(), settled_every_s=3600.0, **given)


def stats_of(store: str, **given: Any) -> Stats:
    with Sweep(store) as sweep:
        return read_stats(sweep, **given)


def standing_ms(client: Any) -> int:
    return int(client.get(STANDING))


def test_the_sums_of_workers_are_added(store_url: str) -> None:
    one, two = worker(store_url), worker(store_url)
    for metrics, hits, misses in ((one, 3, 1), (two, 1, 5)):
        events = metrics.listen(model="m", version="1", tenant="a")
        for _ in range(hits):
            events.hit("x", 0.001)
        for _ in range(misses):
            events.miss(0.001)
        metrics.settle()
        metrics.settle()  # writes the same again
    two.listen(model="n", version="2").miss(0.001)
    two.settle()
    found = stats_of(store_url)
    total = found.total
    assert (total.hits, total.misses, found.workers, found.left_out) == (4, 7, 2, 0)
    assert total.saved_j == pytest.approx(400.0)
    assert total.lookup_j == pytest.approx(11.0)
    assert {(scope.model, scope.tenant): tally.lookups for scope, tally in found.by_scope.items()} == {
        ("m", "a"): 10,
        ("n", ""): 1,
    }
    # 400 J at 360 g/kWh and PUE 1: 0.04 g.
    assert total.placed_saved_g == pytest.approx(0.04)
    assert "stated" in "".join(found.intensity)


def test_entries_and_bytes_of_the_store_are_shown(store_url: str) -> None:
    registry = CollectorRegistry()
    metrics = CacheMetrics(store=store_url, registry=registry, intensity=1.0, settled_every_s=3600.0)
    client: Any = redis.from_url(store_url)
    for number in range(3):
        client.set(f"answers:{number}", b"x" * 100_000)
    metrics.settle()
    assert registry.get_sample_value("greenai_cache_entries", {"cache": "store"}) == 3
    used = registry.get_sample_value("greenai_cache_bytes", {"cache": "store"})
    assert used is not None
    assert 300_000 < used <= client.info("memory")["used_memory_peak"]
    assert stats_of(store_url).entries == 3


def test_junk_in_the_store_is_left_out_and_told(store_url: str) -> None:
    metrics = worker(store_url)
    metrics.listen(model="m", version="1").hit("x", 0.0)
    metrics.settle()
    client: Any = redis.from_url(store_url)
    fields = [(key, *item) for key in client.keys("answers-hours:*") for item in client.hgetall(key).items()]
    key, field, value = next(one for one in fields if b'"m"' in one[2])
    whole = json.loads(value)
    forged: list[tuple[str, Any]] = [
        ("tally", whole["tally"] | {"hits": -5}),
        ("tally", whole["tally"] | {"saved_j": 1e308}),
        ("energy", {"call": None, "cache": 5}),
        ("hour", 10**18),
    ]
    junks = [b"\x80junk", b"{}", b"[" * 9999, *(json.dumps(whole | {name: bad}) for name, bad in forged)]
    for number, junk in enumerate(junks):
        client.hset(key, field + b"%d" % number, junk)
    client.set(f"{HOURS}:20000:abc", "no hash")
    found = stats_of(store_url)
    assert (found.total.hits, found.left_out) == (1, len(junks))


def test_the_nodes_time_is_counted_once_whoever_counts_it(store_url: str) -> None:
    energy = CacheEnergy(lookup_j=0.0, standing_w=10.0)
    workers = [worker(store_url, cache=energy) for _ in range(2)]
    client = redis.from_url(store_url)
    workers[0].settle()  # the first one starts the count, with the time since it was made
    first = standing_ms(client)
    begun_s = workers[0].total().standing_s
    for metrics in (workers[1], workers[0], workers[1]):
        time.sleep(0.02)
        metrics.settle()
    elapsed_s = (standing_ms(client) - first) / 1000
    found = stats_of(store_url)
    assert elapsed_s >= 0.06
    assert found.store.standing_s - begun_s == pytest.approx(elapsed_s)
    assert found.store.standing_j == pytest.approx(10.0 * found.store.standing_s)
    client.flushdb()  # a restart of the store: the worker knows until when it was counted
    before = workers[1].total().standing_s
    time.sleep(0.02)
    workers[1].settle()
    assert workers[1].total().standing_s - before == pytest.approx((standing_ms(client) - first) / 1000 - elapsed_s)


def test_an_hour_that_the_store_lost_is_written_again(store_url: str) -> None:
    metrics = worker(store_url)
    events = metrics.listen(model="m", version="1")
    events.hit("x", 0.0)
    metrics.settle()
    redis.from_url(store_url).flushdb()
    events.hit("x", 0.0)
    metrics.settle()
    assert stats_of(store_url).total.hits == 2


def test_without_a_store_to_reach_it_goes_on_counting() -> None:
    metrics = worker("redis://127.0.0.1:1")
    metrics.listen(model="m", version="1").hit("x", 0.0)
    metrics.settle()
    assert metrics.total().saved_j == 100.0


def test_a_cache_tells_what_it_has_done(store_url: str) -> None:
    metrics = worker(None)
    events = metrics.listen(model="m", version="1")
    asked: list[str] = []

    def call(prompt: str) -> str:
        asked.append(prompt)
        time.sleep(0.05)
        return prompt.upper()

    cache = InferenceCache(call, model="m", version="1", url=store_url, max_delay_s=20, events=events)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(cache("q"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Q"] * 5
    metrics.settle()
    total = metrics.total()
    # Those that waited for the one call are saved, each once.
    assert (len(asked), total.hits, total.misses) == (1, 4, 1)
    assert total.saved_j == pytest.approx(4 * 100.0)


def test_a_poisoned_answer_saves_nothing(store_url: str) -> None:
    metrics = worker(None)
    cache = InferenceCache(
        lambda prompt: "good", model="m", version="1", url=store_url, max_delay_s=20,
        events=metrics.listen(model="m", version="1"),
    )  # fmt: skip
    cache("q")
    client = redis.from_url(store_url)
    for key in client.keys("answers:*"):
        client.set(key, b"\x80\x04poison", ex=60)
    assert cache("q") == "good"
    metrics.settle()
    total = metrics.total()
    assert (total.hits, total.misses, total.saved_j) == (0, 2, 0.0)
    assert total.errors.keys() == {"value"}


def test_a_stream_is_saved_by_its_tokens(store_url: str) -> None:
    metrics = worker(None, call=measured(j_per_output_token=2.0))

    async def call(prompt: str) -> AsyncIterator[dict[str, Any]]:
        yield {"choices": [{"delta": {"content": prompt}}]}
        yield {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}

    async def use() -> None:
        events = metrics.listen(model="m", version="1")
        async with InferenceCache(call, model="m", version="1", url=store_url, max_delay_s=20, events=events) as cache:
            for _ in range(3):
                assert len([chunk async for chunk in cache("q")]) == 2

    asyncio.run(use())
    metrics.settle()
    assert metrics.total().saved_j == pytest.approx(2 * 7 * 2.0)


@pytest.mark.parametrize(("hits", "lookups"), [(0, 1000), (300, 1000), (999, 1000), (1, 40)])
def test_the_interval_is_wilsons(hits: int, lookups: int) -> None:
    wanted = scipy.stats.binomtest(hits, lookups).proportion_ci(confidence_level=0.95, method="wilson")
    assert wilson(hits / lookups, lookups) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_hours_that_differ_widen_the_interval() -> None:
    alike = measured_hit_rate([Tally(hits=300, misses=700)] * 4)
    apart = measured_hit_rate([Tally(hits=hits, misses=1000 - hits) for hits in (100, 500, 200, 400)])
    assert alike.dispersion == 1.0
    # Expected 300 of 1,000 each: (200^2 + 200^2 + 100^2 + 100^2) / (1000 x 0.3 x 0.7) / 3 = 158.73
    assert apart.dispersion == pytest.approx(158.73, abs=0.01)
    assert (apart.low, apart.high) == pytest.approx(wilson(0.3, 4000 / 158.7302), abs=1e-6)


def test_too_little_data_is_said() -> None:
    with pytest.raises(GreenAIError, match="too little data: 999 lookups in 1 hour; a projection needs 1,000"):
        measured_hit_rate([Tally(hits=1, misses=998)])


def test_a_month_by_hand() -> None:
    figures = Figures(request_j=120.0, lookup_j=0.01, encoder_j=0.5, standing_w=20.0, requests_per_month=3e6,
                      g_per_kwh=400.0)  # fmt: skip
    found = project(HitRate(0.3, 0.25, 0.35), figures, usd_per_1000_requests=0.5, nodes_usd_per_hour=0.35)
    # 3e6 x (0.3 x 120 - 0.51) J = 106.47e6 J = 29.575 kWh; less 20 W x 730 h = 14.6 kWh: 14.975 kWh.
    assert found.middle.net_kwh == pytest.approx(14.975)
    assert found.middle.net_kg == pytest.approx(5.99)
    # 900,000 hits x 0.5 USD / 1000 = 450; less 730 h x 0.35 = 255.5.
    assert found.middle.net_usd == pytest.approx(194.5)
    assert found.low.net_kwh == pytest.approx(14.975 - 0.05 * 3e6 * 120 / 3.6e6)
    # (3e6 x 0.51 J + 14.6 kWh) / (3e6 x 120 J)
    assert found.breakeven_hit_rate == pytest.approx((1.53e6 + 14.6 * 3.6e6) / 360e6)


def test_what_a_month_lacks_is_named() -> None:
    with pytest.raises(InputError, match=r"give --lookup-j, --node-type or --node-w"):
        project(HitRate(0.3, 0.3, 0.3), Figures(request_j=1.0, encoder_j=0.0, requests_per_month=1.0))


def test_measured_figures_come_from_the_workers(store_url: str) -> None:
    metrics = worker(store_url, cache=CacheEnergy(lookup_j=0.2, encoder_j=0.6, standing_w=5.0), pue=1.5)
    events = metrics.listen(model="m", version="1", cache="semantic")
    for number in range(10):
        events.encoded(0.001)
        if number % 5:
            events.miss(0.001)
        else:
            events.hit("x", 0.001)
    metrics.settle()
    time.sleep(0.01)
    metrics.settle()
    stats = stats_of(store_url)
    [hour] = stats.by_hour
    found = measured_figures(stats, (hour + 1) * 3600.0)
    assert (found.request_j, found.lookup_j, found.encoder_j) == pytest.approx((100.0, 0.2, 0.6))
    assert found.standing_w == pytest.approx(5.0)
    assert found.g_per_kwh == pytest.approx(360.0 * 1.5)
    assert found.requests_per_month == pytest.approx(7300.0)
    half = measured_figures(stats, (hour + 0.5) * 3600.0)
    assert half.requests_per_month == pytest.approx(14_600.0), "an hour that is half over"


def test_one_kind_of_cache_is_read_alone(store_url: str) -> None:
    metrics = worker(store_url)
    metrics.listen(model="m", version="1").hit("x", 0.0)
    metrics.listen(model="m", version="1", cache="semantic").miss(0.0)
    metrics.settle()
    assert stats_of(store_url, cache="semantic").total.lookups == 1
    assert stats_of(store_url).total.lookups == 2
