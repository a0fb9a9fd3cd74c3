"""What a cache of answers saves in a day, by hand."""

from __future__ import annotations

import pytest

from greenai_infra.footprint.caching import CacheSaving


def test_hits_save_and_everything_else_costs() -> None:
    # 10,000 x 0.25 x 100 J = 250,000; 10,000 x (0.5 + 1.5) = 20,000; 2 W x 86,400 s = 172,800
    day = CacheSaving(10_000, 0.25, request_j=100, lookup_j=0.5, embedding_j=1.5, standing_w=2)

    assert (day.saved_j, day.lookups_j, day.standing_j) == (250_000, 20_000, 172_800)
    assert day.net_j == 57_200
    assert day.breakeven_hit_rate == pytest.approx(0.1928)  # (20,000 + 172,800) / 1,000,000


def test_it_breaks_even_at_the_break_even() -> None:
    assert CacheSaving(10_000, 0.1928, 100, 0.5, 1.5, 2).net_j == pytest.approx(0, abs=1e-6)


def test_few_requests_do_not_carry_a_node() -> None:
    # All of 1,000 requests are 100,000 J; the node alone draws 172,800 J.
    day = CacheSaving(1_000, 1.0, request_j=100, lookup_j=0.0, standing_w=2)

    assert day.net_j == -72_800
    assert day.breakeven_hit_rate is None


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["daily_requests", "hit_rate", "request_j", "lookup_j", "embedding_j", "standing_w"])
def test_figures_that_can_t_be(key: str, wrong: float) -> None:
    stated = {"daily_requests": 1.0, "hit_rate": 0.5, "request_j": 1.0, "lookup_j": 0.1}
    with pytest.raises(ValueError, match=key):
        CacheSaving(**{**stated, key: wrong})
