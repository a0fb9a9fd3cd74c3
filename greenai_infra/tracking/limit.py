"""How much a run may emit, and how it ends at the limit."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.footprint.budget import KINDS, Kind, limits, scope_name
from greenai_infra.monitoring.run_report import BudgetOfRun
from greenai_infra.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.ledger.carbon_budget import CarbonBudget

BUDGET_REACHED = 75
"""Exit code of a run that its carbon budget has ended: EX_TEMPFAIL of sysexits.h, try again later."""

WARN_SHARE = 0.8


class CarbonBudgetReached(SystemExit):
    """The run has reached its limit. Not an Exception, so that a loop that survives errors ends too."""

    def __init__(self) -> None:
        super().__init__(BUDGET_REACHED)


class Limit:
    """kg that a run may emit, infinite without a limit, and the source of the limit."""

    def __init__(self, kg: float = inf, source: str = "") -> None:
        self.kg, self.source = kg, source
        self.reached = self._warned = False

    @property
    def stated(self) -> bool:
        """Whether there is a limit."""
        return isfinite(self.kg)

    def hold(self, kg: float, warn: Callable[[str], None]) -> None:
        """Compares with the emissions so far: warns once at 80 %."""
        if kg >= WARN_SHARE * self.kg and not self._warned:
            self._warned = True
            warn(f"{100 * WARN_SHARE:g} % of {significant(self.kg)} kg CO2e ({self.source}) are emitted")
        self.reached = self.reached or kg >= self.kg

    def told(self) -> BudgetOfRun | None:
        """The report's `budget`."""
        return BudgetOfRun(limit_kg=self.kg, source=self.source, reached=self.reached) if self.stated else None


def known_kind(kind: str) -> Kind:
    """Raises InputError for a kind of run without a budget."""
    for known in KINDS:
        if kind == known:
            return known
    raise InputError(f"kind must be {' or '.join(KINDS)}, not {kind!r}")


def left_in_ledger(account: CarbonBudget, kind: str, run_id: str) -> tuple[float, str]:
    """kg that the tightest limit leaves (the run's reservation is available to it), and the name of that limit."""
    status = account.status()
    if status.allowance is None:
        return inf, ""
    committed = status.committed(run_id)
    found = []
    for period, share, limit_kg in limits(status.allowance, known_kind(kind)):
        sums = committed.year if period == "year" else committed.month
        used_kg = sums[share] if share else sum(sums.values())
        found.append((max(0.0, limit_kg - used_kg), f"{scope_name(period, share)} budget in the ledger"))
    return min(found)
