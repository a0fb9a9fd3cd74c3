"""The machine that serves a model, with what scaling to zero needs: power, start, price, request rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.catalog.cold_starts import cold_start, no_model_w
from greenai_infra.catalog.idle_power import idle_power
from greenai_infra.errors import InputError
from greenai_infra.estimates.serving import set_up, smallest_fit
from greenai_infra.footprint import inference
from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.training import node_power_kw
from greenai_infra.planning.run_parts import make_run
from greenai_infra.planning.serving_runs import BATCHES

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.estimates.serving import ServingRow

WATTS_PER_KW = 1000.0
STARTS_MEASURED_OF = ("NVIDIA", "Google")
"""Makers of the chips in `cold-starts.csv`."""


@dataclass(frozen=True, slots=True)
class Start:
    """A cold start as the user states it; None values are looked up."""

    storage: str = "download"
    seconds: float | None = None
    wh: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a machine: the grid's mean intensity, the PUE."""

    region: str
    pue: float
    intensity_g_per_kwh: float
    intensity_source: str


@dataclass(frozen=True, slots=True)
class ServingMachine:
    """A machine. Watts and Wh are IT energy at the server's wall, before PUE.

    `off_w` counts while the server sleeps: 0 for a machine that is given back, the power of a machine without a model
    if it stays. `answer_s` is the time of a lone request, `requests_per_second` the rate of full batches.
    `joules_above_idle` is what a lone request adds, `joules_in_full_batch` the total per request of a full batch.
    `watts_above_idle` is what each of `rates_of_batches` (requests per second of the machine) adds.
    """

    name: str
    accelerator: str
    chips: int
    replicas: int
    idle_w: Estimate
    off_w: Estimate
    start_s: Estimate
    start_wh: Estimate
    start_source: str
    answer_s: float
    requests_per_second: float
    full_batch: float
    joules_above_idle: float
    joules_in_full_batch: float
    rates_of_batches: tuple[float, ...]
    watts_above_idle: tuple[float, ...]
    weights_gb: float
    usd_per_hour: float | None
    usd_per_hour_spot: float | None
    priced_on: str | None
    embodied_kg_per_hour: float | None
    notes: tuple[str, ...]

    def answering_w(self, requests_per_hour: float) -> float:
        """Watts above idle of the machine at a rate; below one concurrent request it scales with the busy time."""
        rate, lowest = requests_per_hour / 3600, self.rates_of_batches[0]
        if rate < lowest:
            return self.watts_above_idle[0] * rate / lowest
        return float(np.interp(rate, self.rates_of_batches, self.watts_above_idle))


def serving_machine(
    row: ServingRow,
    traffic: inference.Traffic,
    *,
    offer: Offer | None,
    start: Start,
    stays: bool,
    latency_bound_ms: float | None = None,
) -> ServingMachine:
    """The machine of an offer; without an offer a bare replica of the fewest chips.

    Raises InputError for a model that does not fit, and for a machine that stays with a chip of unknown idle power.
    """
    of = set_up(row)
    chip = of.accelerator
    alone = traffic._replace(batch=1.0)
    replica = row.accelerators or smallest_fit(of.model, alone, chip)
    if float(inference.memory_gb(of.model, alone)) > replica * chip.memory_gb:
        raise InputError(f"{replica} x {chip.name} do not hold the model: {smallest_fit(of.model, alone, chip)} do")
    chips = replica if offer is None else _unit(offer, replica)
    one = inference.serve(of.model, alone, of.chip, replica, of.coefficients)
    batches = traffic._replace(batch=BATCHES)
    full = inference.serve(of.model, batches, of.chip, replica, of.coefficients)
    good = inference.memory_gb(of.model, batches) <= replica * chip.memory_gb
    if latency_bound_ms is not None:
        good &= inference.answer_ms(full, batches) <= latency_bound_ms
        if not good.any():
            fastest = float(inference.answer_ms(one, alone))
            raise InputError(f"an answer takes {fastest:,.0f} ms on {replica} x {chip.name}, the bound is "
                             f"{latency_bound_ms:,.0f} ms")  # fmt: skip
    best, replicas = int(np.flatnonzero(good)[-1]), chips // replica
    answer_s = float(inference.answer_ms(one, alone)) / 1000.0
    idle = idle_power(chip)
    host_w = Estimate.of("host_power_kw_per_8_chips") * (WATTS_PER_KW * chips / 8)
    idle_w = Estimate(idle.watts, idle.low, idle.high) * chips + host_w
    weights_gb = float(of.model.parameters * of.model.weight_bytes) / 1e9
    start_s, start_wh, source, notes = _start(start, weights_gb, chips, chip, idle_w)
    full_j = float(full.chip_power_w[best]) * replica + host_w.value / replicas
    return ServingMachine(
        name=f"{chips} x {chip.name}" if offer is None or offer.per_chip else offer.instance_type,
        accelerator=chip.name,
        chips=chips,
        replicas=replicas,
        idle_w=idle_w,
        off_w=_off_w(chip, chips, host_w) if stays else Estimate.exact(0.0),
        start_s=start_s,
        start_wh=start_wh,
        start_source=source,
        answer_s=answer_s,
        requests_per_second=float(full.requests_per_second[best]) * replicas * constant("serving_peak_load").value,
        full_batch=float(BATCHES[best]),
        joules_above_idle=max(0.0, replica * (float(one.chip_power_w) - idle.watts)) * answer_s,
        joules_in_full_batch=full_j / float(full.requests_per_second[best]),
        rates_of_batches=tuple(replicas * float(rate) for rate in full.requests_per_second[: best + 1]),
        watts_above_idle=tuple(chips * max(0.0, float(w) - idle.watts) for w in full.chip_power_w[: best + 1]),
        weights_gb=weights_gb,
        usd_per_hour=_price(offer, chips, "usd_per_hour_on_demand"),
        usd_per_hour_spot=_price(offer, chips, "usd_per_hour_spot"),
        priced_on=offer.priced_on.isoformat() if offer else None,
        embodied_kg_per_hour=_embodied(offer, chip, chips),
        notes=(*of.notes, *notes),
    )


def _unit(offer: Offer, replica: int) -> int:
    """Chips of a machine of an offer. Raises InputError if a replica needs more."""
    if offer.per_chip:
        return max(replica, offer.minimum_chips)
    if replica > offer.accelerators:
        raise InputError(
            f"{offer.instance_type} has {offer.accelerators} x {offer.accelerator}, the model needs {replica}"
        )
    return offer.accelerators


def _start(
    stated: Start, weights_gb: float, chips: int, chip: Accelerator, idle_w: Estimate
) -> tuple[Estimate, Estimate, str, tuple[str, ...]]:
    """Seconds and Wh of a start, their source, and notes.

    A start draws the measured power of a node while its program starts, a share of its power in training, and at least
    the power while waiting.
    """
    looked_up = cold_start(weights_gb, stated.storage)
    seconds = Estimate(*looked_up[:3]) if stated.seconds is None else Estimate.exact(stated.seconds)
    source = looked_up.source if stated.seconds is None else "seconds as stated"
    notes: tuple[str, ...] = (looked_up.note,) if looked_up.note and stated.seconds is None else ()
    if chip.vendor not in STARTS_MEASURED_OF and stated.seconds is None:
        notes += (f"no start on {chip.name} was measured: starts of GPUs and TPUs are used",)
    if stated.wh is not None:
        return seconds, Estimate.exact(stated.wh), f"{source}; Wh as stated", notes
    share = constant("serving_start_power_share")
    drawn_w = node_power_kw(chips, chip) * Estimate.of(share.name) * WATTS_PER_KW
    power_w = Estimate(*(max(getattr(drawn_w, end), getattr(idle_w, end)) for end in ("value", "low", "high")))
    how = f"{share.value:g} of a node's power in training ({share.source})"
    if drawn_w.value < idle_w.value:
        how = "its power while waiting, which is more than the share of its power in training"
    watts = f"{power_w.value:,.0f} W while it starts: {how}"
    if stated.seconds is None:
        notes += ("the start leaves out booting the machine and its image: add them with --cold-start-seconds",)
    return seconds, power_w * (1 / 3600) * seconds, f"{source}; {watts}", notes


def _off_w(chip: Accelerator, chips: int, host_w: Estimate) -> Estimate:
    bare = no_model_w(chip.name)
    if bare is None:
        raise InputError(
            f"the power of {chip.name} without a model is unknown, so a machine that stays can't be compared; "
            "leave out --machine stays"
        )
    return host_w + Estimate.exact(bare * chips)


def _price(offer: Offer | None, chips: int, tariff: str) -> float | None:
    usd: float | None = None if offer is None else getattr(offer, tariff)
    return usd if usd is None or offer is None or not offer.per_chip else usd * chips


def _embodied(offer: Offer | None, chip: Accelerator, chips: int) -> float | None:
    if offer is None:
        return None
    run = make_run(offer, chip, chips, Estimate.exact(1.0), Estimate.exact(1.0), ())
    return run.embodied_kg_per_hour.value
