"""All GPUs of a machine, followed from one reading to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.monitoring.gpu.intervals import Interval, interval_of
from greenai_infra.monitoring.gpu.thresholds import threshold
from greenai_infra.monitoring.gpu.waste import GpuWaste

if TYPE_CHECKING:
    from greenai_infra.monitoring.gpu.intervals import Piece
    from greenai_infra.monitoring.gpu.values import Round, Sample

LEAST_LONGEST_S = 5.0


class Follower:
    """Takes rounds, gives pieces of waste by GPU. `gpus` has the use of each GPU so far, by uuid."""

    def __init__(self, interval_s: float, idle_w: float | None = None) -> None:
        self.gpus: dict[str, GpuWaste] = {}
        self._idle_w = idle_w
        self._longest_s = max(LEAST_LONGEST_S, threshold("gap_intervals") * interval_s)
        self._before: dict[str, tuple[float, Sample]] = {}

    def add(self, taken: Round) -> list[tuple[Sample, Piece]]:
        """The waste that this reading decides. A lost GPU keeps its last reading, so that its counter goes on."""
        found: list[tuple[Sample, Piece]] = []
        cards: dict[str, Interval] = {}
        for one in taken.gpus:
            if one.lost:
                continue
            before = self._before.get(one.uuid)
            self._before[one.uuid] = (taken.at_s, one)
            if before is None:
                continue
            interval = interval_of(before[0], before[1], taken.at_s, one, self._longest_s)
            if interval is None:
                continue
            if one.mig:
                interval = _share(interval, cards.get(one.parent or ""), one.mig_share)
            cards[one.uuid] = interval
            gpu = self.gpus.setdefault(
                one.uuid, GpuWaste(one.name, one.mig_share if one.mig else 1.0, self._idle_w)
            )  # fmt: skip
            found += [(one, piece) for piece in gpu.add(interval, one, taken.host, self._longest_s)]
        return found

    def finish(self) -> list[tuple[Sample, Piece]]:
        """The pieces decided by the end of the watch."""
        return [(self._before[uuid][1], piece) for uuid, gpu in self.gpus.items() for piece in gpu.finish()]


def _share(own: Interval, card: Interval | None, share: float | None) -> Interval:
    if card is None or card.joules is None or share is None:
        return Interval(own.start_s, own.end_s, None, "unknown")
    return Interval(own.start_s, own.end_s, card.joules * share, "share of the card")
