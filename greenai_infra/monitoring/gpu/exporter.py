"""Prometheus metrics of the last reading, in base units. Unknown values are left out, never exported as 0.

Names follow Prometheus's rules (joules, watts, bytes, hertz, grams, ratio; `_total` for counters). Labels are the
GPU's `uuid`, `index` and `name`, `mig` (empty for a card), and `cause`, `reason` or `clock` from fixed lists: no
processes, so that the number of series is bounded by the machine. `nvidia_gpu_exporter` in NVML mode has the same
figures as `nvidia_smi_energy_joules_total`, `nvidia_smi_power_draw_watts`, `nvidia_smi_utilization_gpu_ratio`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import GreenAIError
from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.monitoring.gpu.nvml import REASONS
from greenai_infra.monitoring.gpu.values import SLOWDOWNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.monitoring.gpu.report import WasteReport
    from greenai_infra.monitoring.gpu.values import Round

LABELS = ("uuid", "index", "name", "mig")
PREFIX = "greenai_gpu_"

# name (with the prefix) -> field of a sample, help
GAUGES = {
    "utilization_ratio": ("utilization_ratio", "share of the last sampling period in which a kernel ran"),
    "memory_utilization_ratio": ("memory_utilization_ratio", "share of it in which memory was read or written"),
    "sm_active_ratio": ("sm_active_ratio", "share of multiprocessors that were busy (GPM)"),
    "sm_occupancy_ratio": ("sm_occupancy_ratio", "warps over the most that fit (GPM)"),
    "tensor_active_ratio": ("tensor_active_ratio", "use of the tensor pipes (GPM)"),
    "dram_active_ratio": ("dram_active_ratio", "use of the memory bandwidth (GPM)"),
    "memory_used_bytes": ("memory_used_bytes", "memory in use"),
    "memory_total_bytes": ("memory_total_bytes", "memory of the GPU or the MIG instance"),
    "power_watts": ("power_w", "power of the card"),
    "power_limit_watts": ("power_limit_w", "power limit as enforced"),
    "temperature_celsius": ("temperature_celsius", "temperature of the chip"),
}
COUNTERS = {
    "energy_joules": "energy of the card since its driver was loaded (NVML's counter)",
    "used_joules": "energy since the start of this exporter, integrated from power on GPUs without a counter",
    "waste_joules": "wasted energy by cause, before PUE",
    "waste_seconds": "lost time by cause",
    "waste_co2e_grams": "emissions of the wasted energy, with PUE, where the intensity is known",
    "waste_usd": "price of the lost time, where the price is known",
}
STATES = {
    "up": "1 if the GPU can be read, 0 if it is lost",
    "processes": "processes on the GPU",
    "clock_hertz": "clock of the multiprocessors (sm) and of memory",
    "clock_max_hertz": "the highest clock of each",
    "throttled": "1 while heat or power holds the clocks down, by reason",
    "last_read_timestamp_seconds": "when the GPUs were last read",
    "target_activity_ratio": "the target for mean activity",
}


def names() -> set[str]:
    """Every series that the exporter may show."""
    return {PREFIX + name for name in (*GAUGES, *STATES)} | {f"{PREFIX}{name}_total" for name in COUNTERS}


class GpuCollector:
    """A collector for prometheus_client; `show` hands it the last reading."""

    def __init__(self, target_activity: float) -> None:
        self._target = target_activity
        self._lock = threading.Lock()
        self._shown: tuple[Round, WasteReport] | None = None

    def show(self, taken: Round, report: WasteReport) -> None:
        """Sets what a scrape sees from now on."""
        with self._lock:
            self._shown = taken, report

    def collect(self) -> Iterable[Any]:
        """Families of metrics."""
        with self._lock:
            shown = self._shown
        return _families(*shown, self._target) if shown else []


def _families(taken: Round, report: WasteReport, target: float) -> list[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    gauges = {name: GaugeMetricFamily(PREFIX + name, text, labels=LABELS) for name, (_, text) in GAUGES.items()}
    extra = {"clock_hertz": ("clock",), "clock_max_hertz": ("clock",), "throttled": ("reason",)}
    whole = ("last_read_timestamp_seconds", "target_activity_ratio")
    for name, text in STATES.items():
        labels = () if name in whole else (*LABELS, *extra.get(name, ()))
        gauges[name] = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    counters = {
        name: CounterMetricFamily(PREFIX + name, text, labels=(*LABELS, "cause") if "waste" in name else LABELS)
        for name, text in COUNTERS.items()
    }
    of = {gpu.uuid: (gpu.uuid, gpu.gpu, gpu.name, gpu.mig or "") for gpu in report.gpus}  # also those that are gone

    def put(families: dict[str, Any], name: str, value: float | None, *labels: str) -> None:
        if value is not None:
            families[name].add_metric(labels, value)

    for one in taken.gpus:
        labels = of[one.uuid]
        put(gauges, "up", 0.0 if one.lost else 1.0, *labels)
        if one.lost:
            continue
        for name, (field, _) in GAUGES.items():
            put(gauges, name, getattr(one, field), *labels)
        put(gauges, "processes", None if one.processes is None else float(len(one.processes)), *labels)
        put(counters, "energy_joules", one.energy_j, *labels)
        for clock, now_hz, most_hz in (
            ("sm", one.sm_clock_hz, one.sm_clock_max_hz),
            ("memory", one.memory_clock_hz, one.memory_clock_max_hz),
        ):
            put(gauges, "clock_hertz", now_hz, *labels, clock)
            put(gauges, "clock_max_hertz", most_hz, *labels, clock)
        if one.throttle_reasons is not None:
            for reason in sorted(set(SLOWDOWNS) & set(REASONS.values())):
                put(gauges, "throttled", float(reason in one.throttle_reasons), *labels, reason)
    gauges["last_read_timestamp_seconds"].add_metric((), taken.at_s)
    gauges["target_activity_ratio"].add_metric((), target)
    for gpu in report.gpus:
        if gpu.mig is None and gpu.energy_kwh is not None:
            put(counters, "used_joules", gpu.energy_kwh * JOULES_PER_KWH, *of[gpu.uuid])
    for cause in report.causes:
        labels = (*of[cause.uuid], cause.cause)
        put(counters, "waste_seconds", cause.lost_s, *labels)
        put(counters, "waste_joules", None if cause.energy_kwh is None else cause.energy_kwh * JOULES_PER_KWH, *labels)
        put(counters, "waste_co2e_grams", None if cause.emissions_kg is None else cause.emissions_kg * 1e3, *labels)
        put(counters, "waste_usd", cause.cost_usd, *labels)
    return [one for one in (*gauges.values(), *counters.values()) if one.samples]


def serve(collector: GpuCollector, port: int, address: str) -> tuple[Any, int]:
    """Serves on a port (0: any free port); returns the server and the port. Raises GreenAIError on failure."""
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError:
        raise GreenAIError("the exporter needs prometheus-client: pip install 'greenai-infra[gpu]'") from None
    registry = CollectorRegistry()
    registry.register(collector)
    try:
        server, _ = start_http_server(port, addr=address, registry=registry)
    except (OSError, OverflowError) as error:
        raise GreenAIError(f"port {port} for Prometheus can't be opened: {error}") from None
    return server, server.server_port
