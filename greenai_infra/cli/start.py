"""What the console script runs first: from here on Ctrl-C ends the process in one word, also amid an import.

Imports nothing that the interpreter has not loaded itself.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def run_process() -> NoReturn:
    """Run the command line as all that this process does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where the shell has it ignored
        signal.signal(signal.SIGINT, _end)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stderr.write("error: standard output is closed, so nothing can be shown; send it to /dev/null\n")
        sys.stderr.flush()
        os._exit(1)
    from greenai_infra.cli import main

    main.run_process()


def _end(number: int, frame: object) -> NoReturn:
    try:
        os.write(2, b"aborted\n")
    finally:
        os._exit(128 + number)  # as shells have it
