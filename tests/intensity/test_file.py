"""`file:PATH`: what is believed, what is refused with its line, and what planning as of the past may see."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from greenai_infra.errors import InputError
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.sources.declaration import FileKind
from greenai_infra.intensity.sources.file import FileSource

AS_OF = datetime(2026, 1, 1, 3, 30, tzinfo=UTC)
HEAD = "# signal: average\n# basis: lifecycle\nzone,datetime,g_per_kwh\n"
HOUR = timedelta(hours=1)


def write(folder: Path, text: str, name: str = "trace.csv") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def rows(values: list[float | None], zone: str = "FR", step_min: int = 60) -> str:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return "".join(
        f"{zone},{(start + index * step_min * timedelta(minutes=1)).isoformat()},{value}\n"
        for index, value in enumerate(values)
        if value is not None
    )


def series_of(source: FileSource, zone: str = "FR", hours: int = 24) -> Series:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = source.history([zone], start, start + hours * HOUR)[zone]
    assert isinstance(found, Series), found
    return found


def test_history_shows_only_steps_that_had_ended(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([10, 20, 30, 40, 50])), as_of=AS_OF)
    seen = series_of(source)
    assert seen.g_per_kwh.tolist() == [10, 20, 30]
    assert seen.end == datetime(2026, 1, 1, 3, tzinfo=UTC)
    newest = source.latest(["FR"])["FR"]
    assert isinstance(newest, Intensity)
    assert (newest.g_per_kwh, newest.provenance.kind) == (30, Kind.HISTORY)
    assert newest.provenance.observed_at == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert (newest.provenance.signal, newest.provenance.basis) == (Signal.AVERAGE, Basis.LIFECYCLE)


def test_forecast_file_is_seen_ahead_but_is_no_history(tmp_path: Path) -> None:
    text = "# kind: forecast\n# issued_at: 2026-01-01T02:00:00Z\n" + HEAD + rows([10, 20, 30, 40, 50])
    source = FileSource(write(tmp_path, text), as_of=AS_OF)
    found = source.forecast(["FR"], AS_OF, AS_OF + HOUR)["FR"]
    assert isinstance(found, Series)
    assert found.g_per_kwh.tolist() == [40, 50]
    assert found.provenance.kind is Kind.FORECAST
    assert found.provenance.observed_at == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert isinstance(source.history(["FR"], AS_OF - HOUR, AS_OF)["FR"], Unavailable)


def test_history_file_is_no_forecast(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([10, 20, 30, 40, 50])), as_of=AS_OF)
    answer = source.forecast(["FR"], AS_OF, AS_OF + HOUR)["FR"]
    assert isinstance(answer, Unavailable)
    assert "is a history, not a forecast" in answer.reason


def test_forecast_issued_later_than_the_moment_of_planning_is_refused(tmp_path: Path) -> None:
    text = "# kind: forecast\n# issued_at: 2026-01-01T04:00:00Z\n" + HEAD + rows([10, 20])
    with pytest.raises(InputError, match="issued at 2026-01-01T04:00:00Z, which is after 2026-01-01T03:30:00Z"):
        FileSource(write(tmp_path, text), as_of=AS_OF)


def test_old_newest_value_is_stale(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([10, 20])), as_of=AS_OF + 6 * HOUR)
    newest = source.latest(["FR"])["FR"]
    assert isinstance(newest, Intensity)
    assert newest.provenance.flags == {Flag.STALE}


@pytest.mark.parametrize("step_min", [5, 15, 30, 60])
def test_steps_of_any_usual_length(tmp_path: Path, step_min: int) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([1, 2, 3], step_min=step_min)), as_of=AS_OF)
    assert np.diff(series_of(source).edges_s).tolist() == [step_min * 60] * 3


def test_gap_is_nan_and_never_filled(tmp_path: Path) -> None:
    text = HEAD + rows([10, 20, None, 40, 50])
    seen = series_of(FileSource(write(tmp_path, text), as_of=AS_OF + 2 * HOUR))
    np.testing.assert_array_equal(seen.g_per_kwh, [10, 20, np.nan, 40, 50])


def test_order_offsets_columns_and_repeats_do_not_matter(tmp_path: Path) -> None:
    text = (
        "# signal: average\n# a word on where this is from\nG_PER_KWH,extra,datetime,zone,basis\n"
        "30,x,2026-01-01T04:00:00+02:00,FR,direct\n\n"
        "10,x,2026-01-01T00:00Z,FR,direct\n"
        "20,x,2026-01-01T06:30:00+05:30,FR,direct\n"
        "30,x,2026-01-01T02:00:00Z,FR,direct\n"
    )
    source = FileSource(write(tmp_path, text), as_of=AS_OF)
    assert series_of(source).g_per_kwh.tolist() == [10, 20, 30]
    assert series_of(source).provenance.basis is Basis.DIRECT
    assert source.notes == [f"{source.name}: 1 repeated rows of FR were dropped"]


def test_point_samples_become_means_of_their_neighbours(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, "# samples: point\n" + HEAD + rows([10, 20, 40, 80, 90])), as_of=AS_OF)
    seen = series_of(source)
    assert seen.g_per_kwh.tolist() == [15, 30, 60]
    assert "mean of the samples at its two ends" in seen.provenance.detail


def test_directory_and_pattern_join_files(tmp_path: Path) -> None:
    write(tmp_path, HEAD + rows([1, 2, 3], zone="FR"), "a.csv")
    write(tmp_path, HEAD + rows([4, 5, 6], zone="DE"), "b.csv")
    for path in (str(tmp_path), f"{tmp_path}/*.csv"):
        source = FileSource(path, as_of=AS_OF)
        assert series_of(source, "DE").g_per_kwh.tolist() == [4, 5, 6]
        assert series_of(source, "FR").provenance.source == "file a.csv"


def test_direct_intensity_may_be_zero(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD.replace("lifecycle", "direct") + rows([0, 12, 0]))
    assert series_of(FileSource(path, as_of=AS_OF)).g_per_kwh.tolist() == [0, 12, 0]


@pytest.mark.parametrize("marker", ["", "nan", "NA", "null", " "])
def test_cell_that_says_that_a_value_is_missing_is_a_gap(tmp_path: Path, marker: str) -> None:
    text = HEAD + rows([10, 20]) + f"FR,2026-01-01T02:00:00Z,{marker}\n"
    source = FileSource(write(tmp_path, text + "FR,2026-01-01T03:00:00Z,40\n"), as_of=AS_OF + HOUR)
    seen = series_of(source)
    np.testing.assert_array_equal(seen.g_per_kwh, [10, 20, np.nan, 40])
    assert seen.provenance.left_out == "1 of 4 rows of trace.csv are gaps: 1 without a value (the first is line 6)"


def test_zone_is_known_in_any_case(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([10, 20], zone="se-Se3")), as_of=AS_OF)
    assert series_of(source, "SE-SE3").g_per_kwh.tolist() == [10, 20]
    assert not source.warnings


def test_zone_that_nobody_knows_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + rows([10, 20], zone="SE-3") + rows([10, 20], zone="GB"))
    source = FileSource(path, as_of=AS_OF)
    assert source.warnings == [f"file:{path}: zone SE-3 is unknown; did you mean SE-SE3, SE, SE-SE4?"]
    assert series_of(source, "SE-3").g_per_kwh.tolist() == [10, 20]  # it may be the user's own name for a place


def test_unknown_zone_gets_a_hint(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([1, 2], zone="US-NW-BPAT")), as_of=AS_OF)
    answer = source.latest(["US-NW-BPA"])["US-NW-BPA"]
    assert isinstance(answer, Unavailable)
    assert answer.hint == "near: US-NW-BPAT"


def test_nothing_had_ended(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path, HEAD + rows([1, 2])), as_of=datetime(2025, 12, 31, tzinfo=UTC))
    answer = source.latest(["FR"])["FR"]
    assert isinstance(answer, Unavailable)
    assert "begins at 2026-01-01T00:00:00Z" in answer.reason


ROW = "FR,2026-01-01T00:00:00Z,10\nFR,2026-01-01T01:00:00Z,20\n"
BAD = {
    "empty": ("", r"trace.csv: empty; it needs the columns zone, datetime, g_per_kwh"),
    "header only": (HEAD, r"trace.csv: has no rows"),
    "missing column": ("zone,datetime,value\n" + ROW, r"trace.csv:1: no column g_per_kwh; found zone, datetime, value"),
    "bad number": (HEAD + "FR,2026-01-01T00:00:00Z,ten\n", r"trace.csv:4: 'ten' is not a number"),
    "nothing but gaps": (HEAD + "FR,2026-01-01T00:00:00Z,\n", r"trace.csv:4: one row doesn't tell how long a step is"),
    "zero over the life cycle": (HEAD + ROW + "FR,2026-01-01T02:00:00Z,0\n", r"trace.csv:6: 0 g/kWh is emitted by no"),
    "kg/kWh": (
        HEAD + ROW + "FR,2026-01-01T02:00:00Z,0.04\nFR,2026-01-01T03:00:00Z,0.05\n",
        r"trace.csv:6: 0.04 g/kWh is less than any grid .*\(1\); is the unit g/kWh\? \(2 values of FR are such\)",
    ),
    "direct kg/kWh": (
        HEAD.replace("lifecycle", "direct") + "GB,2026-01-01T00:00:00Z,0.21\nGB,2026-01-01T01:00:00Z,0.2\n",
        r"trace.csv:4: no value of GB reaches 1 g/kWh, the highest is 0.21; is the unit g/kWh\?",
    ),
    "inf": (HEAD + "FR,2026-01-01T00:00:00Z,inf\n", r"trace.csv:4: inf is not an intensity"),
    "negative": (HEAD + "FR,2026-01-01T00:00:00Z,-1\n", r"trace.csv:4: -1 g/kWh is negative"),
    "absurd": (HEAD + "FR,2026-01-01T00:00:00Z,3001\n", r"trace.csv:4: 3001 g/kWh is more than any grid emits"),
    "naive time": (HEAD + "FR,2026-01-01T00:00:00,1\n", r"trace.csv:4: '2026-01-01T00:00:00' has no time zone"),
    "no time": (HEAD + "FR,yesterday,1\n", r"trace.csv:4: 'yesterday' is not a time"),
    "no zone": (HEAD + ",2026-01-01T00:00:00Z,1\n", r"trace.csv:4: no zone"),
    "short row": (HEAD + "FR,2026-01-01T00:00:00Z\n", r"trace.csv:4: 2 fields where 3 columns are named"),
    "two values": (
        HEAD + ROW + "FR,2026-01-01T01:00:00Z,21\n",
        r"trace.csv:6: 21 g/kWh at 2026-01-01T01:00:00Z contradicts 20 in .*trace.csv:5",
    ),
    "one row": (HEAD + "FR,2026-01-01T00:00:00Z,10\n", r"trace.csv:4: one row doesn't tell how long a step is"),
    "off the grid": (
        HEAD + ROW + "FR,2026-01-01T02:00:00Z,1\nFR,2026-01-01T02:20:00Z,1\n",
        r"trace.csv:7: not on the grid of 60 minutes",
    ),
    "odd step": (
        HEAD + "FR,2026-01-01T00:00:00Z,1\nFR,2026-01-01T00:10:00Z,1\n",
        r"trace.csv:4: steps of 10 minutes; 5, 15, 30 and 60 are understood",
    ),
    "long row": (HEAD + "FR,2026-01-01T00:00:00Z,21,4\n", r"trace.csv:4: 4 fields where 3 columns are named"),
    "date far off": (
        HEAD + "".join(f"FR,{time}:00Z,1\n" for time in ("2026-01-01T00:00", "2026-01-01T00:05", "2190-01-01T00:00")),
        r"trace.csv:6: [\d,]+ steps after the first row",
    ),
    "another era": (HEAD + ROW + "FR,9026-01-01T02:00:00Z,1\n", r"trace.csv:6: '9026-.*' is not a time of this era"),
    "before any era": (HEAD + "FR,0001-01-01T00:00:00+14:00,1\n", r"trace.csv:4: '0001-.*' is not a time of this era"),
    "no signal": ("# basis: direct\nzone,datetime,g_per_kwh\n" + ROW, r"trace.csv:3: .*doesn't state its signal"),
    "no basis": ("# signal: average\nzone,datetime,g_per_kwh\n" + ROW, r"trace.csv:3: .*doesn't state its basis"),
    "wrong word": ("# signal: mean\n# basis: direct\nzone,datetime,g_per_kwh\n" + ROW, r"signal 'mean' is not one of"),
    "misspelt key": ("# singal: average\nzone,datetime,g_per_kwh\n" + ROW, r"trace.csv:1: .*did you mean 'signal'"),
    "two bases": (
        HEAD.replace("zone,", "basis,zone,") + "direct,FR,2026-01-01T00:00:00Z,1\n",
        r"basis is 'direct' by its column but 'lifecycle' by its header",
    ),
    "naive issue time": ("# kind: forecast\n# issued_at: 2026-01-01\n" + HEAD + ROW, r"'2026-01-01' has no time zone"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_refused_with_its_line(tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    with pytest.raises(InputError, match=message):
        FileSource(write(tmp_path, text), as_of=AS_OF)


def test_option_contradicting_the_header_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + ROW)
    with pytest.raises(InputError, match="basis is 'lifecycle' by its header but 'direct' by what is asked for"):
        FileSource(path, as_of=AS_OF, basis=Basis.DIRECT)
    with pytest.raises(InputError, match="kind is"):
        FileSource(write(tmp_path, "# kind: history\n" + HEAD + ROW), as_of=AS_OF, kind=FileKind.FORECAST)


def test_options_state_what_the_file_does_not(tmp_path: Path) -> None:
    path = write(tmp_path, "zone,datetime,g_per_kwh\n" + ROW)
    source = FileSource(path, as_of=AS_OF, signal=Signal.MARGINAL, basis=Basis.DIRECT)
    assert series_of(source).provenance.signal is Signal.MARGINAL


def test_zone_declared_differently_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, HEAD + ROW, "a.csv")
    write(tmp_path, HEAD.replace("lifecycle", "direct") + ROW, "b.csv")
    with pytest.raises(InputError, match=r"b.csv:4: FR is declared differently"):
        FileSource(str(tmp_path), as_of=AS_OF)


def test_missing_or_binary_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such CSV file"):
        FileSource(str(tmp_path / "none.csv"), as_of=AS_OF)
    with pytest.raises(InputError, match="there is no such CSV file"):
        FileSource(str(tmp_path), as_of=AS_OF)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00zone")
    with pytest.raises(InputError, match="not a UTF-8 text file"):
        FileSource(str(tmp_path / "x.csv"), as_of=AS_OF)
