"""The rules over 1,000 declared resources, against the offline preview that a stack of some sixty needs."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Compare

ROOT = Path(__file__).parents[2]
COUNT = 1000
PREVIEW = """
from pathlib import Path
from greenai_infra.previews.run import preview
preview(Path("."), "contiguous", choose_gate=lambda program: None)
"""


def test_rules_against_the_preview(compare: "Compare", tmp_path: Path) -> None:
    pytest.importorskip("pulumi_aws")
    from greenai_infra.clock import now
    from greenai_infra.policy.judge import judge
    from greenai_infra.policy.rule import Stack, Standing
    from greenai_infra.policy.settings import GateSettings
    from greenai_infra.previews.run import preview
    from greenai_infra.typed_yaml.values import read_values

    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    shutil.copy(ROOT / "tests" / "stacks" / "configs" / "Pulumi.contiguous.yaml", tmp_path)
    declared = preview(tmp_path, "contiguous").resources
    many = [
        replace(one, urn=f"{one.urn}-{index}", name=f"{one.name}-{index}")
        for index in range(COUNT // len(declared) + 1)
        for one in declared
    ][:COUNT]
    every_rule = read_values(
        {
            "rules": {
                "region-intensity": {"max_g_per_kwh": 500},
                "live-data": {"require_live": True},
                "instance-types": {"allowed": ["ml.p4*"]},
                "carbon-cap": {"max_kg_per_month": 1},
                "cost-cap": {"max_usd_per_month": 1},
            }
        },
        GateSettings,
    )
    stack = Stack("contiguous", many, {"program": "training"}, now(), Standing(0.5, 0.5, "lifecycle", "average"))
    assert all(one.severity != "disabled" for one in judge(stack, every_rule).rules)

    def peer() -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", PREVIEW], cwd=tmp_path, env=environment, check=True, capture_output=True)

    compare(f"the rules over {COUNT} resources / an offline preview", lambda: judge(stack, every_rule), peer, 1.0, 5)
