"""Every example stack of our own keeps every rule by its defaults; only one without alarms is told so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from greenai_infra.previews.gate import project_gate
from greenai_infra.previews.run import preview

pytest.importorskip("pulumi_aws")
pytest.importorskip("pulumi_gcp")

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "tests" / "stacks" / "configs"
STACKS = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in CONFIGS.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_only_a_missing_budget_alarm_shuts_the_gate(tmp_path: Path, stack: str) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    for config in CONFIGS.glob("Pulumi.*.yaml"):  # one may name another as its stack of alarms
        shutil.copy(config, tmp_path)
    (tmp_path / "stacks" / "policy" / "greenai-policy.yaml").unlink(missing_ok=True)
    text = (CONFIGS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    idle = "program: cache" in text or "program: ledger" in text  # they neither train nor serve
    watched = ":alarms" in text or idle

    result = preview(tmp_path, stack, choose_gate=project_gate)

    verdict = result.verdict
    assert verdict is not None
    assert result.not_judged == {}
    assert [one.id for one in verdict.rules if one.stops] == ([] if watched else ["budget-alarm"])
