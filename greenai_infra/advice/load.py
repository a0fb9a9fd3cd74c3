"""The distribution of requests over a day, and what machines that follow the load do in each hour."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.footprint.scale_to_zero import break_even_per_hour, cycle, per_hour

if TYPE_CHECKING:
    from greenai_infra.advice.served import ServingMachine

HOURS = 24


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs in a common unit: of an hour up, an hour off, a start."""

    on: float
    off: float
    start: float


@dataclass(frozen=True, slots=True)
class DayOf:
    """A day of one way of serving. `machine_hours` are paid for; waits concern requests that find no server up."""

    machine_hours: float
    starts: float
    waiting_share: float
    mean_wait_s: float | None


def hourly_rates(
    pattern: str, mean_per_hour: float, profile: tuple[float, ...], active_hours: int | None
) -> list[float]:
    """Requests per hour in each hour of a day. Raises InputError for an incompletely specified pattern."""
    if pattern != "bursty":
        return [mean_per_hour] * HOURS
    if active_hours is not None:
        return [mean_per_hour * HOURS / active_hours] * active_hours + [0.0] * (HOURS - active_hours)
    if len(set(profile)) > 1:
        return list(profile)
    raise InputError(
        "bursty needs the times: give --active-hours (hours of a day with requests), or a workload with "
        "work.hourly_profile or work.peak_factor"
    )


def machines_in(rate: float, machine: ServingMachine) -> int:
    """Machines that an hour needs, at least one."""
    return max(1, ceil(rate / (machine.requests_per_second * 3600) - 1e-9))


def always_on(rates: list[float], machine: ServingMachine, costs: Costs) -> float:
    """A day of as many machines as the busiest hour needs."""
    return HOURS * max(machines_in(rate, machine) for rate in rates) * costs.on


def scaled_to_zero(
    rates: list[float], machine: ServingMachine, costs: Costs, keep_warm_s: float, sleeps: list[bool]
) -> float:
    """A day of machines that follow the load; in the hours that `sleeps` marks, the last machine sleeps too."""
    total = 0.0
    for hour, rate in enumerate(rates):
        needed = machines_in(rate, machine)
        if needed == 1 and sleeps[hour]:
            long_run = cycle(rate, machine.start_s.value, machine.answer_s, keep_warm_s)
            total += per_hour(long_run, costs.on, costs.off, costs.start)
            continue
        total += needed * costs.on + _more_than_before(rates, hour, machine) * costs.start
    return total + _parked(rates, machine) * costs.off


def _more_than_before(rates: list[float], hour: int, machine: ServingMachine) -> int:
    return max(0, machines_in(rates[hour], machine) - machines_in(rates[hour - 1], machine))


def _parked(rates: list[float], machine: ServingMachine) -> int:
    """Hours of machines beyond those an hour needs: off if machines are given back, counted if they stay."""
    most = max(machines_in(rate, machine) for rate in rates)
    return sum(most - machines_in(rate, machine) for rate in rates)


def answering_wh(rates: list[float], machine: ServingMachine, machines: list[int]) -> float:
    """The daily addition of answering requests to the cost of machines that are up, by their number in each hour."""
    return sum(number * machine.answering_w(rate / number) for rate, number in zip(rates, machines, strict=True))


def day_of(rates: list[float], machine: ServingMachine, keep_warm_s: float, sleeps: list[bool]) -> DayOf:
    """Machine hours, starts and waits of a day that follows the load."""
    hours = starts = waiting = waited_s = 0.0
    for hour, rate in enumerate(rates):
        needed = machines_in(rate, machine)
        if needed == 1 and sleeps[hour]:
            long_run = cycle(rate, machine.start_s.value, machine.answer_s, keep_warm_s)
            hours += long_run.up_share + long_run.starting_share
            starts += long_run.starts_per_hour
            waiting += rate * long_run.waiting_share
            waited_s += rate * long_run.waiting_share * long_run.mean_wait_s
            continue
        more = _more_than_before(rates, hour, machine)
        hours += needed + more * machine.start_s.value / 3600
        starts += more
    total = sum(rates)
    return DayOf(hours, starts, waiting / total if total else 0.0, waited_s / waiting if waiting else None)


def energy_costs(machine: ServingMachine, end: str = "value") -> Costs:
    """Wh; `low` and `high` are the ends of the start against the other end of waiting, as the break-even moves."""
    other = {"value": "value", "low": "high", "high": "low"}[end]
    return Costs(getattr(machine.idle_w, other), getattr(machine.off_w, other), getattr(machine.start_wh, end))


def break_even(machine: ServingMachine, costs: Costs, end: str = "value") -> float | None:
    """Requests an hour below which sleeping costs less; None at any rate."""
    return break_even_per_hour(costs.on, costs.off, costs.start, getattr(machine.start_s, end))
