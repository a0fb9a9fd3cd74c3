"""Runs over several processes and nodes: who measures, what the sums are, what is said of a node that is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import RunReport, read_report
from greenai_infra.tracking import nodes as nodes_module
from greenai_infra.tracking.meter import Told
from greenai_infra.tracking.ranks import Ranks, find_ranks
from greenai_infra.typed_yaml.values import read_values

from .fakes import Bench, Remembering, ready

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None and "CI" not in os.environ, reason="needs torch: pip install 'greenai-infra[training]'"
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases of `gloo_runs`, run once."""
    folder = tmp_path_factory.mktemp("gloo")
    command = [sys.executable, "-m", "tests.tracking.gloo_runs", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    for name in ("GREENAI_CHECKPOINT_DIR", "GREENAI_NODES_DIR"):
        environment.pop(name, None)
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return folder


def of(folder: Path, case: str, rank: int = 0) -> dict[str, Any]:
    return dict(json.loads((folder / case / f"rank-{rank}.json").read_text()))


@needs_torch
@pytest.mark.parametrize(
    ("case", "cpu_kwh", "gpu_kwh"), [("one", 1, 10), ("two", 1 + 2, 20), ("four", 1 + 2 + 3 + 4, 40)]
)
def test_rank_0_adds_up_the_nodes(runs: Path, case: str, cpu_kwh: int, gpu_kwh: int) -> None:
    said = of(runs, case)
    report = read_values(said["report"], RunReport)
    assert report.energy_kwh == pytest.approx(cpu_kwh + gpu_kwh)
    assert report.emissions_kg == pytest.approx((cpu_kwh + gpu_kwh) * 0.5)
    assert {name: one.energy_kwh for name, one in report.components.items()} == {"cpu": cpu_kwh, "gpu": gpu_kwh}
    assert (report.energy_kwh_low, report.energy_kwh_high) == pytest.approx(
        (0.95 * (cpu_kwh + gpu_kwh), 1.1 * cpu_kwh + 1.05 * gpu_kwh)
    )
    assert read_report(runs / case) == report
    assert (said["told_kg"], said["reports"]) == (pytest.approx(report.emissions_kg), 1)
    nodes = gpu_kwh // 10
    if nodes > 1:
        assert [one.energy_kwh for one in report.nodes] == [11.0 + node for node in range(nodes)]
        assert (report.hardware.cpu_count, report.hardware.gpu_count) == (2 * nodes, nodes)
    for rank in range(1, nodes):  # their sinks are told nothing, and their own report lies beside
        other = of(runs, case, rank)
        assert (other["told_kg"], other["reports"]) == (0, 0)
        assert read_report(runs / case / f"emissions_report.node-{rank}.json").energy_kwh == 11.0 + rank


@needs_torch
def test_one_rank_of_a_node_measures_and_the_others_nothing(runs: Path) -> None:
    report = read_values(of(runs, "two-by-two")["report"], RunReport)
    assert report.energy_kwh == pytest.approx(1 + 10 + 3 + 10)  # ranks 0 and 2
    assert [one.energy_kwh for one in report.nodes] == [11.0, 13.0]
    assert [of(runs, "two-by-two", rank)["report"] for rank in (1, 3)] == [None, None]
    files = {path.name for path in (runs / "two-by-two").glob("*.json")} - {f"rank-{rank}.json" for rank in range(4)}
    assert files == {"emissions_report.json", "emissions_report.node-1.json"}


@needs_torch
def test_devices_that_two_nodes_share_count_once(runs: Path) -> None:
    report = read_values(of(runs, "shared")["report"], RunReport)
    assert {name: one.energy_kwh for name, one in report.components.items()} == {"cpu": 1.0, "gpu": 5.0 + 3.0}
    assert report.emissions_kg == pytest.approx(9 * 0.5)
    assert [(one.energy_kwh, one.shared_kwh) for one in report.nodes] == [(6.0, 0.0), (3.0, 6.0)]
    assert report.hardware.gpu_count == 2
    assert any("node 1 measured 6.00 kWh of devices that another node has counted" in note for note in report.notes)


@needs_torch
def test_a_node_that_was_killed_is_not_taken_for_zero(runs: Path) -> None:
    assert json.loads((runs / "codes.json").read_text())["killed"] == {"0": 0, "1": -9}
    report = read_report(runs / "killed")
    assert (report.energy_kwh, report.emissions_kg, report.intensity_g_per_kwh) == (None, None, None)
    assert [one.energy_kwh for one in report.nodes] == [1.0, 2.0]
    assert report.nodes[1].status == "running"
    assert report.energy_kwh_low == pytest.approx(0.95 * 3)
    assert report.emissions_kg_low == pytest.approx(0.95 * 1.5)
    assert report.emissions_kg_high is None
    assert any("the energy of node 1 is unknown after" in note for note in report.notes)


@needs_torch
def test_at_its_budget_every_rank_ends_after_the_same_step(runs: Path) -> None:
    assert json.loads((runs / "codes.json").read_text())["budget"] == dict.fromkeys("0123", 75)
    assert [of(runs, "budget", rank)["steps"] for rank in range(4)] == [11] * 4
    assert all((runs / "budget" / f"checkpoint-{rank}").exists() for rank in range(4))


def two_nodes(folder: Path) -> tuple[Bench, Any, Bench, Any]:
    first, second = Bench(), Bench()
    first.told_now, second.told_now = (Told({}, {}, host=host) for host in "ab")
    trainers = [bench.trainer(node=node, nodes=2, nodes_folder=folder) for node, bench in enumerate((first, second))]
    return first, trainers[0], second, trainers[1]


def test_without_torch_the_reports_travel_in_a_folder(tmp_path: Path) -> None:
    first, leader, second, other = two_nodes(tmp_path)
    with leader:
        ready(leader)
        with other:
            ready(other)
            second.use(60, 2.0)
        first.use(60, 1.0)
    assert leader.report.energy_kwh == pytest.approx(3.0)
    assert other.report.energy_kwh == 2.0
    assert list(tmp_path.iterdir()) == []


def test_what_an_earlier_run_left_in_the_folder_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes_module, "NODES_WITHIN_S", 0.1)
    first, leader, second, other = two_nodes(tmp_path)
    left = tmp_path / ".greenai-nodes"
    left.mkdir()
    (left / "run").write_text('{"word": "earlier"}')
    (left / "stop").write_text('{"at": 1, "word": "earlier"}')
    with other:
        ready(other)
        second.use(60, 2.0)
        assert not other.must_end()
    assert (left / "node-1").exists()
    with leader:
        ready(leader)
        first.use(60, 1.0)
    report = leader.report
    assert (report.energy_kwh, report.emissions_kg, report.components) == (None, None, {})
    assert [(one.status, one.energy_kwh) for one in report.nodes] == [("complete", 1.0), (None, None)]
    assert any("the energy of node 1 is unknown: its report did not arrive" in note for note in report.notes)
    assert report.energy_kwh_low == pytest.approx(0.4 * 1)


def test_sums_that_are_not_known_are_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from greenai_infra.ledger.carbon_budget import CarbonBudget

    monkeypatch.setattr(nodes_module, "NODES_WITHIN_S", 0.1)
    ledger, sink = tmp_path / "ledger.db", Remembering()
    account = CarbonBudget(ledger=ledger, team="t", project="p")
    account.set(year_kg=100, training_share=0.5, inference_share=0.5)
    bench = Bench()
    given = {"nodes": 2, "nodes_folder": tmp_path, "ledger": ledger, "team": "t", "project": "p"}
    with bench.trainer(node=0, sinks=[sink], **given) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    assert trainer.report is not None
    assert {one.name: one.failed for one in trainer.report.sinks} == {"ledger": 1, "remembering": 0}
    assert list(account.status().runs) == []
    assert sum(one.emissions_kg for one in sink.deltas) == pytest.approx(0.5)  # of the node that is known


VERTEX = {"cluster": {"workerpool0": ["a:2222"], "workerpool1": ["b:2222", "c:2222"]}}


@pytest.mark.parametrize(
    ("environment", "ranks"),
    [
        ({}, Ranks(0, 1, 0, 1)),
        (
            {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "GROUP_RANK": "1"},
            Ranks(1, 2, 1, 8),
        ),
        ({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}, Ranks(1, 2, 1, 8)),
        ({"RANK": "3", "WORLD_SIZE": "4"}, Ranks(3, 4, 0, 4)),
        (
            {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4", "GROUP_RANK": "1"},
            Ranks(1, 2, 1, 8),
        ),
        ({"SM_HOSTS": '["algo-1", "algo-2"]', "SM_CURRENT_HOST": "algo-2"}, Ranks(1, 2, 0, 2)),
        (
            {
                "SM_HOSTS": '["algo-1", "algo-2"]', "SM_CURRENT_HOST": "algo-2", "RANK": "1", "WORLD_SIZE": "4",
                "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "GROUP_RANK": "0",
            },
            Ranks(1, 2, 1, 4),
        ),
        ({"CLUSTER_SPEC": json.dumps({**VERTEX, "task": {"type": "workerpool0", "index": 0}})}, Ranks(0, 3, 0, 3)),
        ({"CLUSTER_SPEC": json.dumps({**VERTEX, "task": {"type": "workerpool1", "index": 1}})}, Ranks(2, 3, 0, 3)),
    ],
)  # fmt: skip
def test_the_environment_says_which_process_this_is(environment: dict[str, str], ranks: Ranks) -> None:
    assert find_ranks(environment) == ranks


@pytest.mark.parametrize(
    ("environment", "given", "message"),
    [
        ({"RANK": "one", "WORLD_SIZE": "2"}, {}, "RANK must be a whole number from 0, not 'one'"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, {}, "RANK is 2 of a WORLD_SIZE of 2"),
        ({"SM_HOSTS": "algo-1"}, {}, "SM_HOSTS"),
        ({"SM_HOSTS": '["algo-1"]', "SM_CURRENT_HOST": "algo-9"}, {}, "SM_CURRENT_HOST"),
        ({"CLUSTER_SPEC": "{"}, {}, "CLUSTER_SPEC"),
        ({}, {"node": 1}, "state both node "),
        ({}, {"node": 2, "nodes": 2}, "node 2 of 2 nodes"),
    ],
)
def test_ranks_that_cannot_be_are_refused(environment: dict[str, str], given: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_ranks(environment, **given)
