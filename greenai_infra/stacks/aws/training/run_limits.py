"""How long each run may take.

A plan's hours rest on an estimate of throughput, so a job gets more than its planned time before it is taken for stuck:
half of all planned hours on top, given to the last run. Every run before it ends with its slice, because the hours
after it are those that the plan avoids; it resumes from its checkpoint in the next slice.

    run   = length                      (not the last)
    run   = length + 0.5 x all lengths  (the last, or only)
    wait  = length                      (not the last)
    wait  = length + 1.0 x all lengths  (the last, or only; `max_wait_hours` replaces it and then also bounds the run)

`wait` is SageMaker's bound on spot capacity and run together, so that it is never below `run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from greenai_infra.catalog.buildable import LONGEST_SAGEMAKER_RUN
from greenai_infra.stacks.run_limits import OVERRUN

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.training import TrainingConfig

WAITING = 1.0


@dataclass(frozen=True)
class RunLimit:
    """A run: its earliest start, its longest run time, and the limit for running and waiting for capacity together."""

    start: datetime
    run_s: int
    wait_s: int


def run_limits(config: TrainingConfig) -> list[RunLimit]:
    """The limits of every run of the plan, in order."""
    lengths = [piece.end - piece.start for piece in config.slices]
    planned = sum(lengths, timedelta())
    limits = [
        RunLimit(piece.start, _seconds(length), _seconds(length))
        for piece, length in zip(config.slices, lengths, strict=True)
    ]
    wait = timedelta(hours=config.max_wait_hours) if config.max_wait_hours else lengths[-1] + WAITING * planned
    run = min(lengths[-1] + OVERRUN * planned, wait)
    limits[-1] = RunLimit(config.slices[-1].start, _seconds(run), _seconds(wait))
    return limits


def _seconds(length: timedelta) -> int:
    return max(1, int(min(length, LONGEST_SAGEMAKER_RUN).total_seconds()))
