"""Tracks another program while it runs as a child of this process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.tracking.limit import BUDGET_REACHED, CarbonBudgetReached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psutil import Process

    from greenai_infra.tracking.trainer import GreenTrainer

GRACE_S = 100.0
"""Between SIGTERM and SIGKILL. SageMaker gives a container 120 s, and the report takes some of them."""
LOOK_EVERY_S = 0.5
OF_CHILDREN_S = 3.0
"""Like GRACE_S, for processes that the command has left running."""
TOLD_TO_END = (128 + signal.SIGTERM, 128 + signal.SIGINT)


def run_tracked(
    trainer: GreenTrainer,
    command: Sequence[str],
    grace_s: float = GRACE_S,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Runs the command; returns its exit code, 128 + the signal that ended it, or BUDGET_REACHED.

    `environment` is by default that of this process. A command that does not end within `grace_s` after SIGTERM is
    killed, and so are the processes that it has left running.
    """
    code = 0
    signals: list[int] = []
    with suppress(CarbonBudgetReached, _Failed, _Stopped), trainer:
        code = _run(trainer, command, grace_s, environment, signals)
        if code == BUDGET_REACHED and trainer.must_end():
            raise CarbonBudgetReached
        if signals or code in TOLD_TO_END:
            raise _Stopped
        if code:
            raise _Failed  # the report then says so
    return code


class _Failed(Exception):
    """The command failed."""


class _Stopped(BaseException):
    """The command was asked to end."""


def _run(
    trainer: GreenTrainer,
    command: Sequence[str],
    grace_s: float,
    environment: Mapping[str, str] | None,
    signals: list[int],
) -> int:
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise InputError(f"{command[0]} can't be run: {error.strerror}") from None
    started: set[Process] = set()

    def pass_on(number: int, frame: Any) -> None:
        signals.append(number)
        started.update(_started_by(child))
        with suppress(ProcessLookupError):
            child.send_signal(number)

    before = {one: signal.signal(one, pass_on) for one in (signal.SIGTERM, signal.SIGHUP)}
    # Ctrl-C reaches the child by itself.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))
    used_up, kill_at_s = False, inf
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = child.wait(LOOK_EVERY_S)
                break
            if not used_up and trainer.must_end():
                used_up = True
                print("greenai-infra: the carbon budget of the run is used up: asking it to end", file=sys.stderr)
                started.update(_started_by(child))
                child.terminate()
            if used_up or {signal.SIGTERM, signal.SIGHUP} & set(signals):
                kill_at_s = min(kill_at_s, time.monotonic() + grace_s)
            if time.monotonic() >= kill_at_s:
                print(f"greenai-infra: still running {grace_s:g} s after it was asked to end: killed", file=sys.stderr)
                started.update(_started_by(child))
                child.kill()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _end(started)
    if used_up:
        return BUDGET_REACHED
    return code if code >= 0 else 128 - code


def _started_by(child: subprocess.Popen[bytes]) -> list[Process]:
    from psutil import NoSuchProcess, Process

    try:
        return Process(child.pid).children(recursive=True)
    except NoSuchProcess:
        return []


def _end(left: set[Process]) -> None:
    """Ends processes whose parent was asked to end, and has ended: they would otherwise run on unmeasured."""
    if not left:
        return
    from psutil import NoSuchProcess, wait_procs

    for process in left:
        with suppress(NoSuchProcess):
            process.terminate()
    _, alive = wait_procs(left, timeout=OF_CHILDREN_S)
    for process in alive:
        with suppress(NoSuchProcess):
            process.kill()
