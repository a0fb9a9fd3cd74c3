"""Python scripts as forks of one process that has the SDKs loaded: loading them takes most of a program's time.

A script runs in a process of its own as it would under `python -u SCRIPT`, with its environment, folder and streams.
Its parent is the fork server of `multiprocessing`, which imports `preloaded` and starts nothing else.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import runpy
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([f"{__package__}.preloaded"])


class Fork:
    """A script that runs; `stdout` and `stderr` are what it writes. The other methods are as `Popen` has them."""

    def __init__(self, words: list[str], environment: Mapping[str, str], folder: str) -> None:
        out, outs = _CONTEXT.Pipe(duplex=False)
        err, errs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_run, args=(words, dict(environment), folder, outs, errs), daemon=True)
        self._process.start()
        outs.close()
        errs.close()
        self.stdout: IO[bytes] = os.fdopen(os.dup(out.fileno()), "rb")
        self.stderr: IO[bytes] = os.fdopen(os.dup(err.fileno()), "rb")
        out.close()
        err.close()

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def _run(words: list[str], environment: dict[str, str], folder: str, out: Connection, err: Connection) -> None:
    """Be `python -u WORDS`, in the fork."""
    for connection, number in ((out, 1), (err, 2)):
        os.dup2(connection.fileno(), number)
        connection.close()
    raw = [os.fdopen(number, "wb", buffering=0, closefd=False) for number in (1, 2)]
    sys.stdout, sys.stderr = (io.TextIOWrapper(one, write_through=True) for one in raw)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    if words[0] == "-m":
        sys.path.insert(0, folder)
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(words[0]))
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
