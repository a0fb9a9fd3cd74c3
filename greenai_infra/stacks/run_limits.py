"""How long each run of a plan may take, on a cloud where a run is ended from outside.

A plan's hours rest on an estimate of throughput, so the last run gets more than its planned time before it is taken for
stuck: half of all planned hours on top. Every run before it ends with its slice, because the hours after it are those
that the plan avoids; it resumes from its checkpoint in the next slice.

    run = length                      (not the last)
    run = length + 0.5 x all lengths  (the last, or only)
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.stack.runs import Slice

OVERRUN = 0.5


def run_seconds(slices: Sequence[Slice]) -> list[int]:
    """Seconds that each run may take, in order."""
    lengths = [piece.end - piece.start for piece in slices]
    lengths[-1] += OVERRUN * sum(lengths, timedelta())
    return [int(length.total_seconds()) for length in lengths]
