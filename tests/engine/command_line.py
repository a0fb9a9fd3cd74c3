"""`greenai-infra` as a user runs it: a process of its own in a project's folder, at a terminal or without one."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .engine_cli import COMMAND_SECONDS, ROOT
from .warm import tell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMMAND = (sys.executable, "-m", "greenai_infra.cli.main")
COLUMNS = 80
PROMPT = "[y/N]: "


@dataclass(frozen=True)
class Run:
    """What a command left: exit code and all it wrote. At a terminal both streams are one, and `err` is empty."""

    code: int
    out: str
    err: str = ""

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class CommandLine:
    """Runs `greenai-infra` in a folder, with an environment of the engine's tests."""

    folder: Path
    environment: Mapping[str, str]

    def without(self, *names: str, **settings: str) -> CommandLine:
        """The same with some variables unset and others set."""
        kept = {key: value for key, value in self.environment.items() if key not in names}
        return CommandLine(self.folder, {**kept, **settings})

    def __call__(self, *arguments: str, command: tuple[str, ...] = COMMAND) -> Run:
        """Run a command whose standard input is no terminal."""
        tell(self.environment)
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def answered(self, answer: str, *arguments: str) -> Run:
        """Run a command at a terminal of 80 columns and type an answer when it asks."""
        tell(self.environment)
        terminal, own_end = pty.openpty()
        fcntl.ioctl(own_end, termios.TIOCSWINSZ, struct.pack("HHHH", 25, COLUMNS, 0, 0))
        environment = {**self.environment, "NO_COLOR": "1", "TERM": "xterm"}
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=own_end,
            stdout=own_end,
            stderr=own_end,
            start_new_session=True,
        )
        os.close(own_end)
        try:
            text = _converse(terminal, answer)
            return Run(process.wait(COMMAND_SECONDS), text)
        finally:
            process.kill()
            process.wait()
            os.close(terminal)


def _converse(terminal: int, answer: str) -> str:
    """All that a program writes to its terminal; the answer is typed once, at the prompt."""
    text, answered, latest = "", False, time.monotonic() + COMMAND_SECONDS
    while select.select([terminal], [], [], max(0.0, latest - time.monotonic()))[0]:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # EIO: the program has closed its end
            return text
        text += read.decode(errors="replace").replace("\r\n", "\n")
        if not answered and PROMPT in text:
            os.write(terminal, f"{answer}\n".encode())
            answered = True
    raise AssertionError(f"still running after {COMMAND_SECONDS} s:\n{text}")


def packages_without(folder: Path, *left_out: str) -> dict[str, str]:
    """Settings of an environment in which these packages are not installed, for an interpreter with `-S`.

    The folder gets a link to each other entry of site-packages.
    """
    folder.mkdir()
    for place in {entry for entry in sys.path if entry.endswith("site-packages")}:
        for entry in os.scandir(place):
            if entry.name not in left_out and not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry.path)
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


WITHOUT_SITE = (sys.executable, "-S", "-m", "greenai_infra.cli.main")
"""The command for an environment of `packages_without`."""
