"""A CloudWatch that decides: alarm states from metric data, written from its documented rules, knowing nothing of ours.

Rules (CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data"):
- A sliding window of `Period` seconds ends at the moment of evaluation; one value a period, or none if it is empty.
- More periods than `EvaluationPeriods` are looked at (how many more is not said; here `LOOK_BACK`). If as many values
  as `EvaluationPeriods` are found, the newest of them decide, and missing ones are passed over.
- Else missing values count as `TreatMissingData` says. With all missing, `missing` gives INSUFFICIENT_DATA.
- ALARM if `DatapointsToAlarm` of them breach.

Emulators at hand don't do this: moto keeps alarms and data and never evaluates; ministack (1.5.33) evaluates the one
statistic over the whole window, whatever the dimensions, and knows neither missing data nor metric math.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_BACK = 3

Datum = tuple[float, float]
"""Seconds since some beginning, value."""

COMPARE = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
STATISTICS: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "SampleCount": len, "Maximum": max}


@dataclass
class CloudWatch:
    """Data by (namespace, name, dimensions); definitions as PutMetricAlarm and PutCompositeAlarm take them."""

    data: dict[tuple[str, str, frozenset[tuple[str, str]]], list[Datum]] = field(default_factory=dict)

    def put(self, namespace: str, name: str, dimensions: dict[str, str], at: float, value: float) -> None:
        """One value of a metric."""
        self.data.setdefault((namespace, name, frozenset(dimensions.items())), []).append((at, value))

    def metric_state(self, alarm: dict[str, Any], now: float) -> str:
        """State of a metric alarm at a moment."""
        dimensions = frozenset((one["Name"], one["Value"]) for one in alarm["Dimensions"])
        series = self.data.get((alarm["Namespace"], alarm["MetricName"], dimensions), [])
        count, period = alarm["EvaluationPeriods"], alarm["Period"]
        values: list[float | None] = []
        for back in range(count + LOOK_BACK):
            end = now - back * period
            inside = [value for at, value in series if end - period <= at < end]
            values.append(STATISTICS[alarm["Statistic"]](inside) if inside else None)
        found = [value for value in values if value is not None]
        treatment = alarm.get("TreatMissingData", "missing")
        if not found and treatment == "missing":
            return "INSUFFICIENT_DATA"
        breaching = [COMPARE[alarm["ComparisonOperator"]](value, alarm["Threshold"]) for value in found[:count]]
        breaching += [treatment == "breaching"] * (count - len(breaching))
        return "ALARM" if sum(breaching) >= alarm.get("DatapointsToAlarm", count) else "OK"

    def states(self, metric: list[dict[str, Any]], composite: list[dict[str, Any]], now: float) -> dict[str, str]:
        """The state of every alarm at a moment, composite alarms of composite alarms too."""
        states = {alarm["AlarmName"]: self.metric_state(alarm, now) for alarm in metric}
        waiting = list(composite)
        while waiting:
            alarm = waiting.pop(0)
            named = re.findall(r'(ALARM|OK)\("([^"]+)"\)', alarm["AlarmRule"])
            if any(name not in states for _, name in named):
                waiting.append(alarm)
                continue
            formula = alarm["AlarmRule"].replace("AND", "and").replace("OR", "or").replace("NOT", "not")
            for state, name in named:
                formula = formula.replace(f'{state}("{name}")', str(states[name] == state))
            states[alarm["AlarmName"]] = "ALARM" if eval(formula) else "OK"
        return states
