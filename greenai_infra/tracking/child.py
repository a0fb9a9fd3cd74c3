"""Another program, tracked while it runs as a child of this process."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.tracking.limit import BUDGET_REACHED, CarbonBudgetReached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.tracking.trainer import GreenTrainer

GRACE_S = 120.0
"""Between SIGTERM and SIGKILL, as SageMaker has it."""
LOOK_EVERY_S = 0.5


def run_tracked(trainer: GreenTrainer, command: Sequence[str], grace_s: float = GRACE_S) -> int:
    """Run it; returns its exit code, 128 + the signal that ended it, or BUDGET_REACHED."""
    code = 0
    signals: list[int] = []
    with suppress(CarbonBudgetReached, _Failed, _Stopped), trainer:
        code = _run(trainer, command, grace_s, signals)
        if code == BUDGET_REACHED and trainer.must_end():
            raise CarbonBudgetReached
        if signals:
            raise _Stopped
        if code:
            raise _Failed  # the report then says so
    return code


class _Failed(Exception):
    """The command failed."""


class _Stopped(BaseException):
    """The command was told to end."""


def _run(trainer: GreenTrainer, command: Sequence[str], grace_s: float, signals: list[int]) -> int:
    try:
        child = subprocess.Popen(command)
    except OSError as error:
        raise InputError(f"{command[0]} can't be run: {error.strerror}") from None

    def pass_on(number: int, frame: Any) -> None:
        signals.append(number)
        with suppress(ProcessLookupError):
            child.send_signal(number)

    before = {one: signal.signal(one, pass_on) for one in (signal.SIGTERM, signal.SIGHUP)}
    # Ctrl-C reaches the child by itself.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = child.wait(LOOK_EVERY_S)
                return code if code >= 0 else 128 - code
            if trainer.must_end():
                print("greenai-infra: the carbon budget of the run is used up: it is told to end", file=sys.stderr)
                _end(child, grace_s)
                return BUDGET_REACHED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
