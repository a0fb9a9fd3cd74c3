"""How long servers take to start, between the sizes that were measured."""

from __future__ import annotations

import pytest

from greenai_infra.catalog.cold_starts import STORAGES, cold_start, no_model_w


def test_a_measured_size_is_taken_as_it_is() -> None:
    found = cold_start(141, "download")
    assert (found.seconds_low, found.seconds, found.seconds_high) == (295, 305.3, 1168)
    assert found.note == ""


def test_between_two_sizes_it_lies_on_the_line() -> None:
    # halfway between 93.4 GB (84.7 s) and 141 GB (87.2 s)
    assert cold_start(117.2, "local").seconds == pytest.approx(85.95)


def test_beyond_the_sizes_the_nearest_stands_in_and_says_so() -> None:
    assert cold_start(900, "download").seconds == 928.7
    assert "900 GB" in cold_start(900, "download").note


@pytest.mark.parametrize("storage", STORAGES)
def test_a_bigger_model_never_starts_sooner(storage: str) -> None:
    seconds = [cold_start(float(size), storage).seconds for size in range(1, 600, 7)]
    assert seconds == sorted(seconds)


def test_a_chip_without_a_model_draws_less_and_an_unlisted_one_nothing_known() -> None:
    assert no_model_w("H100") == 70
    assert no_model_w("Inferentia2") is None
