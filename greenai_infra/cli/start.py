"""What the console script runs first: from here on Ctrl-C ends the process cleanly, even during an import.

Imports only what the interpreter has loaded already.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def run_process() -> NoReturn:
    """Runs the command line; the process does nothing else."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # unless the shell ignores it
        signal.signal(signal.SIGINT, _end)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stderr.write("error: standard output is closed; redirect it to a file or /dev/null\n")
        sys.stderr.flush()
        os._exit(1)
    from greenai_infra.cli import main

    main.run_process()


def _end(number: int, frame: object) -> NoReturn:
    try:
        os.write(2, b"aborted\n")
    finally:
        os._exit(128 + number)  # as in shells
