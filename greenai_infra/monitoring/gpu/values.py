"""A reading of every GPU at a moment. An unavailable figure is None, and `missing` gives the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

MEBIBYTE = 2**20
Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
"""What a recording must keep to; a reader sees to it by itself."""

SLOWDOWNS = {
    "sw_power_cap": "power",
    "hw_power_brake_slowdown": "power",
    "hw_slowdown": "heat or power",
    "sw_thermal_slowdown": "heat",
    "hw_thermal_slowdown": "heat",
}
"""Reasons, as nvidia-smi names them, for which a busy GPU runs slower than it could; others are the user's settings."""


class Process(msgspec.Struct, kw_only=True):
    """A process on a GPU. `name` and `memory_bytes` are None where the driver or the rights do not allow them."""

    pid: int
    name: str | None = None
    memory_bytes: float | None = None


class Sample(msgspec.Struct, kw_only=True):
    """One GPU, or one MIG instance (`mig` is its GPU instance / compute instance, `parent` the card's uuid).

    Ratios are 0 to 1. `utilization_ratio` is the share of the last sampling period (1/6 to 1 s) in which a kernel ran;
    `memory_utilization_ratio` that in which memory was read or written (NVML's nvmlUtilization_t). The `sm_`,
    `tensor_`, `pipe_` and `dram_` ratios are hardware counters (GPM, Hopper and newer) over the time since the reading
    before; `pipe_active_ratio` is the busiest of the tensor and arithmetic pipes. `energy_j` counts since the driver
    was loaded. Memory leaves out what the driver reserves, where the driver tells the two apart.
    """

    index: str
    """`0`, or `0:1` for the second instance of card 0."""
    uuid: str
    name: str = ""
    parent: str | None = None
    mig: str | None = None
    mig_mode: bool = False
    mig_share: Ratio | None = None
    """The instance's share of the card's slices."""
    utilization_ratio: Ratio | None = None
    memory_utilization_ratio: Ratio | None = None
    sm_active_ratio: Ratio | None = None
    sm_occupancy_ratio: Ratio | None = None
    tensor_active_ratio: Ratio | None = None
    pipe_active_ratio: Ratio | None = None
    dram_active_ratio: Ratio | None = None
    memory_used_bytes: Amount | None = None
    memory_total_bytes: Amount | None = None
    power_w: Amount | None = None
    power_limit_w: Amount | None = None
    """As enforced."""
    power_default_limit_w: Amount | None = None
    energy_j: Amount | None = None
    temperature_celsius: float | None = None
    sm_clock_hz: Amount | None = None
    sm_clock_max_hz: Amount | None = None
    memory_clock_hz: Amount | None = None
    memory_clock_max_hz: Amount | None = None
    throttle_reasons: list[str] | None = None
    processes: list[Process] | None = None
    lost: str | None = None
    """The reason if the whole device can't be read."""
    missing: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def activity(self) -> float | None:
        """SM activity where there are counters, else utilisation."""
        return self.utilization_ratio if self.sm_active_ratio is None else self.sm_active_ratio


class Host(msgspec.Struct, kw_only=True):
    """Linux pressure stall information: share of the last 10 s in which some task waited for CPU, or for storage."""

    cpu_waiting_ratio: float | None = None
    io_waiting_ratio: float | None = None


class Round(msgspec.Struct, kw_only=True):
    """All GPUs at a moment of a steady clock in Unix seconds, and by what they were read."""

    at_s: float
    source: str
    driver: str = ""
    gpus: list[Sample]
    host: Host = msgspec.field(default_factory=Host)
    notes: list[str] = msgspec.field(default_factory=list)


class Reader(Protocol):
    """Reads all GPUs. `read` never raises: what can't be read is None, or a GPU that is lost."""

    source: str

    def read(self) -> Round:
        """Every GPU and MIG instance now."""
        ...

    def close(self) -> None:
        """Releases the driver."""
        ...


def fill(sample: Sample, field: str, read: Callable[[], Any]) -> None:
    """Sets a field to the result of `read`; Unread becomes None with the reason."""
    try:
        setattr(sample, field, read())
    except Unread as why:
        sample.missing[field] = str(why)


class Unread(Exception):
    """A figure is unavailable; the text is the reason."""
