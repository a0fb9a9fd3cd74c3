"""`stack-standing.csv`, which plans count by, against what the programs declare in the offline preview."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.catalog.read import table
from greenai_infra.previews.run import preview
from greenai_infra.templates import shipped

from .plans import make_project, pin, placement, plan

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = {
    "vpcEndpoint": "vpc-endpoint-interface",
    "key": "kms-key",
    "metricAlarm": "cloudwatch-alarm-metric",
    "compositeAlarm": "cloudwatch-alarm-composite",
    "dashboard": "cloudwatch-dashboard",
}
WORK = {"requests_per_second": 20, "serve_hours": 720}
BUDGET = {"daily_kg": 500, "monthly_kg": 5000, "notify": ["a@example.com"]}


def listed(kind: str, *only_with: str) -> Counter[str]:
    """How many of each item a stack holds by the table."""
    counts: Counter[str] = Counter()
    for row in table("stack-standing.csv", ("provider", "kind", "only_with", "item", "count", "in_each")):
        if row.text("kind") in (kind, "*") and row.text("only_with") in ("", *only_with):
            counts[row.text("item")] += row.integer("count")
    return counts


def declared(folder: Path, workload: dict[str, Any], **options: Any) -> Counter[str]:
    """How many of each item with a standing charge a pinned stack declares, accelerators left out."""
    project = make_project(folder)
    shutil.copytree(shipped("stacks"), folder / "stacks")
    base = {"name": "tune", "project": "assistants", "team": "research"}
    machine = {"instance_type": "inf2.xlarge"} if workload["kind"] == "inference" else {}
    pin(project, plan(placement("eu-north-1", 2.0, **machine), workload={**base, **workload}), **options)
    standing = preview(folder, "tune-eu-north-1").as_json()["standing"]
    assert standing is not None
    counts: Counter[str] = Counter()
    for one in standing["resources"]:
        if one["cost_usd_per_month"] and ":Endpoint" not in one["type"]:
            counts[ITEMS[one["type"].split("/")[1].partition(":")[0]]] += 1
    return counts


IMAGE = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/llm-neuronx:v1"


@pytest.mark.parametrize(
    ("workload", "options", "only_with"),
    [
        ({"kind": "training"}, {}, []),
        ({"kind": "training", "carbon_budget": BUDGET}, {}, ["carbon_budget"]),
        ({"kind": "inference", "work": WORK}, {"image": IMAGE}, []),
        ({"kind": "inference", "work": {**WORK, "latency_bound_ms": 9000}}, {"image": IMAGE}, ["latency_bound_ms"]),
        ({"kind": "inference", "work": WORK, "carbon_budget": BUDGET}, {"image": IMAGE}, ["carbon_budget"]),
    ],
)
def test_a_pinned_stack_holds_what_plans_count(
    tmp_path: Path, workload: dict[str, Any], options: dict[str, Any], only_with: list[str]
) -> None:
    pytest.importorskip("pulumi_aws")

    assert declared(tmp_path, workload, **options) == listed(workload["kind"], *only_with)
