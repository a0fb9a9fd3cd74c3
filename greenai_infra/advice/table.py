"""The source document's table "serverless or serverful", each row answered for this model, machine and load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.scale_to_zero import cycle
from greenai_infra.numbers import counted, percent, significant

if TYPE_CHECKING:
    from greenai_infra.advice.served import Place, ServingMachine


def document_table(document: dict[str, Any], machine: ServingMachine, place: Place | None) -> list[dict[str, str]]:
    """Row by row: the source document's advice, and what the figures say."""
    limit = document["break_even"]["requests_per_hour"]
    rate = document["requests_per_hour"]
    quiet = sum(hour["sleeps"] for hour in document["hours"])
    below = "at any rate" if limit is None else f"below {significant(limit)} requests an hour"
    night = _unused_hour(machine, place)
    pause = document["break_even"]["pause_s"]
    zero, on = document["per_day"]["scale_to_zero"], document["per_day"]["always_on"]
    capacity = machine.requests_per_second * 3600
    return [
        _row(
            "Bursty/low traffic",
            "serverless",
            f"saves energy {below}: {counted(quiet, 'hour')} of your day's 24. Not 0 idle: at your load it is up and "
            f"warm or starting {significant(zero['machine_hours'])} machine hours a day",
        ),
        _row(
            "Constant high traffic",
            "serverful",
            f"one machine answers {significant(capacity)} requests an hour; at that rate it starts "
            f"{_starts_at(document, capacity, machine)} times a day. Yours is {significant(rate)}: sleeping takes "
            f"{_more_or_less(zero['kwh'], on['kwh'])}",
        ),
        _row(
            "Internal tools",
            "serverless",
            (f"a pause saves energy from {significant(pause)} s on" if pause else "any pause saves energy")
            + f"; each hour off saves {night}. The first request after it waits {machine.start_s.value:.0f} s",
        ),
        _row(
            "Customer-facing critical",
            "serverful",
            f"scaled to zero, {percent(100 * zero['waiting_share'])} of your requests wait"
            + (f" {significant(zero['mean_wait_s'])} s on average" if zero["mean_wait_s"] else "")
            + "; always on, no request waits for a start",
        ),
        _row(
            "Development/testing",
            "serverless",
            f"each idle hour off saves {night}; stop it with `greenai-infra destroy`",
        ),
        _row("Batch processing", "spot/pre-emptible", _batch(document, machine)),
    ]


def _row(workload: str, says: str, answer: str) -> dict[str, str]:
    return {"workload": workload, "document_says": says, "computed": answer}


def _unused_hour(machine: ServingMachine, place: Place | None) -> str:
    kwh = (machine.idle_w.value - machine.off_w.value) / 1000
    text = f"{significant(kwh)} kWh"
    if place is not None:
        text += f", {significant(kwh * place.pue * place.intensity_g_per_kwh / 1000)} kg CO2e"
    if machine.usd_per_hour is not None and not machine.off_w.value:
        text += f", {machine.usd_per_hour:.2f} USD"
    return text


def _starts_at(document: dict[str, Any], rate: float, machine: ServingMachine) -> str:

    warm_s = document["keep_warm_minutes"] * 60
    starts = cycle(rate, machine.start_s.value, machine.answer_s, warm_s).starts_per_hour * 24
    return significant(starts) if starts >= 0.01 else "0"


def _more_or_less(kwh: float, other: float) -> str:
    difference = kwh - other
    if abs(difference) < 0.0005 * other:
        return "as much energy as staying up"
    return f"{significant(abs(difference))} kWh a day {'more' if difference > 0 else 'less'}"


def _batch(document: dict[str, Any], machine: ServingMachine) -> str:
    alone = machine.joules_above_idle + machine.idle_w.value / machine.replicas * machine.answer_s
    text = (
        f"full batches of {machine.full_batch:g} take {significant(machine.joules_in_full_batch)} J a request; one by "
        f"one {significant(alone)} J"
    )
    usd, spot = machine.usd_per_hour, machine.usd_per_hour_spot
    if usd is None or spot is None:
        price = "the spot price is unknown" if document["place"] else "the spot price needs --region"
    elif spot > usd:
        price = f"spot is dearer there ({spot:.2f} against {usd:.2f} USD/h)"
    else:
        price = f"spot costs {percent(100 * (1 - spot / usd))} less for the same carbon"
    lost = constant("checkpoint_interval_hours").value / 2
    return f"{text}; {price}, minus the loss by interruptions ({lost:g} h each with checkpoints every {2 * lost:g} h)"
