"""Stored values: what is written comes back, anything else is refused."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenai_infra.serving.events import ValueRefused
from greenai_infra.serving.values import ANSWER, HEADER_BYTES, STREAM, Codec, Unstorable, pack, pack_stream

DIGEST = bytes(range(32))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
)
ANSWERS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def tree(value: Any) -> Any:
    """The value with its types."""
    if isinstance(value, dict):
        return {key: tree(item) for key, item in value.items()}
    return [tree(item) for item in value] if isinstance(value, list) else (type(value), repr(value))


@given(ANSWERS)
def test_answers_come_back_with_their_types(answer: Any) -> None:
    kind, back = Codec().decode(DIGEST, Codec().encode(DIGEST, pack(answer), ANSWER, 0), 0)
    assert (kind, tree(back)) == (ANSWER, tree(answer))


@given(st.lists(ANSWERS, max_size=5))
def test_chunks_come_back_in_order(chunks: list[Any]) -> None:
    value = Codec().encode(DIGEST, pack_stream([pack(chunk) for chunk in chunks]), STREAM, 0)
    kind, back = Codec().decode(DIGEST, value, 0)
    assert (kind, tree(back)) == (STREAM, tree(chunks))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(junk: bytes) -> None:
    with pytest.raises(ValueRefused):
        Codec(b"secret").decode(DIGEST, junk, 0)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_refused(place: int, change: int) -> None:
    value = bytearray(Codec().encode(DIGEST, pack({"a": "b" * 20}), ANSWER, 1_000))
    value[place % len(value)] ^= change
    with pytest.raises(ValueRefused):
        Codec().decode(DIGEST, bytes(value), 0)


@pytest.mark.parametrize("value", [None, 3, "text", [b"x"], bytearray(100)])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(ValueRefused):
        Codec().decode(DIGEST, value, 0)


def test_a_value_is_bound_to_its_request() -> None:
    value = Codec().encode(DIGEST, pack("a"), ANSWER, 0)
    with pytest.raises(ValueRefused, match="another key"):
        Codec().decode(DIGEST[::-1], value, 0)


def test_an_expired_value_is_refused() -> None:
    value = Codec().encode(DIGEST, pack("a"), ANSWER, 50_000)
    assert Codec().decode(DIGEST, value, 50_000) == (ANSWER, "a")
    assert Codec().decode(DIGEST, value, 0) == (ANSWER, "a")  # the time is not known
    with pytest.raises(ValueRefused, match="expired"):
        Codec().decode(DIGEST, value, 51_001)


def well_formed(payload: bytes, kind: int = ANSWER) -> bytes:
    """A value with a right tag, as somebody without scruples could write where there is no signing key."""
    head = bytes([1, kind]) + bytes(8)
    tag = blake2b(head + DIGEST, digest_size=16)
    tag.update(payload)
    return head + tag.digest() + payload


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"\x91" * 100_000 + b"\xc0", ANSWER),  # lists in lists
        (b"\xdd\xff\xff\xff\xff", ANSWER),  # a list said to have four billion items
        (b"\xc1", ANSWER),  # a byte that MessagePack never uses
        (b"\x91", ANSWER),
        (b"\xa2\xff\xfe", ANSWER),  # no UTF-8
        (b"\xc0\xc0", ANSWER),
        (pickle.dumps([1]), ANSWER),
        (b"\xc0", STREAM),
    ],
    ids=repr,
)  # fmt: skip
def test_payloads_that_are_none_are_refused(payload: bytes, kind: int) -> None:
    with pytest.raises(ValueRefused):
        Codec().decode(DIGEST, well_formed(payload, kind), 0)
    assert Codec().decode(DIGEST, well_formed(b"\xc0"), 0) == (ANSWER, None)


class Text(str):
    pass


@pytest.mark.parametrize(
    "answer",
    [(1, 2), {1: 2}, {"a": {3}}, object(), Text("a"), OrderedDict(a=1), "\ud800", 2**64, -(2**63) - 1, [bytearray(2)]],
    ids=lambda answer: type(answer).__name__,
)
def test_what_would_change_is_not_stored(answer: Any) -> None:
    with pytest.raises(Unstorable):
        pack(answer)


def test_a_nesting_without_end_is_not_stored() -> None:
    nested: list[Any] = []
    nested.append(nested)
    with pytest.raises(Unstorable):
        pack(nested)


def test_the_header_is_small() -> None:
    assert len(Codec().encode(DIGEST, b"x", ANSWER, 0)) == HEADER_BYTES + 1 == 27
