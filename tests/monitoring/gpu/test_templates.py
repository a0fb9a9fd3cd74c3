"""The alerts and the dashboard that `--write-rules` writes: only metrics that are exported, and rules that fire."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from greenai_infra.monitoring.gpu.exporter import names
from greenai_infra.monitoring.gpu.intervals import CAUSES
from greenai_infra.monitoring.gpu.thresholds import threshold
from greenai_infra.monitoring.gpu.values import SLOWDOWNS
from tests.cli.in_process import run_here

TEMPLATES = Path(__file__).parents[3] / "templates" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load((TEMPLATES / "gpu-rules.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((TEMPLATES / "gpu-dashboard.json").read_text())
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (Debian: prometheus)")


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("expression", [*expressions(), *(rule["expr"] for rule in RULES)])
def test_expressions_use_only_what_is_exported(expression: str) -> None:
    used = set(re.findall(r"greenai_gpu[a-z0-9_:]*", expression))

    assert used
    assert used <= names() | RECORDED
    assert set(re.findall(r'cause="(\w+)"', expression)) <= set(CAUSES)
    assert {one for found in re.findall(r'reason=~"([\w|]+)"', expression) for one in found.split("|")} <= {*SLOWDOWNS}


def test_every_metric_of_use_is_on_the_dashboard() -> None:
    shown = set(re.findall(r"greenai_gpu[a-z0-9_]*", " ".join(expressions())))
    assert names() - shown == {"greenai_gpu_energy_joules_total", "greenai_gpu_last_read_timestamp_seconds"}


def test_the_dashboard_has_panels_that_do_not_overlap_and_the_target() -> None:
    panels = DASHBOARD["panels"]
    places = [panel["gridPos"] for panel in panels]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    steps = panels[0]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps[-1]["value"] == threshold("target_activity")


def test_the_command_writes_both(tmp_path: Path) -> None:
    done = run_here("gpu", "--write-rules", tmp_path / "new")

    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"gpu-rules.yml", "gpu-dashboard.json"}
    assert str(tmp_path / "new" / "gpu-rules.yml") in done.stdout


@promtool
def test_promtool_takes_the_rules_and_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    filled = [
        one.replace("$__range", "1h").replace("$__rate_interval", "5m").replace("$gpu", ".*").replace("$instance", ".*")
        for one in expressions()
    ]
    rules = [{"record": f"panel:number_{number}", "expr": one} for number, one in enumerate(filled)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", TEMPLATES / "gpu-rules.yml", tmp_path / "panels.yml"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_the_alerts_fire_for_what_they_are_named_after(tmp_path: Path) -> None:
    gpu = 'uuid="GPU-0", index="0", name="T4", mig="", instance="a", job="gpu"'
    told = {
        f'greenai_gpu_waste_seconds_total{{cause="idle_allocation", {gpu}}}': "0+60x60",
        f'greenai_gpu_waste_seconds_total{{cause="input_bound", {gpu}}}': "0+0x60",
        f'greenai_gpu_waste_joules_total{{cause="idle_allocation", {gpu}}}': "0+1500x60",
        f"greenai_gpu_used_joules_total{{{gpu}}}": "0+2000x60",
        f"greenai_gpu_utilization_ratio{{{gpu}}}": "0.4x60",
        'greenai_gpu_target_activity_ratio{instance="a", job="gpu"}': "0.8x60",
        f"greenai_gpu_up{{{gpu}}}": "1x40 0x20",
        f'greenai_gpu_throttled{{reason="sw_thermal_slowdown", {gpu}}}': "1x60",
        'greenai_gpu_last_read_timestamp_seconds{instance="a", job="gpu"}': "0+60x60",
    }
    quiet = {"GreenaiGpuInputBound", "GreenaiGpuSmallBatch", "GreenaiGpuMemoryBound", "GreenaiGpuExporterStale"}
    alerts = [rule["alert"] for rule in RULES if "alert" in rule]
    labels = 'greenai_gpu:waste:ratio_rate15m{uuid="GPU-0", index="0", name="T4", mig="", cause="idle_allocation"}'
    share = {  # 1,500 J of 2,000
        "expr": "greenai_gpu:waste:ratio_rate15m", "eval_time": "50m",
        "exp_samples": [{"labels": labels, "value": 0.75}],
    }  # fmt: skip
    firing = [
        {"expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)', "eval_time": "55m",
         "exp_samples": [{"labels": "{}", "value": int(alert not in quiet)}]}
        for alert in alerts
    ]  # fmt: skip
    test = {
        "rule_files": [str(TEMPLATES / "gpu-rules.yml")], "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m", "promql_expr_test": [share, *firing],
            "input_series": [{"series": series, "values": values} for series, values in told.items()],
        }],
    }  # fmt: skip
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    words = ["promtool", "test", "rules", str(tmp_path / "test.yml")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
