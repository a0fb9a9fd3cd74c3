"""NVML through NVIDIA's own bindings, whose library is the tests': figures, errors that are values, lost cards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from greenai_infra.monitoring.gpu.follow import Follower
from greenai_infra.monitoring.gpu.values import Round
from tests.monitoring.gpu.nvml_machine import GIB, H100

if TYPE_CHECKING:
    from tests.monitoring.gpu.nvml_machine import NvmlMachine

READ = """
import itertools, json, os, sys
from greenai_infra.monitoring.gpu.nvml import NvmlReader
import msgspec
reader = None
ticks = itertools.count(1000)
for answers in json.load(open("steps.json")):
    with open(os.environ["FAKE_NVML"], "w") as file:
        file.writelines(f"{key} {value}\\n" for key, value in answers.items())
    reader = reader or NvmlReader(clock=lambda: float(next(ticks)))
    print(msgspec.json.encode(reader.read()).decode())
"""


def readings(machine: NvmlMachine, *steps: dict[str, Any]) -> list[Round]:
    """What is read by one reader, a second apart, while the library answers as each step says."""
    (machine.folder / "steps.json").write_text(json.dumps(steps))
    done = machine.run("-c", READ)
    assert done.returncode == 0, done.stderr
    return [msgspec.json.decode(line, type=Round) for line in done.stdout.splitlines()]


def test_every_figure_of_a_card_is_read_in_its_unit(machine: NvmlMachine) -> None:
    first, second = readings(machine, H100, {**H100, "0.energy_mj": 5_420_500})
    [one] = second.gpus

    assert (one.index, one.uuid, one.name, second.driver) == ("0", "GPU-h100", "NVIDIA H100 80GB HBM3", "580.65.06")
    assert (one.utilization_ratio, one.memory_utilization_ratio) == (1.0, 0.4)
    assert (one.sm_active_ratio, one.sm_occupancy_ratio, one.tensor_active_ratio) == (0.625, 0.3, 0.25)
    assert (one.pipe_active_ratio, one.dram_active_ratio) == (0.25, 0.5)  # tensor 25 %, above FP32's 12 %
    assert (one.power_w, one.power_limit_w, one.power_default_limit_w) == (420.5, 700, 700)
    assert (one.energy_j, first.gpus[0].energy_j) == (5420.5, 5000)
    assert (one.memory_used_bytes, one.memory_total_bytes) == (60 * GIB, 80 * GIB)
    assert (one.temperature_celsius, one.sm_clock_hz, one.sm_clock_max_hz) == (61, 1.485e9, 1.98e9)
    assert (one.memory_clock_hz, one.memory_clock_max_hz) == (2.619e9, 2.619e9)
    assert one.throttle_reasons == ["sw_power_cap", "sw_thermal_slowdown"]
    assert [(p.pid, p.name, p.memory_bytes) for p in one.processes or []] == [(4242, "python", 64e9)]
    assert one.missing == {}
    assert second.at_s - first.at_s == 1
    assert "second reading" in first.gpus[0].missing["sm_active_ratio"]


def test_what_a_card_refuses_is_none_with_the_reason_and_never_zero(machine: NvmlMachine) -> None:
    said = {**H100, "0.power_mw": "!unknown", "0.energy_mj": "!unsupported", "0.use": "!denied", "0.gpm": 0}
    del said["0.celsius"], said["process.4242"]
    said["0.processes"] = "4242:-"
    [taken] = readings(machine, said)
    [one] = taken.gpus

    assert (one.power_w, one.energy_j, one.utilization_ratio, one.temperature_celsius) == (None, None, None, None)
    assert one.missing["power_w"] == "NVML_ERROR_UNKNOWN"
    assert one.missing["energy_j"] == one.missing["temperature_celsius"] == "NVML_ERROR_NOT_SUPPORTED"
    assert one.missing["utilization_ratio"] == "NVML_ERROR_NO_PERMISSION"
    assert "GPM" in one.missing["sm_active_ratio"]
    assert one.power_limit_w == 700
    assert [(p.pid, p.name, p.memory_bytes) for p in one.processes or []] == [(4242, None, None)]


def test_a_card_that_is_lost_midway_stays_listed_and_the_other_goes_on(machine: NvmlMachine) -> None:
    other = {key.replace("0.", "1.", 1): value for key, value in H100.items() if key.startswith("0.")}
    two = {**H100, **other, "count": 2, "1.uuid": "GPU-other"}
    lost = {**two, "0.handle": "!lost", "1.energy_mj": 5_100_000}
    half = {**two, "0.power_mw": "!lost", "1.energy_mj": 5_200_000}
    back = {**two, "0.energy_mj": 7_000, "1.energy_mj": 5_300_000}  # its counter began anew
    rounds = readings(machine, two, lost, half, back, {**back, "0.energy_mj": 107_000, "1.energy_mj": 5_400_000})

    assert [[one.lost for one in taken.gpus] for taken in rounds] == [
        [None, None], ["NVML_ERROR_GPU_IS_LOST", None], ["NVML_ERROR_GPU_IS_LOST", None], [None, None], [None, None],
    ]  # fmt: skip
    assert [one.uuid for one in rounds[1].gpus] == ["GPU-h100", "GPU-other"]
    follower = Follower(1.0)
    for taken in rounds:
        follower.add(taken)
    assert follower.gpus["GPU-other"].joules == pytest.approx(400)
    # the counter fell, so that power stands in over the three seconds: 3 s x 420.5 W, then 100 J counted
    assert follower.gpus["GPU-h100"].joules == pytest.approx(3 * 420.5 + 100)
    assert follower.gpus["GPU-h100"].joules_by_power == pytest.approx(3 * 420.5)


def test_a_card_that_falls_off_is_lost_and_the_next_one_that_takes_its_number_is_not(machine: NvmlMachine) -> None:
    other = {key.replace("0.", "1.", 1): value for key, value in H100.items() if key.startswith("0.")}
    two = {**H100, **other, "count": 2, "1.uuid": "GPU-other"}
    _, after = readings(machine, two, {**H100, "0.uuid": "GPU-other", "0.power_mw": 100_000})

    assert [(one.uuid, one.lost is None, one.power_w) for one in after.gpus] == [
        ("GPU-other", True, 100), ("GPU-h100", False, None),
    ]  # fmt: skip


def test_a_driver_that_is_reloaded_is_read_again(machine: NvmlMachine) -> None:
    gone = {**H100, "count": "!uninitialized"}
    before, during, after = readings(machine, H100, gone, {**H100, "0.energy_mj": 100})

    assert before.gpus[0].lost is None
    assert [one.lost for one in during.gpus] == ["NVML: NVML_ERROR_UNINITIALIZED"]
    assert (after.gpus[0].lost, after.gpus[0].energy_j) == (None, 0.1)
    assert "second reading" in after.gpus[0].missing["sm_active_ratio"]


def test_a_library_of_a_few_functions_gives_what_it_has(machine: NvmlMachine) -> None:
    few = {"count": 1, "0.power_mw": 250_000, "0.energy_mj": 1000, "0.use": 30, "0.memory_use": 5}
    first, second = readings(machine, few, {**few, "0.energy_mj": 251_000})
    [one] = second.gpus

    assert (one.index, one.uuid, one.name, one.lost, second.driver) == ("0", "index-0", "", None, "")
    assert (one.power_w, one.utilization_ratio, one.memory_used_bytes, one.processes) == (250, 0.3, None, None)
    follower = Follower(1.0)
    for taken in (first, second):
        follower.add(taken)
    assert follower.gpus["index-0"].joules == 250


MIG = {
    **{key: value for key, value in H100.items() if not key.startswith("0.gpm")},
    "0.gpm": 1, "0.mig": 1, "0.mig_most": 7, "0.use": "!unsupported",
    "0:0.uuid": "MIG-a", "0:0.group": 3, "0:0.part": 0, "0:0.slices": 3, "0:0.memory_used": 30 * GIB,
    "0:0.memory_total": 40 * GIB, "0:0.processes": "7:1000", "0:0.gpm1": 80, "0:0.gpm2": 40,
    "0:2.uuid": "MIG-b", "0:2.group": 5, "0:2.part": 1, "0:2.slices": 2, "0:2.memory_used": GIB,
    "0:2.memory_total": 20 * GIB, "0:2.processes": "8:1000", "0:2.gpm1": 0, "0:2.gpm2": 0,
}  # fmt: skip


def test_mig_instances_have_memory_processes_and_counters_of_their_own(machine: NvmlMachine) -> None:
    _, taken = readings(machine, MIG, MIG)
    card, first, second = taken.gpus

    assert card.mig_mode
    assert card.utilization_ratio is None
    assert "instances" in card.missing["sm_active_ratio"]
    assert (first.index, first.mig, first.parent, first.mig_share) == ("0:0", "3/0", "GPU-h100", 3 / 7)
    assert (second.index, second.mig, second.uuid, second.mig_share) == ("0:2", "5/1", "MIG-b", 2 / 7)
    assert (first.utilization_ratio, first.sm_active_ratio, second.sm_active_ratio) == (0.8, 0.4, 0)
    assert (first.memory_used_bytes, second.memory_total_bytes) == (30 * GIB, 20 * GIB)
    assert [process.pid for process in second.processes or []] == [8]
    assert (first.power_w, first.missing["power_w"]) == (None, "measured for the whole card only")


def test_an_idle_mig_instance_is_charged_its_slices_of_the_idle_power(machine: NvmlMachine) -> None:
    """H100 waits at 108 W (idle-power.csv): 2 of 7 slices over 60 s are 1,851 J."""
    rounds = readings(machine, *({**MIG, "0.energy_mj": 420_500 * second} for second in range(62)))
    follower = Follower(1.0)
    found = [pair for taken in rounds for pair in follower.add(taken)]
    idle = [piece for sample, piece in found if sample.uuid == "MIG-b"]

    assert {piece.cause for piece in idle} == {"idle_allocation"}
    assert sum(piece.seconds for piece in idle) == pytest.approx(60, abs=1.1)
    assert sum(piece.joules or 0 for piece in idle) == pytest.approx(108 * 2 / 7 * sum(piece.seconds for piece in idle))


def test_a_driver_before_535_is_read_by_its_old_calls(old_machine: NvmlMachine) -> None:
    [taken] = readings(old_machine, H100)
    [one] = taken.gpus

    assert one.throttle_reasons == ["sw_power_cap", "sw_thermal_slowdown"]
    assert (one.memory_used_bytes, [process.pid for process in one.processes or []]) == (60 * GIB, [4242])
    assert not one.mig_mode
    assert "GPM" in one.missing["sm_active_ratio"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"init": "!nofunction"}, "NVML_ERROR_FUNCTION_NOT_FOUND"),
        ({"init": "!denied"}, "NVML_ERROR_NO_PERMISSION"),
        ({"count": 0}, "the driver knows no GPU"),
    ],
)
def test_without_a_gpu_the_command_says_so_with_exit_code_1(
    machine: NvmlMachine, answers: dict[str, object], said: str
) -> None:
    machine.says(answers)
    done = machine.run("-m", "greenai_infra", "gpu", PATH="/nonexistent")

    assert done.returncode == 1
    assert done.stderr.startswith("error: no NVIDIA GPU can be read on this machine. NVML: " + said)
    assert "nvidia-smi is not on PATH" in done.stderr
    assert done.stdout == ""
