"""Mean use of the GPUs between two readings, for the tracker's `gpu_utilization_percent`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.monitoring.gpu.nvml import NvmlReader
from greenai_infra.monitoring.gpu.values import Unread

if TYPE_CHECKING:
    from collections.abc import Collection

    from greenai_infra.monitoring.gpu.values import Round, Sample


class GpuActivity:
    """Reads NVML; without NVML all figures are unknown. SM activity (GPM, Hopper and newer) since the last reading."""

    def __init__(self) -> None:
        try:
            self._reader: NvmlReader | None = NvmlReader()
        except (ImportError, Unread):
            self._reader = None

    def percents(self, cards: Collection[int]) -> tuple[float | None, float | None]:
        """SM activity and utilisation, 0 to 100, means over these cards; None if unknown for any card."""
        if self._reader is None:
            return None, None
        taken = self._reader.read()
        return mean_percent(taken, cards, "sm_active_ratio"), mean_percent(taken, cards, "utilization_ratio")

    def close(self) -> None:
        """Releases NVML."""
        if self._reader is not None:
            self._reader.close()


def mean_percent(taken: Round, cards: Collection[int], field: str) -> float | None:
    """The mean of a ratio over these cards; of a card in MIG mode the instances count by their slices."""
    ratios = [_of_card(one, taken, field) for one in taken.gpus if one.mig is None and int(one.index) in cards]
    known = [one for one in ratios if one is not None]
    if not known or len(known) != len(cards):
        return None
    return 100 * sum(known) / len(known)


def _of_card(card: Sample, taken: Round, field: str) -> float | None:
    if not card.mig_mode:
        found: float | None = getattr(card, field)
        return found
    total = 0.0
    for one in taken.gpus:
        if one.parent == card.uuid:
            ratio = getattr(one, field)
            if ratio is None or one.mig_share is None:
                return None
            total += ratio * one.mig_share
    return total
