"""Metrics of caches: what is counted, what is saved net, hour by hour; figures are worked out by hand beside them."""

from __future__ import annotations

import csv
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from greenai_infra import estimate_inference
from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.elapsed import Pinned
from greenai_infra.serving.energy import CacheEnergy, CallEnergy, cache_energy, estimated, measured, tokens_of
from greenai_infra.serving.metrics import CacheMetrics

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.serving.events import SemanticEvents

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp()


class Clock:
    """Unix seconds that a test sets."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


class Corrected(Pinned):
    """A source that answers late, and corrects itself."""

    def __init__(self) -> None:
        self.g_per_kwh = None  # type: ignore[assignment]

    def is_final(self, start_s: float, end_s: float) -> bool:
        return False

    def told(self) -> dict[str, Any]:
        return {}


def made(clock: Clock | None = None, **given: Any) -> tuple[CacheMetrics, CollectorRegistry]:
    registry = CollectorRegistry()
    given.setdefault("intensity", 400.0)
    return CacheMetrics(registry=registry, clock=clock or Clock(), settled_every_s=3600.0, **given), registry


def shown(registry: CollectorRegistry) -> dict[str, float]:
    """Sample name, with label values -> value, as a scraper reads it."""
    found = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            values = ",".join(value for _, value in sorted(sample.labels.items()) if value)
            found[f"{sample.name.removeprefix('greenai_cache_')}[{values}]"] = sample.value
    return found


def test_net_is_saved_less_lookups_encoder_and_nodes() -> None:
    clock = Clock()
    # 120 J a call; 0.05 J a lookup; 0.4 J an encoding; nodes of 20 W; PUE 1.25; 400 g/kWh.
    energy = CacheEnergy(lookup_j=0.05, encoder_j=0.4, standing_w=20.0)
    metrics, registry = made(clock, call=measured(120.0), cache=energy, pue=1.25)
    events = metrics.listen(model="m", version="1", tenant="a", cache="semantic")
    for _ in range(60):
        events.encoded(0.0001)
        events.hit({"text": "x"}, 0.001, 100)
    for _ in range(40):
        events.encoded(0.0001)
        events.miss(0.001)
        events.called(1.5)
    clock.now += 90
    metrics.settle()
    total, found = metrics.total(), shown(registry)
    assert total.saved_j == pytest.approx(60 * 120.0)  # 7,200
    assert total.spent_j == pytest.approx(100 * 0.05 + 100 * 0.4 + 20 * 90)  # 5 + 40 + 1,800
    assert total.net_j == pytest.approx(5355.0)
    assert found["energy_net_joules[]"] == pytest.approx(5355.0)
    assert found["energy_saved_joules_total[semantic,m,a,1]"] == pytest.approx(7200.0)
    assert found["energy_spent_joules_total[semantic,m,encoder,a,1]"] == pytest.approx(40.0)
    assert found["energy_standing_joules_total[]"] == pytest.approx(1800.0)
    # 5,355 J = 0.0014875 kWh; x 1.25 x 400 g = 0.74375 g. 7,200 J = 0.002 kWh: 1 g.
    assert found["carbon_net_grams[]"] == pytest.approx(0.74375)
    assert found["carbon_saved_grams_total[semantic,m,a,1]"] == pytest.approx(1.0)
    # 1,845 J over 100 lookups are 18.45 J each; by 120 J a call: 15.375 % of hits.
    assert found["breakeven_hit_ratio[]"] == pytest.approx(0.15375)
    assert found["hits_total[semantic,m,a,1]"] == 60
    assert found["model_calls_total[semantic,m,a,1]"] == 40
    assert found["operation_seconds_count[semantic,m,lookup,hit]"] == 60


def test_a_cache_that_costs_more_says_so_with_the_rate_that_would_pay(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    metrics, registry = made(clock, call=measured(2.0), cache=CacheEnergy(lookup_j=0.1, encoder_j=0.9, standing_w=0.0))
    events = metrics.listen(model="m", version="1")
    for number in range(1000):
        events.encoded(0.03)
        if number % 5:
            events.miss(0.001)
        else:
            events.hit("x", 0.001)
    clock.now += 3601
    with caplog.at_level(logging.WARNING):
        metrics.settle()
    assert metrics.total().net_j == pytest.approx(200 * 2.0 - 1000 * 1.0)  # -600
    assert shown(registry)["energy_net_joules[]"] == pytest.approx(-600.0)
    assert "costs more energy than it saves: -600 J" in caplog.text
    assert "it pays from 0.5 on" in caplog.text  # 1 J of 2 J


def test_what_nobody_stated_is_not_shown() -> None:
    metrics, registry = made()
    events = metrics.listen(model="m", version="1")
    events.hit("x", 0.001)
    events.miss(0.001)
    metrics.settle()
    total = metrics.total()
    assert (total.net_j, total.net_g, total.breakeven_hit_rate, total.j_per_avoided_call) == (None,) * 4
    assert (total.hits_without_j, total.lookups_without_j) == (1, 2)
    names = {name for name in shown(registry) if "joules" in name or "carbon" in name or "breakeven" in name}
    assert names == set()


def test_without_the_nodes_power_there_is_no_net() -> None:
    clock = Clock()
    metrics, registry = made(clock, call=measured(100.0), cache=CacheEnergy(lookup_j=0.1))
    metrics.listen(model="m", version="1").hit("x", 0.001)
    clock.now += 10
    metrics.settle()
    assert metrics.total().saved_j == 100.0
    assert metrics.total().net_j is None
    assert "energy_net_joules[]" not in shown(registry)


def test_it_hears_what_caches_tell() -> None:
    heard: SemanticEvents = made()[0].listen(model="m", version="1", cache="semantic")
    assert all(callable(getattr(heard, name)) for name in ("hit", "miss", "called", "stored", "encoded", "bypass"))


def test_a_hit_whose_shadow_check_ran_the_model_saves_nothing() -> None:
    metrics, registry = made(call=measured(100.0))
    events = metrics.listen(model="m", version="1", cache="semantic")
    events.hit("x", 0.001)
    events.hit("x", 0.001, shadow=True)
    metrics.settle()
    total, found = metrics.total(), shown(registry)
    assert total.saved_j == 100.0
    assert (total.hits, total.shadow_checks, total.lookups, total.hit_rate) == (1, 1, 2, 1.0)
    assert found["hits_total[semantic,m,1]"] == 2
    assert found["shadow_checks_total[semantic,m,1]"] == 1


def test_carbon_is_counted_at_the_intensity_of_each_hour(tmp_path: Path) -> None:
    steps = tmp_path / "grid.csv"
    with steps.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["datetime", "zone", "g_per_kwh", "signal", "basis"])
        for hour, g in ((10, 100), (11, 500), (12, 300), (13, 300)):
            rows.writerow([f"2026-03-01T{hour}:00:00Z", "DE", g, "average", "lifecycle"])
    clock = Clock()
    metrics, _ = made(clock, call=measured(3600.0), intensity=f"file:{steps}", zone="DE",
                      cache=CacheEnergy(lookup_j=0.0, standing_w=0.0))  # fmt: skip
    events = metrics.listen(model="m", version="1")
    for hits in (2, 1):  # 10:00 to 11:00: 2 x 0.001 kWh at 100 g; 11:00 to 12:00: 0.001 kWh at 500 g
        for _ in range(hits):
            events.hit("x", 0.0)
        clock.now += 3600
        metrics.settle()
    assert metrics.total().net_g == pytest.approx(2 * 0.1 + 0.5)
    told = metrics.grid.told()
    assert (told["how"], told["zone"]) == ("file", "DE")


def test_an_hour_without_intensity_is_weighed_when_it_is_known() -> None:
    clock = Clock()
    metrics, registry = made(clock, call=measured(3.6e6), cache=CacheEnergy(lookup_j=0.0, standing_w=0.0))
    grid = metrics.grid = Corrected()
    metrics.listen(model="m", version="1").hit("x", 0.0)
    clock.now += 60
    metrics.settle()
    assert metrics.total().net_j == pytest.approx(3.6e6)
    assert metrics.total().net_g is None
    assert not [name for name in shown(registry) if name.startswith("carbon_saved")]
    grid.g_per_kwh = 250.0
    clock.now += 7200
    metrics.settle()
    assert metrics.total().net_g == pytest.approx(250.0)
    for corrected, counted in ((200.0, 250.0), (300.0, 300.0)):  # a counter only rises
        grid.g_per_kwh = corrected
        clock.now += 3600
        metrics.settle()
        assert shown(registry)["carbon_net_grams[]"] == pytest.approx(corrected)
        assert shown(registry)["carbon_saved_grams_total[exact,m,1]"] == pytest.approx(counted)
    clock.now += 48 * 3600
    metrics.settle()
    grid.g_per_kwh = 100.0
    clock.now += 3600
    metrics.settle()
    assert metrics.total().net_g == pytest.approx(300.0), "after two days it stays"


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 200, "total_tokens": 300}},
        [{"choices": [1]}, {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 200}}, {"choices": []}],
    ],
    ids=["whole", "stream"],
)
def test_the_estimate_takes_the_tokens_of_each_answer(answer: Any) -> None:
    call = estimated("Llama-3.1-8B-Instruct", accelerator="H100", batch=64)
    metrics, _ = made(call=call)
    events = metrics.listen(model="m", version="1")
    events.hit(answer, 0.0)
    events.hit({"text": "no usage"}, 0.0)
    metrics.settle()
    wanted = estimate_inference(
        "Llama-3.1-8B-Instruct", accelerator="H100", batch=64, input_tokens=100, output_tokens=200
    )
    total = metrics.total()
    assert total.saved_j == pytest.approx(wanted.wall_j_per_request)
    assert total.hits_without_j == 1
    assert call.by == "estimated: Llama-3.1-8B-Instruct on H100 batch 64"


def test_energy_by_token_is_the_users_measurement() -> None:
    call = measured(j_per_output_token=0.5, j_per_input_token=0.01, by="wall meter, 2026-10")
    assert call.joules(tokens_of({"usage": {"prompt_tokens": 100, "completion_tokens": 200}})) == pytest.approx(101.0)
    assert call.joules(None) is None
    assert call.by.endswith("wall meter, 2026-10")


def test_the_usage_of_a_clients_object_is_read() -> None:
    from openai.types.completion_usage import CompletionUsage

    class Answer:
        usage = CompletionUsage(prompt_tokens=3, completion_tokens=4, total_tokens=7)

    assert tokens_of(Answer()) == (3, 4)


@pytest.mark.parametrize(
    "usage", [None, 3, {"prompt_tokens": "7"}, {"prompt_tokens": -1}, {"prompt_tokens": True}, {}, {"prompt_tokens": 5}]
)
def test_usage_that_is_not_one_is_unknown(usage: Any) -> None:
    assert tokens_of({"usage": usage}) is None


def test_the_nodes_power_comes_from_the_catalogue() -> None:
    # cache.r7g.large: 2 vCPUs of Graviton3, 0.4743 W idle and 1.693 W busy each; half load: 2 x 1.08365 W = 2.1673 W,
    # and 13.07 GiB = 14.0338 GB of memory at 0.392 W (Cloud Carbon Footprint) = 5.501 W. Two nodes: 15.34 W.
    energy = cache_energy(processor="Graviton3", node_type="cache.r7g.large", nodes=2)
    assert energy.core_w == 1.693
    assert energy.standing_w == pytest.approx(15.34, abs=0.01)
    assert any("cache.r7g.large" in text for text in energy.by)


def test_the_watts_of_a_core_count_for_as_long_as_lookups_last() -> None:
    metrics, _ = made(cache=CacheEnergy(core_w=4.0))
    events = metrics.listen(model="m", version="1", cache="semantic")
    events.encoded(0.030)
    events.miss(0.002)
    events.stored(0.001, 10)
    metrics.settle()
    total = metrics.total()
    assert total.encoder_j == pytest.approx(0.12)
    assert total.lookup_j == pytest.approx(0.012)


def test_labels_are_bounded() -> None:
    metrics, registry = made(labels={"tenant": ["acme"]})
    for tenant in ("acme", "evil", "other-one"):
        metrics.listen(model="m", version="1", tenant=tenant).hit("secret prompt", 0.0)
    for number in range(100):
        metrics.listen(model=f"model-{number}", version="1").miss(0.0)
    found = shown(registry)
    assert found["hits_total[exact,m,acme,1]"] == 1
    assert found["hits_total[exact,m,other,1]"] == 2
    assert len([name for name in found if name.startswith("misses_total[exact,model-")]) == 31  # and m
    assert found["misses_total[exact,other,1]"] == 69
    assert b"secret" not in generate_latest(registry)


def test_a_name_that_can_t_be_shown_spoils_no_other() -> None:
    metrics, registry = made()
    for name in ("\ud800", "m" * 10_000, "fine"):
        metrics.listen(model=name).miss(0.0)
    text = generate_latest(registry).decode()
    assert 'misses_total{cache="exact",model="fine"' in text
    assert 'misses_total{cache="exact",model="other",tenant="",version=""} 2.0' in text


def test_several_caches_and_metrics_share_a_registry() -> None:
    registry = CollectorRegistry()
    both = [CacheMetrics(registry=registry, intensity=1.0, settled_every_s=3600.0) for _ in range(2)]
    for metrics in both:
        metrics.listen(model="m", version="1").hit("x", 0.0)
    assert shown(registry)["hits_total[exact,m,1]"] == 2


def test_the_default_registry_takes_them() -> None:
    from prometheus_client import REGISTRY

    CacheMetrics(intensity=1.0).listen(model="of the default registry", version="1").bypass("too large")
    labels = {"cache": "exact", "model": "of the default registry", "version": "1", "tenant": "", "reason": "too large"}
    assert REGISTRY.get_sample_value("greenai_cache_bypasses_total", labels) == 1


def test_errors_are_counted_by_operation_and_kind() -> None:
    metrics, registry = made()
    events = metrics.listen(model="m", version="1")
    events.error("get", "timeout", 0.05)
    events.error("get", "value", 0.0)
    events.error("set", "timeout", 0.05)
    metrics.settle()
    found = shown(registry)
    assert found["errors_total[exact,timeout,m,get,1]"] == 1
    assert metrics.total().errors == {"timeout": 2, "value": 1}


@pytest.mark.parametrize("j", [float("nan"), -1.0, float("inf"), "raises"])
def test_an_energy_that_cannot_be_is_unknown(j: Any) -> None:
    def joules(tokens: Any) -> float:
        if j == "raises":
            raise InputError("not for so many tokens")
        return float(j)

    metrics, _ = made(call=CallEnergy(joules, "a function"))
    metrics.listen(model="m", version="1").hit("x", 0.0)
    metrics.settle()
    assert (metrics.total().saved_j, metrics.total().hits, metrics.total().hits_without_j) == (0.0, 1, 1)


def test_a_token_reader_that_fails_fails_no_request() -> None:
    metrics, _ = made(call=measured(j_per_output_token=1.0))
    events = metrics.listen(model="m", version="1", tokens=lambda answer: answer["no"]["such"])
    events.hit({}, 0.0)
    metrics.settle()
    assert metrics.total().hits_without_j == 1


def test_a_forked_worker_counts_only_what_it_has_done() -> None:
    metrics, _ = made(call=measured(10.0))
    events = metrics.listen(model="m", version="1")
    events.hit("x", 0.0)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        events.hit("x", 0.0)
        events.hit("x", 0.0)
        metrics.settle()
        os.write(write, str(metrics.total().hits).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"2"
    metrics.settle()
    assert metrics.total().hits == 1


def test_it_settles_by_itself_and_ends() -> None:
    registry = CollectorRegistry()
    metrics = CacheMetrics(call=measured(10.0), registry=registry, intensity=1.0, settled_every_s=0.01)
    events = metrics.listen(model="m", version="1")
    events.hit("x", 0.0)
    for _ in range(1000):
        if shown(registry).get("energy_saved_joules_total[exact,m,1]") == 10.0:
            break
        metrics._closed.wait(0.01)
    else:
        pytest.fail("nothing was settled")
    metrics.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: measured(), "give either"),
        (lambda: measured(0.0), "above 0"),
        (lambda: measured(float("nan")), "finite"),
        (lambda: measured(1.0, j_per_output_token=1.0), "give either"),
        (lambda: estimated("no-such-model", accelerator="H100"), "no-such-model"),
        (lambda: estimated("Llama-3.1-8B-Instruct", accelerator="H100", output_tokens=5), "output_tokens"),
        (lambda: CacheEnergy(lookup_j=-1.0), "lookup_j"),
        (lambda: cache_energy(processor="Z80"), "Z80"),
        (lambda: cache_energy(node_type="cache.none"), "cache.none"),
        (lambda: cache_energy(node_type="cache.r7g.large", standing_w=1.0), "not both"),
        (lambda: made(pue=0.5), "pue"),
        (lambda: made(intensity=-3.0), "stated"),
        (lambda: made(labels={"prompt": ["x"]}), "prompt"),
        (lambda: made(region="atlantis-1"), "atlantis-1"),
    ],
)
def test_what_cannot_be_used_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
