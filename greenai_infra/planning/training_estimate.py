"""A training run estimated without a plan: the same runs as in `plan`, on a named chip."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import gcd, isfinite
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.offers import Offer, machines_text
from greenai_infra.clock import now
from greenai_infra.errors import InputError
from greenai_infra.estimates.in_place import Grid, grid_of, offers_of
from greenai_infra.footprint.equation import operational_kg
from greenai_infra.footprint.training import model_memory_gb
from greenai_infra.planning.counts import CLUSTER_CHIPS
from greenai_infra.planning.run_parts import MAX_CHIPS, Run, Unfit
from greenai_infra.planning.runs import runs_on
from greenai_infra.planning.workload import Workload

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """One training run. Energy is IT energy at the servers' wall, before PUE; low and high are its band.

    The fields from `grid` on are None without a region. Emissions include the embodied share of chips and server
    (`embodied_kg`); intensity is the yearly mean of the region's grid. `cost_usd` is at list price on demand.
    """

    accelerator: str
    accelerators: int
    precision: str
    hours: float
    hours_low: float
    hours_high: float
    energy_kwh: float
    energy_kwh_low: float
    energy_kwh_high: float
    notes: tuple[str, ...]
    machines: str | None = None
    grid: Grid | None = None
    emissions_kg: float | None = None
    emissions_kg_low: float | None = None
    emissions_kg_high: float | None = None
    operational_kg: float | None = None
    embodied_kg: float | None = None
    embodied_is_estimate: bool | None = None
    cost_usd: float | None = None
    priced_on: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The estimate as plain values."""
        return asdict(self)


def estimate_training(
    *,
    accelerator: str,
    parameters: float | None = None,
    tokens: float | None = None,
    total_parameters: float | None = None,
    method: Literal["full", "lora"] = "full",
    mfu: float | None = None,
    accelerator_hours: float | None = None,
    hours_on: str | None = None,
    count: int | None = None,
    precision: str = "bf16",
    region: str | None = None,
) -> TrainingEstimate:
    """Hours and kWh of a training run; with `region`, kg CO2e and USD on its cheapest offer of the chip.

    The work is `parameters` (the number that process a token) and `tokens`, or `accelerator_hours` on chips `hours_on`
    (default the same chip). Without `count` it takes the fewest chips that hold the model. Raises InputError for
    unknown names, impossible numbers, and a run that does not fit the chips.
    """
    chip = find_accelerator(accelerator)
    work = _work(chip, parameters, tokens, total_parameters, method, mfu, accelerator_hours, hours_on)
    workload = _workload(work, chip, count, precision)
    if region is None:
        return _found(_own_run(workload, chip), chip, precision)
    grid = grid_of(region)
    known = offers_of(chip, grid.region)
    if not known:
        others = sorted({f"{offer.provider}:{offer.region}" for offer in offers_of(chip)})
        where = f"it is in {', '.join(others[:5])}" if others else "the catalogue has no offer of it"
        raise InputError(f"{grid.region} has no offer of {chip.name}; {where}")
    tried = [(offer, _first_run(workload, offer, chip)) for offer in known]
    fitting = [(offer, run) for offer, run in tried if isinstance(run, Run)]
    if not fitting:
        raise InputError(
            "; ".join(dict.fromkeys(f"{o.instance_type}: {r.reason}" for o, r in tried if isinstance(r, Unfit)))
        )
    offer, run = min(fitting, key=lambda pair: _usd(*pair))
    return _found(run, chip, precision, grid, offer)


def _work(
    chip: Accelerator,
    parameters: float | None,
    tokens: float | None,
    total_parameters: float | None,
    method: str,
    mfu: float | None,
    accelerator_hours: float | None,
    hours_on: str | None,
) -> dict[str, Any]:
    stated = {"parameters": parameters, "tokens": tokens, "total_parameters": total_parameters, "mfu": mfu}
    for name, value in {**stated, "accelerator_hours": accelerator_hours}.items():
        if value is not None and not (isfinite(value) and value > 0):
            raise InputError(f"{name} {value:g} is not possible; give a finite number above 0")
    if accelerator_hours is not None:
        given = [name for name, value in stated.items() if value is not None]
        if given:
            raise InputError(f"give accelerator hours or a model, not both ({given[0]})")
        return {"accelerator_hours": {"hours": accelerator_hours, "accelerator": hours_on or chip.name}}
    if parameters is None or tokens is None:
        raise InputError("give parameters and tokens, or accelerator hours")
    return {"model": {"method": method, **{name: value for name, value in stated.items() if value is not None}}}


def _workload(work: dict[str, Any], chip: Accelerator, count: int | None, precision: str) -> Workload:
    values = {
        "name": "estimate",
        "project": "estimate",
        "team": "estimate",
        "kind": "training",
        "work": work,
        "hardware": {"accelerators": [chip.name], "precision": precision, "count": count},
    }
    try:
        return msgspec.convert(values, Workload)
    except msgspec.ValidationError as error:
        raise InputError(str(error).replace("`$.", "`")) from None


def _own_run(workload: Workload, chip: Accelerator) -> Run:
    """A notional offer: servers of up to eight chips."""
    count = workload.hardware.count or _fewest(workload, chip)
    server = Offer(
        provider="aws", region="", instance_type=f"server of {gcd(count, CLUSTER_CHIPS)} x {chip.name}",
        accelerator=chip.name, accelerators=gcd(count, CLUSTER_CHIPS), vcpus=None, memory_gib=None,
        usd_per_hour_on_demand=None, usd_per_hour_spot=None, priced_on=now().date(), source="", note="",
    )  # fmt: skip
    hardware = msgspec.structs.replace(workload.hardware, count=count)
    run = _first_run(msgspec.structs.replace(workload, hardware=hardware), server, chip)
    if isinstance(run, Unfit):
        raise InputError(f"{chip.name}: {run.reason}")
    return run


def _fewest(workload: Workload, chip: Accelerator) -> int:
    model, chips = workload.work.model, 1
    needed_gb = model_memory_gb(model.total_parameters or model.parameters, model.method) if model else 0.0
    while needed_gb > chips * chip.memory_gb and chips < MAX_CHIPS:
        chips *= 2
    return chips


def _first_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    found = runs_on(workload, offer, chip, None)
    return found if isinstance(found, Unfit) else found[0]


def _usd(offer: Offer, run: Run) -> float:
    return (offer.usd_per_hour_on_demand or 0.0) * run.instances * run.hours.value


def _found(
    run: Run, chip: Accelerator, precision: str, grid: Grid | None = None, offer: Offer | None = None
) -> TrainingEstimate:
    hours, energy = run.hours, run.energy_kwh
    place: dict[str, Any] = {}
    notes = run.notes
    if grid is None or offer is None:
        notes = tuple(note for note in notes if not note.startswith("the embodied share"))
    else:
        made = run.embodied_kg_per_hour * hours
        low, value, high = (
            operational_kg(kwh, grid.pue, grid.g_per_kwh) for kwh in (energy.low, energy.value, energy.high)
        )
        place = {
            "machines": machines_text(offer, run.instances),
            "grid": grid,
            "emissions_kg": value + made.value,
            "emissions_kg_low": low + made.low,
            "emissions_kg_high": high + made.high,
            "operational_kg": value,
            "embodied_kg": made.value,
            "embodied_is_estimate": run.embodied_is_estimate,
            "cost_usd": _usd(offer, run),
            "priced_on": offer.priced_on.isoformat(),
        }
    return TrainingEstimate(
        accelerator=chip.name,
        accelerators=run.accelerators,
        precision=precision,
        hours=hours.value,
        hours_low=hours.low,
        hours_high=hours.high,
        energy_kwh=energy.value,
        energy_kwh_low=energy.low,
        energy_kwh_high=energy.high,
        notes=notes,
        **place,
    )
