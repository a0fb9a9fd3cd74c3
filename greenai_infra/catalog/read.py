"""Reading CSV tables: every failure names file, line and column."""

from __future__ import annotations

import csv
import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_INFINITE = float("inf")
DATA = Path(__file__).resolve().parent.parent / "data"


class Row:
    """A line of a table; reads its cells as text, numbers, dates and yes/no."""

    __slots__ = ("_cells", "_columns", "line", "path")

    def __init__(self, path: str, line: int, columns: dict[str, int], cells: Sequence[str]) -> None:
        self.path = path
        self.line = line
        self._columns = columns
        self._cells = cells

    def has(self, column: str) -> bool:
        """Whether the table has such a column."""
        return column in self._columns

    @property
    def columns(self) -> Collection[str]:
        """The columns of the table."""
        return self._columns.keys()

    def text(self, column: str) -> str:
        """The cell without surrounding blanks; may be empty."""
        return self._cells[self._columns[column]].strip()

    def number(self, column: str) -> float:
        """A finite number that is zero or more; negative numbers are read by `signed`."""
        value = self.signed(column)
        if value < 0:
            raise self.error(column, "is negative")
        return value

    def signed(self, column: str) -> float:
        """A finite number of either sign."""
        text = self._cells[self._columns[column]]
        try:
            value = float(text)
        except ValueError:
            raise self.error(column, "is not a number") from None
        if not -_INFINITE < value < _INFINITE:
            raise self.error(column, "is not finite")
        return value

    def optional(self, column: str) -> float | None:
        """A number as `number` reads it, or None for an empty cell."""
        return self.number(column) if self._cells[self._columns[column]] else None

    def integer(self, column: str) -> int:
        """A whole number, zero or more; `8.0` counts as 8."""
        value = self.number(column)
        if value != int(value):
            raise self.error(column, "is not a whole number")
        return int(value)

    def flag(self, column: str) -> bool:
        """`true` or `false`."""
        text = self._cells[self._columns[column]]
        if text not in ("true", "false"):
            raise self.error(column, "is neither true nor false")
        return text == "true"

    def day(self, column: str) -> date:
        """A date written YYYY-MM-DD."""
        try:
            return date.fromisoformat(self._cells[self._columns[column]])
        except ValueError:
            raise self.error(column, "is not a date (YYYY-MM-DD)") from None

    def error(self, column: str, problem: str) -> InputError:
        """The error to raise for a cell."""
        return InputError(f"{self.path}:{self.line}: {column} '{self.text(column)}' {problem}")


def table(name: str, columns: Collection[str]) -> list[Row]:
    """The rows of a CSV of the package, by its path below `greenai_infra/data`."""
    return table_from(DATA / name, columns)


def table_from(path: Path, columns: Collection[str]) -> list[Row]:
    """The rows of a CSV file that must have `columns`. Raises InputError if it can't be read or has no rows."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return parse(lines, str(path), columns)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text") from None


def user_file(name: str) -> Path:
    """The path of the user's copy of a table, which replaces the embedded table; the file may be missing."""
    return _user_folder(os.environ.get("XDG_DATA_HOME"), os.environ.get("HOME")) / name


@cache
def _user_folder(*_of_environment: str | None) -> Path:
    """The folder for these values of the environment, which may change while the process runs."""
    from platformdirs import user_data_path

    return user_data_path("greenai-infra", appauthor=False)


def parse(lines: Iterable[str], where: str, columns: Collection[str]) -> list[Row]:
    """The rows of CSV text; `where` names it in errors. The order of columns and extra columns don't matter."""
    reader = csv.reader(lines)
    try:
        header = [name.strip() for name in next(reader, [])]
        positions = {name: position for position, name in enumerate(header)}
        missing = [name for name in columns if name not in positions]
        if missing:
            raise InputError(
                f"{where}: column {', '.join(missing)} is missing; the first line is '{','.join(header)[:80]}'"
            )
        rows = []
        for cells in reader:
            if len(cells) != len(header):
                if not cells:
                    continue
                raise InputError(f"{where}:{reader.line_num}: {len(cells)} cells where the header has {len(header)}")
            rows.append(Row(where, reader.line_num, positions, cells))
    except csv.Error as error:
        raise InputError(f"{where}:{reader.line_num}: is not CSV: {error}") from None
    if not rows:
        raise InputError(f"{where}: has no rows")
    return rows


def near(text: str, names: Iterable[str], similarity: float = 0.6) -> str:
    """A hint for an error message: `; did you mean a, b?`, empty when no name is similar (difflib's ratio)."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in names}
    found = get_close_matches(text.casefold(), by_folded, n=3, cutoff=similarity)
    return f"; did you mean {', '.join(by_folded[name] for name in found)}?" if found else ""
