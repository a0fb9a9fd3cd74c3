"""How much a run may emit, and how it ends where it has."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.footprint.budget import KINDS, limits, scope_name

if TYPE_CHECKING:
    from greenai_infra.ledger.carbon_budget import CarbonBudget

BUDGET_REACHED = 75
"""Exit code of a run that its carbon budget has ended: EX_TEMPFAIL of sysexits.h, try again later."""


class CarbonBudgetReached(SystemExit):
    """The run has emitted all that it may. No Exception, so that a loop which survives errors ends, too."""

    def __init__(self) -> None:
        super().__init__(BUDGET_REACHED)


def left_in_ledger(account: CarbonBudget, kind: str, run_id: str) -> tuple[float, str]:
    """kg that the tightest limit leaves (the run's own reservation is its own), and which limit that is."""
    if kind not in KINDS:
        raise InputError(f"kind must be {' or '.join(KINDS)}, not {kind!r}")
    status = account.status()
    if status.allowance is None:
        return inf, ""
    committed = status.committed(run_id)
    found = []
    for period, share, limit_kg in limits(status.allowance, kind):
        sums = committed.year if period == "year" else committed.month
        used_kg = sums[share] if share else sum(sums.values())
        found.append((max(0.0, limit_kg - used_kg), f"{scope_name(period, share)} budget in the ledger"))
    return min(found)
