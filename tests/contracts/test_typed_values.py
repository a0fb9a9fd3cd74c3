"""Reading plain values into structs: what is refused, and how every problem is told."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

import pytest
from msgspec import Meta, field

from greenai_infra.contracts.times import Time
from greenai_infra.typed_yaml.checked import Checked, Secret, checked_by
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.section import Positive
from greenai_infra.typed_yaml.values import Unreadable, read_values


class Token(Secret):
    """A token of four digits."""

    examples: ClassVar[list[str]] = ["0000"]

    def check(self) -> None:
        if not self.reveal().isdigit():
            raise ValueError("four digits are expected")


def even(number: int) -> None:
    if number % 2:
        raise ValueError(f"{number} is odd")


class Inner(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section in a section."""

    name: Annotated[str, Meta(pattern=r"^[a-z]+\Z", examples=["abc"])]
    tokens: list[Token] = field(default_factory=list)
    at: Time | None = None


class Outer(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section."""

    count: Annotated[int, Meta(ge=2), checked_by(even)]
    share: Positive = 1.0
    kind: Literal["a", "b"] = "a"
    inner: list[Inner] = field(default_factory=list)
    flag: bool = False

    def check(self) -> None:
        if self.flag and self.kind == "b":
            raise ValueError("flag and kind: b contradict each other")


def told(values: Any) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        read_values(values, Outer)
    return described(caught.value.problems, "file", values, Outer).splitlines()


def test_sound_values_are_read_with_numbers_as_text_and_times_as_the_engine_prints_them() -> None:
    read = read_values(
        {
            "count": "4",
            "share": "0.5",
            "inner": [{"name": "x", "tokens": ["1234"], "at": "2026-12-01 22:00:00 +0000 UTC"}],
        },
        Outer,
    )
    assert (read.count, read.share, read.inner[0].tokens[0].reveal()) == (4, 0.5, "1234")
    assert read.inner[0].at == datetime(2026, 12, 1, 22, tzinfo=UTC)
    assert "1234" not in repr(read)


def test_every_problem_is_told_at_once() -> None:
    wrong = {"share": 0, "kinds": "a", "kind": "c", "inner": [{"name": "x\n"}, {"nam": "y"}, 7]}
    assert told(wrong) == [
        "file: count: is missing; expected a whole number, for example 2",
        "file: share: must be more than 0 (is 0); expected a number, for example 1.0",
        "file: kind: must be a or b (is 'c'); expected a string, for example \"a\"",
        "file: inner.0.name: must match the pattern '^[a-z]+$' (is 'x\\n'); expected a string, for example \"abc\"",
        'file: inner.1.name: is missing; expected a string, for example "abc"',
        "file: inner.1.nam: unknown key; did you mean 'name'?",
        "file: inner.2: must be a section with keys and values; expected a section with name",
        "file: kinds: unknown key; did you mean 'kind'?",
    ]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, "nan", "inf"])
def test_what_is_no_finite_number_is_refused(number: Any) -> None:
    (line,) = told({"count": 2, "share": number})
    assert line.startswith("file: share: must be a finite number (is ")


@pytest.mark.parametrize("key", ["count", "share"])
def test_a_flag_is_no_number(key: str) -> None:
    (line,) = told({"count": 2, key: True})
    assert line.startswith(f"file: {key}: true and false are no value here (is true); expected a ")


def test_a_field_and_then_the_whole_are_checked() -> None:
    assert told({"count": 3}) == ["file: count: 3 is odd (is 3); expected a whole number, for example 2"]
    assert told({"count": 2, "flag": True, "kind": "b"}) == ["file: flag and kind: b contradict each other"]


@pytest.mark.parametrize("tokens", [["hush"], "hush", [7], {"hush": 1}])
def test_a_secret_is_never_shown(tokens: Any) -> None:
    lines = told({"count": 2, "inner": [{"name": "x", "tokens": tokens}]})
    assert lines
    assert not any("hush" in line for line in lines)
    assert "inner.0.tokens" in lines[0]
