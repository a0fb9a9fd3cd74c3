"""How wrong forecasts were, in words, from what a plan document says of each zone."""

from __future__ import annotations

from typing import Any

from greenai_infra.numbers import percent

Document = dict[str, Any]


def forecast_error(document: Document) -> Document:
    """What a plan says of its chosen zone. A plan of before errors were measured has a threshold in the workload."""
    inputs = document["inputs"]
    zone = inputs.get("hours") or inputs["intensity"][document["placement"]["zone"]]
    stated = document["workload"]["when"].get("wait_threshold_percent")
    return dict(zone.get("forecast_error") or {"wait_threshold_percent": stated})


def error_lines(document: Document) -> list[str]:
    """A plan's forecast error in the chosen zone, and the least and the greatest of the others."""
    one = forecast_error(document)
    if one.get("method") in (None, "yearly mean"):
        return []
    chosen = document["placement"]["zone"]
    errors = {
        zone: row["forecast_error"]["error_percent"]
        for zone, row in document["inputs"]["intensity"].items()
        if zone != chosen and row["forecast_error"]["error_percent"] is not None
    }
    lines = [error_sentence(chosen, one)]
    if errors:
        ordered = sorted(errors, key=lambda zone: (errors[zone], zone))
        ends = dict.fromkeys(f"{percent(errors[zone])} ({zone})" for zone in (ordered[0], ordered[-1]))
        lines.append(f"forecast error of {len(errors)} other zones: {' to '.join(ends)}")
    return lines


def error_sentence(zone: str, one: Document) -> str:
    """The forecast error of a zone, and what follows for waiting; `one` as in plan documents."""
    if one["error_percent"] is None:
        what = f"not measured ({zone}: {one['not_measured']})"
    else:
        what = f"{percent(one['error_percent'])} over {one['hindcasts']} hindcasts ({zone})"
    bound = {
        "measured": "that",
        "workload": f"the {percent(one['wait_threshold_percent'])} that the workload states",
        "default": percent(one["wait_threshold_percent"]),
    }[one["threshold_from"]]
    return f"forecast error: {one['method']}, {what}; waits only for more than {bound}"
