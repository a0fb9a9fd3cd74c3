"""A quick win: its saving, or why the saving is unknown, or why it does not apply."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from greenai_infra.catalog.read import table

SAVES = "saves"
SAVES_USD = "saves USD"
SHOWS = "saves nothing by itself"
DONE = "already done"
UNKNOWN = "not known"
NOT_FOR_THIS = "does not apply"
STATUSES = (SAVES, SAVES_USD, UNKNOWN, SHOWS, DONE, NOT_FOR_THIS)
"""The statuses in display order."""
AGAINST_BASELINE = ("place", "wait", "plan-hardware")


@dataclass(frozen=True, slots=True)
class Measure:
    """`kg` and `usd` are saved over the whole run or serving time, negative where the measure costs; None if unknown.

    They are against the plan's baseline if the plan already includes the measure, else against the plan.
    `why` says how the figure was computed, or what it needs. `change` is what to write into the workload file first.
    """

    key: str
    title: str
    status: str
    kg: float | None
    usd: float | None
    effort: str
    effort_hours: float
    effort_source: str
    why: str
    change: str
    command: str

    @property
    def against(self) -> str:
        """The plan or baseline that the measure is compared with."""
        return "baseline" if self.key in AGAINST_BASELINE else "plan"

    @property
    def order(self) -> tuple[int, float, float, str]:
        """By status, most kg first, then least effort."""
        return STATUSES.index(self.status), -(self.kg or 0.0), self.effort_hours, self.key

    def as_json(self) -> dict[str, Any]:
        """The measure as plain values."""
        return {**asdict(self), "against": self.against}


def measure(
    key: str,
    status: str,
    why: str,
    *,
    kg: float | None = None,
    usd: float | None = None,
    change: str = "",
    command: str = "",
) -> Measure:
    """A measure with its title and effort from the table."""
    row = _rows()[key]
    return Measure(key, row[0], status, kg, usd, row[1], row[2], row[3], why, change, command)


@cache
def _rows() -> dict[str, tuple[str, str, float, str]]:
    return {
        row.text("key"): (row.text("title"), row.text("effort"), row.number("effort_hours"), row.text("source"))
        for row in table("quick-wins.csv", ("key", "title", "effort", "effort_hours", "source"))
    }
