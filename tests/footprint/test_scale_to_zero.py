"""Scale to zero against figures by hand, a simulation of arrivals one by one, and a published break-even."""

from __future__ import annotations

import random

import pytest

from greenai_infra.footprint.scale_to_zero import break_even_per_hour, cycle, per_hour


def test_a_cycle_by_hand() -> None:
    # l = 6 an hour = 1/600 s, G = 300 + 300 s, C = 60 s: x = e^-1 = 0.367879, lC = 0.1, d = 1.0367879
    found = cycle(6, start_s=60, answer_s=300, keep_warm_s=300)
    assert found.starts_per_hour == pytest.approx(6 * 0.367879441 / 1.0367879441)
    assert found.up_share == pytest.approx(0.632120559 / 1.0367879441)
    assert found.off_share == pytest.approx(0.367879441 / 1.0367879441)
    assert found.starting_share == pytest.approx(0.0367879441 / 1.0367879441)
    assert found.waiting_share == pytest.approx(1.1 * 0.367879441 / 1.0367879441)
    assert found.mean_wait_s == pytest.approx(60 * 1.05 / 1.1)


@pytest.mark.parametrize(("rate", "keep_warm_s"), [(2.0, 0.0), (12.0, 120.0), (40.0, 30.0), (90.0, 20.0)])
def test_a_cycle_is_what_a_simulation_counts(rate: float, keep_warm_s: float) -> None:
    start_s, answer_s = 90.0, 12.0
    simulated = _simulate(rate, start_s, answer_s, keep_warm_s, requests=60_000)
    found = cycle(rate, start_s, answer_s, keep_warm_s)
    assert found.starts_per_hour == pytest.approx(simulated["starts_per_hour"], rel=0.02)
    assert found.up_share == pytest.approx(simulated["up_share"], rel=0.03)
    assert found.waiting_share == pytest.approx(simulated["waiting_share"], rel=0.02)
    assert found.mean_wait_s == pytest.approx(simulated["mean_wait_s"], rel=0.02)


def _simulate(rate: float, start_s: float, answer_s: float, keep_warm_s: float, requests: int) -> dict[str, float]:
    """A server that is started, waits and sleeps, one arrival after the other."""
    random.seed(7)
    now = ready = asleep_at = 0.0
    starts, up_s, waits = 0, 0.0, []
    for _ in range(requests):
        now += random.expovariate(rate / 3600)
        if now >= asleep_at:  # asleep: this one starts it
            up_s += asleep_at - ready
            ready, starts = now + start_s, starts + 1
        if now < ready:
            waits.append(ready - now)
        asleep_at = max(asleep_at if asleep_at > ready else 0.0, max(now, ready) + answer_s + keep_warm_s)
    return {
        "starts_per_hour": starts / (now / 3600),
        "up_share": up_s / now,
        "waiting_share": len(waits) / requests,
        "mean_wait_s": sum(waits) / len(waits),
    }


def test_the_shares_of_time_are_all_of_it_and_extremes_hold() -> None:
    for rate in (1e-6, 0.5, 30.0, 1e6):
        found = cycle(rate, 100, 5, 600)
        assert found.up_share + found.starting_share + found.off_share == pytest.approx(1)
    assert cycle(1e6, 100, 5, 600).starts_per_hour == pytest.approx(0)
    assert cycle(0, 100, 5, 600).off_share == 1


def test_the_break_even_rate_by_hand_and_by_solving() -> None:
    # 250 W up, off 0 W; a start of 72 s at 350 W is 7 Wh where staying up is 5 Wh: 250 W / 2 Wh = 125 an hour
    assert break_even_per_hour(on=250, off=0, start=7, start_s=72) == pytest.approx(125)
    for keep_warm_s in (0, 60, 240):  # the keep-warm time moves the sum, not the rate at which both are equal
        below, at, above = (per_hour(cycle(rate, 72, 3, keep_warm_s), 250, 0, 7) for rate in (60, 125, 180))
        assert below < 250
        assert at == pytest.approx(250)
        assert above > 250


def test_a_start_that_draws_no_more_than_waiting_pays_at_any_rate() -> None:
    assert break_even_per_hour(on=250, off=0, start=5, start_s=72) is None


def test_a_chip_that_stays_on_breaks_even_at_the_published_pause() -> None:
    # The Model Parking Tax (arXiv 2605.23918): on H100 unloading pays from pauses of 1 to 5 minutes on.
    # Up 258 W (108 W and the host), off 220 W (70 W and the host); a start of 74 s at 311 W.
    rate = break_even_per_hour(on=258, off=220, start=311 * 74.1 / 3600, start_s=74.1)
    assert rate is not None
    assert 60 <= 3600 / rate <= 300
