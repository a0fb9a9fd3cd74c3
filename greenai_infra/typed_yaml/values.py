"""Reads plain values, as JSON and a stack's config give them, into structs: every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from greenai_infra.typed_yaml.checked import as_meant, convert
from greenai_infra.typed_yaml.problems import problems

if TYPE_CHECKING:
    from greenai_infra.typed_yaml.types import Problem

T = TypeVar("T")


class Unreadable(ValueError):
    """Values that are not what was wanted: every problem, by its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, at))}: {message}" for at, message in problems))
        self.problems = problems


def read_values(values: Any, kind: type[T]) -> T:
    """Plain values as a struct. Raises Unreadable."""
    try:
        read: T = convert(values, kind)
    except msgspec.ValidationError:
        pass
    else:
        return read
    plain = as_meant(values, kind)
    try:
        read = convert(plain, kind)
    except msgspec.ValidationError:
        raise Unreadable(problems(plain, kind)) from None
    return read
