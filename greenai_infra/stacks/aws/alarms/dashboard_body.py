"""The dashboard of a project's carbon budget, as CloudWatch's JSON.

Widgets lie on a grid 24 columns wide. Only written metrics are drawn: the emissions, energy and utilisation that
trackers report, and the running jobs that the census counts. The grid's intensity is not a metric. The planned
intensity is a constant of the stack's config, shown as a line and in words with its source and time. The actual
intensity is computed from emissions and energy (kg per kWh of IT energy, so it includes the data centre's PUE).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.contracts.metrics import (
    CARBON_EMISSIONS_KG,
    ENERGY_KWH,
    GPU_UTILIZATION_PERCENT,
    NAMESPACE,
    RUNNING_JOBS,
)
from greenai_infra.stacks.tags import number

if TYPE_CHECKING:
    from greenai_infra.contracts.metrics import Metric
    from greenai_infra.contracts.stack.alarms import BudgetSection
    from greenai_infra.contracts.stack.fields import Carbon
    from greenai_infra.stacks.aws.alarms.watched import Watched

DAY_S, HOUR_S, FIVE_MINUTES_S = 86_400, 3600, 300
HALF, FULL, TALL, LOW = 12, 24, 7, 4


def dashboard_body(watched: Watched, budget: BudgetSection, carbon: Carbon, alarm_arns: list[Any]) -> dict[str, Any]:
    """The body; `alarm_arns` may be outputs."""
    daily, monthly = budget.daily_budget_kg, budget.monthly_budget_kg
    return {
        "start": "-P30D",
        "periodOverride": "inherit",
        "widgets": [
            _at(0, 0, FULL, LOW, "text", {"markdown": _words(watched, budget, carbon)}),
            _at(0, LOW, FULL, 3, "alarm", {"title": "Alarms", "alarms": alarm_arns}),
            _graph(
                watched,
                (0, 7),
                "Emissions by day (UTC), kg CO2e",
                [_series(watched, CARBON_EMISSIONS_KG, DAY_S, {"label": "emissions"})],
                DAY_S,
                lines=[("daily budget", daily)],
                view={"stat": "Sum", "view": "bar"},
            ),
            _graph(
                watched,
                (HALF, 7),
                "Emissions since the beginning of the graph, kg CO2e",
                [
                    [{"expression": "RUNNING_SUM(FILL(emitted, 0))", "label": "sum", "id": "sum", "period": DAY_S}],
                    _series(watched, CARBON_EMISSIONS_KG, DAY_S, {"id": "emitted", "visible": False}),
                ],
                DAY_S,
                lines=[("monthly budget", monthly)],
            ),
            _graph(
                watched,
                (0, 14),
                "Carbon intensity of what ran, gCO2eq per kWh of IT energy",
                [
                    [{"expression": "1000 * kg / kwh", "label": "met (with PUE)", "id": "met", "period": HOUR_S}],
                    _series(watched, CARBON_EMISSIONS_KG, HOUR_S, {"id": "kg", "visible": False}),
                    _series(watched, ENERGY_KWH, HOUR_S, {"id": "kwh", "visible": False}),
                ],
                HOUR_S,
                lines=[(f"chosen with (without PUE): {carbon.zone}", carbon.intensity_g_per_kwh)],
            ),
            _graph(
                watched,
                (HALF, 14),
                "Energy by hour, kWh before PUE",
                [_series(watched, ENERGY_KWH, HOUR_S, {"label": "energy"})],
                HOUR_S,
                view={"stat": "Sum"},
            ),
            _graph(
                watched,
                (0, 21),
                "Utilisation of the accelerators, %",
                [_series(watched, GPU_UTILIZATION_PERCENT, FIVE_MINUTES_S, {"label": "mean"})],
                FIVE_MINUTES_S,
                view={"yAxis": {"left": {"min": 0, "max": 100}}},
            ),
            _graph(
                watched,
                (HALF, 21),
                "Running training jobs",
                [_series(watched, RUNNING_JOBS, FIVE_MINUTES_S, {"label": "jobs"})],
                FIVE_MINUTES_S,
                view={"yAxis": {"left": {"min": 0}}},
            ),
        ],
    }


def _words(watched: Watched, budget: BudgetSection, carbon: Carbon) -> str:
    chosen = (
        f"{number(carbon.intensity_g_per_kwh)} gCO2eq/kWh ({carbon.signal}, {carbon.basis}) in zone {carbon.zone}: "
        f"{carbon.source}, {carbon.kind}, observed {format_time(carbon.observed_at)}"
    )
    lines = [
        f"## Carbon budget of {watched.whose}",
        f"**{budget.daily_budget_kg:g} kg CO2e** in 24 hours, **{budget.monthly_budget_kg:g} kg CO2e** a month. "
        f"Kill switch: **{'on' if budget.kill_switch else 'off'}**.",
        f"The region was chosen with {chosen}. That is a constant, not a measurement.",
    ]
    return "\n\n".join([*lines, watched.see_also] if watched.see_also else lines)


def _graph(
    watched: Watched,
    corner: tuple[int, int],
    title: str,
    metrics: list[list[Any]],
    period_s: int,
    lines: list[tuple[str, float]] | None = None,
    view: dict[str, Any] | None = None,
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": title,
        "region": watched.site.region,
        "view": "timeSeries",
        "stacked": False,
        "period": period_s,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0, "showUnits": False}},
        **(view or {}),
    }
    if lines:
        properties["annotations"] = {"horizontal": [{"label": label, "value": value} for label, value in lines]}
    return _at(*corner, HALF, TALL, "metric", properties)


def _series(watched: Watched, metric: Metric, period_s: int, options: dict[str, Any]) -> list[Any]:
    named = [part for item in watched.dimensions.items() for part in item]
    return [NAMESPACE, metric.name, *named, {"stat": metric.statistic, "period": period_s, **options}]


def _at(x: int, y: int, width: int, height: int, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}
