"""The command as a process: told to stop amid an epoch, killed, its newest checkpoint damaged; two by torchrun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from greenai_infra.monitoring.run_report import read_report
from tests.training.jobs import same
from tests.training.two_processes import job_in, line
from training.checkpoints import newest_first
from training.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
STATED = {"epochs": "3", "seed": "5", "width": "96", "example": "digits"}
MODEL = Path("model", "model.safetensors")
PATIENCE_S = 240


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GREENAI_", "SM_", "RANK"))}
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**kept, "OMP_NUM_THREADS": "1", "GREENAI_INTENSITY_G_PER_KWH": "100", "PYTHONPATH": paths}


def start(root: Path, *words: str) -> subprocess.Popen[str]:
    """The container's command, for a folder that stands for /opt/ml."""
    config = root / "input" / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "hyperparameters.json").write_text(json.dumps(STATED))
    return subprocess.Popen(
        [sys.executable, "-m", "training", "train", "--root", str(root), *words],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(root: Path, *words: str) -> str:
    process = start(root, *words)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 0, said
    return said


def once(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until it holds, while the process runs."""
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("unbroken")
    finish(root)
    return (root / MODEL).read_bytes()


def test_told_to_stop_it_leaves_checkpoint_and_report_and_resumes_to_the_same_file(
    tmp_path: Path, unbroken: bytes
) -> None:
    process = start(tmp_path)
    once(lambda: newest_first(tmp_path / "checkpoints"), process)  # the first epoch is over
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE_S)[0]

    assert process.returncode == 143, said
    assert not (tmp_path / MODEL).exists()
    assert not (tmp_path / "output" / "failure").exists()
    report = read_report(tmp_path)
    assert report.status == "stopped"
    assert report.intensity_g_per_kwh == pytest.approx(100)
    assert torch.load(newest_first(tmp_path / "checkpoints")[0], weights_only=True)["steps"] > 0

    assert "goes on from step-" in finish(tmp_path)
    assert (tmp_path / MODEL).read_bytes() == unbroken


def test_killed_and_its_newest_checkpoint_damaged_it_resumes_to_the_same_file(tmp_path: Path, unbroken: bytes) -> None:
    process = start(tmp_path)
    once(lambda: len(newest_first(tmp_path / "checkpoints")) > 1, process)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    newest = newest_first(tmp_path / "checkpoints")[0]
    newest.write_bytes(newest.read_bytes()[:-100])

    assert f"{newest.name} is damaged" in finish(tmp_path)
    assert (tmp_path / MODEL).read_bytes() == unbroken


def test_torchrun_runs_the_example_in_two_processes_that_write_once(tmp_path: Path) -> None:
    """As a user starts it; `--processes 2` does the same, and is told to stop as one."""
    words = ["-m", "training", "digits", "--root", str(tmp_path / "by-torchrun"), "--epochs=2", "--width=8"]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *words],
        env=environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert [line[:12] for line in done.stdout.splitlines()[:2]] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert read_report(tmp_path / "by-torchrun").status == "complete"
    state = torch.load(newest_first(tmp_path / "by-torchrun" / "checkpoints")[0], weights_only=True)
    assert (state["steps"], len(state["of_ranks"])) == (2 * 23, 2)  # 1,437 images in batches of 64, as by one process

    process = start(tmp_path, "--processes=2")
    once(lambda: newest_first(tmp_path / "checkpoints"), process)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 143, said
    assert read_report(tmp_path).status == "stopped"


def test_two_processes_do_the_work_of_one_and_stop_together(tmp_path: Path) -> None:
    script = Path(__file__).with_name("two_processes.py")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", script, tmp_path],
        env=environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    first, second = (torch.load(tmp_path / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1))
    alone = line(job_in(tmp_path / "alone", World(0, 1, 0, torch.device("cpu"))))
    torch.testing.assert_close(first["line"], alone)
    assert torch.equal(first["line"], second["line"])
    assert first["code"] == second["code"] == 143
    assert same(first["resumed"], first["unbroken"])
