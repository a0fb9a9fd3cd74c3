"""Tables: drawn by rich on a terminal, plain aligned columns when piped (and no rich import then)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def show_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = (), title: str = ""
) -> None:
    """Print a table to standard output; `right` holds the indices of right-aligned columns.

    Rich honours NO_COLOR and the terminal's width. Piped output has two spaces between columns and no styling.
    """
    if sys.stdout.isatty():
        _show_rich(headers, rows, right, title)
        return
    if title:
        print(title)
    for line in plain_lines(headers, rows, right):
        print(line)


def plain_lines(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int]) -> list[str]:
    """The table as text lines, header first, each column as wide as its widest cell."""
    table = [list(headers), *map(list, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headers))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _show_rich(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
