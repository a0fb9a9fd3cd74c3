"""The band of a run's energy: the possible error of each component, measured or estimated."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.monitoring.run_report import Component

_COLUMNS = ("component", "how", "low_factor", "high_factor", "source", "year", "evidence", "note")


@cache
def _factors() -> dict[tuple[str, str], tuple[float, float]]:
    return {
        (row.text("component"), row.text("how")): (row.number("low_factor"), row.number("high_factor"))
        for row in table("tracking-bands.csv", _COLUMNS)
    }


def energy_band(components: Mapping[str, Component]) -> tuple[float, float]:
    """Low and high kWh: all components at their low ends, and at their high ends. The errors go together: they add."""
    factors = _factors()
    ends = [factors.get((name, one.how), factors["cpu", one.how]) for name, one in components.items()]
    kwh = [one.energy_kwh for one in components.values()]
    return (
        sum(value * low for value, (low, _) in zip(kwh, ends, strict=True)),
        sum(value * high for value, (_, high) in zip(kwh, ends, strict=True)),
    )
