"""The example `distill-digits` as a process: told to stop, it resumes to the same student."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file

from greenai_infra.monitoring.run_report import read_report
from tests.training.test_train_processes import PATIENCE_S, environment, once
from training.checkpoints import newest_first
from training.digits import HELD_OUT, network, read_digits

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ("--epochs=4", "--seed=2", "--samples=256", "--teacher_width=16", "--student_width=4", "--rounds=6",
         "--block_s=0.06")  # fmt: skip


def start(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", "distill-digits", "--root", str(root), *SMALL, *words],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(root: Path, *words: str) -> dict[str, Any]:
    process = start(root, *words)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 0, said
    found: dict[str, Any] = json.loads((root / "output" / "data" / "distillation.json").read_text())
    return {**found, "said": said}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("whole")
    return root, finish(root)


def test_it_writes_model_report_card_and_a_return_that_agrees_with_them(whole: tuple[Path, dict[str, Any]]) -> None:
    root, found = whole
    report = read_report(root)
    assert report.emissions_kg == pytest.approx((report.energy_kwh or 0) * report.pue * 100 / 1000)
    roi = found["roi"]
    assert roi["distillation_kg"] == report.emissions_kg
    assert roi["g_per_kwh"] == pytest.approx(100)
    joules = found["teacher"]["speeds"][0]["energy_j_per_inference"]
    assert roi["teacher_kg_per_inference"] == pytest.approx(joules / 3.6e6 * report.pue * 100 / 1000)
    student = network(4)
    student.load_state_dict(load_file(root / "model" / "model.safetensors"))
    images, labels = read_digits()
    with torch.no_grad():
        right = float((student.eval()(images[-HELD_OUT:]).argmax(1) == labels[-HELD_OUT:]).double().mean())
    assert found["student"]["accuracy"]["value"] == pytest.approx(right)
    outputs = root / "checkpoints" / "teacher-outputs" / "outputs.bin"
    assert outputs.stat().st_size == 9 * 256 * found["teacher_outputs"]["bytes_a_position"]
    assert (root / "output" / "data" / "model_card.md").is_file()
    assert max(map(len, found["said"].splitlines())) < 160


def test_told_to_stop_it_resumes_to_the_same_student(tmp_path: Path, whole: tuple[Path, dict[str, Any]]) -> None:
    process = start(tmp_path)
    once(lambda: newest_first(tmp_path / "checkpoints" / "student"), process)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 143, said
    assert not (tmp_path / "model").is_dir() or not list((tmp_path / "model").iterdir())
    stopped = read_report(tmp_path)
    assert stopped.status == "stopped"
    found = finish(tmp_path)
    model = "model/model.safetensors"
    assert (tmp_path / model).read_bytes() == (whole[0] / model).read_bytes()
    together = (read_report(tmp_path).emissions_kg or 0) + (stopped.emissions_kg or 0)
    assert found["roi"]["distillation_kg"] == pytest.approx(together)


def test_two_processes_share_the_batches_and_the_outputs_of_one_teacher(tmp_path: Path) -> None:
    found = finish(tmp_path, "--processes", "2", "--epochs=1")
    assert found["teacher_outputs"]["items"] == 9 * 256
    assert found["roi"]["distillation_kg"] > 0
    assert (tmp_path / "model" / "model.safetensors").is_file()
