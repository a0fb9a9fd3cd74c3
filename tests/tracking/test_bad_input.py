"""What a machine, a disk or a network refuses: the training goes on, and the report says what is unknown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.intensity.choice.asked import Asked
from greenai_infra.monitoring.run_report import RunReport, read_report
from greenai_infra.tracking import codecarbon_meter as meter_module
from greenai_infra.tracking import run as run_module
from greenai_infra.tracking.meter import Told
from greenai_infra.tracking.trainer import GreenTrainer
from greenai_infra.tracking.unread_chips import chip_of, unread_chips

from .fakes import Bench, ready

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def of(trainer: GreenTrainer) -> RunReport:
    assert trainer.report is not None
    return trainer.report


def gpus(root: Path, *models: str) -> Path:
    """The files by which NVIDIA's driver names its devices."""
    (root / "dev").mkdir()
    for number, model in enumerate(models):
        (root / "dev" / f"nvidia{number}").touch()
        folder = root / "proc/driver/nvidia/gpus" / f"0000:0{number}:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 11\nGPU UUID: \t GPU-{number}\n")
    (root / "dev" / "nvidiactl").touch()
    return root


@pytest.mark.filterwarnings("ignore:The save_to_:DeprecationWarning")
def test_gpus_without_nvml_are_estimated_at_their_nominal_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = gpus(tmp_path, "NVIDIA A100-SXM4-80GB", "Tesla T4")
    monkeypatch.setattr(meter_module, "unread_chips", lambda environment: unread_chips({}, root))
    with GreenTrainer("x", intensity=300, report=None, summary=False, environment={}, measure_every_s=0.3) as trainer:
        assert trainer._run is not None
        assert trainer._run.meter_started.wait(60)
        threading.Event().wait(0.8)
    report = of(trainer)
    gpu = report.components["gpu"]
    assert gpu.how == "estimated"
    assert report.measured_s is not None
    assert 3.6e6 * gpu.energy_kwh / report.measured_s == pytest.approx(400 + 70, rel=0.05)  # W, as the vendors state
    assert (report.hardware.gpu, report.hardware.gpu_count) == ("NVIDIA A100-SXM4-80GB; Tesla T4", 2)
    assert any("is estimated at full load, not measured: NVML can't be read" in note for note in report.notes)


def test_chips_are_found_by_what_drivers_call_them(tmp_path: Path) -> None:
    names = {
        "NVIDIA H100 80GB HBM3": "H100", "NVIDIA A100-SXM4-40GB": "A100-40GB", "NVIDIA L4": "L4", "NVIDIA A10G": "A10G",
    }  # fmt: skip
    for model, name in names.items():
        chip = chip_of(model)
        assert chip is not None
        assert chip.name == name
    assert chip_of("NVIDIA Quadro 9999") is None
    root = gpus(tmp_path, "NVIDIA A10G", "NVIDIA A10G")
    assert unread_chips({"CUDA_VISIBLE_DEVICES": ""}, root) is None
    found = unread_chips({}, root)
    assert found is not None
    assert (found.count, found.power_w) == (2, 600.0)
    (root / "dev" / "nvidia1").unlink()  # a container that is given one of the two
    found = unread_chips({}, root)
    assert found is not None
    assert (found.count, found.power_w) == (1, 300.0)


@pytest.mark.parametrize("device", ["nvidia0", "neuron0", "accel0"])
def test_a_chip_that_nobody_knows_leaves_the_sum_unknown(tmp_path: Path, device: str) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / device).touch()
    found = unread_chips({}, tmp_path)
    assert found is not None
    assert found.power_w is None
    bench = Bench()
    bench.told_now = Told({"cpu": ("measured", "counter")}, notes=(found.note(),), unknown=("gpu",))
    with bench.trainer(summary=True) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    report = of(trainer)
    assert (report.energy_kwh, report.emissions_kg, report.energy_kwh_high) == (None, None, None)
    assert (report.energy_kwh_low, report.emissions_kg_low) == pytest.approx((0.95, 0.475))
    assert any("the energy of gpu is unknown" in note for note in report.notes)


def test_a_counter_that_stands_still_is_not_taken_for_no_energy() -> None:
    bench = Bench()
    with bench.trainer() as trainer:
        ready(trainer)
        bench.use(60, 0.0, 0.5)
    report = of(trainer)
    assert (report.energy_kwh, report.emissions_kg) == (None, None)
    assert any("the energy of cpu is unknown" in note for note in report.notes)


def test_a_counter_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counter.parent.mkdir()
    counter.write_text("1")
    assert meter_module._unreadable_counters(tmp_path) == ()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (said,) = meter_module._unreadable_counters(tmp_path)
    assert said == f"{counter} is not readable by this user: the processor's energy is estimated, not measured"


def test_a_meter_that_hangs_at_the_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CLOSE_WITHIN_S", 0.2)
    bench, gate = Bench(), threading.Event()
    bench.stop = gate.wait  # type: ignore[assignment, method-assign]
    with bench.trainer() as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    gate.set()
    assert of(trainer).emissions_kg == 0.5
    assert any("the meter did not stop within 0.2 s" in note for note in of(trainer).notes)


def test_what_a_silent_meter_missed_counts_at_its_mean_power() -> None:
    bench = Bench()
    with bench.trainer() as trainer:
        ready(trainer)
        bench.use(60, 1.0, 0.2)
        bench.at_s += 30  # its thread was killed
    report = of(trainer)
    assert report.energy_kwh == pytest.approx(1.2 * 1.5)
    assert report.emissions_kg == pytest.approx(1.8 * 0.5)
    silent = report.components["silent"]
    assert silent.energy_kwh == pytest.approx(0.6)
    assert silent.how == "estimated"
    assert any("the last 30.0 s, after the meter fell silent" in note for note in report.notes)


FULL_DISK = """
import resource, sys
from pathlib import Path
from tests.tracking.fakes import Bench, ready
bench = Bench()
with bench.trainer(report=sys.argv[1]) as trainer:
    ready(trainer)
    bench.use(60, 2.0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
print(trainer.report.emissions_kg)
"""


def test_a_full_disk_leaves_the_older_report_whole(tmp_path: Path) -> None:
    path = tmp_path / "emissions_report.json"
    bench = Bench()
    with bench.trainer(report=path) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "1.0\n")
    assert "the report can't be written" in done.stderr
    assert "File too large" in done.stderr
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert read_report(path) == of(trainer)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_with_the_network_cut_off_the_report_names_its_embedded_figure() -> None:
    bench = Bench()
    with bench.trainer(intensity=None, environment={"GREENAI_REGION": "eu-central-1"}) as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    report = of(trainer)
    assert report.intensity is not None
    assert (report.intensity.kind, report.intensity.zone) == ("yearly mean", "DE")
    assert report.intensity_g_per_kwh is not None
    assert 250 < report.intensity_g_per_kwh < 450  # Germany, not Quebec's 3.9 of codecarbon's
    figure = f"taken is the embedded figure of DE, {report.intensity_g_per_kwh:g} g/kWh"
    assert any(figure in note for note in report.notes)
    assert any("public was left" in note for note in report.notes)


QUEBEC = """
from greenai_infra import GreenTrainer
import time
with GreenTrainer("offline", report="r.json", measure_every_s=0.3) as trainer:
    assert trainer._run.meter_started.wait(60)
    time.sleep(0.5)
"""


def can_cut_network() -> bool:
    try:
        return subprocess.run(["unshare", "-rn", "true"], capture_output=True, timeout=10).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_cut_network(), reason="needs unshare, to start a process without a network")
def test_without_a_network_codecarbon_s_quebec_is_never_taken(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GREENAI_REGION": "pl-nowhere"}
    command = ["unshare", "-rn", sys.executable, "-c", QUEBEC]
    refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert "pl-nowhere" in refused.stderr
    environment["GREENAI_REGION"] = "europe-central2"  # Warsaw
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    report = read_report(tmp_path / "r.json")
    assert report.intensity_g_per_kwh is not None
    assert report.energy_kwh is not None
    assert report.intensity_g_per_kwh > 500  # coal; codecarbon would have taken 3.9
    assert report.emissions_kg == pytest.approx(report.energy_kwh * report.pue * report.intensity_g_per_kwh / 1000)
    assert f"taken is the embedded figure of PL, {report.intensity_g_per_kwh:g} g/kWh" in " ".join(report.notes)


def test_sources_that_hang_when_the_run_ends_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    open_source: Callable[..., Any] = Asked._open

    def hanging(self: Asked, **given: Any) -> Any:
        gate.wait(30)
        return open_source(self, **given)

    monkeypatch.setattr(Asked, "_open", hanging)
    monkeypatch.setattr(run_module, "GRID_WITHIN_S", 0.1)
    bench = Bench()
    with bench.trainer(intensity=None, zone="PL") as trainer:
        ready(trainer)
        bench.use(60, 1.0)
    gate.set()
    report = of(trainer)
    assert report.intensity is not None
    assert (report.intensity.kind, report.intensity.zone) == ("yearly mean", "PL")
    assert any("the live sources had not answered when the run ended" in note for note in report.notes)
