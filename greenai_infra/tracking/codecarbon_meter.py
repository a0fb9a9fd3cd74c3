"""Reads the energy of a machine from codecarbon, and only the energy: never its places, intensities or PUE.

codecarbon looks up an intensity, and without a network uses that of Quebec; so it gets a dummy intensity that is never
read. Its lock is disabled, because with the lock it replaces the handler of SIGTERM.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.monitoring.gpu.activity import GpuActivity
from greenai_infra.tracking.meter import Reading, Told, host_id
from greenai_infra.tracking.unread_chips import unread_chips

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenai_infra.monitoring.run_report import How
    from greenai_infra.tracking.unread_chips import UnreadChips

MOST_GPUS = 64
"""Most GPUs of a node; codecarbon skips numbers that do not exist."""


class CodecarbonMeter:
    """codecarbon, offline, the whole machine."""

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        from importlib.util import find_spec

        if find_spec("codecarbon") is None:
            raise InputError("tracking needs codecarbon: pip install 'greenai-infra[tracking]'")
        self._every_s, self._clock = every_s, clock
        self._tracker: Any = None
        self._last: Any = None
        self._gpu_kwh: dict[str, float] = {}
        self._unread: UnreadChips | None = None
        self._start_s: float | None = None
        """Time from which unreadable chips are estimated."""
        self._activity: GpuActivity | None = None

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        """Imports codecarbon (which takes seconds) and starts it."""
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.external.logger import set_logger_level
        from codecarbon.output_methods.base_output import BaseOutput

        set_logger_level("critical")  # it logs during construction, before it reads its level
        meter = self

        class Output(BaseOutput):
            def live_out(self, total: Any, delta: Any) -> None:
                meter._last = total
                on_reading(meter._reading(total))

            out = live_out

        self._tracker = OfflineEmissionsTracker(
            country_iso_code="USA",
            force_carbon_intensity_g_co2e_kwh=1.0,
            pue=1.0,
            wue=0.0,
            measure_power_secs=self._every_s,
            api_call_interval=1,
            tracking_mode="machine",
            gpu_ids=_gpus_of_node(os.environ),
            allow_multiple_runs=True,
            save_to_file=False,
            save_to_api=False,
            save_to_logger=False,
            save_to_prometheus=False,
            save_to_logfire=False,
            output_methods=[],
            output_handlers=[Output()],
            log_level="critical",
        )
        self._tracker.get_detected_hardware()  # otherwise it detects its hardware at the start
        if not any(type(one).__name__ == "GPU" for one in self._tracker._hardware):
            self._unread = unread_chips(os.environ)

        self._activity = GpuActivity()
        self._activity.percents(())  # the next reading counts from here
        self._tracker.start()
        self._start_s = self._clock() if self._start_s is None else self._start_s
        if getattr(self._tracker, "_start_time", None) is None:
            raise RuntimeError("codecarbon did not start")

    def read(self) -> None:
        """Gives a reading now, in addition to the periodic readings; at most every 50 ms, and it takes 12 ms."""
        self._tracker.flush()

    def stop(self) -> None:
        """codecarbon's last reading comes while it stops."""
        if self._tracker is not None:
            self._tracker.stop()
        if self._activity is not None:
            self._activity.close()

    def told(self) -> Told:
        """codecarbon's method for each component, from the objects that it reads."""
        how: dict[str, tuple[How, str]] = {}
        for one in getattr(self._tracker, "_hardware", []):
            kind, mode = type(one).__name__, str(getattr(one, "_mode", ""))
            if kind == "GPU":
                counted = all(not getattr(device, "_use_power_fallback", False) for device in one.devices.devices)
                what = "energy counter" if counted else "power readings of each second, for lack of an energy counter,"
                how["gpu"] = ("measured", f"{what} of the driver (NVML or AMD SMI)")
            elif kind == "CPU" and mode in ("intel_rapl", "windows_emi", "intel_power_gadget"):
                how["cpu"] = ("measured", f"energy counter of the processor ({mode})")
            elif kind == "CPU":
                how["cpu"] = (
                    "estimated",
                    f"processor's load and nominal power ({mode}): no counter is readable",
                )
            elif kind == "RAM":
                how["ram"] = ("estimated", "watts per memory module")
            else:
                part = str(getattr(one, "chip_part", "cpu")).casefold()
                how[part] = ("measured", f"power sensor of the machine ({kind})")
        last = self._last
        hardware: dict[str, Any] = {}
        if last is not None:
            hardware = {
                "cpu": str(last.cpu_model or ""),
                "cpu_count": int(last.cpu_count) if last.cpu_count else None,
                "gpu": _one_model(str(last.gpu_model or "")),
                "gpu_count": int(last.gpu_count) if last.gpu_count else None,
                "ram_gb": round(float(last.ram_total_size), 2) if last.ram_total_size else None,
                "os": str(last.os or ""),
            }
        notes, unknown = list(_unreadable_counters()), []
        if self._unread is not None:
            notes.append(self._unread.note())
            hardware |= {"gpu": self._unread.name, "gpu_count": self._unread.count}
            if self._unread.power_w is None:
                unknown.append("gpu")
            else:
                how["gpu"] = ("estimated", self._unread.by())
        version = getattr(last, "codecarbon_version", "")
        return Told(how, hardware, f"codecarbon {version}".strip(), tuple(notes), host_id(), tuple(unknown))

    def _reading(self, total: Any) -> Reading:
        kwh = {"cpu": float(total.cpu_energy), "gpu": float(total.gpu_energy), "ram": float(total.ram_energy)}
        if self._unread is not None and self._unread.power_w is not None:
            now_s = self._clock()
            self._start_s = now_s if self._start_s is None else self._start_s
            kwh["gpu"] = self._unread.power_w / 1000 * (now_s - self._start_s) / 3600
            return Reading(now_s, kwh)
        return Reading(self._clock(), kwh, self._gpu_percent(total), self._by_device(kwh["gpu"]))

    def _gpu_percent(self, total: Any) -> float | None:
        """SM activity since the last reading where the GPUs count it, else codecarbon's mean utilisation per second.

        Utilisation is the share of time in which any kernel ran: 100 % may leave most of the chip empty.
        """
        active = used = None
        if self._activity is not None:
            active, used = self._activity.percents(self._cards())
        if active is not None or not total.gpu_count:
            return active
        return float(total.gpu_utilization_percent) or used  # codecarbon says 0 before its first second too

    def _cards(self) -> set[int]:
        """The GPUs that codecarbon reads, by NVML's index; it honours CUDA_VISIBLE_DEVICES."""
        found: set[int] = set()
        for one in getattr(self._tracker, "_hardware", []):
            if type(one).__name__ == "GPU":
                found.update(int(card) for card in one._get_gpu_ids() if str(card).isdecimal())
        return found

    def _by_device(self, gpu_kwh: float) -> dict[str, float]:
        """Splits the GPUs' energy since the last reading by the rise of each GPU's counter."""
        came = gpu_kwh - sum(self._gpu_kwh.values())
        rises: dict[str, float] = {}
        for one in getattr(self._tracker, "_hardware", []):
            if type(one).__name__ == "GPU":
                chosen = set(one._get_gpu_ids())
                for device in one.devices.devices:
                    if device.gpu_index in chosen:
                        rises[_text(device._uuid)] = max(0.0, float(device.energy_delta.kWh))
        total = sum(rises.values())
        if came > 0 and total > 0:
            for uuid, rise in rises.items():
                self._gpu_kwh[uuid] = self._gpu_kwh.get(uuid, 0.0) + came * rise / total
        return dict(self._gpu_kwh)


def _gpus_of_node(environment: Mapping[str, str]) -> list[int] | None:
    """All GPUs of the node if each process sees only some of them; else those visible to CUDA."""
    shown = [one for one in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if one.strip()]
    local = environment.get("LOCAL_WORLD_SIZE", "")
    return list(range(MOST_GPUS)) if shown and local.isdecimal() and int(local) > len(shown) else None


def _text(uuid: str | bytes) -> str:
    return uuid.decode(errors="replace") if isinstance(uuid, bytes) else str(uuid)


def _one_model(text: str) -> str:
    """`A10G` for codecarbon's `4 x A10G`; a list of several models stays unchanged."""
    count, _, model = text.partition(" x ")
    return model if count.isdecimal() and " x " not in model else text


def _unreadable_counters(powercap: Path = Path("/sys/class/powercap")) -> tuple[str, ...]:
    """A note if the processor has a counter that this user may not read; on many systems only root may."""
    counters = sorted(powercap.glob("intel-rapl:*/energy_uj"))
    if counters and not os.access(counters[0], os.R_OK):
        return (f"{counters[0]} is not readable by this user: the processor's energy is estimated, not measured",)
    return ()
