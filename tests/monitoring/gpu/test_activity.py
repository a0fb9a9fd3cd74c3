"""The use of GPUs as the tracker reports it: SM activity where it is counted, else utilisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.monitoring.gpu.activity import mean_percent
from greenai_infra.monitoring.gpu.values import Round, Sample
from tests.monitoring.gpu.nvml_machine import H100

if TYPE_CHECKING:
    from tests.monitoring.gpu.nvml_machine import NvmlMachine

METER = """
import threading
from greenai_infra.tracking import meter as module
from greenai_infra.tracking.codecarbon_meter import CodecarbonMeter
from greenai_infra.tracking.unread_chips import UnreadChips
module.unread_chips = lambda environment: UnreadChips(1, "H100", 700.0, "the test says so")
readings, two = [], threading.Semaphore(0)
meter = CodecarbonMeter(0.3)
meter.start(lambda reading: (readings.append(reading), two.release()))
two.acquire(timeout=30), two.acquire(timeout=30)
meter.stop()
print("gpu:", meter.told().how["gpu"][0])
print("use:", readings[-1].gpu_percent)
"""


@pytest.mark.parametrize(("counted", "percent"), [(1, 62.5), (0, 100.0)])
def test_the_meter_reads_sm_activity_where_the_gpu_counts_it(
    machine: NvmlMachine, counted: int, percent: float
) -> None:
    """The H100 of the tests always runs a kernel (100 %), on 62.5 % of its multiprocessors."""
    machine.says({**H100, "0.gpm": counted})
    smi = machine.folder / "nvidia-smi"  # codecarbon asks for a GPU only where it can run this
    smi.write_text("#!/bin/sh\n")
    smi.chmod(0o755)
    done = machine.run("-c", METER, PATH=f"{machine.folder}:/usr/bin:/bin", HOME=str(machine.folder))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["gpu: measured", f"use: {percent}"]  # no nominal power stands in


def of(*gpus: Sample) -> Round:
    return Round(at_s=0.0, source="test", gpus=list(gpus))


def test_the_mean_is_of_the_cards_that_the_run_uses_or_not_known() -> None:
    first = Sample(index="0", uuid="a", sm_active_ratio=0.2)
    second = Sample(index="1", uuid="b", sm_active_ratio=0.6)
    silent = Sample(index="2", uuid="c")

    assert mean_percent(of(first, second, silent), {0, 1}, "sm_active_ratio") == pytest.approx(40)
    assert mean_percent(of(first, second, silent), {1}, "sm_active_ratio") == pytest.approx(60)
    assert mean_percent(of(first, second, silent), {0, 2}, "sm_active_ratio") is None
    assert mean_percent(of(first), set(), "sm_active_ratio") is None


def test_instances_of_a_mig_card_count_by_their_slices() -> None:
    """3/7 x 40 % + 2/7 x 0 % = 17.1 %; the two slices without an instance do nothing."""
    card = Sample(index="0", uuid="a", mig_mode=True)
    busy = Sample(index="0:0", uuid="b", parent="a", mig="1/0", mig_share=3 / 7, sm_active_ratio=0.4)
    idle = Sample(index="0:1", uuid="c", parent="a", mig="2/0", mig_share=2 / 7, sm_active_ratio=0.0)
    unknown = Sample(index="0:1", uuid="c", parent="a", mig="2/0", mig_share=2 / 7)

    assert mean_percent(of(card, busy, idle), {0}, "sm_active_ratio") == pytest.approx(100 * 3 / 7 * 0.4)
    assert mean_percent(of(card, busy, unknown), {0}, "sm_active_ratio") is None
