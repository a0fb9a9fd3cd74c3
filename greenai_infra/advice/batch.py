"""Requests that may wait: collected and run in full batches, on machines that may be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.interruptions import ANY, interruption_rate
from greenai_infra.footprint.constants import constant

if TYPE_CHECKING:
    from greenai_infra.advice.served import Place, ServingMachine


def batch_advice(machine: ServingMachine, requests_per_day: float, place: Place | None) -> dict[str, Any]:
    """Machine hours, kWh and USD of a day's requests in full batches, with one start per day; the effect of spot."""
    at_once = (
        machine.requests_per_second / constant("serving_peak_load").value
    )  # requests may wait, so the full rate counts
    hours = requests_per_day / at_once / 3600 + machine.start_s.value / 3600
    kwh = (requests_per_day * machine.joules_in_full_batch / 3600 + machine.start_wh.value) / 1000
    provider = place.region.partition(":")[0] if place else None
    rate = None if provider is None else interruption_rate(provider, machine.name)
    return {
        "requests_per_day": requests_per_day,
        "batch": machine.full_batch,
        "machine_hours_per_day": hours,
        "accelerator_hours_per_day": hours * machine.chips,
        "kwh_per_day": kwh,
        "always_on_kwh_per_day": 24 * (machine.idle_w.value + machine.answering_w(requests_per_day / 24)) / 1000,
        "usd_per_day_on_demand": None if machine.usd_per_hour is None else hours * machine.usd_per_hour,
        "usd_per_day_spot": None if machine.usd_per_hour_spot is None else hours * machine.usd_per_hour_spot,
        "interruptions_per_machine_hour": None if rate is None else rate.per_hour,
        "interruptions_source": None if rate is None else rate.source,
        "interruptions_are_of_this_machine": rate is not None and rate.instance_type != ANY,
        "workload": _workload(machine, hours),
        "command": "greenai-infra plan batch.yaml --hardware --out plan.json",
    }  # fmt: skip


def _workload(machine: ServingMachine, hours: float) -> str:
    """A workload file of kind training, the kind that may wait and be interrupted."""
    return (
        "name: nightly-batch\n"
        "project: your-project\n"
        "team: your-team\n"
        "kind: training   # the kind that may wait and be interrupted\n"
        "work:\n"
        f"  accelerator_hours: {{hours: {hours * machine.chips:.4g}, accelerator: {machine.accelerator}}}\n"
        "hardware:\n"
        f"  accelerators: [{machine.accelerator}]\n"
        "  purchase: spot\n"
        "when:\n"
        "  deadline: +24h\n"
    )
