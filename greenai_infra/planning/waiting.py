"""When a wait is worth it: the gain that it must exceed in each zone, and the source of that figure.

The workload's threshold wins. Next comes the measured error of the forecast, then 10 %.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.clock import hours_between
from greenai_infra.planning.timing import DEFAULT_THRESHOLD_PERCENT

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.intensity.forecasting.accuracy import Accuracy

STATED, MEASURED, DEFAULT = "workload", "measured", "default"


class WaitRule(Struct, frozen=True):
    """The rule of a zone for runs of `run_hours`.

    `error_percent` is the measured error of `method`, None if it was not measured for `reason`.
    A wait must save more than `threshold_percent`; `threshold_from` says where this figure comes from.
    """

    method: str
    error_percent: float | None
    hindcasts: int
    run_hours: int
    reason: str
    threshold_percent: float
    threshold_from: str


class WaitRules(Struct, frozen=True):
    """The rules of a workload. Without `accuracy` nothing is measured, and `reason` says why.

    `stated_percent` is the workload's own threshold, `earliest` and `deadline` bound the wait.
    """

    stated_percent: float | None
    accuracy: Accuracy | None
    earliest: datetime
    deadline: datetime | None
    reason: str = ""

    @property
    def default(self) -> float:
        """The threshold, as a share, where nothing is measured."""
        return (DEFAULT_THRESHOLD_PERCENT if self.stated_percent is None else self.stated_percent) / 100

    def measured(self, zone: str, duration_s: float) -> float | None:
        """The measured error that replaces the threshold, as a share; None if unmeasured, or a threshold is stated."""
        if self.stated_percent is not None or self.accuracy is None:
            return None
        error_percent = self.accuracy.of(zone, duration_s / 3600, self._slack_hours(duration_s / 3600)).error_percent
        return None if error_percent is None else error_percent / 100

    def of(self, zone: str, run_hours: float, method: str) -> WaitRule:
        """The rule of a zone; `method` is that of its prediction."""
        measured = self.accuracy.of(zone, run_hours, self._slack_hours(run_hours)) if self.accuracy else None
        error = measured.error_percent if measured else None
        if self.stated_percent is not None:
            threshold, threshold_from = self.stated_percent, STATED
        elif error is not None:
            threshold, threshold_from = error, MEASURED
        else:
            threshold, threshold_from = DEFAULT_THRESHOLD_PERCENT, DEFAULT
        return WaitRule(
            method=method,
            error_percent=error,
            hindcasts=measured.hindcasts if measured else 0,
            run_hours=ceil(run_hours - 1e-6),
            reason=measured.reason if measured else self.reason,
            threshold_percent=threshold,
            threshold_from=threshold_from,
        )

    def _slack_hours(self, run_hours: float) -> float:
        return hours_between(self.earliest, self.deadline) - run_hours if self.deadline else 0.0
