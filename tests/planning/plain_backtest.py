"""A backtest as one would write it down: loops over start times, zones, starts of windows and hours, and no numpy.

The reference for results and for speed. It is meant to be read beside the definitions: each strategy stands alone, and
nothing is shared with the code under test. Times are hours from the begin of the traces, intensities g/kWh by hour, and
an outcome is (integral of intensity in g/kWh x h, end of the run, zone). Work and slices are whole slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf
from typing import NamedTuple

Outcome = tuple[float, float, str]
Open = tuple[float, int, int]  # an open slice: cost, its first slot, the last slice before it
ROUNDING = 1e-9  # sums that differ by less are equal, and the earlier begin wins


@dataclass
class PlainJob:
    hours: float
    earliest: float
    deadline: float
    threshold: float | None  # share that a wait must save; None for the measured error of the climatology
    baseline: str
    slot: float = 1.0  # hours
    resume_slots: int = 0
    least_slots: int = 0  # of a slice; 0 where the run may not stop


class Forecast(NamedTuple):
    """Expected intensity by hour, from an hour on."""

    values: list[float]
    first: int


def integral(forecast: Forecast, start: float, end: float) -> float:
    total = 0.0
    for hour in range(floor(start), ceil(end)):
        overlap = min(hour + 1, end) - max(hour, start)
        total += overlap * forecast.values[hour - forecast.first]
    return total


def plain_backtest(zones: dict[str, list[float]], starts: list[int], job: PlainJob) -> dict[str, list[Outcome]]:
    outcomes: dict[str, list[Outcome]] = {}
    for start in starts:
        known = {zone: Forecast(values, 0) for zone, values in zones.items()}
        for name, outcome in (
            ("now", at_once(known[job.baseline], start, job, job.baseline)),
            ("fixed greenest", fixed(known, start, job)),
            ("hourly greenest", hourly(known, start, job)),
            ("best window", best_window(known, start, job)),
            ("climatology", climatology(known, start, job)),
        ):
            outcomes.setdefault(name, []).append(outcome)
        if job.least_slots:
            outcomes.setdefault("interruptible", []).append(interruptible(known, start, job))
    return outcomes


def at_once(actual: Forecast, start: int, job: PlainJob, zone: str) -> Outcome:
    begin = start + job.earliest
    return integral(actual, begin, begin + job.hours), begin + job.hours, zone


def fixed(actual: dict[str, Forecast], start: int, job: PlainJob) -> Outcome:
    means = {zone: sum(forecast.values[:start]) / start for zone, forecast in actual.items()}
    greenest = min(means, key=lambda zone: means[zone])
    return at_once(actual[greenest], start, job, greenest)


def hourly(actual: dict[str, Forecast], start: int, job: PlainJob) -> Outcome:
    begin, end = start + job.earliest, start + job.earliest + job.hours
    total = 0.0
    for hour in range(floor(begin), ceil(end)):
        greenest = min(forecast.values[hour] for forecast in actual.values())
        total += greenest * (min(hour + 1, end) - max(hour, begin))
    return total, end, ""


def best_begin(forecast: Forecast, start: int, job: PlainJob) -> tuple[float, float]:
    """Least integral of an unbroken window and its begin: a corner lies where begin or end meets a full hour."""
    earliest, latest = start + job.earliest, start + job.deadline - job.hours
    begins = [earliest, latest]
    for hour in range(ceil(earliest), floor(latest + job.hours) + 1):
        begins += [float(hour), hour - job.hours]
    best = (inf, 0.0)
    for begin in sorted(begins):
        if earliest <= begin <= latest:
            total = integral(forecast, begin, begin + job.hours)
            if total < best[0] - ROUNDING:
                best = (total, begin)
    return best


def best_window(actual: dict[str, Forecast], start: int, job: PlainJob) -> Outcome:
    best: Outcome = (inf, 0.0, "")
    for zone, forecast in actual.items():
        total, begin = best_begin(forecast, start, job)
        if total < best[0]:
            best = (total, begin + job.hours, zone)
    return best


def interruptible(actual: dict[str, Forecast], start: int, job: PlainJob) -> Outcome:
    best = best_window(actual, start, job)
    for zone, forecast in actual.items():
        total, slices = best_slices(forecast, start, job)
        if total < best[0]:
            best = (total, slices[-1][1], zone)
    return best


def expected(actual: Forecast, start: int, job: PlainJob) -> Forecast:
    """The mean of each hour of the day over the seven days before, for every hour until the deadline."""
    by_hour = [sum(actual.values[start - 24 * day + hour] for day in range(1, 8)) / 7 for hour in range(24)]
    return Forecast([by_hour[hour % 24] for hour in range(ceil(job.deadline) + 1)], start)


def climatology(actual: dict[str, Forecast], start: int, job: PlainJob) -> Outcome:
    best, chosen, where = inf, [(0.0, 0.0)], ""
    for zone, forecast in actual.items():
        guess = expected(forecast, start, job)
        now, begin = integral(guess, start + job.earliest, start + job.earliest + job.hours), start + job.earliest
        least, later = best_begin(guess, start, job)
        total, slices = now, [(begin, begin + job.hours)]
        threshold = measured_error(forecast, start, job) if job.threshold is None else job.threshold
        if least < now * (1 - threshold):
            total, slices = least, [(later, later + job.hours)]
        if job.least_slots:
            in_slices, several = best_slices(guess, start, job)
            if in_slices < min(now * (1 - threshold), total - ROUNDING):
                total, slices = in_slices, several
        if total < best - ROUNDING:
            best, chosen, where = total, slices, zone
    total = sum(integral(actual[where], begin, end) for begin, end in chosen)
    return total, chosen[-1][1], where


def measured_error(actual: Forecast, start: int, job: PlainJob) -> float:
    """How wrong a climatology was about what waiting saves, every third hour of the week before from its fourth day on.

    Ten percent where there are fewer than eight such hours that leave room for the run and the wait.
    """
    run = ceil(job.hours - ROUNDING)
    longest_wait = max(1, min(24, floor(job.deadline - job.earliest - job.hours + ROUNDING)))
    missed = expected = 0.0
    moments = range(start - run - longest_wait, start - 7 * 24 + 3 * 24 - 1, -3)
    if len(moments) < 8:
        return 0.1
    for moment in moments:
        seen: dict[int, list[float]] = {}
        for hour in range(start - 7 * 24, moment):
            seen.setdefault(hour % 24, []).append(actual.values[hour])
        by_hour = {hour: sum(values) / len(values) for hour, values in seen.items()}
        guesses, happened = [], []
        for wait in range(longest_wait + 1):
            hours = range(moment + wait, moment + wait + run)
            guesses.append(sum(by_hour[hour % 24] for hour in hours) / run)
            happened.append(sum(actual.values[hour] for hour in hours) / run)
        for wait in range(1, longest_wait + 1):
            missed += abs((guesses[0] - guesses[wait]) - (happened[0] - happened[wait]))
            expected += guesses[0]
    return missed / expected if expected else 0.1


def best_slices(forecast: Forecast, start: int, job: PlainJob) -> tuple[float, list[tuple[float, float]]]:
    """The cheapest slices by a search over (useful slots done, slots in the open slice): from slot to slot.

    The useful slots of a resumed slice count once it has its least length, which holds the resume.
    """
    first = start + job.earliest
    count, work = round((job.deadline - job.earliest) / job.slot), round(job.hours / job.slot)
    least = min(job.least_slots, work)
    costs = [integral(forecast, first + slot * job.slot, first + (slot + 1) * job.slot) for slot in range(count)]
    so_far = [0.0]
    for cost in costs:
        so_far.append(so_far[-1] + cost)
    parts: list[tuple[int, int, int]] = [(-1, -1, -1)]  # slices ended: begin, end, the part before
    idle: list[list[tuple[float, int]]] = [[(inf, 0)] * (work + 1)]  # cheapest with no slice open: cost, part
    idle[0][0] = (0.0, 0)
    running: list[Open] = [(inf, 0, 0)] * (work + 1)
    for slot in range(1, count + 1):
        longer: list[Open] = [(inf, 0, 0)] * (work + 1)
        now_idle = list(idle[-1])
        begin = slot - least
        for useful in range(1, work + 1):
            cost, began, part = running[useful - 1]
            option = (cost + costs[slot - 1], began, part)
            if begin >= 0:
                before = useful - least + (job.resume_slots if useful > least else 0)
                if before == 0 or useful > least:
                    held, of = idle[begin][before] if 0 <= before < useful else (inf, 0)
                    if before == 0 and useful != least:
                        held = inf  # work of nothing is no slice to resume from
                    opened = held + so_far[slot] - so_far[begin]
                    if opened < option[0] - ROUNDING:
                        option = (opened, begin, of)
            longer[useful] = option
            if option[0] < now_idle[useful][0] - ROUNDING:
                parts.append((option[1], slot, option[2]))
                now_idle[useful] = (option[0], len(parts) - 1)
        running = longer
        idle.append(now_idle)
    total, part = idle[count][work]
    slices: list[tuple[float, float]] = []
    while part > 0:
        begin, end, part = parts[part]
        slices.append((first + begin * job.slot, first + end * job.slot))
    return total, slices[::-1]
