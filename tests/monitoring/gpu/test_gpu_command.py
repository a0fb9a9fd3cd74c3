"""`greenai-infra gpu` as its user sees it: on a machine with a fake NVML, and on recordings."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.in_process import run_here
from tests.monitoring.gpu.nvml_machine import H100

if TYPE_CHECKING:
    from tests.monitoring.gpu.nvml_machine import NvmlMachine

RECORDED = Path(__file__).with_name("recorded")
START_S = 1_760_000_400.0  # 2025-10-09 09:00 UTC
IDLE = {**H100, "0.use": 0, "0.gpm2": 0, "0.gpm3": 0, "0.gpm5": 0, "0.gpm10": 0, "0.gpm12": 0, "0.gpm13": 0}


def recording(folder: Path, seconds: int, **state: Any) -> Path:
    """Readings of an A100 a second apart; it draws `power_w` steadily."""
    path = folder / "gpu.jsonl"
    lines = []
    for at in range(seconds + 1):
        gpu = {
            "index": "0", "uuid": "GPU-0", "name": "NVIDIA A100-SXM4-40GB", "processes": [{"pid": 77}],
            "memory_used_bytes": 30e9, "memory_total_bytes": 40e9, "power_limit_w": 400, "utilization_ratio": 0.6,
            "power_w": 240, "energy_j": 240.0 * at, **state,
        }  # fmt: skip
        lines.append(json.dumps({"at_s": START_S + at, "source": "nvml", "gpus": [gpu], "later": "ignored"}))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_waste_is_kwh_kg_and_usd_by_hand(tmp_path: Path) -> None:
    """An hour at 60 %: 1,440 s lost at 74 W (idle-power.csv) = 0.0296 kWh, x 1.5 x 500 g = 0.0222 kg, x 3 USD = 1.2."""
    path = recording(tmp_path, 3600)
    done = run_here("gpu", "--from", path, "--json", "--intensity", "500", "--pue", "1.5", "--usd-per-gpu-hour", "3")
    assert done.returncode == 0, done.stderr
    waste = json.loads(done.stdout)["waste"]
    [cause] = waste["causes"]

    assert (cause["cause"], cause["lost_s"]) == ("input_bound", pytest.approx(1440))
    assert cause["energy_kwh"] == pytest.approx(1440 * 74 / 3.6e6)
    assert cause["emissions_kg"] == pytest.approx(1440 * 74 / 3.6e6 * 1.5 * 0.5)
    assert cause["cost_usd"] == pytest.approx(1.2)
    assert cause["numbers"]["utilization"] == pytest.approx(0.6)
    assert "target of 80 %" in cause["rule"]
    assert "num_workers" in cause["next_step"]
    [gpu] = waste["gpus"]
    assert gpu["energy_kwh"] == pytest.approx(0.24)
    assert gpu["below_target_ratio"] == pytest.approx(0.25)
    assert "WebDataset" in gpu["advice"]


def test_price_and_intensity_come_from_the_region_with_their_sources(tmp_path: Path) -> None:
    done = run_here(
        "gpu", "--from", recording(tmp_path, 60), "--json", "--region", "aws:us-east-1", "--intensity", "embedded"
    )
    waste = json.loads(done.stdout)["waste"]

    assert waste["gpus"][0]["usd_per_hour"] == pytest.approx(21.957642 / 8)  # p4d.24xlarge in offers.csv
    assert waste["gpus"][0]["price_source"].startswith("p4d.24xlarge on demand in aws:us-east-1, 2026-")
    assert (waste["pue"], waste["intensity"]["zone"]) == (1.15, "US-MIDA-PJM")
    assert waste["causes"][0]["emissions_kg"] > 0


def test_without_place_kg_and_usd_are_null_and_it_says_why(tmp_path: Path) -> None:
    path = recording(tmp_path, 60)
    [cause] = json.loads(run_here("gpu", "--from", path, "--json").stdout)["waste"]["causes"]
    text = run_here("gpu", "--from", path).stdout

    assert (cause["emissions_kg"], cause["cost_usd"]) == (None, None)
    assert cause["energy_kwh"] > 0
    assert "state --region, or --usd-per-gpu-hour" in text
    assert "neither an intensity (GREENAI_INTENSITY_G_PER_KWH) nor a grid zone" in text


def test_the_environment_of_a_stack_is_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENAI_INTENSITY_G_PER_KWH", "100")
    monkeypatch.setenv("GREENAI_PUE", "1.2")
    waste = json.loads(run_here("gpu", "--from", recording(tmp_path, 60), "--json").stdout)["waste"]

    assert waste["causes"][0]["emissions_kg"] == pytest.approx(24 * 74 / 3.6e6 * 1.2 * 0.1)


@pytest.mark.parametrize("path", sorted(RECORDED.iterdir()), ids=lambda path: path.name)
def test_every_recording_prints_within_80_columns(path: Path) -> None:
    done = run_here("gpu", "--from", path, "--region", "aws:us-east-1", "--intensity", "300")

    assert done.returncode == 0, done.stderr
    wide = [line for line in done.stdout.splitlines() if len(line) > 80 and not line.startswith("- next: ")]
    assert wide == []
    assert "GPUs by nvidia-smi" in done.stdout


def test_the_causes_are_shown_with_rule_numbers_and_next_step(tmp_path: Path) -> None:
    slow = {"utilization_ratio": 1.0, "power_w": 398, "throttle_reasons": ["sw_power_cap"], "sm_clock_hz": 1.128e9}
    done = run_here("gpu", "--from", recording(tmp_path, 60, **slow, sm_clock_max_hz=1.41e9))

    assert ["0", "throttled", "12", "s"] in [line.split()[:4] for line in done.stdout.splitlines()]  # 20 % of 60 s
    assert "clock of its maximum 80 %" in done.stdout
    assert "- next: greenai-infra gpu sweep --gpu 0 -- python train.py" in done.stdout
    assert "-pl" not in done.stdout  # no cap is suggested without a sweep


def test_jsonl_of_a_machine_can_be_read_again(machine: NvmlMachine) -> None:
    done = machine.run("-m", "greenai_infra", "gpu", "--jsonl", "--interval", "0.1", "--for", "0.02m")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) >= 3
    assert lines[-1]["gpus"][0]["sm_active_ratio"] == 0.625
    (machine.folder / "again.jsonl").write_text(done.stdout)

    again = run_here("gpu", "--from", machine.folder / "again.jsonl", "--json")
    assert json.loads(again.stdout)["reading"]["gpus"][0]["power_w"] == 420.5


def test_once_reads_twice_and_watch_draws_and_sums_up(machine: NvmlMachine) -> None:
    machine.says(IDLE)
    once = machine.run("-m", "greenai_infra", "gpu", "--interval", "0.1", "--json")
    reading = json.loads(once.stdout)
    assert reading["reading"]["gpus"][0]["sm_active_ratio"] == 0
    assert [one["cause"] for one in reading["waste"]["causes"]] == ["idle_allocation"]
    assert "ps -o pid,etime,user,cmd -p 4242" in reading["waste"]["causes"][0]["next_step"]

    watch = machine.run("-m", "greenai_infra", "gpu", "--watch", "--interval", "0.1", "--for", "0.02m")
    assert watch.returncode == 0, watch.stderr
    assert "H100 80GB HBM3" in watch.stdout
    assert "idle allocation" in watch.stdout
    assert max(map(len, watch.stdout.splitlines()[:6])) <= 80


def test_the_exporter_serves_base_units_until_it_is_told_to_end(machine: NvmlMachine) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    from greenai_infra.monitoring.gpu.exporter import names

    machine.says({**H100, "0.power_mw": "!unsupported"})
    child = subprocess.Popen(
        [sys.executable, "-m", "greenai_infra", "gpu", "--exporter", "--port", "0", "--interval", "0.1"],
        cwd=machine.folder, env=machine.environment(), text=True, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stderr is not None
        address = child.stderr.readline().split()[-1]
        text = ""
        while "sm_active_ratio{" not in text:  # from the second reading on
            with urllib.request.urlopen(address, timeout=10) as answer:
                text = answer.read().decode()
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
    samples = {
        (one.name, *(one.labels.get(name, "") for name in ("clock", "reason"))): one
        for family in text_string_to_metric_families(text) for one in family.samples
    }  # fmt: skip

    assert {name for name, *_ in samples} <= names()
    assert samples["greenai_gpu_energy_joules_total", "", ""].value == 5000
    assert samples["greenai_gpu_sm_active_ratio", "", ""].value == 0.625
    assert samples["greenai_gpu_memory_used_bytes", "", ""].value == 60 * 2**30
    assert samples["greenai_gpu_clock_hertz", "sm", ""].value == 1.485e9
    assert samples["greenai_gpu_throttled", "", "sw_power_cap"].value == 1
    assert samples["greenai_gpu_throttled", "", "hw_slowdown"].value == 0
    assert samples["greenai_gpu_up", "", ""].labels == {
        "uuid": "GPU-h100", "index": "0", "name": "NVIDIA H100 80GB HBM3", "mig": "",
    }  # fmt: skip
    assert ("greenai_gpu_power_watts", "", "") not in samples  # not known, not 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--json", "--watch"), 2, "--json goes with --once"),
        (("--interval", "nan"), 2, "nan is not a number"),
        (("--from", "/nonexistent"), 2, "can't be read"),
        (("--from", RECORDED / "h100-535.xml", "--exporter"), 2, "--exporter needs live GPUs"),
        (("--from", RECORDED / "h100-535.xml", "--region", "aws:nowhere-1"), 2, "nowhere"),
        (("--from", RECORDED / "h100-535.xml", "--intensity", "-5"), 2, "-5"),
    ],
)
def test_wrong_words_are_refused(words: tuple[object, ...], code: int, said: str) -> None:
    done = run_here("gpu", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_without_bindings_or_client_it_says_what_to_install(
    machine: NvmlMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setenv("PATH", "/nonexistent")
    done = run_here("gpu")
    assert done.returncode == 1
    assert "NVML: nvidia-ml-py is not installed: pip install 'greenai-infra[gpu]'" in done.stderr

    program = "import sys; sys.modules['prometheus_client'] = None; from greenai_infra.cli.main import run; run()"
    done = machine.run("-c", program, "gpu", "--exporter", "--port", "0")
    assert done.returncode == 1
    assert "the exporter needs prometheus-client: pip install 'greenai-infra[gpu]'" in done.stderr


def test_the_intensity_of_each_interval_counts_and_a_long_watch_keeps_few_of_them(tmp_path: Path) -> None:
    """An hour at 60 %: 0.4 x 74 W. 200 g/kWh in its first half, 600 in its second: 400 g/kWh on the mean."""
    path = recording(tmp_path, 3600)
    grid = ["# signal: average", "# basis: lifecycle", "# kind: history", "zone,datetime,g_per_kwh"]
    grid += ["DE,2025-10-09T09:00:00Z,200", "DE,2025-10-09T09:30:00Z,600", "DE,2025-10-09T10:00:00Z,900"]
    (tmp_path / "grid.csv").write_text("\n".join(grid) + "\n")
    done = run_here("gpu", "--from", path, "--json", "--zone", "DE", "--intensity", f"file:{tmp_path / 'grid.csv'}")

    assert done.returncode == 0, done.stderr
    [cause] = json.loads(done.stdout)["waste"]["causes"]
    assert cause["emissions_kg"] == pytest.approx(3600 * 0.4 * 74 / 3.6e6 * 0.4, rel=1e-3)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_live_view_draws_itself_anew_on_a_terminal_and_its_texts_can_not(machine: NvmlMachine) -> None:
    import os
    import pty

    machine.says({**H100, "0.name": "NVIDIA \x1b[2JX", "process.4242": "a\x1b]0;title\x07b"})
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "greenai_infra", "gpu", "--watch", "--interval", "0.1", "--for", "0.01m"],
        cwd=machine.folder, env=machine.environment(TERM="xterm", LINES="40"), stdin=theirs, stdout=theirs,
    )  # fmt: skip
    os.close(theirs)
    out = b""
    try:
        while some := os.read(ours, 65536):
            out += some
    except OSError:  # the other end is closed
        pass
    text = out.decode()

    assert child.wait(20) == 0
    assert "\x1b[1A" in text  # a line up
    assert "\\u001b[1A" not in text
    assert "\x1b[2J" not in text
    assert "\\u001b[2JX" in text
