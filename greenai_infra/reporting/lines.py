"""Facts, lists and folded lines of a plan at 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 80


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    for name, value in facts:
        print(_folded(value, f"  {name:<10}", " " * 12))


def print_list(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    print(f"\n{title}")
    print_lines(lines, bullet="- ")


def print_lines(lines: Iterable[str], bullet: str = "") -> None:
    for line in lines:
        print(_folded(line, bullet, " " * len(bullet)))


def _folded(text: str, first: str, rest: str) -> str:
    """Names with hyphens in them, as of regions, are kept whole: they are copied."""
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
