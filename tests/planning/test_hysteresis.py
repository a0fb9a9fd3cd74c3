"""The choice moves for a gain that is worth the move, and for nothing less."""

from __future__ import annotations

import pytest

from greenai_infra.planning.hysteresis import choose


def test_the_first_choice_is_the_best_region() -> None:
    choice = choose([("a", 2.0), ("b", 3.0)], None)

    assert (choice.region, choice.switched) == ("a", False)
    assert choice.reason == "a has the least emissions in this plan (2 kg CO2e)"


@pytest.mark.parametrize(
    ("current_kg", "best_kg", "region"),
    [
        (100.0, 91.0, "current"),  # 9 %
        (100.0, 90.0, "current"),  # 10 %: at the threshold, not above it
        (100.0, 89.9, "best"),  # 10.1 %
        (1.1, 0.99, "current"),  # 10 % in decimal figures, a hair more in binary ones
        (30.0, 27.0, "current"),
        (0.7, 0.63, "current"),
        (0.7, 0.6299, "best"),
    ],
)
def test_it_moves_only_for_a_gain_above_ten_percent(current_kg: float, best_kg: float, region: str) -> None:
    choice = choose([("best", best_kg), ("current", current_kg)], "current")

    assert choice.region == region
    assert choice.switched is (region == "best")


def test_the_gain_is_a_share_of_what_the_current_region_emits() -> None:
    # From 8 to 6 kg saves 25 %; seen from the best region it would be 33 %.
    ranked = [("best", 6.0), ("current", 8.0)]

    assert choose(ranked, "current", 25.0).region == "current"
    assert choose(ranked, "current", 24.9).region == "best"


def test_the_reason_has_the_figures_of_both_regions_and_the_threshold() -> None:
    ranked = [("best", 6.0), ("current", 8.0)]

    stays = choose(ranked, "current", 30.0).reason
    moves = choose(ranked, "current", 20.0).reason

    assert stays == (
        "stays in current: best would save 25 % (6 kg CO2e in best, 8 in current), not more than 30 %; "
        "to move it anyway, use --force"
    )
    assert moves == "moved from current to best: saves 25 % (6 kg CO2e in best, 8 in current)"


def test_equal_regions_whose_order_flips_never_make_it_jump() -> None:
    region = choose([("a", 5.0), ("b", 5.0)], None).region
    seen = []

    for replan in range(6):
        ranked = [("a", 5.0), ("b", 5.0)] if replan % 2 else [("b", 5.0), ("a", 5.0)]
        choice = choose(ranked, region, 0.0)
        region = choice.region
        seen.append((region, choice.switched))

    assert seen == [("a", False)] * 6


def test_forecasts_that_waver_by_less_than_the_threshold_never_make_it_jump() -> None:
    region = "a"

    for a_kg, b_kg in [(5.0, 4.8), (5.0, 5.3), (5.2, 4.7), (4.9, 4.9), (5.0, 4.6)]:
        region = choose(sorted([("a", a_kg), ("b", b_kg)], key=lambda one: one[1]), region).region

    assert region == "a"


def test_with_a_threshold_of_zero_any_gain_moves_it() -> None:
    assert choose([("best", 4.99), ("current", 5.0)], "current", 0.0).region == "best"


def test_force_takes_the_best_region_for_any_gain() -> None:
    choice = choose([("best", 4.99), ("current", 5.0)], "current", force=True)

    assert (choice.region, choice.switched) == ("best", True)
    assert "as forced" in choice.reason


def test_force_where_the_current_region_is_the_best_moves_nothing() -> None:
    assert choose([("a", 4.0), ("b", 5.0)], "a", force=True).switched is False


def test_a_region_that_left_the_ranking_is_left_for_the_best() -> None:
    choice = choose([("a", 9.0), ("b", 9.5)], "gone")

    assert (choice.region, choice.switched) == ("a", True)
    assert choice.reason == "moved from gone to a: gone is no longer in the ranking"
