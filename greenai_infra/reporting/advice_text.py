"""Advice on serving and quick wins as text at 80 columns."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from greenai_infra.advice.measure import DONE, NOT_FOR_THIS, SAVES, SAVES_USD, SHOWS, UNKNOWN
from greenai_infra.numbers import counted, duration, percent, significant
from greenai_infra.reporting.lines import WIDTH, print_facts, print_lines, print_list
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLES = {
    SAVES: "Saves carbon",
    SAVES_USD: "Saves money",
    UNKNOWN: "Not known",
    SHOWS: "Saves nothing by itself: shows, governs, reports",
    DONE: "Already done",
    NOT_FOR_THIS: "Does not apply",
}
WAYS = {"always_on": "always on", "scale_to_zero": "scale to zero", "by_hour": "as advised"}


def show_serving(document: dict[str, Any]) -> None:
    """Prints the advice, its inputs, the document's table, and the settings."""
    print_lines([f"{document['workload']}: {document['advice']}"])
    print()
    print_facts(_facts(document))
    if document["batch"]:
        _show_batch(document["batch"])
    else:
        print()
        _show_day(document)
    print()
    show_table(
        ["workload", "document", "computed for yours"],
        [[row["workload"], row["document_says"], row["computed"]] for row in document["table"]],
    )
    stack = document["stack"]
    print("\nIn the section inference of the stack (program: inference)")
    for key, value in stack["keys"].items():
        print(f"  {key}: {_yaml(value)}")
    print_lines([stack["why"]], bullet="  ")
    print_list("Know that", document["notes"])


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {one}" for key, one in value.items()) + "}"
    return str(value)


def _facts(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    machine, start, limit = document["machine"], document["cold_start"], document["break_even"]
    place = document["place"]
    yield (
        "machine",
        (
            f"{machine['name']} ({counted(machine['replicas'], 'replica')})"
            + (f" in {place['region']}" if place else "")
            + f", idle {_band(machine, 'idle_w')} W; asleep: {machine['while_asleep']}"
        ),
    )
    yield (
        "start",
        (f"{_band(start, 'seconds')} s, {_band(start, 'wh')} Wh, for {significant(start['weights_gb'])} GB of weights"),
    )
    yield (
        "load",
        (
            f"{document['pattern']}, {significant(document['requests_per_hour'])} requests an hour on average; "
            f"an answer takes {significant(machine['answer_s'])} s; kept warm for {document['keep_warm_minutes']:g} min"
        ),
    )
    yield "sleep if", _break_even(limit)
    if limit["by_kg_requests_per_hour"] is not None:
        yield (
            "",
            f"by kg CO2e, embodied share included: {significant(limit['by_kg_requests_per_hour'])} requests an hour",
        )
    elif limit["by_kg_at_any_rate"]:
        yield "", "by kg CO2e, embodied share included: at any rate"


def _break_even(limit: dict[str, Any]) -> str:
    low, high = limit["requests_per_hour_low"], limit["requests_per_hour_high"]
    if limit["at_any_rate"]:
        other = "" if low is None else f"; at the other end of the band below {significant(low)} requests an hour"
        return f"at any rate: a start takes no more energy than staying up for as long{other}"
    band = f"{significant(low)} to {'any' if high is None else significant(high)}"
    return (
        f"fewer than {significant(limit['requests_per_hour'])} requests an hour come ({band}); a pause saves energy "
        f"from {significant(limit['pause_s'])} s on"
    )


def _band(values: dict[str, float], name: str) -> str:
    value, low, high = (significant(values[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return value if low == high else f"{value} ({low} to {high})"


def _show_day(document: dict[str, Any]) -> None:
    day, unknown = document["per_day"], document["unknown"]
    rows = []
    for key, title in WAYS.items():
        way = day[key]
        wait = "-" if way["mean_wait_s"] is None else f"{way['mean_wait_s']:.0f} s"
        cells = [significant(way[unit]) if unit in way else "-" for unit in ("kwh", "kg", "usd")]
        waiting = percent(100 * way["waiting_share"])
        rows.append([title, *cells, significant(way["machine_hours"]), significant(way["starts"]), waiting, wait])
    headers = ["a day", "kWh", "kg CO2e", "USD", "machine h", "starts", "wait", "for"]
    show_table(headers, rows, right=range(1, len(headers)))
    for unit, why in unknown.items():
        print(f"- {unit} {why}")


def _show_batch(batch: dict[str, Any]) -> None:
    print(
        f"\nA day's {significant(batch['requests_per_day'])} requests in batches of {batch['batch']:g}: "
        f"{significant(batch['machine_hours_per_day'])} machine hours, {significant(batch['kwh_per_day'])} kWh"
    )
    print(f"A machine that is always on: {significant(batch['always_on_kwh_per_day'])} kWh")
    if batch["usd_per_day_on_demand"] is not None:
        spot = batch["usd_per_day_spot"]
        print(
            f"USD a day: {significant(batch['usd_per_day_on_demand'])} on demand, "
            + (f"{significant(spot)} on spot" if spot is not None else "no spot price listed")
        )
    if batch["interruptions_per_machine_hour"] is not None:
        whose = "" if batch["interruptions_are_of_this_machine"] else " (a guess: the rate of this machine is unknown)"
        print_lines([f"Interruptions: {significant(batch['interruptions_per_machine_hour'])} a machine hour{whose}"])
    print(f"\nPlan it with:  {batch['command']}\nwhere batch.yaml is")
    for line in batch["workload"].splitlines():
        print(f"  {line}")


def show_quick_wins(document: dict[str, Any]) -> None:
    """Prints measures that save first, then unknown, then inapplicable ones; each with its command."""
    hours = duration(document["hours"])
    print_lines(
        [
            f"{document['workload']}: {document['on']}, {significant(document['emissions_kg'])} kg CO2e and "
            f"{significant(document['cost_usd'])} USD in {hours}. Savings are over these {hours}, each alone: they do "
            "not add up."
        ]
    )
    for status, title in TITLES.items():
        found = [one for one in document["measures"] if one["status"] == status]
        if found:
            print(f"\n{title}")
            _show_measures(found, with_figures=status in (SAVES, SAVES_USD))


def _show_measures(measures: list[dict[str, Any]], *, with_figures: bool) -> None:
    if with_figures:
        rows = [
            [
                str(one["rank"]),
                one["title"],
                _figure(one["kg"]),
                _figure(one["usd"]),
                one["effort"],
                one["against"],
            ]
            for one in measures
        ]
        show_table(["#", "measure", "kg saved", "USD saved", "effort", "against"], rows, right=(0, 2, 3))
        print()
    for one in measures:
        print_lines([f"{one['title']}: {one['why']}"], bullet=f"{one['rank']}. ")
        if one["change"]:
            print_lines([f"in the workload: {one['change']}"], bullet="   ")
        if one["command"]:
            print("   " + " \\\n     ".join(_pieces(one["command"])))


def _pieces(command: str) -> list[str]:
    """A command in lines that end with a backslash; an option stays with its value."""
    lines: list[str] = []
    for part in re.split(r"(?<=&&) ", command):
        joined = re.sub(r"(--[a-z-]+) (?!-)", "\\1\xa0", part)
        lines += textwrap.wrap(joined, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines]


def _figure(value: float | None) -> str:
    return "unknown" if value is None else significant(value)
