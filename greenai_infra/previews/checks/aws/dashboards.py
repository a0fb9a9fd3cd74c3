"""CloudWatch dashboards: JSON, the grid, and graphs of metrics that somebody writes.

Structure as in CloudWatch's "Dashboard body structure and syntax".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.metrics import NAMESPACE
from greenai_infra.policy.resource_types import DASHBOARD
from greenai_infra.previews.checks.aws.metric_names import metric_problem
from greenai_infra.previews.checks.text_documents import Problem, document_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource, Finding

KINDS = ("metric", "text", "log", "alarm", "explorer", "custom")
COLUMNS, MAX_HEIGHT, MAX_WIDGETS = 24, 1000, 500
_NEEDED = {"metric": ("region",), "log": ("region", "query"), "alarm": ("alarms",), "text": ("markdown",)}


def check_dashboard(resource: DeclaredResource) -> Iterator[Finding]:
    """Checks the body of a dashboard, as far as it is known before `up`."""
    if resource.type == DASHBOARD:
        yield from document_findings(resource, "dashboardBody", "dashboard-malformed", dashboard_problems)


def dashboard_problems(text: str) -> Iterator[Problem]:
    """(what is wrong, what to do) for each fault of a body."""
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        yield f"the body is not JSON: {error}", "write it with json.dumps or Output.json_dumps"
        return
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list):
        yield "the body has no list 'widgets'", 'it is an object like {"widgets": [...]}'
        return
    if len(widgets) > MAX_WIDGETS:
        yield f"{len(widgets)} widgets, CloudWatch takes {MAX_WIDGETS}", "make two dashboards of it"
    for index, widget in enumerate(widgets):
        for message, remedy in _widget_problems(widget):
            yield f"widget {index}: {message}", remedy


def _widget_problems(widget: Any) -> Iterator[Problem]:
    if not isinstance(widget, dict) or widget.get("type") not in KINDS:
        kind = widget.get("type") if isinstance(widget, dict) else widget
        yield f"unknown type {kind!r}", f"use one of {', '.join(KINDS)}"
        return
    for name, low, high in (
        ("x", 0, COLUMNS - 1),
        ("y", 0, None),
        ("width", 1, COLUMNS),
        ("height", 1, MAX_HEIGHT),
    ):
        value = widget.get(name, low)
        if not isinstance(value, int) or value < low or (high is not None and value > high):
            yield f"{name} is {value!r}", f"give a whole number from {low}" + (f" to {high}" if high else "")
    x, width = widget.get("x", 0), widget.get("width", 6)
    if isinstance(x, int) and isinstance(width, int) and max(x, width) <= COLUMNS < x + width:
        yield f"x {x} + width {width} is beyond the {COLUMNS} columns", "move it to the left or make it narrower"
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield "no properties", "add properties, an object"
        return
    for name in _NEEDED.get(widget["type"], ()):
        if not properties.get(name):
            yield f"a {widget['type']} widget needs {name}", f"add {name} to its properties"
    if widget["type"] == "metric":
        if not properties.get("metrics") and not properties.get("annotations"):
            yield "it draws nothing", "add metrics to its properties"
        yield from _series_problems(properties.get("metrics") or [])


def _series_problems(metrics: Any) -> Iterator[Problem]:
    for series in metrics if isinstance(metrics, list) else []:
        if not isinstance(series, list) or not series:
            yield f"{series!r} is no series", "write a metric as [namespace, name, dimension, value, ..., {options}]"
            continue
        words = [part for part in series if isinstance(part, str)]
        if len(words) < 2 or words[0] != NAMESPACE:
            continue  # an expression, an abbreviation ('.', '...'), or a namespace of somebody else
        if "." in words or "..." in words:
            continue
        problem = metric_problem(words[0], words[1], dict(zip(words[2::2], words[3::2], strict=False)))
        if problem:
            yield problem
