"""The tables of a plan: other regions, the Pareto front, and the comparison of accelerators."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from greenai_infra.numbers import short_time, significant
from greenai_infra.reporting.lines import print_list
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Document = dict[str, Any]
ALTERNATIVES_SHOWN = 5
PARETO_SHOWN = 10
HEADERS = ("region", "machines", "start UTC", "g/kWh", "kg CO2e", "USD")


MARKS: tuple[tuple[str, Callable[[Document], bool], str], ...] = (
    ("!", lambda one: bool(one.get("not_built")), "no program of greenai-infra can build it"),
    ("??", lambda one: one.get("offered") == "unknown", "priced there, but availability is unknown"),
    ("+", lambda one: bool(one.get("opt_in")), "the AWS account must enable the region first (account enable-region)"),
    ("1z", lambda one: one.get("zone_count") == 1, "sold in one zone of the region only"),
)
"""Mark beside a region, when it is set, and what it means."""


def about(one: Document) -> str:
    """The mark of a figure whose embodied share is not published but estimated."""
    return "~" if one.get("embodied_is_estimate") else ""


def machines(one: Document) -> str:
    """On how many machines of what kind; a document of an earlier release has no words for it."""
    words: str = one.get("machines", f"{one['instances']} x {one['instance_type']}")
    return words


def show_alternatives(alternatives: Sequence[Document], ranked: Document | None = None) -> None:
    """Prints the best of the other regions; `ranked` is the choice by their intensity, if its source differs."""
    print()
    if not alternatives:
        print("No other region is allowed and able to run it.")
        return
    shown = alternatives[:ALTERNATIVES_SHOWN]
    more = f" (first {len(shown)} of {len(alternatives)} regions)" if len(shown) < len(alternatives) else ""
    by = ""
    if ranked:
        by = f" by {ranked['intensity']['kind']} (the choice: {significant(ranked['emissions_kg'])} kg)"
    _placement_table(f"Alternatives{more}{by}", shown)


def show_pareto(pareto: Sequence[Document], usd_per_tonne: Sequence[float | None], chosen: Document) -> None:
    """Print the Pareto front, and what each tonne costs that a row avoids over the next; `*` marks the choice."""
    print()
    if len(pareto) == 1:
        print("No allowed choice is cheaper than this one.")
        return
    print("Pareto front: cheaper only by emitting more; * is the choice, USD/t is what each")
    rows = []
    front = list(zip_longest(pareto, usd_per_tonne))
    shown = _spread(len(front), next((at for at, one in enumerate(pareto) if _is_same(one, chosen)), 0))
    for one, usd in (front[at] for at in shown):
        region, on, start, _, kg, cost = _row(one)
        price = "" if usd is None else significant(usd)
        rows.append(["*" if _is_same(one, chosen) else "", region, on, start, kg, cost, price])
    more = f" ({len(shown)} of {len(front)} rows; all are in the plan)" if len(shown) < len(front) else ""
    headers = ["", *(name for name in HEADERS if name != "g/kWh"), "USD/t"]
    show_table(headers, rows, right={4, 5, 6}, title=f"tonne costs that a row avoids over the next{more}")
    _show_mark(pareto)


def _spread(count: int, chosen: int) -> list[int]:
    """Which of many rows to show: the first, the last, the choice with the next, and some that lie evenly between."""
    if count <= PARETO_SHOWN:
        return list(range(count))
    even = {round(part * (count - 1) / (PARETO_SHOWN - 3)) for part in range(PARETO_SHOWN - 2)}
    return sorted(even | {chosen, min(chosen + 1, count - 1)})


def _placement_table(title: str, placements: Sequence[Document]) -> None:
    show_table(HEADERS, [_row(one) for one in placements], right={3, 4, 5}, title=title)
    _show_mark(placements)


def _row(one: Document) -> list[str]:
    return [
        f"{one['provider']}:{one['region']}{_marks(one)}",
        machines(one),
        short_time(one["start"])[5:] + (f" /{len(one['slices'])}" if len(one["slices"]) > 1 else ""),
        significant(one["intensity"]["g_per_kwh"]),
        about(one) + significant(one["emissions_kg"]),
        significant(one["cost_usd"], 4),
    ]


def _marks(one: Document) -> str:
    return "".join(f" {mark}" for mark, holds, _ in MARKS if holds(one))


def _is_same(one: Document, chosen: Document) -> bool:
    return all(one[key] == chosen[key] for key in ("provider", "region", "instance_type", "instances", "slices"))


def _show_mark(placements: Sequence[Document]) -> None:
    """What the marks mean, below a table that has them."""
    for mark, holds, meaning in MARKS:
        if any(map(holds, placements)):
            print(f"{mark} {meaning}")
    if any(len(one["slices"]) > 1 for one in placements):
        print("/n in n slices")
    if any(map(about, placements)):
        print("~ part of its embodied share is an estimate, not a published figure")


def show_hardware(rows: Sequence[Document]) -> None:
    """Print the comparison of accelerators; `*` marks the Pareto front of kg and USD."""
    print()
    table = []
    for row in rows:
        one = row["placement"]
        mark = ("*" if row["on_pareto_front"] else " ") + ("" if row["asked_for"] else "?")
        if one is None:
            continue
        table.append(
            [
                mark,
                row["accelerator"],
                str(one["accelerators"]),
                str(one.get("machine_count", one["instances"])),
                significant(one["run_hours"]),
                significant(one["energy_kwh"]),
                about(one) + significant(one["emissions_kg"]),
                significant(one["cost_usd"], 4),
                f"{one['region']}{_marks(one)} (of {row['offered_in_regions']})",
            ]
        )
    show_table(
        ["", "accelerator", "chips", "nodes", "hours", "kWh", "kg CO2e", "USD", "cleanest region"],
        table,
        right={2, 3, 4, 5, 6, 7},
        title="Hardware for this workload (* Pareto front, ? not in the workload's list)",
    )
    _show_mark([row["placement"] for row in rows if row["placement"]])
    unfit = [f"{row['accelerator']}: {row['reason']}" for row in rows if row["placement"] is None]
    print_list("Not possible", unfit)
