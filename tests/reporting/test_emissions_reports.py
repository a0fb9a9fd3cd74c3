"""Emissions reports: what trackers are known to write wrong is refused with its line, or counted as by hand."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenai_infra.contracts.preview import read_preview
from greenai_infra.errors import InputError
from greenai_infra.monitoring.emissions_runs import Measured, read_emissions
from greenai_infra.reporting.comment.making import measured_comment

from .previews import preview, write

HEADER = "timestamp,project_name,run_id,experiment_id,duration,emissions,energy_consumed,tracking_mode,pue,wue"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def row(
    run: str,
    hours: float,
    kg: object,
    kwh: object,
    *,
    ended_h: float | None = None,
    pue: str = "1",
    project: str = "p",
    mode: str = "machine",
) -> str:
    """A row of a run that began at noon, or that ended so many hours after noon."""
    ended = NOON + timedelta(hours=hours if ended_h is None else ended_h)
    return f"{ended:%Y-%m-%dT%H:%M:%S},{project},{run},e1,{3600 * hours:g},{kg},{kwh},{mode},{pue},0"


def read(folder: Path, *lines: str) -> Measured:
    report = folder / "emissions.csv"
    report.write_text("\n".join([HEADER, *lines]) + "\n")
    return read_emissions([report])


def totals(measured: Measured) -> tuple[int, float, float, float]:
    return measured.runs, measured.hours, measured.emissions_kg, measured.energy_kwh


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([row("a", 1, 1, 50).replace(",1,0", "")], ":2: 8 fields where 10 columns are named"),
        ([row("a", 1, 1, 50), row("b", 1, 1, 50) + ",9"], ":3: 11 fields where 10 columns are named"),
        ([row("a", 1, 1, 50) + row("b", 1, 1, 50), row("c", 1, 1, 50)], ":2: 19 fields where 10 columns are named"),
        ([row("a", 1, 1000, 1)], r":2: 1000 kg over 1 kWh are 1,000,000 g/kWh, more than any grid emits \(3,000\)"),
        ([row("a", 1, 0.001, 50)], ":2: 0.001 kg over 50 kWh are 0.0200 g/kWh, less than any grid emits"),
        ([row("a", 1, 0, 50)], ":2: 0 kg over 50 kWh are 0 g/kWh, less than"),
        ([row("a", 1, 1, 0)], ":2: 1 kg of no energy"),
        ([row("a", 1, 50, 500)], ":2: 500 kWh in 3600 s is more than 200 kW"),
        ([row("a", 0, 1, 50)], ":2: 50 kWh in 0 s is more than 200 kW"),
        ([row("a", 1, 1e-6, 5e-5)], ":2: 5e-05 kWh in 3600 s is less than 0.1 W"),
        ([row("a", 1, "inf", 50)], ":2: emissions: expected a number of 0 or more, found 'inf'"),
        ([row("a", 1, 1, "1e999")], ":2: energy_consumed: expected a number of 0 or more, found '1e999'"),
        ([row("a", 1, "1e308", "1e308")], ":2: 1e.308 kWh in 3600 s is more than|:2: 1e.308 kg over"),
        ([row("a", 1, 1, 50, pue="14")], ":2: pue: expected a number of 1 or more and at most 5, found '14'"),
        ([row("a", 1, 1, 50)[:-1] + '"0', row("b", 1, 1, 50)], ":2: not CSV: unexpected end of data"),
        ([row("a", 1, 1, 50)[:-1] + '"0', row("b", 1, 1, 50) + '"'], ":3: a field spans several lines"),
        (
            [row("a", 1, 1, 50), row("a", 2, 0.5, 60)],
            r":3: some figures of run a .*\(3600 s, 1 kg, 50 kWh, then 7200 s, 0.5 kg, 60 kWh",
        ),
        (
            [
                row("a", 1, 1, 50),
                row("a", 0.5, 2, 60, ended_h=3),
            ],  # a tracker of tasks: seconds of the task, all the kWh
            ":3: some figures of run a have fallen",
        ),
        (
            [row("a", 1, 1, 50), row("a", 2, 2, 100, ended_h=4)],
            ":3: this row of run a begins .* after line 2 has ended",
        ),
        ([row("None", 1, 1, 50), row("None", 2, 2, 100)], ":3: run_id 'None' names no run, .*their times overlap"),
        ([row("", 1, 1, 50), row("", 1, 1, 50)], ":3: run_id '' names no run, and this row may go on with .*:2"),
    ],
)
def test_a_row_that_cannot_be_true_is_refused_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=rf"emissions\.csv(?:{message})"):
        read(tmp_path, *lines)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # (runs, hours, kg, kWh), each worked out by hand
        ([row("a", 1, 1, 50), row("a", 2, 2, 100)], (1, 2, 2, 100)),
        ([row("a", 2, 2, 100), row("a", 1, 1, 50)], (1, 2, 2, 100)),  # sorted the other way round
        ([row("a", 1, 1, 50), row("a", 1, 1, 50)], (1, 1, 1, 50)),  # written twice
        ([row("a", 1, 1, 50), HEADER, row("b", 1, 1, 50)], (2, 2, 2, 100)),  # joined with `cat`
        ([row("a", 1, 1, 50), "", row("b", 1, 1, 50)], (2, 2, 2, 100)),
        ([row("a", 1, 1, 50), row("a", 2, 2, 90), row("a", 0.5, 0.5, 20, ended_h=4)], (1, 2.5, 2.5, 110)),
        # started again, longer than before but with less energy: the times show that it is the second part
        ([row("a", 1, 1, 50), row("a", 2, 1.5, 40, ended_h=4)], (1, 3, 2.5, 90)),
        ([row("None", 1, 2, 100), row("None", 0.5, 1, 50, ended_h=22)], (2, 1.5, 3, 150)),
        (
            [row("nan", 1, 2, 100), row("nan", 1, 2, 100, ended_h=2)],
            (2, 2, 4, 200),
        ),  # the second begins as the first ends
        ([row("None", 1, 1, 50, project="p"), row("None", 2, 2, 100, project="q")], (2, 3, 3, 150)),
        ([row("None", 1, 1, 50), row("a", 2, 2, 100)], (2, 3, 3, 150)),
        ([row("a", 1, 1e-6, 5e-5, mode="process")], (1, 1, 1e-6, 5e-5)),  # an idle process may take next to nothing
    ],
)
def test_runs_are_counted_once_each(
    tmp_path: Path, lines: list[str], expected: tuple[int, float, float, float]
) -> None:
    assert totals(read(tmp_path, *lines)) == pytest.approx(expected)


def test_rows_without_times_or_ids_are_refused_only_where_one_may_go_on_with_another(tmp_path: Path) -> None:
    lines = [f"t,p,None,e1,{seconds},{kg},{kwh},machine,1,0" for seconds, kg, kwh in [(3600, 2, 100), (1800, 1, 50)]]
    assert totals(read(tmp_path, *lines)) == (2, 1.5, 3, 150)  # what is cumulative never falls
    with pytest.raises(InputError, match=r":3: run_id 'None' names no run.*no timestamps tell"):
        read(tmp_path, *reversed(lines))


def test_the_tasks_of_a_run_add_up(tmp_path: Path) -> None:
    report = tmp_path / "emissions_tasks.csv"
    report.write_text(
        "task_name,run_id,duration,emissions,energy_consumed\nload,r1,600,0.1,1\ntrain,r1,3600,1,10\ntest,r1,600,0.1,1\n"
    )
    assert totals(read_emissions([report])) == pytest.approx((1, 4800 / 3600, 1.2, 12))
    whole = tmp_path / "emissions.csv"
    whole.write_text("run_id,duration,emissions,energy_consumed\nr1,4800,1.2,12\n")
    with pytest.raises(InputError, match=r"emissions_tasks\.csv:2: task load is in .*emissions\.csv:2 already"):
        read_emissions([report, whole])


def test_the_parts_of_a_run_in_two_reports_are_put_in_order(tmp_path: Path) -> None:
    early, late = tmp_path / "early.csv", tmp_path / "late.csv"
    early.write_text("\n".join([HEADER, row("a", 1, 1, 50), ""]))
    late.write_text("\n".join([HEADER, row("a", 2, 2, 100), ""]))
    assert totals(read_emissions([late, early])) == (1, 2, 2, 100)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(late.read_bytes())
    assert totals(read_emissions([late, copy])) == (1, 2, 2, 100)
    with pytest.raises(InputError, match=r"late\.csv is given twice"):
        read_emissions([late, tmp_path / "." / "late.csv"])


def test_the_comment_says_restarts_and_runs_that_measured_nothing(tmp_path: Path) -> None:
    report = tmp_path / "emissions.csv"
    rows = [row("a", 1, 1, 50), row("a", 0.5, 0.5, 20, ended_h=4), row("b", 1, 0, 0)]
    report.write_text("\n".join([HEADER, *rows, ""]))
    body = measured_comment(read_preview(write(tmp_path / "head.json", preview())), [report]).body
    assert "2 runs (1 restart: their figures are added up), 2.5 h in all" in body
    assert "In 1 run the tracker measured no energy: the figures lack what was used there." in body


class Run(NamedTuple):
    """Hours between its rows, part by part, and what it draws and emits all the time."""

    parts: list[list[float]]
    kw: float
    g_per_kwh: float


RUNS = st.lists(
    st.builds(
        Run,
        st.lists(st.lists(st.integers(1, 20).map(float), min_size=1, max_size=3), min_size=1, max_size=3),
        st.floats(0.05, 40),
        st.floats(5, 1500),
    ),
    min_size=1,
    max_size=4,
)


def rows_of(number: int, run: Run) -> tuple[list[str], float, float]:
    """The rows that a tracker writes for a run, and its true hours and kWh."""
    rows, at_h, in_all = [], float(number), 0.0
    for part in run.parts:
        hours = 0.0
        for step in part:
            hours += step
            kwh = run.kw * hours
            kg = kwh * run.g_per_kwh / 1000
            rows.append(row(f"run-{number}", hours, repr(kg), repr(kwh), ended_h=at_h + hours))
        at_h += hours + 1
        in_all += hours
    return rows, in_all, in_all * run.kw


def cut(line: str) -> str:
    return line.rsplit(",", 3)[0]


def grams(line: str) -> str:
    cells = line.split(",")
    return ",".join([*cells[:5], repr(1000 * float(cells[5])), *cells[6:]])


def watts(line: str) -> str:
    cells = line.split(",")
    return ",".join([*cells[:5], *(repr(10_000 * float(cell)) for cell in cells[5:7]), *cells[7:]])


SPOILT = {
    "short": cut,
    "long": lambda line: line + ",0",
    "glued": lambda line: line[:-1] + line,
    "not finite": lambda line: line.replace(line.split(",")[6], "inf"),
    "overflow": lambda line: line.replace(line.split(",")[5], "1e400"),
    "watts": watts,
}


@given(RUNS, st.randoms(use_true_random=False), st.sampled_from(["", *SPOILT]))
def test_reports_are_counted_right_or_refused(runs: list[Run], random: object, spoil: str) -> None:
    """Runs side by side, their rows interleaved, some twice: the totals are sums over the runs, or a line is named."""
    made = [rows_of(number, run) for number, run in enumerate(runs)]
    queues = [list(rows) for rows, _, _ in made]
    lines = []
    while any(queues):
        queue = random.choice([queue for queue in queues if queue])  # type: ignore[attr-defined]
        lines += [queue.pop(0)] * random.choice([1, 1, 2])  # type: ignore[attr-defined]
    if spoil:
        place = random.randrange(len(lines))  # type: ignore[attr-defined]
        lines[place] = SPOILT[spoil](lines[place])
    with tempfile.TemporaryDirectory() as folder:
        if spoil:
            with pytest.raises(InputError, match=rf"emissions\.csv:{place + 2}: "):
                read(Path(folder), *lines)
            return
        # a part that begins with more than the part before ended with: a restart, or a clock that was put forward
        if any(sum(a) <= b[0] for run in runs for a, b in pairwise(run.parts)):
            with pytest.raises(InputError, match=r"emissions\.csv:\d+: this row of run run-\d begins"):
                read(Path(folder), *lines)
            return
        measured = read(Path(folder), *lines)
    hours, kwh = sum(h for _, h, _ in made), sum(e for _, _, e in made)
    kg = sum(e * run.g_per_kwh / 1000 for (_, _, e), run in zip(made, runs, strict=True))
    assert totals(measured) == pytest.approx((len(runs), hours, kg, kwh), rel=1e-4)  # durations have six digits
    assert measured.restarts == sum(len(run.parts) - 1 for run in runs)
