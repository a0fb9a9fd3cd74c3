"""The ranking of regions as a table for 80 columns, and as CSV."""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, hours_between
from greenai_infra.intensity.choice.ranking import meanings
from greenai_infra.intensity.model.values import Flag, Kind
from greenai_infra.numbers import duration, significant
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.choice.ranking import Ranked
    from greenai_infra.intensity.choice.regions import RankedRegions
    from greenai_infra.intensity.model.values import Provenance

LEAST_PLACE_WIDTH = 6  # a narrower column of places says nothing, and is left out
GAP = 2  # blanks between the columns of show_table
_WARNINGS = {
    Flag.SANDBOX: "{n} values are made up: the token is a sandbox token",
    Flag.DOUBTFUL: "{n} values are doubtful, as they are far off what the grid emits over a year: they stand last",
    Flag.STALE: "{n} values are stale: a mean of two or more years ago, or an observation over six hours old",
    Flag.FALLBACK: "{n} values are fallbacks: the source that comes first did not answer",
    Flag.CACHED: "{n} values come from the cache",
    Flag.ESTIMATED: "{n} values are estimated by their source",
}


def show(ranked: Sequence[Ranked], as_of: datetime, *, total: int) -> None:
    """Print the ranking; what all values share stands in the line above, what differs in columns of its own."""
    provenances = [one.intensity.provenance for one in ranked]
    extra = {
        "signal, basis": [f"{one.signal} {one.basis}" for one in provenances],
        "of": [_when(one, as_of) for one in provenances],
        "flags": [" ".join(sorted(one.flags)) for one in provenances],
    }
    extra = {name: cells for name, cells in extra.items() if len(set(cells)) > 1}
    columns: dict[str, list[str]] = {
        "#": [str(number) for number in range(1, len(ranked) + 1)],
        "region": [one.region.key for one in ranked],
        "place": [one.region.place for one in ranked],
        "zone": [one.region.zone for one in ranked],
        "g/kWh": [significant(one.intensity.g_per_kwh) for one in ranked],
        "PUE": [f"{'~' if one.region.pue_is_fleet_mean else ''}{one.region.pue:.2f}" for one in ranked],
        "x PUE": [significant(one.effective_g_per_kwh) for one in ranked],
        **extra,
    }
    _fit_place(columns)
    print(_heading(provenances, as_of, extra))
    right = [index for index, name in enumerate(columns) if name in ("#", "g/kWh", "PUE", "x PUE")]
    show_table(list(columns), list(zip(*columns.values(), strict=True)), right=right)
    notes = []
    if any(one.region.pue_is_fleet_mean for one in ranked):
        notes.append("~ PUE of the provider's whole fleet, for want of the region's own")
    if total > len(ranked):
        notes.append(f"{total - len(ranked)} more regions are not shown")
    for note in notes:
        print(note)


def as_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Records of `RankedRegions.as_json` as CSV, with flags joined by blanks."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**record, "flags": " ".join(record["flags"])} for record in records)
    return text.getvalue()


def warnings(found: RankedRegions) -> list[str]:
    """What a reader must know before trusting the order."""
    ranked, left_out = found.ranked, found.left_out
    mixed = meanings(one.intensity.provenance for one in ranked)
    said = [found.doubted] if found.doubted else []
    if len(mixed) > 1:
        said.append(f"{' and '.join(mixed)} values are ranked together; their order can be wrong")
    counts = Counter(flag for one in ranked for flag in one.intensity.provenance.flags)
    said += [text.format(n=counts[flag]) for flag, text in _WARNINGS.items() if counts[flag]]
    if left_out:
        first = left_out[0]
        names = ", ".join(region.key for region, _ in left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        said.append(f"{len(left_out)} regions are left out ({names}): {first[1].reason}")
    return said


def _heading(provenances: Sequence[Provenance], as_of: datetime, extra: dict[str, Any]) -> str:
    """Signal, basis, source, kind and time of all values, in lines of at most 80 columns."""
    words = [f"carbon intensity, {', '.join(meanings(provenances))}, as of {format_time(as_of)}"]
    sources = sorted({f"{one.source}" for one in provenances})
    kinds = sorted({one.kind.value for one in provenances})
    what = f"{', '.join(kinds)} of " if "of" in extra else f"{', '.join(kinds)} {_when(provenances[0], as_of)}, "
    more = f" and {len(sources) - 2} more" if len(sources) > 2 else ""
    words.append(f"{what}{'; '.join(sources[:2])}{more}")
    if "flags" not in extra and provenances[0].flags:
        words.append(f"all values are {', '.join(sorted(provenances[0].flags))}")
    return "\n".join(words)


def _when(provenance: Provenance, as_of: datetime) -> str:
    """The year of a yearly mean, else the age of the newest observation."""
    if provenance.kind is Kind.YEARLY_MEAN:
        return str(provenance.observed_at.year)
    return f"{duration(max(0.0, hours_between(provenance.observed_at, as_of)))} ago"


def _fit_place(columns: dict[str, list[str]]) -> None:
    """Shorten the places so that the table fits the terminal, or 80 columns when piped."""
    widths = {name: max(len(name), *(len(cell) for cell in cells)) for name, cells in columns.items()}
    others = sum(width + GAP for name, width in widths.items() if name != "place")
    room = shutil.get_terminal_size().columns - others
    if room < LEAST_PLACE_WIDTH:
        del columns["place"]
    else:
        columns["place"] = [cell if len(cell) <= room else cell[: room - 1] + "…" for cell in columns["place"]]
