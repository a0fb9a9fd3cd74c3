"""Whether a server should sleep between requests: break-even rate, a day of both ways, settings for the stack."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from greenai_infra.advice.batch import batch_advice
from greenai_infra.advice.load import (
    HOURS,
    Costs,
    always_on,
    answering_wh,
    break_even,
    day_of,
    energy_costs,
    hourly_rates,
    machines_in,
    scaled_to_zero,
)
from greenai_infra.advice.table import document_table
from greenai_infra.footprint.constants import constant
from greenai_infra.numbers import percent, significant

if TYPE_CHECKING:
    from greenai_infra.advice.served import Place, ServingMachine

SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)
MOST_CONCURRENCY = 200
WORTH_PERCENT = 0.1
OFF = "to be off between bursts, run `greenai-infra destroy` and `up` of its stack around the active hours"


@dataclass(frozen=True, slots=True)
class Question:
    """The question: how requests arrive, and how long a server stays warm after the last request."""

    name: str
    pattern: str
    requests_per_hour: float
    profile: tuple[float, ...]
    active_hours: int | None
    keep_warm_s: float
    stays: bool


def advise_serving(asked: Question, machine: ServingMachine, place: Place | None) -> dict[str, Any]:
    """The advice as a document; figures that lack an input are None, and `unknown` names the input."""
    rates = hourly_rates(asked.pattern, asked.requests_per_hour, asked.profile, asked.active_hours)
    units = _units(machine, place, stays=asked.stays)
    limit = break_even(machine, energy_costs(machine))
    needed = [machines_in(rate, machine) for rate in rates]
    sleeps = [number == 1 and (limit is None or rate < limit) for rate, number in zip(rates, needed, strict=True)]
    following_wh = answering_wh(rates, machine, needed)
    at_peak_wh = answering_wh(rates, machine, [max(needed)] * HOURS)
    document = {
        "workload": asked.name,
        "pattern": asked.pattern,
        "requests_per_hour": asked.requests_per_hour,
        "machine": _machine(machine, stays=asked.stays),
        "place": None if place is None else _place(place),
        "cold_start": {
            **_band("seconds", machine.start_s),
            **_band("wh", machine.start_wh),
            "weights_gb": machine.weights_gb,
            "source": machine.start_source,
        },
        "keep_warm_minutes": asked.keep_warm_s / 60,
        "break_even": _break_even(machine, units, limit),
        "hours": [{"requests_per_hour": rate, "sleeps": asleep} for rate, asleep in zip(rates, sleeps, strict=True)],
        "per_day": {
            "answering_kwh": following_wh / 1000,
            "always_on": {
                **{unit: _plus(always_on(rates, machine, costs), unit, at_peak_wh, place)
                   for unit, costs in units.items()},
                "machine_hours": HOURS * max(needed),
                "starts": 0.0,
                "waiting_share": 0.0,
                "mean_wait_s": None,
            },
            "scale_to_zero": _day(rates, machine, units, asked, [True] * HOURS, following_wh, place),
            "by_hour": _day(rates, machine, units, asked, sleeps, following_wh, place),
        },
        "unknown": _unknown(machine, place),
        "batch": batch_advice(machine, asked.requests_per_hour * HOURS, place) if asked.pattern == "batch" else None,
        "stack": stack_keys(machine, rates, place),
        "notes": [*machine.notes, *_notes(asked, machine)],
    }  # fmt: skip
    document["advice"] = _advice(document, machine, rates, sleeps)
    document["table"] = document_table(document, machine, place)
    return document


def _units(machine: ServingMachine, place: Place | None, *, stays: bool) -> dict[str, Costs]:
    """The same three costs in Wh, and in kg and USD where place and price are known.

    kg include the embodied share for the hours that a machine is reserved; a machine that stays is reserved all the
    time.
    """
    energy = energy_costs(machine)
    units = {"kwh": Costs(energy.on / 1000, energy.off / 1000, energy.start / 1000)}
    start_hours = machine.start_s.value / 3600
    if place is not None and machine.embodied_kg_per_hour is not None:
        kg_per_kwh, made = place.pue * place.intensity_g_per_kwh / 1000, machine.embodied_kg_per_hour
        of = units["kwh"]
        units["kg"] = Costs(
            of.on * kg_per_kwh + made,
            of.off * kg_per_kwh + made * stays,
            of.start * kg_per_kwh + made * start_hours,
        )
    if machine.usd_per_hour is not None:
        usd = machine.usd_per_hour
        units["usd"] = Costs(usd, usd * stays, usd * start_hours)
    return units


def _day(
    rates: list[float],
    machine: ServingMachine,
    units: dict[str, Costs],
    asked: Question,
    sleeps: list[bool],
    adds_wh: float,
    place: Place | None,
) -> dict[str, Any]:
    did = day_of(rates, machine, asked.keep_warm_s, sleeps)
    return {
        **{
            unit: _plus(scaled_to_zero(rates, machine, costs, asked.keep_warm_s, sleeps), unit, adds_wh, place)
            for unit, costs in units.items()
        },
        "machine_hours": did.machine_hours,
        "starts": did.starts,
        "waiting_share": did.waiting_share,
        "mean_wait_s": did.mean_wait_s,
    }


def _plus(value: float, unit: str, adds_wh: float, place: Place | None) -> float:
    """The cost with the energy of answering, which is the same for all ways."""
    if unit == "kwh":
        return value + adds_wh / 1000
    if unit == "kg" and place is not None:
        return value + adds_wh / 1000 * place.pue * place.intensity_g_per_kwh / 1000
    return value


def _break_even(machine: ServingMachine, units: dict[str, Costs], limit: float | None) -> dict[str, Any]:
    ends = sorted(
        (float("inf") if limit is None else limit)
        for limit in (break_even(machine, energy_costs(machine, end), end) for end in ("low", "high"))
    )
    low, high = (None if end == float("inf") else end for end in ends)
    return {
        "requests_per_hour": limit,
        "requests_per_hour_low": low,
        "requests_per_hour_high": high,
        "at_any_rate": limit is None,
        "pause_s": 3600 / limit if limit else 0.0,
        "by_kg_requests_per_hour": break_even(machine, units["kg"]) if "kg" in units else None,
        "by_kg_at_any_rate": "kg" in units and break_even(machine, units["kg"]) is None,
    }


def stack_keys(machine: ServingMachine, rates: list[float], place: Place | None) -> dict[str, Any]:
    """The stack settings for the advice, or the reason why no stack fits.

    Concurrency is Little's law at the busiest hour, twice over, at the answer time on the accelerator.
    """
    needed_mb = machine.weights_gb * 1e9 * constant("memory_headroom").value / 2**20
    fitting = [size for size in SERVERLESS_MEMORY_MB if size >= needed_mb]
    most = max(machines_in(rate, machine) for rate in rates)
    if place is not None and place.region.startswith("gcp:"):
        if not machine.accelerator.startswith("TPU"):
            return {"program": "inference", "keys": {}, "why": "on Google Cloud stacks serve on TPUs only"}
        why = f"Vertex AI keeps at least one replica of an endpoint, and a TPU VM is up until it is taken down: {OFF}"
        return {"program": "inference", "keys": {"garden": {"min_replicas": 1, "max_replicas": most}}, "why": why}
    keys: dict[str, Any] = {"min_instances": 1, "max_instances": most}
    if fitting:
        busy = max(rates) / 3600 * machine.answer_s
        keys["serverless"] = {
            "memory_mb": fitting[0],
            "max_concurrency": min(MOST_CONCURRENCY, max(1, ceil(2 * busy))),
        }
        why = (
            "SageMaker serverless has no accelerators: the model would run on CPUs, whose energy and time are unknown "
            "here; measure an answer there, and set max_concurrency to twice rate x seconds"
        )
    else:
        why = (
            f"SageMaker serverless has no accelerators and at most {SERVERLESS_MEMORY_MB[-1]:,} MB; the model needs "
            f"{needed_mb:,.0f} MB. min_instances of an endpoint on instances is at least 1: {OFF}"
        )
    return {"program": "inference", "keys": keys, "why": why}


def _advice(document: dict[str, Any], machine: ServingMachine, rates: list[float], sleeps: list[bool]) -> str:
    if document["pattern"] == "batch":
        return "batch: collect the requests and run them in full batches on spot, as a run that may be interrupted"
    day = document["per_day"]
    saved = day["always_on"]["kwh"] - day["by_hour"]["kwh"]
    share = 100 * saved / day["always_on"]["kwh"]
    saves = f"saves {significant(saved)} kWh a day ({percent(share)})"
    if share < WORTH_PERCENT:
        why = "no hour has fewer requests than the break-even rate"
        if any(sleeps):
            why = "requests arrive so often that it would hardly ever sleep"
        elif min(rates) > machine.requests_per_second * 3600:
            why = "every hour needs more than one machine"
        return f"always on: {why}"
    if not any(sleeps):
        return f"let the number of machines follow the load: {saves}; the last machine stays up"
    if all(sleeps):
        return f"scale to zero: {saves}"
    return f"scale to zero in the {sum(sleeps)} hours of a day below the break-even rate: {saves}"


def _machine(machine: ServingMachine, *, stays: bool) -> dict[str, Any]:
    return {
        "name": machine.name,
        "accelerator": machine.accelerator,
        "accelerators": machine.chips,
        "replicas": machine.replicas,
        "while_asleep": "stays on without a model" if stays else "given back, counted as zero",
        **_band("idle_w", machine.idle_w),
        "asleep_w": machine.off_w.value,
        "answer_s": machine.answer_s,
        "requests_per_hour_at_most": machine.requests_per_second * 3600,
        "joules_above_idle_per_request": machine.joules_above_idle,
        "usd_per_hour": machine.usd_per_hour,
        "priced_on": machine.priced_on,
        "embodied_kg_per_hour": machine.embodied_kg_per_hour,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "region": place.region,
        "pue": place.pue,
        "intensity_g_per_kwh": place.intensity_g_per_kwh,
        "intensity_source": place.intensity_source,
    }


def _band(name: str, one: Any) -> dict[str, float]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}


def _unknown(machine: ServingMachine, place: Place | None) -> dict[str, str]:
    unknown = {}
    if place is None:
        unknown["kg"] = unknown["usd"] = "unknown: needs --region"
    elif machine.usd_per_hour is None:
        unknown["usd"] = f"unknown: no on-demand price of {machine.accelerator} is listed in {place.region}"
        if machine.embodied_kg_per_hour is None:
            unknown["kg"] = f"unknown: no machine with {machine.accelerator} is listed in {place.region}"
    return unknown


def _notes(asked: Question, machine: ServingMachine) -> list[str]:
    notes = ["requests are assumed random (Poisson) within each hour; energy is at the server's wall, before PUE"]
    if not asked.stays:
        notes.append(
            "a machine that is given back counts as zero while asleep: it serves others, or idles on their account; "
            "for your own machine use --machine stays"
        )
    return notes
