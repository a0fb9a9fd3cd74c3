"""Sections of reports as Markdown: every text in them is made safe here, whatever a section's file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.reporting.comment.markdown import Markdown, code, prose
from greenai_infra.reporting.section import Name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.reporting.section import Section, Table

MOST_ROWS = 30
MOST_LETTERS = 160


def markdown_of(sections: Iterable[Section], most_rows: int = MOST_ROWS) -> Markdown:
    """One below the other; of each list at most so many rows, and a line that counts the rest. Without any, nothing."""
    return Markdown("\n\n".join("\n".join(_lines(section, most_rows)) for section in sections if most_rows))


def _lines(section: Section, most_rows: int) -> list[str]:
    title = _safe(section.title)
    lines = ["<details>", f"<summary>{title}</summary>", ""] if section.detail else [f"### {title}", ""]
    if section.figures:
        lines += ["| of | value |", "| --- | --- |"]
        lines += [_row(figure) for figure in section.figures[:most_rows]]
        lines += [*_more(len(section.figures) - most_rows), ""]
    if section.table:
        lines += [*_table(section.table, most_rows), ""]
    if section.notes:
        lines += [f"- {_safe(note)}" for note in section.notes[:most_rows]]
        lines += [*_more(len(section.notes) - most_rows), ""]
    return [*lines, "</details>"] if section.detail else lines[:-1]


def _table(table: Table, most_rows: int) -> list[str]:
    rule = ["---:" if column in table.right else "---" for column in range(len(table.headers))]
    rows = [_row(row) for row in table.rows[:most_rows]]
    return [_row(table.headers), f"| {' | '.join(rule)} |", *rows, *_more(len(table.rows) - most_rows)]


def _more(count: int) -> list[str]:
    return ["", f"{count} more."] if count > 0 else []


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _safe(text: str) -> Markdown:
    return code(text) if isinstance(text, Name) else prose(text, MOST_LETTERS)
