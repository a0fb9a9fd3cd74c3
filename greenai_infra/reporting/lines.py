"""Facts, lists and folded lines of a plan at 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 80


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    for name, value in facts:
        indent = " " * 12
        text = textwrap.fill(value, WIDTH, initial_indent=f"  {name:<10}", subsequent_indent=indent)
        print(text)


def print_list(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    print(f"\n{title}")
    print_lines(lines, bullet="- ")


def print_lines(lines: Iterable[str], bullet: str = "") -> None:
    for line in lines:
        print(textwrap.fill(line, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet)))
