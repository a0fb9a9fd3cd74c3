"""What the waste of GPUs emits and costs, from the grid, PUE and price of their location."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.footprint.integral import SLOT_S, Integral
from greenai_infra.monitoring.gpu.advice import advice_of, next_step, rule_of
from greenai_infra.monitoring.gpu.follow import Follower
from greenai_infra.monitoring.gpu.intervals import CAUSES
from greenai_infra.monitoring.gpu.price import gpu_price
from greenai_infra.monitoring.gpu.report import CauseOfWaste, GpuTotal, WasteReport
from greenai_infra.monitoring.gpu.waste import below_target
from greenai_infra.tracking.context import open_grid, read_context

if TYPE_CHECKING:
    from greenai_infra.footprint.integral import MeanOf
    from greenai_infra.monitoring.gpu.intervals import Cause, Piece
    from greenai_infra.monitoring.gpu.values import Round, Sample

ASK_EVERY_S = 30.0


@dataclass(frozen=True)
class Place:
    """The location of the GPUs, as the user states it."""

    region: str | None = None
    zone: str | None = None
    pue: float | None = None
    intensity: float | str | None = None
    usd_per_gpu_hour: float | None = None


@dataclass
class _Found:
    """Totals of one cause on one GPU."""

    sample: Sample
    lost_s: float = 0.0
    joules: float | None = 0.0
    grams: Integral = field(default_factory=Integral)
    _slot: tuple[float, float, float] | None = None
    """Start, end and kWh of what `grams` does not yet hold: a watch of weeks must not keep each second."""
    sums: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)

    def add(self, sample: Sample, piece: Piece) -> None:
        self.sample = sample
        self.lost_s += piece.seconds
        if piece.joules is None:
            self.joules = None
        elif self.joules is not None:
            self.joules += piece.joules
            self._gather(piece.interval.start_s, piece.interval.end_s, piece.joules / JOULES_PER_KWH)
        for name, value in piece.numbers.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * piece.seconds
            self.weights[name] = self.weights.get(name, 0.0) + piece.seconds
        self.reasons.update(piece.reasons)

    def _gather(self, start_s: float, end_s: float, kwh: float) -> None:
        first_s, _, before_kwh = self._slot or (start_s, end_s, 0.0)
        if first_s // SLOT_S != start_s // SLOT_S:
            self.grams.add(*(self._slot or (start_s, end_s, 0.0)))
            first_s, before_kwh = start_s, 0.0
        self._slot = first_s, end_s, before_kwh + kwh

    def emitted_g(self, mean_of: MeanOf) -> float | None:
        """Grams before PUE; None if the intensity of any part is unknown."""
        self.grams.settle(mean_of)
        if self._slot is None or self.grams.g is None:
            return self.grams.g
        start_s, end_s, kwh = self._slot
        g_per_kwh = mean_of(start_s, end_s)
        return None if g_per_kwh is None else self.grams.g + kwh * g_per_kwh


class Account:
    """Takes rounds and gives the report so far. Raises InputError at the start for an unusable place."""

    def __init__(self, place: Place, interval_s: float, idle_w: float | None, start_s: float) -> None:
        self._context, _ = read_context(
            os.environ, name=None, team=None, project=None, plan=None,
            region=place.region, zone=place.zone, pue=place.pue,
        )  # fmt: skip
        self._grid = open_grid(place.intensity, self._context.zone, os.environ, None, start_s)
        self._usd = place.usd_per_gpu_hour
        self._follower = Follower(interval_s, idle_w)
        self._found: dict[tuple[str, Cause], _Found] = {}
        self._last: dict[str, Sample] = {}
        self._order: list[str] = []
        self._asking: threading.Thread | None = None

    def ask_grid(self, now_s: float) -> None:
        """Refreshes the intensity, which may use the network."""
        self._grid.refresh(now_s)

    def keep_asking(self, ended: threading.Event, now_s: float) -> None:
        """Refreshes the intensity now and then during the watch, until the watch ends."""

        def ask() -> None:
            at_s = now_s
            self.ask_grid(at_s)
            while not ended.wait(ASK_EVERY_S):
                at_s += ASK_EVERY_S
                self.ask_grid(at_s)

        self._asking = threading.Thread(target=ask, name="greenai-gpu-grid", daemon=True)
        self._asking.start()

    def add(self, taken: Round) -> None:
        """Takes the next round."""
        self._order += [gpu.uuid for gpu in taken.gpus if gpu.uuid not in self._last]
        self._last |= {gpu.uuid: gpu for gpu in taken.gpus}
        self._put(self._follower.add(taken))

    def finish(self) -> None:
        """After the last round."""
        self._put(self._follower.finish())

    def _put(self, pieces: list[tuple[Sample, Piece]]) -> None:
        for sample, piece in pieces:
            self._found.setdefault((sample.uuid, piece.cause), _Found(sample)).add(sample, piece)

    def report(self) -> WasteReport:
        """The findings so far."""
        told = self._grid.told()
        notes = list(self._grid.notes())
        prices = {uuid: self._price(self._last[uuid]) for uuid in self._order}
        causes = []
        for uuid in self._order:
            for cause in CAUSES:
                if (uuid, cause) in self._found:
                    causes.append(self._cause(self._found[uuid, cause], cause, prices[uuid][0]))
        return WasteReport(
            gpus=[self._total(uuid, *prices[uuid]) for uuid in self._order], causes=causes,
            pue=self._context.pue, pue_source=self._context.pue_source, intensity=told, notes=notes,
        )  # fmt: skip

    def _cause(self, found: _Found, cause: Cause, usd_per_hour: float | None) -> CauseOfWaste:
        known = found.joules is not None and self._grid.told()["how"] != "unknown"
        grams = found.emitted_g(self._grid.mean) if known else None
        reasons = sorted(found.reasons)
        return CauseOfWaste(
            gpu=found.sample.index,
            uuid=found.sample.uuid,
            cause=cause,
            lost_s=found.lost_s,
            energy_kwh=None if found.joules is None else found.joules / JOULES_PER_KWH,
            emissions_kg=None if grams is None else grams * self._context.pue / 1000,
            cost_usd=None if usd_per_hour is None else usd_per_hour * found.lost_s / 3600,
            numbers={name: found.sums[name] / weight for name, weight in found.weights.items() if weight},
            reasons=reasons,
            rule=rule_of(cause),
            next_step=next_step(cause, found.sample, reasons),
        )

    def _price(self, sample: Sample) -> tuple[float | None, str]:
        share = sample.mig_share if sample.mig else 1.0
        if share is None:
            return None, "no price: the instance's share of the card is unknown"
        if self._usd is not None:
            return self._usd * share, "stated"
        cards = sum(gpu.mig is None for gpu in self._last.values())
        usd, source = gpu_price(sample.name, cards, self._context.region)
        return None if usd is None else usd * share, source

    def _total(self, uuid: str, usd_per_hour: float | None, price_source: str) -> GpuTotal:
        sample, used = self._last[uuid], self._follower.gpus.get(uuid)
        mean = used.mean_activity if used else None
        waiting_w, waiting_source = used.waiting_power() if used else (None, "too few readings")
        return GpuTotal(
            gpu=sample.index,
            uuid=uuid,
            name=sample.name,
            mig=sample.mig,
            observed_s=used.observed_s if used else 0.0,
            energy_kwh=used.joules / JOULES_PER_KWH if used and used.unknown_s < used.observed_s else None,
            energy_by_power_kwh=used.joules_by_power / JOULES_PER_KWH if used else 0.0,
            unknown_s=used.unknown_s if used else 0.0,
            free_s=used.free_s if used else 0.0,
            mean_activity=mean,
            below_target_ratio=None if mean is None else below_target(mean),
            advice=advice_of(mean),
            waiting_w=waiting_w,
            waiting_source=waiting_source,
            usd_per_hour=usd_per_hour,
            price_source=price_source,
            lost=sample.lost,
        )
