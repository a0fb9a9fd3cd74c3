"""`cache stats` and `cache purge` on a store in cluster mode: two primaries, keys of both."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from greenai_infra import CacheMetrics, InferenceCache
from greenai_infra.serving.purge import patterns, purge
from greenai_infra.serving.stats import read_stats
from greenai_infra.serving.sweep import Sweep

from .servers import cluster


def test_both_primaries_are_read_and_purged() -> None:
    with cluster() as clients:
        url = f"redis://127.0.0.1:{clients[0].connection_pool.connection_kwargs['port']}?cluster=true"
        metrics = CacheMetrics(store=url, intensity=1.0, registry=CollectorRegistry(), settled_every_s=3600.0)
        for model in ("m", "n"):
            events = metrics.listen(model=model, version="1")
            with InferenceCache(str.upper, model=model, version="1", url=url, max_delay_s=20, events=events) as cache:
                for number in range(40):
                    cache(f"question {number}")
        metrics.settle()
        with Sweep(url) as store:
            assert len(store.nodes) == 2
            assert read_stats(store).total.misses == 80
            parts = [sum(map(len, node.keys("answers:1:*"))) for node in store.nodes]
            assert sum(parts) == 80
            assert min(parts) > 0
            assert purge(store, patterns(None, "m", None), dry_run=True) == 40
            assert purge(store, patterns(None, "m", None)) == 40
            assert purge(store, patterns(None, None, None), dry_run=True) == 40
