"""The protocol of a meter, its readings, and its description."""

from __future__ import annotations

import socket
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.monitoring.run_report import How

LEAST_READING_S = 0.2
"""A reading over less than this mostly shows the meter's work."""


@dataclass(frozen=True, slots=True)
class Reading:
    """kWh by component since the meter was ready, at a moment of the clock; mean accelerator utilisation if known.

    `gpu_kwh` splits the component `gpu` by the devices' UUIDs.
    """

    at_s: float
    kwh: dict[str, float]
    gpu_percent: float | None = None
    gpu_kwh: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A meter's description: its method for each component, and the machine.

    `host` is the same for all meters of the same machine, also in different containers. `unknown` are components of the
    machine whose energy cannot be determined.
    """

    how: dict[str, tuple[How, str]]
    hardware: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    notes: tuple[str, ...] = ()
    host: str = ""
    unknown: tuple[str, ...] = ()


class Meter(Protocol):
    """Reads a machine. `start` returns when it is ready, and from then on readings come by `on_reading`."""

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        """Starts; may take seconds."""
        ...

    def stop(self) -> None:
        """Gives a last reading and ends."""
        ...

    def told(self) -> Told:
        """Its description, available once it is ready."""
        ...


def host_id() -> str:
    """The kernel's boot id, the same in all containers of a machine; else the machine's name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{socket.gethostname()}-{uuid.getnode():x}"
