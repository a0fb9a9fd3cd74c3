"""GPUs read through NVML, with NVIDIA's bindings (nvidia-ml-py)."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from greenai_infra.monitoring.gpu.host import read_host
from greenai_infra.monitoring.gpu.values import Process, Round, Sample, Unread, fill

if TYPE_CHECKING:
    from collections.abc import Callable

REASONS = {
    0x1: "gpu_idle",
    0x2: "applications_clocks_setting",
    0x4: "sw_power_cap",
    0x8: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake_slowdown",
    0x100: "display_clocks_setting",
    0x200: "board_limit",
    0x400: "reliability",
}
"""Bits of nvmlClocksEventReasons."""

_GRAPHICS, _SM, _OCCUPANCY, _TENSOR, _DRAM = 1, 2, 3, 5, 10
_PIPES = (4, 5, 11, 12, 13)
_METRICS = tuple(sorted({_GRAPHICS, _SM, _OCCUPANCY, _DRAM, *_PIPES}))
"""NVML_GPM_METRIC_* identifiers; the pipes are integer, any tensor, FP64, FP32 and FP16."""

NO_COUNTERS = "no activity counters (GPM) on this GPU: Hopper or newer has them"
FIRST_READING = "counted from the second reading on"
_LOST = (
    "NVML_ERROR_GPU_IS_LOST",
    "NVML_ERROR_UNINITIALIZED",
    "NVML_ERROR_DRIVER_NOT_LOADED",
    "NVML_ERROR_RESET_REQUIRED",
)
_COUNTED = ("sm_active_ratio", "sm_occupancy_ratio", "tensor_active_ratio", "pipe_active_ratio", "dram_active_ratio")


class NvmlReader:
    """Every GPU and MIG instance. Raises Unread where NVML can't be used at all; ImportError without the bindings."""

    source = "nvml"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        import pynvml

        self._nvml: Any = pynvml
        self._names = {
            getattr(pynvml, name): name for name in dir(pynvml) if name.startswith("NVML_ERROR_")
        }  # codes of return
        self._clock = clock
        self._zero_s = time.time() - clock()
        self._handles: dict[str, Any] = {}
        self._known: dict[str, Sample] = {}
        self._before: dict[str, Any] = {}
        """GPM samples of the reading before."""
        self._ask("nvmlInit")
        if not self._ask("nvmlDeviceGetCount"):
            self.close()
            raise Unread("the driver knows no GPU")

    def read(self) -> Round:
        """Every GPU; a GPU that can no longer be read stays in the list as lost."""
        at_s = self._zero_s + self._clock()
        notes: list[str] = []
        gpus: list[Sample] = []
        try:
            count = self._ask("nvmlDeviceGetCount")
        except Unread as why:
            notes.append(f"NVML: {why}")
            self._start_again()
            count = 0
        for index in range(count):
            gpus += self._card(index)
        found = {one.uuid for one in gpus}
        reason = notes[0] if notes else "the driver no longer lists it"
        gpus += [_lost(one, reason) for uuid, one in self._known.items() if uuid not in found and one.mig is None]
        self._known |= {one.uuid: one for one in gpus}
        driver = self._or("nvmlSystemGetDriverVersion", default="")
        return Round(at_s=at_s, source=self.source, driver=driver, gpus=gpus, host=read_host(), notes=notes)

    def close(self) -> None:
        """Releases NVML."""
        try:
            self._ask("nvmlShutdown")
        except Unread:
            return

    def _start_again(self) -> None:
        """After the driver was reloaded, each handle is void."""
        self._before.clear()
        self.close()
        try:
            self._ask("nvmlInit")
        except Unread:
            return

    def _card(self, index: int) -> list[Sample]:
        known = next((one for one in self._known.values() if one.index == str(index)), None)
        try:
            handle = self._ask("nvmlDeviceGetHandleByIndex", index)
        except Unread as why:
            return [_lost(known or Sample(index=str(index), uuid=f"index-{index}"), str(why))]
        uuid = self._or("nvmlDeviceGetUUID", handle, default=known.uuid if known else f"index-{index}")
        name = self._or("nvmlDeviceGetName", handle, default=known.name if known else "")
        one = Sample(index=str(index), uuid=uuid, name=name)
        one.mig_mode = self._or("nvmlDeviceGetMigMode", handle, default=[0])[0] == 1
        self._common(one, handle)
        fill(one, "utilization_ratio", lambda: self._ask("nvmlDeviceGetUtilizationRates", handle).gpu / 100)
        fill(one, "memory_utilization_ratio", lambda: self._ask("nvmlDeviceGetUtilizationRates", handle).memory / 100)
        fill(one, "power_w", lambda: self._ask("nvmlDeviceGetPowerUsage", handle) / 1000)
        fill(one, "power_limit_w", lambda: self._ask("nvmlDeviceGetEnforcedPowerLimit", handle) / 1000)
        fill(one, "power_default_limit_w", lambda: self._ask("nvmlDeviceGetPowerManagementDefaultLimit", handle) / 1000)
        fill(one, "energy_j", lambda: self._ask("nvmlDeviceGetTotalEnergyConsumption", handle) / 1000)
        fill(one, "temperature_celsius", lambda: self._temperature(handle))
        for field, call, kind in (
            ("sm_clock_hz", "nvmlDeviceGetClockInfo", 1),
            ("sm_clock_max_hz", "nvmlDeviceGetMaxClockInfo", 1),
            ("memory_clock_hz", "nvmlDeviceGetClockInfo", 2),
            ("memory_clock_max_hz", "nvmlDeviceGetMaxClockInfo", 2),
        ):
            fill(one, field, partial(self._clock_hz, call, handle, kind))
        fill(one, "throttle_reasons", lambda: self._reasons(handle))
        if one.mig_mode:
            one.missing |= dict.fromkeys(_COUNTED, "in MIG mode: see the instances")
            return [one, *self._instances(one, handle)]
        self._counters(one, handle, None)
        lost = [why for why in one.missing.values() if why.startswith(_LOST)]
        return [_lost(one, lost[0])] if lost else [one]

    def _instances(self, card: Sample, handle: Any) -> list[Sample]:
        most = self._or("nvmlDeviceGetMaxMigDeviceCount", handle, default=0)
        found = []
        for number in range(most):
            try:
                instance = self._ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, number)
                uuid = self._ask("nvmlDeviceGetUUID", instance)
            except Unread:
                continue  # fewer instances than there may be
            group = self._or("nvmlDeviceGetGpuInstanceId", instance, default=None)
            part = self._or("nvmlDeviceGetComputeInstanceId", instance, default=None)
            one = Sample(
                index=f"{card.index}:{number}", uuid=uuid, name=card.name, parent=card.uuid, mig=f"{group}/{part}"
            )
            attributes = self._or("nvmlDeviceGetAttributes", instance, default=None)
            slices = getattr(attributes, "computeInstanceSliceCount", 0)  # those of its GPU instance may be shared
            one.mig_share = min(1.0, slices / most) if slices else None
            self._common(one, instance)
            for field in ("power_w", "energy_j", "temperature_celsius"):
                one.missing[field] = "measured for the whole card only"
            if group is None:
                one.missing |= dict.fromkeys(("utilization_ratio", *_COUNTED), "the instance's number is unknown")
            else:
                self._counters(one, handle, group)
            found.append(one)
        return found

    def _common(self, one: Sample, handle: Any) -> None:
        def memory() -> Any:
            try:
                return self._ask("nvmlDeviceGetMemoryInfo", handle, self._nvml.nvmlMemory_v2)
            except Unread:
                return self._ask("nvmlDeviceGetMemoryInfo", handle)

        fill(one, "memory_used_bytes", lambda: float(memory().used))
        fill(one, "memory_total_bytes", lambda: float(memory().total))
        fill(one, "processes", lambda: self._processes(handle))

    def _processes(self, handle: Any) -> list[Process]:
        try:
            found = self._ask("nvmlDeviceGetComputeRunningProcesses_v3", handle)
        except Unread as why:
            if "FUNCTION_NOT_FOUND" not in str(why):
                raise
            found = self._ask("nvmlDeviceGetComputeRunningProcesses_v2", handle)
        return [
            Process(
                pid=one.pid,
                name=self._or("nvmlSystemGetProcessName", one.pid, default=None),
                memory_bytes=None if one.usedGpuMemory is None else float(one.usedGpuMemory),
            )
            for one in found
        ]

    def _temperature(self, handle: Any) -> float:
        try:
            return float(self._ask("nvmlDeviceGetTemperatureV", handle, 0))
        except Unread:
            return float(self._ask("nvmlDeviceGetTemperature", handle, 0))  # drivers before 565

    def _clock_hz(self, call: str, handle: Any, kind: int) -> float:
        return float(self._ask(call, handle, kind)) * 1e6

    def _reasons(self, handle: Any) -> list[str]:
        try:
            bits = self._ask("nvmlDeviceGetCurrentClocksEventReasons", handle)
        except Unread as why:
            if "FUNCTION_NOT_FOUND" not in str(why):
                raise
            bits = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons", handle)  # drivers before 535
        return [name for bit, name in REASONS.items() if bits & bit]

    def _counters(self, one: Sample, card: Any, group: int | None) -> None:
        """GPM: counts between the last reading and this reading."""
        fields = _COUNTED if group is None else ("utilization_ratio", *_COUNTED)
        try:
            if not self._ask("nvmlGpmQueryDeviceSupport", card).isSupportedDevice:
                raise Unread(NO_COUNTERS)
            taken = self._take(card, group)
            before = self._before.pop(one.uuid, None)
            self._before[one.uuid] = taken
            if before is None:
                raise Unread(FIRST_READING)
            try:
                found = self._between(before, taken)
            finally:
                self._or("nvmlGpmSampleFree", before, default=None)
        except Unread as why:
            reason = NO_COUNTERS if "FUNCTION_NOT_FOUND" in str(why) or "NOT_SUPPORTED" in str(why) else str(why)
            one.missing |= dict.fromkeys(fields, reason)
            return
        one.sm_active_ratio, one.sm_occupancy_ratio = found.get(_SM), found.get(_OCCUPANCY)
        one.tensor_active_ratio, one.dram_active_ratio = found.get(_TENSOR), found.get(_DRAM)
        pipes = [found[pipe] for pipe in _PIPES if pipe in found]
        one.pipe_active_ratio = max(pipes) if pipes else None
        if group is not None:
            one.utilization_ratio = found.get(_GRAPHICS)
        one.missing |= {field: "not counted" for field in fields if getattr(one, field) is None}

    def _take(self, card: Any, group: int | None) -> Any:
        taken = self._ask("nvmlGpmSampleAlloc")
        try:
            if group is None:
                self._ask("nvmlGpmSampleGet", card, taken)
            else:
                self._ask("nvmlGpmMigSampleGet", card, group, taken)
        except Unread:
            self._or("nvmlGpmSampleFree", taken, default=None)
            raise
        return taken

    def _between(self, first: Any, second: Any) -> dict[int, float]:
        asked = self._nvml.c_nvmlGpmMetricsGet_t()
        asked.version, asked.numMetrics = self._nvml.NVML_GPM_METRICS_GET_VERSION, len(_METRICS)
        asked.sample1, asked.sample2 = first, second
        for place, metric in enumerate(_METRICS):
            asked.metrics[place].metricId = metric
        self._ask("nvmlGpmMetricsGet", asked)
        got = (asked.metrics[place] for place in range(len(_METRICS)))
        return {one.metricId: min(1.0, one.value / 100) for one in got if one.nvmlReturn == 0 and one.value >= 0}

    def _or(self, call: str, *arguments: Any, default: Any) -> Any:
        try:
            return self._ask(call, *arguments)
        except Unread:
            return default

    def _ask(self, call: str, *arguments: Any) -> Any:
        """What NVML answers, texts decoded. Raises Unread with NVML's own name of the error."""
        try:
            answer = getattr(self._nvml, call)(*arguments)
        except AttributeError:
            raise Unread("NVML_ERROR_FUNCTION_NOT_FOUND: the bindings are too old") from None
        except self._nvml.NVMLError as error:
            raise Unread(self._names.get(error.value, f"NVML error {error.value}")) from None
        return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _lost(known: Sample, why: str) -> Sample:
    return Sample(index=known.index, uuid=known.uuid, name=known.name, lost=why)
