"""A backtest as a person reads it at 80 columns, from its document alone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from greenai_infra.numbers import duration, short_time, significant
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Document = dict[str, Any]
WIDTH = 80
UNITS = (("kg", 1.0), ("t", 1e3), ("kt", 1e6))  # each for masses below ten thousand of it
MOST_OF_A_UNIT = 10_000
ZONES_SHOWN = 4
NOW = "now"


def show_backtest(document: Document) -> None:
    """Print the comparison of strategies, what they are, where they ran, and the notes."""
    starts, run = document["starts"], document["run"]
    print(f"{document['workload']['name']}: {starts['count']:,} starts, {len(document['traces'])} zones")
    print()
    _print_facts(
        [
            ("run", f"{duration(run['hours'])}, {significant(run['energy_kwh'])} kWh; {_slack(run)}"),
            ("starts", f"{short_time(starts['first'])} to {short_time(starts['last'])} UTC, seed {starts['seed']}"),
            ("traces", _traces(document["traces"])),
            ("baseline", f"{document['baseline']['zone']}: {document['baseline']['why']}"),
        ]
    )
    print()
    _show_strategies(document["strategies"])
    _print_list("Where they ran (share of starts)", _places(document["strategies"]))
    _print_list("Strategies", [f"{one['strategy']}: {one['definition']}" for one in document["strategies"]])
    _print_list("Notes", document["notes"])


def _slack(run: Document) -> str:
    if run["deadline_hours"] is None:
        return "no deadline, so it never waits"
    spare = run["deadline_hours"] - run["earliest_hours"] - run["hours"]
    stops = "may stop and resume" if run["interruption"] else "without a break"
    return f"{stops}, with {duration(spare)} to spare before its deadline"


def _traces(traces: Sequence[Document]) -> str:
    means = [f"{one['zone']} {significant(one['mean_g_per_kwh'])}" for one in traces if one["mean_g_per_kwh"]]
    kind = f"{traces[0]['signal']}, {traces[0]['basis']}"
    return f"{', '.join(means)} gCO2eq/kWh on average ({kind})"


def _show_strategies(strategies: Sequence[Document]) -> None:
    """Two lines a strategy: the means, and their intervals."""
    largest = max(one["emissions_kg"]["mean"] for one in strategies if one["allowed"])
    unit, size = next((u for u in UNITS if largest < MOST_OF_A_UNIT * u[1]), UNITS[-1])

    def mass(value: float) -> str:
        return significant(value / size)

    columns: list[tuple[str, str, Callable[[float], str]]] = [
        (f"{unit} CO2e", "emissions_kg", mass),
        (f"saves {unit}", "saving_kg", mass),
        ("saves %", "saving_percent", _one_decimal),
        ("% of oracle", "oracle_percent", _one_decimal),
        ("waits h", "waited_hours", _one_decimal),
    ]
    rows = []
    for one in strategies:
        if not one["allowed"]:
            rows.append([one["strategy"], "not allowed", *["-"] * (len(columns) - 1)])
            continue
        shown = [
            (one[key] if one["strategy"] != NOW or key == "emissions_kg" else None, text) for _, key, text in columns
        ]
        rows.append([one["strategy"], *(_value(figure, text) for figure, text in shown)])
        rows.append(["", *(_interval(figure, text) for figure, text in shown)])
    show_table(
        ["strategy", *(title for title, _, _ in columns)],
        rows,
        right=range(1, len(columns) + 1),
        title="Mean over starts, and its 95 % interval",
    )


def _value(figure: Document | None, text: Callable[[float], str]) -> str:
    return "-" if figure is None or figure["mean"] is None else text(figure["mean"])


def _interval(figure: Document | None, text: Callable[[float], str]) -> str:
    if figure is None or figure["low"] is None or figure["high"] is None:
        return ""
    low, high = text(figure["low"]), text(figure["high"])
    return "" if low == high == text(figure["mean"]) else f"{low}..{high}"


def _one_decimal(value: float) -> str:
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _places(strategies: Sequence[Document]) -> list[str]:
    lines = []
    for one in strategies:
        if one["zones"]:
            ranked = sorted(one["zones"].items(), key=lambda item: (-item[1], item[0]))
            shown = [f"{zone} {100 * share:.0f} %" for zone, share in ranked[:ZONES_SHOWN]]
            more = [f"{len(ranked) - ZONES_SHOWN} more"] if len(ranked) > ZONES_SHOWN else []
            lines.append(f"{one['strategy']}: {', '.join([*shown, *more])}")
    return lines


def _print_facts(facts: Iterable[tuple[str, str]]) -> None:
    for name, value in facts:
        print(_folded(value, f"  {name:<10}", " " * 12))


def _print_list(title: str, lines: Sequence[str]) -> None:
    print(f"\n{title}")
    for line in lines:
        print(_folded(line, "- ", "  "))


def _folded(text: str, first: str, rest: str) -> str:
    """Lines of at most WIDTH; names of zones have hyphens and stay whole."""
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
