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
    """Sends the output of the program's child processes where the program's output goes, out of the report.

    Redirects the standard output of the whole process: use it only in a command that starts no other process meanwhile.
    """
    sys.stdout.flush()
    before = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)
