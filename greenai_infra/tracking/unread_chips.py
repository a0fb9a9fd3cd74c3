"""Accelerators of this machine that the meter can't read: estimated from the catalog's power, else unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.catalog.accelerators import accelerators
from greenai_infra.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.catalog.accelerators import Accelerator


@dataclass(frozen=True, slots=True)
class UnreadChips:
    """`power_w` of all of them together at full load, None where the catalog lacks the chip."""

    count: int
    name: str
    power_w: float | None
    why: str

    def by(self) -> str:
        """The basis of the energy estimate."""
        return f"nominal power of {self.count} x {self.name}, {significant(self.power_w or 0.0)} W: {self.why}"

    def note(self) -> str:
        """The note for the report."""
        if self.power_w is None:
            return f"the energy of {self.count} x {self.name} is unknown: {self.why}, and the catalog has no such chip"
        return f"the energy of {self.count} x {self.name} is estimated at full load, not measured: {self.why}"


def unread_chips(environment: Mapping[str, str], root: Path = Path("/")) -> UnreadChips | None:
    """The chips of a machine without a readable GPU; None if it has no chips, or the run hides them from CUDA.

    The driver names NVIDIA's chips in /proc; Neuron devices and TPUs have only device files.
    """
    nvidia = [path for path in (root / "dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
    if nvidia and environment.get("CUDA_VISIBLE_DEVICES", "0").strip() not in ("", "-1"):
        return _nvidia(len(nvidia), root)
    for pattern, name in (("neuron[0-9]*", "AWS Neuron device"), ("accel[0-9]*", "TPU")):
        if found := list((root / "dev").glob(pattern)):
            return UnreadChips(len(found), name, None, "it has no energy counter that codecarbon reads")
    return None


def _nvidia(count: int, root: Path) -> UnreadChips:
    why = "NVML can't be read (driver, its library or permission)"
    models = []
    for file in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        try:
            found = re.search(r"^Model:\s*(.+?)\s*$", file.read_text(), re.MULTILINE)
        except OSError:
            found = None
        models.append(found[1] if found else "NVIDIA GPU")
    models = models[:count] if len(models) >= count else ["NVIDIA GPU"] * count
    chips = [chip_of(model) for model in models]
    watts = [chip.power_w for chip in chips if chip is not None]
    name = "; ".join(dict.fromkeys(models))
    return UnreadChips(count, name, sum(watts) if len(watts) == count else None, why)


def chip_of(model: str) -> Accelerator | None:
    """The catalog's chip for a driver's name, such as A100-80GB for `NVIDIA A100-SXM4-80GB`; None if unknown."""
    words = set(re.split(r"[^a-z0-9]+", model.casefold()))
    fitting = [chip for chip in accelerators() if set(re.split(r"[^a-z0-9]+", chip.name.casefold())) <= words]
    return max(fitting, key=lambda chip: len(chip.name), default=None)
