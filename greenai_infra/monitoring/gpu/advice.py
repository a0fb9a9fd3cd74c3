"""For each cause its rule in words, with the thresholds, and a runnable next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.monitoring.gpu.thresholds import chip_of, threshold
from greenai_infra.numbers import percent

if TYPE_CHECKING:
    from greenai_infra.monitoring.gpu.intervals import Cause
    from greenai_infra.monitoring.gpu.values import Sample

LOW_ACTIVITY = 0.5
"""Below it the document calls utilisation very low; NVIDIA's DCGM guide: "likely indicates ineffective GPU usage"."""


def rule_of(cause: Cause) -> str:
    """When time counts as this cause, with the thresholds of `gpu-waste.csv`."""
    share = {name: percent(100 * threshold(name)) for name in (
        "target_activity", "idle_activity", "fill_low", "small_memory", "memory_high", "occupancy_low", "host_waiting",
    )}  # fmt: skip
    pause_s = f"{threshold('idle_allocation_s'):g} s"
    return {
        "idle_allocation": f"memory or a process is on the GPU and activity is at most {share['idle_activity']} for "
        f"{pause_s} or longer, or for the whole watch; all energy of that time counts",
        "input_bound": f"mean activity is below the target of {share['target_activity']} and no kernel runs: the GPU "
        "waits for the host, for data or requests. Evidence: a sawtooth of activity (3 changes or more within "
        f"{threshold('window_s'):g} s), or tasks of the host that wait for CPU or storage ({share['host_waiting']})",
        "small_batch": f"while kernels run they fill less than {share['fill_low']} of the chip (SM activity; without "
        f"counters: power between waiting and limit), or occupancy and pipes are below {share['occupancy_low']}; "
        f"with less than {share['small_memory']} of memory used and no sawtooth, the gaps between kernels too",
        "throttled": "the driver names heat or power as the reason for lower clocks; lost is the share of clocks "
        "below the maximum. A power cap costs time and may still save energy: only a sweep can tell",
        "memory_bound": f"memory is busy for {share['memory_high']} of the running time or more while the pipes work "
        f"less than {share['fill_low']} of it (without counters: power is below {share['target_activity']} of the way "
        "from waiting to the limit)",
    }[cause]


def next_step(cause: Cause, sample: Sample, reasons: list[str]) -> str:
    """A command or a line of code."""
    card = sample.index.partition(":")[0]
    if cause == "idle_allocation":
        pids = ",".join(str(one.pid) for one in sample.processes or [])
        if pids:
            return f"ps -o pid,etime,user,cmd -p {pids}    # who holds it; end it, or scale to zero"
        return f"nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv -i {card}    # who holds it"
    if cause == "input_bound":
        return (
            "DataLoader(dataset, batch_size, num_workers=max(2, os.cpu_count() // torch.cuda.device_count()), "
            "pin_memory=True, persistent_workers=True, prefetch_factor=4)    # data in shards: WebDataset"
        )
    if cause == "small_batch":
        used, whole = sample.memory_used_bytes, sample.memory_total_bytes
        room = f"; memory has room for about {whole / used:.1f} times" if used and whole and whole > used else ""
        return f"batch_size *= 2; model = torch.compile(model, mode='reduce-overhead')    # or a smaller GPU{room}"
    if cause == "throttled":
        if all("power" in one for one in reasons):
            return f"greenai-infra gpu sweep --gpu {card} -- python train.py    # which limit costs least energy"
        return f"nvidia-smi -q -i {card} -d TEMPERATURE,PERFORMANCE,POWER    # then airflow, fans, inlet temperature"
    chip = chip_of(sample.name)
    on = chip.name if chip else "H100"
    return (
        f"greenai-infra estimate inference --model Llama-3.1-8B-Instruct --accelerator {on} --batch 64    "
        "# weights are read once a step: more requests share the read"
    )


def advice_of(mean_activity: float | None) -> str:
    """The source document's advice for a mean utilisation, against its target of 80 %."""
    if mean_activity is None:
        return "activity is unknown"
    target = threshold("target_activity")
    now = f"mean activity {percent(100 * mean_activity)}"
    if mean_activity >= target:
        return f"{now}: at or above the target of {percent(100 * target)}"
    if mean_activity < LOW_ACTIVITY:
        return f"{now}, very low: increase the batch size, or use a smaller GPU"
    return (
        f"{now}, below the target of {percent(100 * target)}: increase the batch size, add DataLoader workers, "
        "use WebDataset"
    )
