"""`cache` as its user sees it: what workers have counted, a month of it, entries that go."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest
import redis
from prometheus_client import CollectorRegistry

from greenai_infra import InferenceCache
from greenai_infra.serving.embedded import embedded_path
from greenai_infra.serving.energy import CacheEnergy, measured
from greenai_infra.serving.metrics import CacheMetrics

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Command

MONTH = ("--request-j", 120, "--lookup-j", "0.01", "--node-type", "cache.r7g.large", "--nodes", 2)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("GREENAI_CACHE_URL", raising=False)
    found = f"unix://{embedded_path()}?db=8"
    redis.from_url(found).flushdb()
    return found


def count(url: str, hits: int, misses: int, *, call: bool = True, lookup_j: float = 0.5) -> None:
    metrics = CacheMetrics(
        call=measured(3600.0) if call else None,
        cache=CacheEnergy(lookup_j=lookup_j, standing_w=0.0),
        intensity=250.0,
        pue=1.2,
        store=url,
        registry=CollectorRegistry(),
        settled_every_s=3600.0,
    )
    events = metrics.listen(model="llama", version="3.1", tenant="acme")
    for _ in range(hits):
        events.hit("x", 0.001)
    for _ in range(misses):
        events.miss(0.001)
    time.sleep(0.005)  # nodes that stood for no time at all took nothing that is known
    metrics.close()


def test_stats_of_two_workers(greenai: Command, url: str) -> None:
    count(url, 600, 900)
    count(url, 400, 100)
    done = greenai("cache", "stats", "--url", url)
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "2,000" in done.out
    assert "50 %" in done.out
    # 1,000 x 3,600 J = 1 kWh; lookups 1,000 J = 0.000278 kWh; 0.99972 kWh x 1.2 x 250 g = 0.29992 kg
    assert "It has saved 1.00 kWh (0.300 kg CO2e)." in done.out
    assert "It pays from a hit rate of 0.01 %." in done.out
    assert "of 2 workers" in done.out
    found = json.loads(greenai("cache", "stats", "--url", url, "--json").out)
    assert found["total"]["net_j"] == pytest.approx(3_599_000.0)
    assert found["total"]["net_g"] == pytest.approx(3_599_000 / 3.6e6 * 1.2 * 250)
    assert found["scopes"][0]["model"] == "llama"


def test_stats_say_when_it_does_not_pay(greenai: Command, url: str) -> None:
    count(url, 1, 99, lookup_j=100.0)
    out = greenai("cache", "stats", "--url", url).out
    assert "It does NOT pay: it has cost 0.00178 kWh" in out  # 3,600 - 10,000 J
    assert "It pays from a hit rate of 2.8 %." in out


def test_unknown_energy_is_not_zero(greenai: Command, url: str) -> None:
    count(url, 5, 5, call=False)
    out = greenai("cache", "stats", "--url", url).out
    assert "net is not known" in out
    found = json.loads(greenai("cache", "stats", "--url", url, "--json").out)["total"]
    assert (found["net_j"], found["net_g"], found["j_per_avoided_call"]) == (None, None, None)


def test_an_empty_store(greenai: Command, url: str) -> None:
    done = greenai("cache", "stats", "--url", url)
    assert (done.code, done.out) == (0, "no worker has counted anything in these hours\n")


def test_a_month_of_what_was_measured(greenai: Command, url: str) -> None:
    count(url, 300, 700)
    done = greenai("cache", "estimate", "--url", url)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    # Wilson's interval of 300 in 1,000: 27.2 to 32.9 %.
    for said in ("27.2 %", "32.9 %", "measured from 1,000 lookups in 1 hour", "unknown"):
        assert said in done.out
    found = json.loads(greenai("cache", "estimate", "--url", url, "--requests-per-month", "1M", "--json").out)
    assert found["middle"]["net_kwh"] == pytest.approx(1e6 * (0.3 * 3600 - 0.5) / 3.6e6)
    assert found["middle"]["net_kg"] == pytest.approx(found["middle"]["net_kwh"] * 0.25 * 1.2)
    assert found["middle"]["net_usd"] is None


def test_too_little_data(greenai: Command, url: str) -> None:
    count(url, 3, 7)
    done = greenai("cache", "estimate", "--url", url)
    assert done.code == 1
    assert done.err.startswith("error: too little data: 10 lookups in 1 hour; a projection needs 1,000")


def test_a_month_of_stated_figures(greenai: Command, url: str) -> None:
    stated = ("cache", "estimate", "--requests-per-month", "30M", "--hit-rate", "0.3", *MONTH)
    found = json.loads(greenai(*stated, "--region", "us-east-1", "--usd-per-1000-requests", "0.2", "--json").out)
    # 30e6 x (0.3 x 120 - 0.01) J = 299.92 kWh; nodes 15.34 W x 730 h = 11.20 kWh
    assert found["middle"]["net_kwh"] == pytest.approx(299.917 - 11.196, abs=0.01)
    assert found["middle"]["net_usd"] == pytest.approx(9e6 / 1000 * 0.2 - 2 * 0.1752 * 730)
    assert "US-MIDA-PJM" in found["kg_by"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("stats",), 2, "name the store of the caches: --url, --connection, or GREENAI_CACHE_URL"),
        (("stats", "--url", "localhost:6379"), 2, "'localhost:6379' is not a URL"),
        (("stats", "--url", "http://localhost"), 2, "redis://HOST:PORT"),
        (("stats", "--url", "redis://h", "--connection", "f"), 2, "not both"),
        (("stats", "--connection", "missing.json"), 2, "missing.json"),
        (("stats", "--url", "redis://h", "--hours", "0"), 2, "0 is not in the range"),
        (("estimate",), 2, "or --hit-rate"),
        (("estimate", "--hit-rate", "0.3"), 2, "--requests-per-month, --request-j"),
        (("estimate", "--hit-rate", "1.2"), 2, "1.2"),
        (("estimate", "--hit-rate", "0.3", "--model", "Llama-3.1-8B-Instruct"), 2, "--accelerator, --input-tokens"),
        (("estimate", "--hit-rate", "0.3", "--request-j", "1", "--model", "m"), 2, "not both"),
        (("purge", "--url", "redis://h"), 2, "or --all alone"),
        (("purge", "--url", "redis://h", "--all", "--model", "m"), 2, "or --all alone"),
        (("purge", "--url", "redis://h", "--tenant", "a", "--no-tenant"), 2, "not both"),
    ],
)
def test_what_cannot_be_used(
    greenai: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.delenv("GREENAI_CACHE_URL", raising=False)
    done = greenai("cache", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err


@pytest.mark.parametrize("command", [("stats",), ("purge", "--all"), ("estimate",)])
def test_an_unreachable_store(greenai: Command, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("GREENAI_CACHE_URL", f"redis://user:hunter2@127.0.0.1:{port}")
    done = greenai("cache", *command)
    assert done.code == 1
    assert f"redis://127.0.0.1:{port} does not answer" in done.err
    assert "hunter2" not in done.err + done.out


def test_purge_takes_what_is_meant_and_nothing_else(greenai: Command, url: str) -> None:
    for tenant in ("a", "b", None):
        for model, version in (("m", "1"), ("m", "2"), ("n", "1")):
            cache = InferenceCache(str.upper, model=model, version=version, tenant=tenant, url=url, max_delay_s=20)
            for prompt in ("x", "y"):
                cache(prompt)
    count(url, 1, 1)
    client = redis.from_url(url)
    client.set("somebody-else", 1)

    def answers() -> int:
        return len(client.keys("answers:1:*"))

    assert answers() == 18
    purge = ("cache", "purge", "--url", url)
    assert greenai(*purge, "--tenant", "a", "--dry-run").out == "would remove 6 answers\n"
    assert answers() == 18
    assert greenai(*purge, "--tenant", "a", "--model", "m", "--version", "2").out == "removed 2 answers\n"
    assert greenai(*purge, "--model", "n").out == "removed 6 answers\n"
    assert greenai(*purge, "--no-tenant").out == "removed 4 answers\n"
    assert greenai(*purge, "--tenant", "*").out == "removed 0 answers\n"
    assert greenai(*purge, "--version", "1").out == "removed 4 answers\n"
    assert answers() == 2
    assert greenai(*purge, "--all").out == "removed 2 answers\n"
    assert client.get("somebody-else") == b"1"
    assert client.keys("answers-hours:*")


def test_the_outputs_of_a_stack_name_the_store(greenai: Command, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"cache_url": "redis://h:6379"}))
    done = greenai("cache", "stats", "--connection", outputs)
    assert done.code == 2
    assert "output cache_" in done.err
