"""The counts of caches, and their projection over a month, at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.numbers import counted, percent, significant
from greenai_infra.reporting.lines import print_facts, print_lines, print_list
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from greenai_infra.serving.projection import Month, Projection
    from greenai_infra.serving.stats import Stats
    from greenai_infra.serving.tally import Tally

UNKNOWN = "unknown"
LEAST_SHOWN = 0.0001


def show_stats(of: Stats) -> None:
    """Print the counts by scope, then the energy of all."""
    if not of.by_scope:
        print("no worker has counted anything in these hours")
        return
    headers = ["cache", "model", "version", "tenant", "lookups", "hits", "errors", "hit rate", "net kWh"]
    rows = [
        [
            *(value or "-" for value in scope),
            f"{tally.lookups:,}",
            f"{tally.hits + tally.shadow_checks:,}",
            f"{sum(tally.errors.values()):,}",
            "-" if tally.hit_rate is None else percent(100 * tally.hit_rate),
            _kwh(_before_nodes(tally)),
        ]
        for scope, tally in sorted(of.by_scope.items())
    ]
    show_table(headers, rows, right=set(range(4, 9)), title="Caches (net: before the store's nodes)")
    total = of.total
    print()
    show_table(
        ["", "kWh"],
        [
            ["calls of the model that hits made unnecessary", _kwh(_saved(total))],
            ["lookups and storing", _kwh(_cost(total.lookup_j, total.lookups_without_j))],
            ["encoder", _kwh(_cost(total.encoder_j, total.encodings_without_j))],
            ["the store's nodes", _kwh(-total.standing_j if total.standing_s else None)],
            ["net", _kwh(total.net_j)],
        ],
        right={1},
    )
    print()
    print_lines(_verdict(total))
    print()
    store = [] if of.entries is None else [f"{of.entries:,} keys"]
    if of.memory_bytes is not None:
        store.append(f"{of.memory_bytes / 1e6:,.1f} MB")
    facts = [
        ("hours", f"{len(of.by_hour)}, of {counted(of.workers, 'worker')}"),
        ("store", ", ".join(store) or UNKNOWN),
    ]
    facts.extend(("energy", text) for text in sorted(of.energy))
    facts.extend(("intensity", text) for text in sorted(of.intensity))
    print_facts(facts)
    notes = []
    if total.hits_without_j:
        notes.append(f"{counted(total.hits_without_j, 'hit')} of unknown energy are not among the saved")
    if total.shadow_checks:
        notes.append(f"{counted(total.shadow_checks, 'hit')} also ran the model, to compare, and saved nothing")
    if of.left_out:
        notes.append(f"{counted(of.left_out, 'record')} in the store could not be read and are left out")
    print_list("Notes", notes)


def _verdict(total: Tally) -> list[str]:
    if total.net_j is None:
        return [
            "What it saves net is not known: a call's energy, a lookup's, the encoder's or the nodes' power is not "
            "stated (CacheMetrics(call=..., cache=...))."
        ]
    verb = "It has saved" if total.net_j >= 0 else "It does NOT pay: it has cost"
    kg = UNKNOWN if total.net_g is None else f"{significant(abs(total.net_g) / 1000)} kg CO2e"
    lines = [f"{verb} {significant(abs(total.net_j) / JOULES_PER_KWH)} kWh ({kg})."]
    rate = total.breakeven_hit_rate
    if rate is not None:
        lines.append(_pays_from(rate if rate <= 1 else None))
    return lines


def _pays_from(rate: float | None) -> str:
    if rate is None:
        return "No hit rate would pay: lookups, encoder and nodes draw more than all calls."
    return f"It pays from a hit rate of {percent(100 * rate) if rate >= LEAST_SHOWN else 'below 0.01 %'}."


def show_projection(of: Projection) -> None:
    """Print the month at the hit rate and, if that was measured, at the ends of its interval."""
    rate = of.hit_rate
    measured = f"measured from {rate.lookups:,} lookups in {counted(rate.hours, 'hour')}" if rate.lookups else "stated"
    months: list[tuple[str, Month]] = [("hit rate", of.middle)]
    if rate.lookups:
        months = [("low end", of.low), ("hit rate", of.middle), ("high end", of.high)]
    show_table(
        ["", "rate", "hits", "net kWh", "net kg CO2e", "net USD"],
        [
            [
                name,
                percent(100 * month.hit_rate),
                significant(month.hits),
                significant(month.net_kwh),
                _known(month.net_kg),
                _known(month.net_usd),
            ]
            for name, month in months
        ],
        right={1, 2, 3, 4, 5},
        title=f"A month of {significant(of.requests_per_month)} requests (730 hours)",
    )
    print()
    if of.middle.net_kwh < 0:
        print("It does NOT pay: it costs more energy than it saves.")
    print(_pays_from(of.breakeven_hit_rate))
    print()
    facts = [
        ("hit rate", f"{measured}" + (f"; 95 % interval, dispersion {rate.dispersion:.3g}" if rate.lookups else "")),
        ("a call", f"{significant(of.request_j)} J"),
        ("a lookup", f"{significant(of.lookup_j)} J, encoding {significant(of.encoder_j)} J"),
        ("nodes", f"{significant(of.standing_w)} W"),
        ("intensity", of.kg_by or UNKNOWN),
    ]
    print_facts(facts)
    print_list("Notes", of.notes)


def _before_nodes(tally: Tally) -> float | None:
    if tally.lookups_without_j or tally.encodings_without_j or _saved(tally) is None:
        return None
    return tally.saved_j - tally.lookup_j - tally.encoder_j


def _saved(tally: Tally) -> float | None:
    return None if tally.hits and tally.j_per_avoided_call is None else tally.saved_j


def _cost(j: float, unknown: int) -> float | None:
    return None if unknown else -j


def _kwh(j: float | None) -> str:
    return UNKNOWN if j is None else significant(j / JOULES_PER_KWH)


def _known(value: float | None) -> str:
    return UNKNOWN if value is None else significant(value)
