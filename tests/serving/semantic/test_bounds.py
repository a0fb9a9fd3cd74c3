"""Upper bounds of a share, against scipy and against simulation."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from greenai_infra.serving.semantic.bounds import at_any_time, clopper_pearson


@pytest.mark.parametrize(("false", "asked"), [(0, 299), (0, 300), (1, 300), (2, 600), (17, 90), (0, 1)])
def test_clopper_pearson_is_that_of_scipy(false: int, asked: int) -> None:
    assert clopper_pearson(false, asked) == pytest.approx(stats.beta.ppf(0.95, false + 1, asked - false), abs=1e-9)


def test_nothing_asked_bounds_nothing() -> None:
    assert clopper_pearson(0, 0) == at_any_time(0, 0) == 1.0


def test_a_bound_at_one_look_is_below_that_at_all_looks() -> None:
    for false, asked in [(0, 300), (1, 500), (5, 2000)]:
        assert false / asked < clopper_pearson(false, asked) < at_any_time(false, asked)


def test_the_bound_at_any_time_fails_in_at_most_a_twentieth_of_all_streams() -> None:
    chance, share, broken = random.Random(7), 0.02, 0
    for _ in range(200):
        false = 0
        for asked in range(1, 1001):
            false += chance.random() < share
            if asked % 25 == 0 and at_any_time(false, asked) < share:
                broken += 1
                break
    assert broken <= 18  # 10 expected at most; P(more than 18) < 1 % at exactly a twentieth
