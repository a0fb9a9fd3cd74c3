"""Quick wins of running: sleep, spot, measurements, and habits that save nothing by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from greenai_infra.advice.asking import served_row
from greenai_infra.advice.load import energy_costs
from greenai_infra.advice.measure import DONE, NOT_FOR_THIS, SAVES, SAVES_USD, SHOWS, UNKNOWN, Measure, measure
from greenai_infra.advice.served import Place, Start, serving_machine
from greenai_infra.advice.serving import Question, advise_serving
from greenai_infra.catalog.interruptions import ANY, interruption_rate
from greenai_infra.errors import InputError
from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.equation import operational_kg
from greenai_infra.planning.serving_runs import rates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.advice.subject import Subject
    from greenai_infra.monitoring.emissions_runs import Measured

KEEP_WARM_S = 600.0  # `scale_in_cooldown_s` of the inference stack


def sleep(subject: Subject) -> Measure:
    """Machines follow the load, and sleep in the hours below the break-even rate."""
    if subject.is_training:
        return measure("sleep", NOT_FOR_THIS, "a training run does not wait for requests: its machines end with it")
    command = f"greenai-infra advise serving {subject.workload_file}"
    if subject.workload.work.served_model is None or subject.offer is None:
        return measure("sleep", UNKNOWN, "needs work.served_model: the start of its server is unknown", command=command)
    row, traffic = served_row(subject.workload, subject.offer.accelerator)
    chosen = subject.chosen
    try:
        machine = serving_machine(row, traffic, offer=subject.offer, start=Start(), stays=False,
                                  latency_bound_ms=subject.workload.work.latency_bound_ms)  # fmt: skip
    except InputError as error:
        return measure("sleep", UNKNOWN, str(error), command=command)
    profile = tuple(rate * 3600 for rate in rates(subject.workload.work))
    at = Place(f"{chosen['provider']}:{chosen['region']}", chosen["pue"], chosen["intensity"]["g_per_kwh"], "")
    asked = Question("", "bursty" if len(set(profile)) > 1 else "constant", sum(profile) / len(profile), profile, None,
                     KEEP_WARM_S, False)  # fmt: skip
    advice = advise_serving(asked, machine, at)
    day, days = advice["per_day"], chosen["run_hours"] / 24
    kg = (day["always_on"]["kg"] - day["by_hour"]["kg"]) * days
    if advice["advice"].startswith("always on"):
        return measure("sleep", NOT_FOR_THIS, advice["advice"], command=command)
    usd = None if "usd" not in day["always_on"] else (day["always_on"]["usd"] - day["by_hour"]["usd"]) * days
    return measure("sleep", SAVES, f"{advice['advice']}; a start takes {energy_costs(machine).start:.3g} Wh",
                   kg=kg, usd=usd, command=command)  # fmt: skip


def spot(subject: Subject) -> Measure:
    """The same run on spot: the same carbon plus the loss by interruptions, for less money."""
    workload, chosen = subject.workload, subject.chosen
    if not subject.is_training:
        why = "a spot machine may be taken back at any time, and the endpoint is down; for requests that may wait:"
        command = f"greenai-infra advise serving {subject.workload_file} --pattern batch"
        return measure("spot", NOT_FOR_THIS, f"{why} batch", command=command)
    if workload.hardware.purchase == "spot":
        return measure("spot", DONE, "the plan is on spot")
    found = subject.saving(subject.changed(hardware__purchase="spot"))
    if isinstance(found, str) or found[1] is None:
        why = found if isinstance(found, str) else f"no spot price of {chosen['instance_type']} is listed there"
        return measure("spot", UNKNOWN, why)
    rule = workload.when.interruptible
    restart_hours = constant("run_start_hours").value if rule is None else rule.resume_overhead_minutes / 60
    each_hours = constant("checkpoint_interval_hours").value / 2 + restart_hours
    rate = interruption_rate(chosen["provider"], chosen["instance_type"])
    events = rate.per_hour * chosen["run_hours"]
    share = events * each_hours / chosen["run_hours"]
    kg = -share * (chosen["operational_kg"] + chosen["embodied_kg"])
    on_spot_usd = chosen["cost_usd"] - chosen["transfer_usd"] - (chosen["standing_usd"] or 0.0) - found[1]
    usd = found[1] - share * on_spot_usd
    whose = "" if rate.instance_type != ANY else ", a guess: the rate of this type is unknown"
    why = (
        f"same carbon except for {events:.2g} expected interruptions ({rate.low * chosen['run_hours']:.2g} to "
        f"{rate.high * chosen['run_hours']:.2g}{whose}) that lose {each_hours:.2g} h each; needs checkpoints"
    )
    if usd <= 0:
        return measure("spot", NOT_FOR_THIS, f"it would cost {-usd:,.0f} USD more: {why}")
    command = f"greenai-infra plan {subject.workload_file} --out plan.json"
    return measure("spot", SAVES_USD, why, kg=kg, usd=usd, change="hardware: {purchase: spot}", command=command)


def as_planned(subject: Subject, measured: Measured | None) -> Measure:
    """A measured run brought down to the plan's energy: poor utilisation shows as excess energy."""
    command = f"greenai-infra advise quick-wins {subject.workload_file} --emissions emissions.csv"
    if measured is None:
        return measure("as-planned", UNKNOWN, "needs --emissions: measurements of your runs", command=command)
    if measured.server_kwh <= 0 or measured.hours <= 0:
        return measure("as-planned", UNKNOWN, "the tracker of these runs measured no energy", command=command)
    chosen = subject.chosen
    machines = chosen["machine_count"]
    planned_kwh = chosen["energy_kwh"]
    each_hours = measured.hours / measured.runs if subject.is_training else chosen["run_hours"]
    took_kwh = measured.server_kwh / measured.hours * each_hours * machines  # before PUE, as the plan's
    what = f"{took_kwh:.4g} kWh on {machines} machines as tracked, the plan {planned_kwh:.4g}"
    if took_kwh <= planned_kwh:
        return measure("as-planned", DONE, what)
    kg = operational_kg(took_kwh - planned_kwh, chosen["pue"], chosen["intensity"]["g_per_kwh"])
    return measure("as-planned", SAVES, f"{what}; mean of {measured.runs} runs, each of one machine", kg=kg)


def habits(subject: Subject, emissions_file: str) -> Iterator[Measure]:
    """Measures that show, govern and report."""
    file, workload = subject.workload_file, subject.workload
    if emissions_file:
        yield measure("track", DONE, f"{emissions_file} is its output")
    else:
        yield measure("track", SHOWS, "shows what runs use; --emissions then compares it with the plan",
                      command="greenai-infra track --plan plan.json -- python job.py")  # fmt: skip
    yield measure(
        "sci", SHOWS, "a score to follow, g CO2e a functional unit", command="greenai-infra sci scenarios.yaml"
    )
    command = (
        f"greenai-infra budget set --ledger ledger.db --team {workload.team} --project {workload.project} --year-kg KG"
    )
    if workload.carbon_budget is None:
        yield measure("budget", SHOWS, "refuses runs over the budget, if a ledger is configured", command=command)
    else:
        limits = msgspec.to_builtins(workload.carbon_budget)
        stated = ", ".join(f"{key} {value:g}" for key, value in limits.items() if isinstance(value, (int, float)))
        yield measure("budget", DONE, f"{file} has {stated}; set up the team's ledger separately", command=command)
    yield measure(
        "card",
        SHOWS,
        "writes energy and emissions into the model card",
        command="greenai-infra card plan.json --format hf",
    )
