"""Plain tables: aligned, and folded where they would be wider than the page."""

from __future__ import annotations

import pytest

from greenai_infra.numbers import duration, significant
from greenai_infra.reporting.tables import plain_lines


def test_text_is_left_and_numbers_are_right() -> None:
    assert plain_lines(["region", "kg"], [["a", "1.5"], ["bcd", "10"]], {1}, 80) == [
        "region   kg",
        "a       1.5",
        "bcd      10",
    ]


def test_the_widest_column_of_text_is_folded_at_a_hyphen() -> None:
    assert plain_lines(["region", "kg"], [["northamerica-northeast1", "5"]], {1}, 20) == [
        "region            kg",
        "northamerica-      5",
        "  northeast1",
    ]


def test_a_table_of_numbers_alone_is_not_folded() -> None:
    assert plain_lines(["kg"], [["123456"]], {0}, 3) == ["    kg", "123456"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00123456, "0.00123"),
        (1.0, "1.00"),
        (9.999, "10.0"),
        (1234.5, "1,230"),
        (-45.678, "-45.7"),
        (1e9, "1,000,000,000"),
        (0.00000123, "0.00000123"),
        (9.99e-7, "9.99e-07"),
        (1e308, "1.00e+308"),
        (-1e308, "-1.00e+308"),
        (2 * 1e308, "\N{INFINITY}"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0.01, "36 s"),
        (0.0439, "3 min"),
        (0.25, "15 min"),
        (1, "1.0 h"),
        (71.94, "71.9 h"),
        (72, "3.0 days"),
        (8766, "365.2 days"),
    ],
)
def test_durations(hours: float, text: str) -> None:
    assert duration(hours) == text
