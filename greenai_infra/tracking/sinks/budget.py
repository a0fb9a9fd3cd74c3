"""The carbon ledger: the run's kg, recorded once at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import GreenAIError

if TYPE_CHECKING:
    from greenai_infra.ledger.carbon_budget import CarbonBudget
    from greenai_infra.monitoring.run_report import RunReport
    from greenai_infra.tracking.sinks.delivery import Delta


class BudgetLedger:
    """Records the run; with the plan's id this settles the plan's reservation."""

    name = "ledger"

    def __init__(self, account: CarbonBudget, kind: str) -> None:
        self._account, self._kind = account, kind

    def beat(self, delta: Delta) -> None:
        """Does nothing: a run is recorded whole."""

    def finish(self, report: RunReport) -> None:
        """Records the run."""
        if report.emissions_kg is None:
            raise GreenAIError("not recorded: the run's emissions are unknown; record them later with `budget record`")
        self._account.record(
            run_id=report.run_id, kg=report.emissions_kg, kind=self._kind, source="emissions_report.json"
        )
