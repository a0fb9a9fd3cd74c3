"""The outlook of a zone as rows of bars for the terminal (plain when piped), and as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from math import isnan
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, from_unix, hours_between
from greenai_infra.intensity.model.values import Kind
from greenai_infra.numbers import duration, percent, short_time, significant
from greenai_infra.planning.inputs import forecast_error_document, provenance_document
from greenai_infra.reporting.error_text import error_sentence
from greenai_infra.reporting.outlook_rows import extremes, rows_of
from greenai_infra.terminal import in_colour, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.catalog.regions import Region
    from greenai_infra.planning.outlook import Outlook, Spell
    from greenai_infra.reporting.outlook_rows import Row

WIDTH = 80
PIPED_ROWS = 48
LINES_BESIDE = 4  # of the screen: the heading
MOST_BAR = 60
EIGHTHS = " ▏▎▍▌▋▊▉█"
LABELS = 26  # columns before the bar


def show(outlook: Outlook, regions: Sequence[Region]) -> None:
    """Print the outlook. Colours only on a terminal, and not with NO_COLOR."""
    series = outlook.series
    of = series.provenance
    _print(f"{outlook.zone}: expected carbon intensity, {of.signal}, {of.basis}")
    if regions:
        _print(f"feeds {', '.join(f'{one.key} ({one.place})' for one in regions)}")
    if of.kind is Kind.YEARLY_MEAN:
        _print(f"{significant(float(series.g_per_kwh[0]))} g/kWh, the {of.detail}, {of.source}")
        _print(_flags(outlook))
        _print(
            "A yearly mean has no structure in time: it says where, not when, and no hour is better than another. "
            "A live source (`greenai-infra sources`) or a history of your own (--source file:PATH) has hours."
        )
        return
    rows = rows_of(outlook, _most_rows())
    row_hours = max(hours_between(row.start, row.end) for row in rows)
    _print(f"{_time(outlook.start)} to {_time(outlook.end)} UTC, a row is {_length(row_hours)}")
    print()
    _draw(rows)
    print()
    for line in _summary(outlook):
        _print(line)


def as_json(outlook: Outlook, regions: Sequence[Region]) -> str:
    """Everything, with each step of the series, null in a gap."""
    series = outlook.series
    lowest, mean, highest = extremes(outlook)
    edges = [format_time(from_unix(float(edge))) for edge in series.edges_s]
    values = [None if isnan(value) else float(value) for value in series.g_per_kwh]
    document: dict[str, Any] = {
        "zone": outlook.zone,
        "regions": [one.key for one in regions],
        "as_of": format_time(outlook.start),
        "until": format_time(outlook.end),
        **provenance_document(series.provenance),
        "age_hours": round(hours_between(series.provenance.observed_at, outlook.start), 3),
        "answered_by": outlook.answered_by,
        "run_hours": outlook.run_hours,
        "at_once": _spell(outlook.at_once),
        "best": _spell(outlook.best),
        "chosen": _spell(outlook.chosen),
        "saving_percent": outlook.saving_percent,
        "forecast_error": forecast_error_document(outlook.rule),
        "min_g_per_kwh": lowest[1] if lowest else None,
        "mean_g_per_kwh": mean,
        "max_g_per_kwh": highest[1] if highest else None,
        "steps": [
            {"start": start, "end": end, "g_per_kwh": g}
            for start, end, g in zip(edges, edges[1:], values, strict=False)
        ],
        "notes": list(outlook.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _draw(rows: Sequence[Row]) -> None:
    """Bars from zero, the longest for the largest mean."""
    highest = max((row.g_per_kwh for row in rows if not isnan(row.g_per_kwh)), default=0.0)
    room = min(MOST_BAR, shutil.get_terminal_size((WIDTH, 24)).columns - LABELS - 1)
    lines = [("  start UTC       g/kWh", "bold")]
    for row in rows:
        value = "gap" if isnan(row.g_per_kwh) else significant(row.g_per_kwh)
        share = 0.0 if isnan(row.g_per_kwh) or highest == 0 else row.g_per_kwh / highest
        mark = ">" if row.chosen else " "
        text = f"{mark} {_short(row.start)}  {value:>8}  {_bar(share, max(8, room))}".rstrip()
        lines.append((text, "green" if row.chosen else ""))
    if not sys.stdout.isatty():
        print("\n".join(text for text, _ in lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=in_colour(sys.stdout))
    for text, style in lines:
        console.print(Text(plain(text), style=style), overflow="crop", no_wrap=True)


def _bar(share: float, width: int) -> str:
    """A bar in eighths of a column, or in whole columns of # where the output can't have blocks."""
    eighths = round(share * width * 8)
    try:
        EIGHTHS.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "#" * round(eighths / 8)
    return EIGHTHS[-1] * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _summary(outlook: Outlook) -> list[str]:
    lowest, mean, highest = extremes(outlook)
    of = outlook.series.provenance
    lines = []
    if lowest and highest:
        lines.append(
            f"min {significant(lowest[1])} g/kWh ({_short(lowest[0])}), mean {significant(mean or 0.0)} g/kWh, "
            f"max {significant(highest[1])} g/kWh ({_short(highest[0])})"
        )
    lines += [*_run(outlook), error_sentence(outlook.zone, forecast_error_document(outlook.rule))]
    age = hours_between(of.observed_at, outlook.start)
    when = f"{duration(age)} old" if age > 0 else "of now"
    lines.append(f"source: {of.source}, {of.kind}, {when}{f' ({of.detail})' if of.detail else ''}")
    return [*lines, _flags(outlook), *(f"note: {note}" for note in outlook.notes)]


def _run(outlook: Outlook) -> list[str]:
    """The place of the run in time, and the reason."""
    run = f"a run of {_length(outlook.run_hours)}"
    chosen, best, at_once, saving = outlook.chosen, outlook.best, outlook.at_once, outlook.saving_percent
    if chosen is None or best is None:
        return [f"{run}: no time found, because the intensity is not known long enough without a gap"]
    at = f"{_short(chosen.start)} to {_short(chosen.end)} UTC at {significant(chosen.g_per_kwh)} g/kWh"
    if at_once is None or saving is None:
        return [f"> {run}: {at}"]
    if chosen.start > outlook.start:
        now = f"starting at once ({significant(at_once.g_per_kwh)} g/kWh)"
        return [f"> {run}: {at}, {percent(saving)} below {now}"]
    if best.start == outlook.start:
        return [f"> {run}: at once, {at}; no later start is cleaner"]
    later = f"{_short(best.start)} UTC would be {percent(saving)} below"
    return [f"> {run}: at once, {at}; {later}, not more than {percent(outlook.rule.threshold_percent)}"]


def _spell(one: Spell | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"start": format_time(one.start), "end": format_time(one.end), "g_per_kwh": one.g_per_kwh}


def _flags(outlook: Outlook) -> str:
    return f"flags: {', '.join(sorted(outlook.series.provenance.flags)) or 'none'}"


def _most_rows() -> int:
    if not sys.stdout.isatty():
        return PIPED_ROWS
    return max(8, shutil.get_terminal_size((WIDTH, 24)).lines - LINES_BESIDE)


def _time(moment: datetime) -> str:
    return short_time(format_time(moment))


def _short(moment: datetime) -> str:
    return _time(moment)[5:]


def _length(hours: float) -> str:
    return f"{hours:.3g} h" if hours >= 1 else f"{hours * 60:.0f} min"


def _print(text: str) -> None:
    print(textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
