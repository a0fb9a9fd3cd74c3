"""A section of a report, described once: a terminal and a comment show the same figures, table and notes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from greenai_infra.reporting.lines import WIDTH
from greenai_infra.reporting.tables import plain_lines

if TYPE_CHECKING:
    from collections.abc import Callable


class Name(str):
    """A name that people copy, such as a region's: code where there is such a thing."""

    __slots__ = ()


class Table(Struct, frozen=True, kw_only=True):
    """Rows as wide as `headers`; `right` are the columns of figures."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()


class Section(Struct, frozen=True, kw_only=True):
    """`figures` are (what, value), then comes the table, then the notes. A `detail` may be folded away."""

    title: str
    figures: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()
    detail: bool = False


class SectionSpec(Struct, frozen=True, kw_only=True):
    """The `SPEC` of a section's file: of which report it is, where in it, and what it shows of the report's facts.

    The facts of `run` are a `monitoring.run_report.RunReport`, for the terminal and the comment on a run; those of
    `preview` are a `contracts.preview.Preview`, for the comment on a change.
    `describe` gives None where there is nothing to say.
    """

    report: Literal["run", "preview"]
    order: int
    describe: Callable[[Any], Section | None]


def terminal_lines(section: Section) -> list[str]:
    """The section at 80 columns, with an empty line before it."""
    lines = ["", section.title]
    width = max((len(what) for what, _ in section.figures), default=0)
    for what, value in section.figures:
        lines += _folded(value, f"  {what:<{width}}  ")
    if section.table:
        table = plain_lines(section.table.headers, section.table.rows, section.table.right, WIDTH - 2)
        lines += [f"  {line}" for line in table]
    for note in section.notes:
        lines += _folded(note, "  - ")
    return lines


def _folded(text: str, first: str) -> list[str]:
    rest = " " * len(first)
    wrapped = textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return wrapped or [first.rstrip()]
