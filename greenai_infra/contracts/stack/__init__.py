"""The sections of a stack's config: a module per program and cloud, each with a `SPEC` for the rest of the package."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct

from greenai_infra.discovery import modules_of


class StackSpec(Struct, frozen=True, kw_only=True):
    """A program of `stacks/` on one cloud, whose config is the section of the program's name.

    `config` is the section's type, and `example` a minimal section. `pinner` is the module that writes the section for
    `select`, "" if people write it. `needs_budget` is true if the gate requires a budget alarm.
    `roles` is the largest number of IAM roles that the program makes; `tests/doctor` counts them in the stacks.
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
    """The `SPEC` of every module in this folder that has it, by program and cloud."""
    found = (getattr(module, "SPEC", None) for module in modules_of(__name__))
    return tuple(sorted(filter(None, found), key=lambda spec: (spec.program, spec.cloud)))


def programs() -> list[str]:
    """Names of the toolkit's programs. A program and its section have the same name."""
    return sorted({spec.program for spec in stack_specs()})


def written_by_select() -> frozenset[str]:
    """The sections that `select` writes on some cloud."""
    return frozenset(spec.program for spec in stack_specs() if spec.pinner)


def needing_budget() -> frozenset[str]:
    """The programs that the gate asks for a budget alarm."""
    return frozenset(spec.program for spec in stack_specs() if spec.needs_budget)
