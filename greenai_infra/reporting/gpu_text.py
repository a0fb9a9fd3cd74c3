"""GPUs and their waste at 80 columns: a table for now, a table by cause, and for each cause numbers and next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.monitoring.gpu.values import SLOWDOWNS
from greenai_infra.numbers import duration, percent, significant
from greenai_infra.reporting.lines import print_lines, print_list
from greenai_infra.reporting.tables import show_table
from greenai_infra.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.monitoring.gpu.report import CauseOfWaste, WasteReport
    from greenai_infra.monitoring.gpu.values import Round, Sample

GIBIBYTE = 2**30
UNKNOWN = "?"
PERCENT = " %"
HEADERS = ("GPU", "Name", "Use", "SM", "DRAM", "GiB", "W", "C", "Clock")
FIGURES = ("energy_kwh", "emissions_kg", "cost_usd")
CAUSE_HEADERS = ("GPU", "Cause", "Lost", "kWh", "kg CO2e", "USD")
_NUMBERS = {
    "utilization": ("use", PERCENT), "sm_active": ("SM", PERCENT), "occupancy": ("occupancy", PERCENT),
    "pipes": ("pipes", PERCENT), "dram_active": ("DRAM", PERCENT),
    "memory_utilization": ("memory busy", PERCENT), "memory_used": ("memory used", PERCENT),
    "fill": ("fill while running", PERCENT), "clock_share": ("clock of its maximum", PERCENT),
    "power_w": ("power", " W"), "waiting_w": ("waiting power", " W"),
    "temperature_celsius": ("temperature", " C"), "swings": ("swings a minute", ""),
    "host_cpu_waiting": ("host waits for CPU", PERCENT), "host_io_waiting": ("for storage", PERCENT),
}  # fmt: skip


def show_round(taken: Round) -> None:
    """The table of GPUs, and what is not known of them and why."""
    driver = f", driver {taken.driver}" if taken.driver else ""
    show_table(HEADERS, gpu_rows(taken), right=range(2, 9), title=f"GPUs by {taken.source}{driver}")
    print_list("Not known", [*taken.notes, *_missing(taken.gpus)])
    print_list("Held down", _held(taken))
    print_list("Processes", [
        f"GPU {one.index}: {process.pid} {process.name or UNKNOWN}, {_gib(process.memory_bytes)} GiB"
        for one in taken.gpus if not one.mig_mode for process in one.processes or ()
    ])  # fmt: skip


def show_waste(report: WasteReport) -> None:
    """Waste by cause, each with its numbers, rule and next step; then on what the figures rest."""
    cards = [one for one in report.gpus if one.mig is None and one.observed_s > 0]
    print()
    for one in cards:
        by = ", integrated from power" if one.energy_by_power_kwh > 0 else ""
        used = f"{_figure(one.energy_kwh)} kWh in {duration(one.observed_s / 3600)}{by}"
        print_lines([f"GPU {one.gpu}: {used}; {one.advice}"])
    if report.causes:
        print()
        show_table(CAUSE_HEADERS, cause_rows(report), right=range(2, 6), title="Waste by cause")
    else:
        known = any(one.mean_activity is not None for one in report.gpus)
        read = any(one.observed_s > 0 for one in report.gpus)
        unknown = "Waste is not known." if read else "Waste is not known: it needs two readings of a GPU."
        print("No waste was found." if known else unknown)
    for found in report.causes:
        print_list(f"GPU {found.gpu}, {_words(found.cause)}", [f"numbers: {_numbers(found)}", f"rule: {found.rule}"])
        print(f"- next: {found.next_step}")  # not folded: it is copied
    print_list("Basis", _basis(report))


def live_view(taken: Round, report: WasteReport) -> Any:
    """Both tables for rich's Live."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    def table(headers: Sequence[str], rows: list[list[str]], right: range, title: str) -> Table:
        made = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for place, header in enumerate(headers):
            made.add_column(header, justify="right" if place in right else "left", no_wrap=place != 1, overflow="fold")
        for row in rows:
            made.add_row(*(Text(plain(cell)) for cell in row))
        return made

    lost = [f"GPU {one.index} is lost: {one.lost}" for one in taken.gpus if one.lost]
    parts: list[Any] = [table(HEADERS, gpu_rows(taken), range(2, 9), f"GPUs by {taken.source}")]
    parts += [Text(plain(line)) for line in (*lost, *_held(taken), *taken.notes)]
    if report.causes:
        parts.append(table(CAUSE_HEADERS, cause_rows(report), range(2, 6), "Waste by cause, so far"))
    return Group(*parts)


def gpu_rows(taken: Round) -> list[list[str]]:
    """A row a GPU or MIG instance."""
    return [
        [
            one.index,
            "lost" if one.lost else f"MIG {one.mig}" if one.mig else _short(one.name),
            _share(one.utilization_ratio),
            _share(one.sm_active_ratio),
            _share(one.dram_active_ratio),
            f"{_gib(one.memory_used_bytes)}/{_gib(one.memory_total_bytes)}",
            f"{_whole(one.power_w)}/{_whole(one.power_limit_w)}",
            _whole(one.temperature_celsius),
            _share(one.sm_clock_hz / one.sm_clock_max_hz if one.sm_clock_hz and one.sm_clock_max_hz else None),
        ]
        for one in taken.gpus
    ]


def cause_rows(report: WasteReport) -> list[list[str]]:
    """A row a cause, and the sum."""
    rows = [
        [one.gpu, _words(one.cause), _lost(one.lost_s), *(_figure(getattr(one, name)) for name in FIGURES)]
        for one in report.causes
    ]
    if len(rows) > 1:
        sums = (_sum([getattr(one, name) for one in report.causes]) for name in FIGURES)
        rows.append(["", "together", _lost(sum(one.lost_s for one in report.causes)), *map(_figure, sums)])
    return rows


def _held(taken: Round) -> list[str]:
    held = [(one.index, [name for name in one.throttle_reasons or () if name in SLOWDOWNS]) for one in taken.gpus]
    return [f"GPU {index}: {', '.join(reasons)}" for index, reasons in held if reasons]


def _basis(report: WasteReport) -> list[str]:
    by = report.intensity
    known = [one for one in report.causes if one.emissions_kg is not None and one.energy_kwh]
    grams = sum(1000 * (one.emissions_kg or 0) for one in known) / report.pue
    mean = f"{significant(grams / sum(one.energy_kwh or 0 for one in known))} g/kWh, " if known else ""
    kind = "".join(f", {by[name]}" for name in ("signal", "basis", "observed_at") if by.get(name))
    lines = [f"intensity: {mean}{by.get('source')}{kind}", f"PUE {report.pue:g}: {report.pue_source}"]
    said: dict[str, list[str]] = {}
    for one in report.gpus:
        if one.observed_s > 0 and one.mig is None:
            said.setdefault(f"waiting power {_whole(one.waiting_w)} W: {one.waiting_source}", []).append(one.gpu)
            said.setdefault(f"{_figure(one.usd_per_hour)} USD an hour: {one.price_source}", []).append(one.gpu)
        if one.unknown_s > 0:
            said.setdefault(f"energy of {duration(one.unknown_s / 3600)} is not known", []).append(one.gpu)
    lines += [f"GPU {', '.join(gpus)}: {text}" for text, gpus in said.items()]
    lines.append("energy is that of the GPUs, before PUE; it counts waiting: a lower bound of what can be saved")
    return lines if by.get("how") == "unknown" else [*lines, *report.notes]


def _missing(gpus: Sequence[Sample]) -> list[str]:
    lines = [f"GPU {one.index} is lost: {one.lost}" for one in gpus if one.lost]
    by_reason: dict[str, dict[str, list[str]]] = {}
    for one in gpus:
        for field, why in one.missing.items():
            by_reason.setdefault(why, {}).setdefault(one.index, []).append(field)
    for why, of in by_reason.items():
        fields = list(dict.fromkeys(field for found in of.values() for field in found))
        lines.append(f"GPU {', '.join(of)}: {', '.join(fields)}: {why}")
    return lines


def _numbers(one: CauseOfWaste) -> str:
    shown = [
        f"{words} {percent(100 * one.numbers[name]) if unit == PERCENT else significant(one.numbers[name]) + unit}"
        for name, (words, unit) in _NUMBERS.items()
        if name in one.numbers and (one.numbers[name] or name not in ("swings", "host_cpu_waiting", "host_io_waiting"))
    ]  # fmt: skip
    return ", ".join([*shown, *(f"held down by {reason}" for reason in one.reasons)])


def _words(cause: str) -> str:
    return {"input_bound": "input-bound", "memory_bound": "memory-bound"}.get(cause, cause.replace("_", " "))


def _short(name: str) -> str:
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ")


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else percent(round(100 * value))


def _whole(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


def _gib(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value / GIBIBYTE:.1f}"


def _lost(seconds: float) -> str:
    return f"{significant(seconds, 2)} s" if seconds < 60 else duration(seconds / 3600)


def _figure(value: float | None) -> str:
    return UNKNOWN if value is None else significant(value)


def _sum(values: list[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if len(known) == len(values) else None
