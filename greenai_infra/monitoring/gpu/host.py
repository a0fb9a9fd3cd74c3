"""Whether tasks of the host wait: a GPU that waits for its data has a host that is busy or reads."""

from __future__ import annotations

import re
from pathlib import Path

from greenai_infra.monitoring.gpu.values import Host

PRESSURE = Path("/proc/pressure")


def read_host(folder: Path = PRESSURE) -> Host:
    """Pressure of CPU and storage over 10 s; None where the kernel lacks it (containers, kernels before 4.20)."""
    return Host(cpu_waiting_ratio=_waiting(folder / "cpu"), io_waiting_ratio=_waiting(folder / "io"))


def _waiting(path: Path) -> float | None:
    try:
        found = re.search(r"^some avg10=([\d.]+)", path.read_text(), re.MULTILINE)
    except OSError:
        return None
    return float(found[1]) / 100 if found else None
