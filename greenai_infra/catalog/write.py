"""Writes a CSV of the user's catalogue, whole or not at all."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a header and rows; None is an empty cell. Raises InputError if the folder can't be created or written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent}: cannot be created: {error.strerror}") from None
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_whole(path, text.getvalue())
