"""Keys: equal for the same request, different for any two that a model could tell apart."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenai_infra.errors import InputError
from greenai_infra.serving.keys import Keys, normalise, prefix

KEYS = Keys("t", "m", "1")
SURROGATES = st.text(st.characters(), max_size=8)  # with lone surrogates
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | SURROGATES | st.binary(max_size=8)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SURROGATES, inner, max_size=3), max_leaves=6
)
PARAMETERS = st.dictionaries(st.sampled_from(["temperature", "top_p", "stop", "seed"]), VALUES, max_size=3)


def name(prompt: Any, parameters: dict[str, Any] | None = None, keys: Keys = KEYS) -> bytes:
    return keys.key(prompt, parameters or {}).name


def typed(value: Any, normalised: bool = False) -> Any:
    """What a request is, by Python's own notions: nested tuples that are equal only where types and values are."""
    if isinstance(value, dict):
        return "map", tuple(sorted((key, typed(item, normalised)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return "list", tuple(typed(item, normalised) for item in value)
    if isinstance(value, str) and normalised:
        value = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    return type(value).__name__, repr(value)  # repr: 0.0 and -0.0 differ


@given(VALUES, PARAMETERS, VALUES, PARAMETERS)
def test_keys_are_equal_only_for_equal_requests(a: Any, of_a: Any, b: Any, of_b: Any) -> None:
    same = (typed(a, True), typed(of_a)) == (typed(b, True), typed(of_b))
    assert (name(a, of_a) == name(b, of_b)) == same


@given(VALUES, PARAMETERS)
def test_the_order_of_parameters_does_not_matter(prompt: Any, parameters: dict[str, Any]) -> None:
    backwards = dict(reversed(parameters.items()))
    assert name(prompt, parameters) == name(prompt, backwards)


@given(st.lists(st.dictionaries(st.sampled_from(["role", "content", "name"]), SURROGATES), max_size=4))
def test_the_order_of_keys_in_messages_does_not_matter(messages: list[dict[str, str]]) -> None:
    assert name(messages) == name([dict(reversed(message.items())) for message in messages])


DIFFERENT = [
    "one", "One", "one ", " one", "one\n", "o\u200bne", 1, 1.0, True, "1", "True", None, "", "None", b"1", b"", [], {},
    [[]], [None], ["one"], [["one"]], ["on", "e"], ["o", "ne"], {"one": None}, {"one": "one"}, 0.0, -0.0, False, 0,
    [{"role": "user", "content": "a"}], [{"role": "system", "content": "a"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    [{"role": "assistant", "content": "b"}, {"role": "user", "content": "a"}],
    "\ud800", "\ud801", 2**64, 2**64 + 1, str(2**64), -(2**63) - 1, {"\ud800": 1}, {"\ud801": 1},
]  # fmt: skip


def test_what_looks_alike_is_kept_apart() -> None:
    as_prompt = [name(value) for value in DIFFERENT]
    as_parameter = [name("q", {"p": value}) for value in DIFFERENT]
    without = [name("q"), name("q", {"p": None}), name("q", {"q": None}), name("q", {"P": None})]
    found = as_prompt + as_parameter + without
    assert len(set(found)) == len(found) - 1  # p=None is among the parameters, too


def test_what_is_normalised() -> None:
    assert name("caf\u00e9") == name("cafe\u0301")  # composed and decomposed
    assert name("a\r\nb\rc") == name("a\nb\nc")
    assert name([{"content": "a\r\n"}]) == name([{"content": "a\n"}])
    assert name("q", {"stop": "\r\n"}) != name("q", {"stop": "\n"})  # a parameter is taken as it is
    assert name("\ufb01") != name("fi")  # a ligature is no canonical equivalent
    assert normalise("A  b\t ") == "A  b\t "


def test_normalising_can_be_left_out() -> None:
    exact = Keys("t", "m", "1", normalise=str)
    assert name("a\r\n", keys=exact) != name("a\n", keys=exact)
    assert name("a", keys=exact) == name("a")


def test_lists_and_tuples_are_one() -> None:
    assert name(("a", "b"), {"stop": ("x",)}) == name(["a", "b"], {"stop": ["x"]})


def test_scopes_have_keys_of_their_own() -> None:
    scopes = [
        (tenant, model, version)
        for tenant in (None, "", "a", "a:b", "None")
        for model in ("m", "m:1", "m\x00")
        for version in ("1", "1:", ":1", "11")
    ]
    assert len({name("q", keys=Keys(*scope)) for scope in scopes}) == len(scopes)


def test_a_prompt_can_t_pose_as_another_request() -> None:
    """What another request is encoded from, given as a prompt or parameter, is a text like any other."""
    victim = Keys("victim", "m", "1").key("secret", {"temperature": 0.0})
    for forged in (victim.name, victim.name.decode(), victim.digest, victim.digest.hex()):
        assert name(forged, keys=Keys("thief", "m", "1")) != victim.name
        assert Keys("thief", "m", "1").key("secret", {"temperature": 0.0, "tenant": "victim"}).digest != victim.digest


def test_names_begin_with_their_prefixes() -> None:
    found = name("q").decode()
    assert found.startswith(prefix("t", "m", "1"))
    assert found.startswith(prefix("t", "m"))
    assert found.startswith(prefix("t"))
    assert not found.startswith(prefix("t2"))
    assert not set(found) & set("*?[]^{}\\")  # neither a pattern of SCAN nor a hash tag of a cluster


def test_ignored_parameters_are_not_in_the_key() -> None:
    keys = Keys("t", "m", "1", ignore=["user", "timeout"])
    assert name("q", {"user": object(), "timeout": float("nan"), "seed": 1}, keys) == name("q", {"seed": 1})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "parameter p is nan"),
        ([float("inf")], "parameter p is inf"),
        (lambda: None, "parameter p is a builtins.function"),
        ({"a": [1j]}, r"parameter p\['a'\] is a builtins.complex"),
        ({1: "a"}, "parameter p has the key 1"),
        ({"a", "b"}, "parameter p is a builtins.set"),
    ],
)
def test_what_can_t_be_in_a_key_is_named(value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        name("q", {"p": value})
    with pytest.raises(InputError, match=words.replace("parameter p", "the prompt")):
        name(value)


def test_what_is_nested_too_deeply_or_holds_itself_is_named() -> None:
    deep: Any = "q"
    for _ in range(5000):
        deep = [deep]
    ring: list[Any] = []
    ring.append(ring)
    for value in (deep, ring):
        with pytest.raises(InputError, match="nested too deeply"):
            name(value)
        with pytest.raises(InputError, match="nested too deeply"):
            name("q", {"p": value})
