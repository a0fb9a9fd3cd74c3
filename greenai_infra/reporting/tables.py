"""Tables: drawn by rich on a terminal, plain aligned columns when piped (and no rich import then)."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from greenai_infra.terminal import in_colour, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GAP = 2  # blanks between columns
LEAST_WIDTH = 8  # of a column that is folded


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
    for line in plain_lines(headers, rows, right, shutil.get_terminal_size().columns):
        print(line)


def plain_lines(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int], width: int) -> list[str]:
    """The table as text lines, header first, each column as wide as its widest cell.

    Where that is wider than `width`, left-aligned columns are folded, the widest first, at hyphens and blanks if there
    are some.
    """
    table = [list(headers), *map(list, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headers))]
    foldable = sorted(set(range(len(widths))) - set(right), key=lambda column: -widths[column])
    for column in foldable:
        surplus = sum(widths) + GAP * (len(widths) - 1) - width
        if surplus > 0 and widths[column] > LEAST_WIDTH:
            widths[column] = max(LEAST_WIDTH, widths[column] - surplus)
            table = [line for row in table for line in _folded(row, column, widths[column])]
    return [
        (" " * GAP)
        .join(
            cell.rjust(cell_width) if column in right else cell.ljust(cell_width)
            for column, (cell, cell_width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in table
    ]


def _folded(row: list[str], column: int, width: int) -> list[list[str]]:
    """A row as one or more lines that hold one of its cells within a width."""
    pieces = textwrap.wrap(row[column], width, subsequent_indent="  ") or [""]
    first = [*row[:column], pieces[0], *row[column + 1 :]]
    blank = [""] * len(row)
    return [first, *([*blank[:column], piece, *blank[column + 1 :]] for piece in pieces[1:])]


def _show_rich(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=plain(title) or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0)
    )
    for column, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(file=in_colour(sys.stdout)).print(table)
