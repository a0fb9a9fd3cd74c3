"""The user's script: a tracked child process with the contract in its environment; signals reach it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from greenai_infra.tracking.child import TOLD_TO_END, run_tracked
from greenai_infra.tracking.limit import BUDGET_REACHED
from training import cluster
from training.contract import environment_of
from training.stopping import BEFORE_END_S, TO_BE_CONTINUED, say
from training.tracked import part_of, tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.command import Options, Run
    from training.contract import Folders
    from training.stopping import StopRequest


def run_script(run: Run, folders: Folders, options: Options, stop: StopRequest) -> int:
    """Run it with its arguments, and with the hyperparameters as `--NAME=VALUE`; returns its exit code.

    At the end of the slice it gets SIGTERM as from the cloud. One that was told to end, and ends with 0, is still to be
    continued.
    """
    assert run.script is not None
    machines = cluster.read_cluster(folders, os.environ)
    torchrun = cluster.torchrun_arguments(machines, run.processes)
    python = [sys.executable, *(["-m", "torch.distributed.run", *torchrun] if torchrun else [])]
    given = _stated(run.arguments)
    stated = [f"--{name}={value}" for name, value in run.hyperparameters.items() if name not in given]
    environment = {
        **os.environ,
        **environment_of(folders, {**run.hyperparameters, **given}),
        "SM_HOSTS": json.dumps(machines.hosts),
        "SM_CURRENT_HOST": machines.hosts[machines.rank],
    }
    if stop.end_s is not None:

        def end_slice() -> None:
            say("the slice ends: the script is told to stop")
            os.kill(os.getpid(), signal.SIGTERM)

        timer = threading.Timer(max(1.0, stop.end_s - BEFORE_END_S - time.time()), end_slice)
        timer.daemon = True
        timer.start()
    command = [*python, run.script, *run.arguments, *stated]
    if machines.rank == 0:
        with part_of(run, folders, options, machines) as trainer:
            code = run_tracked(trainer, command, environment=environment)
    else:
        trainer = tracker(run, folders, options, machines)
        code = run_tracked(trainer, command, environment=environment)
    if not code and trainer.report is not None and trainer.report.status == "stopped":
        return TO_BE_CONTINUED
    if code not in (0, BUDGET_REACHED, *TOLD_TO_END):
        folders.tell_failure(f"{run.script} {_ended_by(code)}")
    return code


def _ended_by(code: int) -> str:
    if code <= 128:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        hint = " (often: out of memory)" if code - 128 == signal.SIGKILL else ""
        return f"was ended by {signal.Signals(code - 128).name}{hint}"
    return f"ended with exit code {code}"


def _stated(arguments: Sequence[str]) -> dict[str, str]:
    """Those of the form `--NAME=VALUE`, as Vertex AI passes hyperparameters."""
    pairs = [word.removeprefix("--").partition("=") for word in arguments if word.startswith("--") and "=" in word]
    return {name.replace("-", "_"): value for name, _, value in pairs}
