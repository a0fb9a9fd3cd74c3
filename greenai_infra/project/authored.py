"""A stack's file stays as its author wrote it, though the engine writes it too."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole
from greenai_infra.project import yaml_edit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def author_kept(file: Path) -> Iterator[None]:
    """Only add to a stack's file what the engine adds: it writes the whole anew, without blank lines and layout."""
    before = _text(file)
    yield
    after = _text(file)
    if before is None or after is None or before == after:
        return
    wanted = yaml_edit.load(after, str(file))
    added = {key: value for key, value in wanted.items() if key not in yaml_edit.load(before, str(file))}
    text = f"{before.rstrip()}\n{yaml_edit.dump(added)}"
    with contextlib.suppress(InputError):
        if yaml_edit.load(text, str(file)) == wanted:
            write_whole(file, text)


def _text(file: Path) -> str | None:
    """Reads the file with its line ends unchanged; None if it is missing (it may lie in another folder)."""
    with contextlib.suppress(OSError), file.open(encoding="utf-8", newline="") as opened:
        return opened.read()
    return None
