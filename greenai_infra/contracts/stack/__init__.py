"""The sections of a stack's config, one module a program and cloud, each with a `SPEC` of what the rest must know."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct

from greenai_infra.discovery import modules_of


class StackSpec(Struct, frozen=True, kw_only=True):
    """A program of `stacks/` on one cloud, whose config is the section of the program's name.

    `config` is the section's type, and `example` the least that a stack's file holds of it. `pinner` is the module by
    which `select` writes the section, "" if people write it. `needs_budget` if the gate asks it for a budget alarm.
    `roles` is how many IAM roles it makes at most; `tests/doctor` counts them in what the stacks declare.
    """

    program: str
    cloud: str
    config: type[Any]
    example: str
    pinner: str = ""
    needs_budget: bool = False
    roles: int = 0


@cache
def stack_specs() -> tuple[StackSpec, ...]:
    """Of every module in here that has one, by program and cloud."""
    found = (getattr(module, "SPEC", None) for module in modules_of(__name__))
    return tuple(sorted(filter(None, found), key=lambda spec: (spec.program, spec.cloud)))


def programs() -> list[str]:
    """Names of the toolkit's own programs, which are those of their sections."""
    return sorted({spec.program for spec in stack_specs()})


def written_by_select() -> frozenset[str]:
    """The sections that `select` writes on some cloud."""
    return frozenset(spec.program for spec in stack_specs() if spec.pinner)


def needing_budget() -> frozenset[str]:
    """The programs that the gate asks for a budget alarm."""
    return frozenset(spec.program for spec in stack_specs() if spec.needs_budget)
