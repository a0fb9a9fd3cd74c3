"""A sweep over power limits: what was measured, and the suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import percent, significant
from greenai_infra.reporting.lines import print_lines
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.monitoring.gpu.sweep import Run, Suggestion


def show_sweep(runs: Sequence[Run], best: Suggestion, gpus: Sequence[int]) -> None:
    """A row a limit, means of its runs."""
    rows = []
    for limit_w in dict.fromkeys(one.limit_w for one in runs):
        of = [one for one in runs if one.limit_w == limit_w]
        means = (sum(values) / len(of) for values in (
            [one.seconds for one in of], [one.work_per_s for one in of], [one.joules for one in of],
            [one.joules_per_work for one in of],
        ))  # fmt: skip
        rows.append([f"{limit_w:g}", str(len(of)), *map(significant, means)])
    headers = ("Limit W", "Runs", "s", "Work/s", "J", "J/work")
    show_table(headers, rows, right=range(6), title="Power limits, measured")
    print()
    if best.limit_w is None:
        print_lines([f"No power cap is suggested: {best.why}."])
        return
    saved, slower = percent(100 * best.saving), percent(100 * best.slower)
    found = f"{best.limit_w:g} W takes {saved} less energy for the same work, and is {slower} slower"
    print_lines([f"{found} ({best.why}):"])
    for gpu in gpus:
        print(f"  sudo nvidia-smi -i {gpu} -pl {best.limit_w:g}")
