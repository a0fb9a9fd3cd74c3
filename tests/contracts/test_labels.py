"""Facts as Google Cloud labels: what a label can hold, and what can be read back from it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from greenai_infra.contracts.labels import label_key, label_value, number_of_label, time_of_label


@pytest.mark.parametrize(("figure", "label"), [("20.4", "20_4"), ("0", "0"), ("131.25", "131_25"), ("-3.5", "-3_5")])
def test_a_figure_is_readable_and_comes_back(figure: str, label: str) -> None:
    assert label_value(figure) == label
    assert number_of_label(label) == float(figure)


def test_a_time_is_readable_and_comes_back() -> None:
    assert label_value("2025-01-01T13:05:09Z") == "2025-01-01t13-05-09z"
    assert time_of_label("2025-01-01t13-05-09z") == datetime(2025, 1, 1, 13, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Electricity Maps yearly 2025 (ODbL)", "electricity-maps-yearly-2025-odbl"),
        ("SE-SE3", "se-se3"),
        ("Électricité, 20 %", "electricite-20"),
        ("greenai-infra", "greenai-infra"),
        ("a" * 62 + "-b", "a" * 62),
        ("", ""),
    ],
)
def test_other_text_is_made_readable(text: str, label: str) -> None:
    assert label_value(text) == label
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", label_value(text))


@pytest.mark.parametrize("value", ["20.4", "se-se3", "", "1_2_3", "2_"])
def test_what_is_no_figure_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no figure"):
        number_of_label(value)


@pytest.mark.parametrize("value", ["2025-01-01", "2025-13-01t00-00-00z", "20_4"])
def test_what_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        time_of_label(value)


def test_a_key_begins_with_a_letter() -> None:
    assert label_key("carbon-intensity-g-per-kwh") == "carbon-intensity-g-per-kwh"
    with pytest.raises(ValueError, match="must begin with a letter"):
        label_key("2025")
