"""Where the output of a program's child processes goes while a command runs the program in its own process."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def children_write_to_stderr() -> Iterator[None]:
    """What the processes write that a program starts goes where its own output goes: it is not part of the report.

    For a command that starts no process of its own meanwhile: the whole process's standard output is turned away.
    """
    sys.stdout.flush()
    before = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)
