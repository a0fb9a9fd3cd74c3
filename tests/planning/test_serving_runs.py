"""How one instance type would serve: replicas for the peak, the batch that the bounds allow, power over a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.planning.runs import runs_on
from greenai_infra.planning.serving_runs import rates

from .made_up import EAST, offer, workload
from .test_runs import MODEL, P5, SERVING, run, serving, unfit

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer

LLAMA_8B = "served_model: {model: Llama-3.1-8B-Instruct, input_tokens: 150, output_tokens: 400}"
ONE_H100 = offer(EAST, accelerator="H100", instance_type="p5.4xlarge", accelerators=1)
SINGLES = {
    "H100": ONE_H100,
    "L40S": offer(EAST, accelerator="L40S", instance_type="g6e.xlarge", accelerators=1),
    "L4": offer(EAST, accelerator="L4", instance_type="g6.xlarge", accelerators=1),
}


def of(rate: float, more: str = "", model: str = LLAMA_8B) -> str:
    return serving(model).replace("second: 10", f"second: {rate}").replace("work:\n", f"work:\n{more}")


def bounded(ms: float, text: str) -> str:
    return text.replace("work:\n", f"work:\n  latency_bound_ms: {ms}\n")


def test_the_batch_is_the_largest_that_memory_holds() -> None:
    # (16.06 GB + 131,072 B x 550 tokens x B) x 1.25 <= 80 GB: at most 665 requests at once, so 512 of the tried ones.
    # Measured at 511 (ML.ENERGY v3): 9,806 tokens a second, which are 24.5 requests of 400; below 80 % of that 100
    # requests a second need 5.1 chips.
    found = run(of(100), ONE_H100)

    assert found.accelerators == 6
    assert any(note.startswith("6 replicas of 1 x H100, batches of up to 512 (no peak stated") for note in found.notes)


def test_a_bound_on_the_answer_makes_batches_smaller() -> None:
    free, bound = run(of(100), ONE_H100), run(bounded(6000, of(100)), ONE_H100)

    assert free.answer_ms is not None
    assert bound.answer_ms is not None
    assert bound.answer_ms <= 6000 < free.answer_ms
    assert bound.accelerators > free.accelerators
    assert bound.energy_kwh.value > free.energy_kwh.value


def test_more_chips_a_replica_answer_faster_where_one_is_too_slow() -> None:
    one = run(bounded(2900, of(10)), ONE_H100)
    assert one.answer_ms is not None
    assert one.answer_ms <= 2900
    assert unfit(bounded(2000, of(10)), ONE_H100).endswith("ms on 1 x H100, the bound is 2,000 ms")
    on_more = run(bounded(2000, of(10)), P5)
    assert on_more.answer_ms is not None
    assert on_more.answer_ms <= 2000


def test_a_stated_batch_is_kept() -> None:
    text = of(100, model=LLAMA_8B.replace("output_tokens: 400", "output_tokens: 400, batch: 16"))

    assert any("batches of up to 16" in note for note in run(text, ONE_H100).notes)
    assert run(text, ONE_H100).accelerators > 6


def test_replicas_are_for_the_busiest_hour_and_wait_in_the_others() -> None:
    flat, peaked = run(of(30), ONE_H100), run(of(30, "  peak_factor: 4\n"), ONE_H100)
    profile = "  hourly_profile: [" + ", ".join(["0"] * 18 + ["1"] * 6) + "]\n"

    assert peaked.accelerators > 2 * flat.accelerators
    assert peaked.energy_kwh.value > 1.2 * flat.energy_kwh.value  # smaller batches, and waiting
    assert run(of(30, profile), ONE_H100).accelerators == peaked.accelerators


def test_a_day_has_the_mean_rate_whatever_its_profile() -> None:
    assert rates(workload(of(30)).work) == (30,)
    assert rates(workload(of(30, "  peak_factor: 4\n")).work) == pytest.approx([120, *[30 * 20 / 23] * 23])
    profile = "  hourly_profile: [" + ", ".join(map(str, range(24))) + "]\n"
    assert sum(rates(workload(of(30, profile)).work)) / 24 == pytest.approx(30)


def test_an_endpoint_without_requests_draws_idle_power_and_its_host() -> None:
    # One H100 that waits: 108 W, and an eighth of 1.2 kW.
    found = run(of(1e-9), ONE_H100)

    assert found.power_kw.value == pytest.approx(0.258, rel=1e-3)


def test_one_workload_gives_no_other_hardware_for_a_guessed_batch() -> None:
    # With a guessed batch of 16, 32 or 256, one workload used to get 8 H200, 6 H100 or 16 H200.
    def power(sold: Offer, batch: str) -> float:
        text = of(200, model=LLAMA_8B.replace("output_tokens: 400", f"output_tokens: 400{batch}"))
        found = runs_on(workload(text), sold, find_accelerator(sold.accelerator), None)
        assert isinstance(found, tuple)
        return found[0].power_kw.value

    free = {name: power(sold, "") for name, sold in SINGLES.items()}
    for batch in (16, 32):
        guessed = {name: power(sold, f", batch: {batch}") for name, sold in SINGLES.items()}
        assert all(free[name] <= guessed[name] * (1 + 1e-9) for name in free)


def test_the_band_is_that_of_the_fit_and_wider_for_a_chip_that_was_not_measured() -> None:
    measured, other = run(of(1000), ONE_H100), run(of(1000), SINGLES["L4"])

    assert 2 < measured.power_kw.high / measured.power_kw.low < 3
    assert other.power_kw.high / other.power_kw.low > measured.power_kw.high / measured.power_kw.low
    assert any("L4 was not measured" in note for note in other.notes)


def test_own_numbers_are_told_where_they_are_estimated() -> None:
    own = run(of(10, model="served_model: {parameters: 8.0e+9, input_tokens: 150, output_tokens: 400}"), ONE_H100)

    assert any("KV cache, layers and width estimated" in note for note in own.notes)


def test_hardware_that_answers_too_late_is_left_out_with_the_time_it_takes() -> None:
    assert unfit(bounded(100, of(10)), P5).startswith("an answer takes ")
    assert unfit(bounded(100, of(10)), P5).endswith(" ms on 8 x H100, the bound is 100 ms")


def test_memory_is_the_reason_where_the_model_does_not_fit() -> None:
    small = offer(EAST, accelerator="L4", instance_type="g6.xlarge", accelerators=1)

    assert unfit(bounded(1, serving(MODEL % "20.0e+9")), small) == "needs 50 GB, 1 x L4 have 24 GB"


def test_a_measured_answer_is_held_against_the_bound() -> None:
    measured = SERVING.replace("joules: 100", "joules: 100, answer_ms: 800")

    assert run(bounded(800, measured), P5).answer_ms == 800
    assert run(measured, P5).answer_ms == 800
    assert run(SERVING, P5).answer_ms is None
    assert unfit(bounded(799, measured), P5) == "an answer takes 800 ms as measured, the bound is 799 ms"
