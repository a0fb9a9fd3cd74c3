"""Waste by cause, worked out by hand: seconds and joules of each, and that no joule counts twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.monitoring.gpu.follow import Follower
from greenai_infra.monitoring.gpu.intervals import interval_of
from greenai_infra.monitoring.gpu.thresholds import chip_of
from greenai_infra.monitoring.gpu.values import Host, Process, Round, Sample
from greenai_infra.monitoring.gpu.waste import below_target, swings

GIB = 2**30
A100 = "NVIDIA A100-SXM4-80GB"  # waits at 76 W (idle-power.csv)
BUSY: dict[str, Any] = {
    "name": A100, "utilization_ratio": 1.0, "memory_utilization_ratio": 0.3, "memory_used_bytes": 60.0 * GIB,
    "memory_total_bytes": 80.0 * GIB, "power_w": 380.0, "power_limit_w": 400.0, "throttle_reasons": [],
    "sm_clock_hz": 1.41e9, "sm_clock_max_hz": 1.41e9, "processes": [Process(pid=1)],
}  # fmt: skip


def waste(*seconds: dict[str, Any], host: Host | None = None, **common: Any) -> tuple[Follower, dict[str, list[float]]]:
    """One reading a second, each the state of the second before; lost seconds and joules by cause."""
    follower = Follower(1.0)
    found: dict[str, list[float]] = {}
    energy_j = 1000.0
    pieces = []
    for at, own in enumerate((seconds[0], *seconds)):
        state = {**BUSY, **common, **own}
        energy_j += state["power_w"] if at else 0.0
        sample = Sample(index="0", uuid="GPU-0", energy_j=energy_j, **state)
        pieces += follower.add(Round(at_s=float(at), source="test", gpus=[sample], host=host or Host()))
    pieces += follower.finish()
    for _, piece in pieces:
        of = found.setdefault(piece.cause, [0.0, 0.0])
        of[0] += piece.seconds
        of[1] += piece.joules or 0.0
    return follower, found


def close(*figures: float) -> Any:
    return pytest.approx(list(figures))


def test_a_busy_gpu_wastes_nothing() -> None:
    follower, found = waste(*[{}] * 20)

    assert found == {}
    assert follower.gpus["GPU-0"].joules == pytest.approx(20 * 380)


def test_a_gpu_that_is_held_and_never_works_wastes_all_it_draws() -> None:
    """10 s at 70 W are 700 J."""
    assert waste(*[{"utilization_ratio": 0.0, "power_w": 70.0}] * 10)[1] == {"idle_allocation": close(10, 700)}


def test_a_gpu_that_nobody_holds_wastes_nothing_for_a_workload() -> None:
    free = {"utilization_ratio": 0.0, "power_w": 50.0, "processes": [], "memory_used_bytes": 10.0 * 2**20}
    follower, found = waste(*[free] * 10)

    assert found == {}
    assert follower.gpus["GPU-0"].free_s == 10


def test_memory_that_is_held_by_a_process_nobody_sees_is_an_allocation_too() -> None:
    held = {"utilization_ratio": 0.0, "power_w": 70.0, "processes": None, "memory_used_bytes": 2.0 * GIB}
    assert waste(*[held] * 3)[1] == {"idle_allocation": close(3, 210)}


def test_a_pause_of_a_minute_after_work_is_idle_and_a_short_one_at_the_end_stays_open() -> None:
    pause = {"utilization_ratio": 0.0, "power_w": 80.0}
    assert waste(*[{}] * 5, *[pause] * 70)[1] == {"idle_allocation": close(70, 70 * 80)}
    assert waste(*[{}] * 5, *[pause] * 59)[1] == {}


def test_a_sawtooth_is_input_bound_and_its_pauses_count_as_measured() -> None:
    """Five times 1 s of work and 2 s of waiting at 90 W: 10 s, of which the last 2 s are not followed by work."""
    tooth = [{}, {"utilization_ratio": 0.0, "power_w": 90.0}, {"utilization_ratio": 0.0, "power_w": 90.0}]
    assert waste(*tooth * 5)[1] == {"input_bound": close(8, 720)}


def test_steady_gaps_are_charged_with_waiting_power() -> None:
    """At 60 % of time, 40 % of 10 s = 4 s at 76 W (idle-power.csv) are 304 J; not 40 % of all energy (960 J)."""
    assert waste(*[{"utilization_ratio": 0.6, "power_w": 240.0}] * 10)[1] == {"input_bound": close(4, 304)}


def test_gaps_of_a_nearly_empty_chip_are_a_small_batch() -> None:
    """Use 50 %, SM 10 %: gaps 5 s, and of 5 s running 1 - 0.1 / 0.5 = 80 %, 4 s. Together 9 s at 76 W."""
    state = {"utilization_ratio": 0.5, "sm_active_ratio": 0.1, "power_w": 120.0, "memory_used_bytes": 8.0 * GIB}
    assert waste(*[state] * 10)[1] == {"small_batch": close(9, 9 * 76)}


def test_the_same_gaps_are_input_bound_where_the_host_waits() -> None:
    state = {"utilization_ratio": 0.5, "sm_active_ratio": 0.1, "power_w": 120.0, "memory_used_bytes": 8.0 * GIB}
    found = waste(*[state] * 10, host=Host(io_waiting_ratio=0.3))[1]

    assert found == {"input_bound": close(5, 380), "small_batch": close(4, 304)}


def test_many_short_kernels_fill_little_of_the_chip() -> None:
    """Always a kernel, SM activity 30 %: 70 % of 10 s at 76 W."""
    assert waste(*[{"sm_active_ratio": 0.3, "power_w": 150.0}] * 10)[1] == {"small_batch": close(7, 532)}


def test_busy_multiprocessors_with_few_warps_and_quiet_pipes_are_a_small_batch() -> None:
    state = {"sm_active_ratio": 0.9, "sm_occupancy_ratio": 0.1, "pipe_active_ratio": 0.05, "dram_active_ratio": 0.1}
    assert waste(*[state] * 10)[1] == {"small_batch": close(9, 9 * 76)}
    full = {"sm_active_ratio": 0.95, "sm_occupancy_ratio": 0.12, "pipe_active_ratio": 0.8, "dram_active_ratio": 0.3}
    assert waste(*[full] * 10)[1] == {}  # a matrix product: few warps, busy pipes


def test_without_counters_the_fill_comes_from_power() -> None:
    """(141 - 76) / (400 - 76) = 0.2006: 7.994 s of 10 at 76 W."""
    assert waste(*[{"power_w": 141.0}] * 10)[1] == {"small_batch": close(10 * (1 - 65 / 324), 760 * (1 - 65 / 324))}


def test_memory_that_is_busy_while_the_pipes_are_not_is_memory_bound() -> None:
    """Pipes 20 % of the time: 8 s of 10 at 76 W."""
    decode = {"sm_active_ratio": 0.95, "pipe_active_ratio": 0.2, "dram_active_ratio": 0.75, "power_w": 330.0}
    assert waste(*[decode] * 10)[1] == {"memory_bound": close(8, 608)}


def test_memory_bound_without_counters_by_memory_utilisation_and_power() -> None:
    """(270.4 - 76) / 324 = 0.6: 4 s of 10 at 76 W."""
    decode = {"memory_utilization_ratio": 0.9, "power_w": 270.4}
    assert waste(*[decode] * 10)[1] == {"memory_bound": close(4, 304)}


def test_throttled_is_the_share_of_clocks_that_is_lost() -> None:
    """1,128 of 1,410 MHz for 10 s: 2 s at 76 W. The same clocks by the user's own setting are no throttling."""
    slow = {"sm_clock_hz": 1.128e9, "throttle_reasons": ["hw_thermal_slowdown"]}
    assert waste(*[slow] * 10)[1] == {"throttled": close(2, 152)}
    assert waste(*[{**slow, "throttle_reasons": ["applications_clocks_setting"]}] * 10)[1] == {}


def test_causes_share_an_interval_without_counting_twice() -> None:
    """u = 0.5, f = 0.8, SM 0.2: gaps 0.5; clocks 0.5 x 0.2 = 0.1; fill 0.4, so 0.5 x 0.8 x 0.6 = 0.24. Work 0.16."""
    state = {
        "utilization_ratio": 0.5, "sm_active_ratio": 0.2, "sm_clock_hz": 1.128e9, "throttle_reasons": ["sw_power_cap"],
        "power_w": 200.0,
    }  # fmt: skip
    found = waste(*[state] * 10)[1]

    assert found == {"input_bound": close(5, 380), "throttled": close(1, 76), "small_batch": close(2.4, 182.4)}
    assert sum(seconds for seconds, _ in found.values()) == pytest.approx(10 - 1.6)


def test_a_card_without_a_known_idle_power_has_lost_time_and_unknown_joules() -> None:
    follower = Follower(1.0)
    card = {**BUSY, "name": "NVIDIA GeForce RTX 4090", "utilization_ratio": 0.5, "power_limit_w": None}
    pieces = []
    for at in range(3):
        sample = Sample(index="0", uuid="x", energy_j=at * 100.0, **card)
        pieces += follower.add(Round(at_s=float(at), source="test", gpus=[sample]))

    assert [(piece.cause, piece.seconds, piece.joules) for _, piece in pieces] == [("input_bound", 0.5, None)] * 2
    assert "--idle-watts" in follower.gpus["x"].waiting_power()[1]
    stated = Follower(1.0, idle_w=20.0)
    for at in range(3):
        sample = Sample(index="0", uuid="x", energy_j=at * 100.0, **card)
        pieces = stated.add(Round(at_s=float(at), source="test", gpus=[sample]))
    assert [piece.joules for _, piece in pieces] == [10.0]


def reading(energy_j: float | None = None, power_w: float | None = None) -> Sample:
    return Sample(index="0", uuid="x", energy_j=energy_j, power_w=power_w)


@pytest.mark.parametrize(
    ("before", "after", "seconds", "joules", "how"),
    [
        (reading(100, 50), reading(180, 60), 1, 80, "counter"),
        (reading(100), reading(180), 900, 80, "counter"),  # exact over any gap
        (reading(1e9, 50), reading(30, 60), 2, 110, "power"),  # fell: (50 + 60) / 2 x 2 s
        (reading(100, 50), reading(100, 60), 2, 110, "power"),  # stands still while power is drawn
        (reading(None, 50), reading(None, 60), 2, 110, "power"),
        (reading(None, None), reading(None, 60), 2, 120, "power"),
        (reading(None, 50), reading(None, 60), 30, None, "unknown"),  # nobody knows what it drew in half a minute
        (reading(1e9), reading(30), 2, None, "unknown"),
    ],
)
def test_energy_between_two_readings(
    before: Sample, after: Sample, seconds: float, joules: float | None, how: str
) -> None:
    found = interval_of(0.0, before, seconds, after, longest_s=5.0)
    assert found is not None
    assert (found.joules, found.how) == (joules, how)


def test_no_time_is_no_interval() -> None:
    assert interval_of(5.0, reading(1), 5.0, reading(2), 5.0) is None
    assert interval_of(5.0, reading(1), 4.0, reading(2), 5.0) is None


def test_a_long_gap_between_readings_has_energy_and_no_cause() -> None:
    follower = Follower(1.0)
    idle = {**BUSY, "utilization_ratio": 0.0}
    pieces = []
    for at in (0.0, 600.0):
        sample = Sample(index="0", uuid="x", energy_j=at * 70, **idle)
        pieces += follower.add(Round(at_s=at, source="test", gpus=[sample]))

    assert pieces + follower.finish() == []
    assert follower.gpus["x"].joules == 42_000


ratio = st.none() | st.floats(0, 1)
state = st.fixed_dictionaries(
    {
        "utilization_ratio": ratio, "memory_utilization_ratio": ratio, "sm_active_ratio": ratio,
        "sm_occupancy_ratio": ratio, "pipe_active_ratio": ratio, "dram_active_ratio": ratio,
        "power_w": st.floats(0, 500), "memory_used_bytes": st.none() | st.floats(0, 80 * GIB),
        "sm_clock_hz": st.none() | st.floats(1e8, 2e9),
        "throttle_reasons": st.none() | st.lists(st.sampled_from(["sw_power_cap", "hw_slowdown", "gpu_idle"])),
    }
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(state, min_size=1, max_size=90))
def test_waste_never_exceeds_time_or_energy_whatever_is_read(states: list[dict[str, Any]]) -> None:
    follower, found = waste(*states)
    gpu = follower.gpus["GPU-0"]

    assert sum(seconds for seconds, _ in found.values()) <= gpu.observed_s * (1 + 1e-9)
    assert sum(joules for _, joules in found.values()) <= gpu.joules * (1 + 1e-9)
    assert all(seconds > 0 and joules >= 0 for seconds, joules in found.values())


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("NVIDIA A100-SXM4-80GB", "A100-80GB"), ("NVIDIA A100-PCIE-40GB", "A100-40GB"), ("Tesla T4", "T4"),
        ("NVIDIA H100 80GB HBM3", "H100"), ("NVIDIA H200", "H200"), ("NVIDIA L4", "L4"), ("NVIDIA L40S", "L40S"),
        ("NVIDIA A10G", "A10G"), ("NVIDIA A10", None), ("NVIDIA L40", None), ("Tesla V100-SXM2-16GB", "V100"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX-PRO-6000"), ("NVIDIA GeForce RTX 4090", None), ("", None),
    ],
)  # fmt: skip
def test_a_card_s_name_is_a_chip_of_the_catalog(name: str, chip: str | None) -> None:
    found = chip_of(name)
    assert (found.name if found else None) == chip


def test_swings_and_the_documents_ratio() -> None:
    assert swings([1, 0, 1, 0]) == 3
    assert swings([0.6, 0.55, 0.62, 0.58]) == 0
    assert swings([]) == 0
    assert below_target(0.723) == pytest.approx(0.09625)  # (80 - 72.3) / 80, as the document's example
    assert below_target(0.9) == 0
    assert all(first <= second for first, second in pairwise(below_target(1 - x / 10) for x in range(11)))
