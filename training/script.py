"""The user's own script: a child process, tracked, told of the contract by its environment; signals reach it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from greenai_infra.tracking.child import run_tracked
from training import cluster
from training.contract import environment_of
from training.tracked import keep_earlier_report, tracker

if TYPE_CHECKING:
    from training.command import Options, Run
    from training.contract import Folders


def run_script(run: Run, folders: Folders, options: Options) -> int:
    """Run it with its arguments, and with the hyperparameters as `--NAME=VALUE`; returns its exit code."""
    assert run.script is not None
    machines = cluster.read_cluster(folders, os.environ)
    torchrun = cluster.torchrun_arguments(machines, run.processes)
    python = [sys.executable, *(["-m", "torch.distributed.run", *torchrun] if torchrun else [])]
    stated = [f"--{name}={value}" for name, value in run.hyperparameters.items()]
    os.environ.update(environment_of(folders, run.hyperparameters))
    keep_earlier_report(folders)
    code = run_tracked(tracker(run, folders, options), [*python, run.script, *run.arguments, *stated])
    if 0 < code < 75:
        folders.tell_failure(f"{run.script} ended with exit code {code}")
    return code
