"""Structs whose fields have checks of their own, and secrets."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from greenai_infra.typed_yaml.types import alternatives, bare, fields_of, struct_of

if TYPE_CHECKING:
    from collections.abc import Callable


class WrongFields(ValueError):
    """What is wrong with the fields of a struct: (key, message) each."""

    def __init__(self, wrong: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {message}" for key, message in wrong))
        self.wrong = wrong


class Checked(Struct, frozen=True):
    """Base of structs that are checked whenever they are made.

    A field may have a function that raises ValueError, in words, for a value that won't do: `checked_by(function)`.
    `check` looks at all fields together, once each is right by itself.
    """

    def __post_init__(self) -> None:
        wrong = []
        for name, key, function in _checks(type(self)):
            value = getattr(self, name)
            try:
                if value is not None:
                    function(value)
            except ValueError as error:
                wrong.append((key, str(error)))
        if wrong:
            raise WrongFields(wrong)
        self.check()

    def check(self) -> None:
        """Raises ValueError for values that contradict each other."""


def checked_by(function: Callable[[Any], Any]) -> Meta:
    """The annotation of a type whose values a function may refuse by ValueError."""
    return Meta(extra={"check": function})


def written_as(function: Callable[[Any], Any]) -> Meta:
    """The annotation of a type whose values a function makes from what people write in their place."""
    return Meta(extra={"written": function})


class Secret:
    """A text that is never shown. Subclasses may refuse one."""

    __slots__ = ("_text",)
    examples: ClassVar[list[str]] = []

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def check(self) -> None:
        """Raises ValueError, without the text in it, for one that can't be used."""


def convert(values: Any, kind: Any) -> Any:
    """Values as msgspec takes them for a type: text may be a number. Raises msgspec.ValidationError."""
    return msgspec.convert(values, kind, strict=False, dec_hook=_secret)


def _secret(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError("Expected `str`")
    secret = kind(value)
    secret.check()
    return secret


def as_meant(value: Any, wanted: Any) -> Any:
    """A value with the forms that `written_as` knows in the form of their type."""
    for function in _marked(wanted, "written"):
        value = function(value)
    kind = struct_of(wanted)
    if kind is not None and isinstance(value, dict):
        types = {key: one.type for key, one in fields_of(kind).items()}
        return {key: as_meant(inner, types[key]) if key in types else inner for key, inner in value.items()}
    for one in map(bare, alternatives(wanted)):
        if get_origin(one) in (list, tuple) and isinstance(value, list):
            return [as_meant(inner, get_args(one)[0]) for inner in value]
        if get_origin(one) is dict and isinstance(value, dict):
            return {key: as_meant(inner, get_args(one)[1]) for key, inner in value.items()}
    return value


@cache
def _checks(kind: type[Struct]) -> list[tuple[str, str, Callable[[Any], None]]]:
    return [
        (one.name, key, function) for key, one in fields_of(kind).items() for function in _marked(one.type, "check")
    ]


def _marked(wanted: Any, mark: str) -> list[Callable[[Any], Any]]:
    return [
        meta.extra[mark]
        for one in alternatives(wanted)
        if get_origin(one) is Annotated
        for meta in get_args(one)[1:]
        if isinstance(meta, Meta) and meta.extra and mark in meta.extra
    ]
