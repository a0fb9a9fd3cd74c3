"""Traces: read as `file:` sources are, and brought onto one grid."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from greenai_infra.errors import InputError, Refused
from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.planning.backtest.traces import Trace, common_history, read_traces

from .made_up import T0, unix
from .replays import trace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = "# signal: average\n# basis: lifecycle\n"
COLUMNS = "zone,datetime,g_per_kwh\n"


def csv(path: Path, values: Sequence[object], *, zone: str = "A", begins_h: float = 0, head: str = HEAD) -> str:
    rows = [f"{zone},{(T0 + timedelta(hours=begins_h + i)).isoformat()},{value}\n" for i, value in enumerate(values)]
    path.write_text(head + COLUMNS + "".join(rows), encoding="utf-8")
    return str(path)


def read(*paths: str, basis: Basis | None = None) -> tuple[Trace, ...]:
    return read_traces(paths, signal=Signal.AVERAGE, basis=basis)


def test_zones_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    found = read(csv(tmp_path / "b.csv", [1, 2], zone="B"), csv(tmp_path / "a.csv", [3, 4], zone="A"))

    assert [one.zone for one in found] == ["B", "A"]
    assert list(found[1].series.g_per_kwh) == [3, 4]


def test_one_file_may_hold_several_zones_and_a_folder_several_files(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    csv(path, [1, 2])
    path.write_text(path.read_text() + "B,2026-03-28T00:00:00Z,7\nB,2026-03-28T01:00:00Z,8\n")
    csv(tmp_path / "two.csv", [5, 6], zone="C")

    assert [one.zone for one in read(str(tmp_path))] == ["A", "B", "C"]
    assert [one.zone for one in read(str(tmp_path / "*.csv"))] == ["A", "B", "C"]


def test_a_zone_goes_on_from_file_to_file_and_what_lies_between_is_a_hole(tmp_path: Path) -> None:
    later, earlier = csv(tmp_path / "2.csv", [5, 6], begins_h=3), csv(tmp_path / "1.csv", [1, 2])

    (found,) = read(later, earlier)

    assert found.series.g_per_kwh == pytest.approx([1, 2, np.nan, 5, 6], nan_ok=True)
    assert found.holes == 1
    assert found.paths == (later, earlier)


def test_the_same_file_twice_is_read_once(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", [1, 2])

    assert read(path, path)[0].paths == (path,)


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    one, two = csv(tmp_path / "1.csv", [1, 2]), csv(tmp_path / "2.csv", [9, 3], begins_h=1)

    with pytest.raises(InputError, match=r"2.csv, A: 9 g/kWh at 2026-03-28T01:00:00Z contradicts 2 in .*1.csv, A"):
        read(one, two)


def test_the_basis_is_stated_by_the_header_or_the_caller(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", [1, 2], head="")

    assert read(path, basis=Basis.DIRECT)[0].series.provenance.basis is Basis.DIRECT
    with pytest.raises(InputError, match=r"a.csv:2: the file doesn't state its basis"):
        read(path)


def test_traces_of_unlike_basis_are_refused(tmp_path: Path) -> None:
    direct = csv(tmp_path / "d.csv", [1, 2], zone="D", head="# signal: average\n# basis: direct\n")

    with pytest.raises(Refused, match="A is average lifecycle; D is average direct"):
        read(csv(tmp_path / "a.csv", [1, 2]), direct)


def test_a_forecast_can_not_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="A is declared a forecast; a backtest needs a history"):
        read(csv(tmp_path / "a.csv", [1, 2], head=HEAD + "# kind: forecast\n"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 0, 3], r"a.csv:5: 0 g/kWh is emitted by no grid over its life cycle"),
        ([1, 0.3, 0.4], r"a.csv:5: 0.3 g/kWh is less than any grid emits"),
        ([1, 2, -3], r"a.csv:6: -3 g/kWh is negative"),
        ([1, "inf"], r"a.csv:5: inf is not an intensity"),
        ([1, "many"], r"a.csv:5: 'many' is not a number"),
        ([1], r"a.csv:4: one row doesn't tell how long a step is"),
        ([], r"a.csv: has no rows"),
    ],
)
def test_values_that_can_not_be_are_refused_with_file_and_line(
    tmp_path: Path, values: list[object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(csv(tmp_path / "a.csv", values))


def test_naive_times_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD + COLUMNS + "A,2026-01-01T00:00:00,5\n")

    with pytest.raises(InputError, match=r"a.csv:4: '2026-01-01T00:00:00' has no time zone"):
        read(str(path))
    with pytest.raises(InputError, match="there is no such CSV file"):
        read(str(tmp_path / "nowhere.csv"))


def test_the_common_range_is_the_whole_hours_of_all() -> None:
    history = common_history([trace("A", [1, 2, 3, 4, 5]), trace("B", [7.0] * 12, begins_h=0.5, step_h=0.5)])

    assert history.zones == ("A", "B")
    assert (history.start_s, history.step_s, history.length_s) == (unix(1), 1800, 4 * 3600)
    assert history.g_per_kwh[0] == pytest.approx([2, 2, 3, 3, 4, 4, 5, 5])


def test_rows_at_the_half_hour_are_not_shifted() -> None:
    history = common_history([trace("A", [1, 2, 3]), trace("B", [10, 20, 30], begins_h=-0.5)])

    assert history.g_per_kwh[1] == pytest.approx([10, 20, 20, 30])
    assert history.g_per_kwh[0] == pytest.approx([1, 1, 2, 2])


def test_traces_without_a_common_hour_are_refused_with_their_ranges() -> None:
    with pytest.raises(InputError, match=r"no whole hour in common: A \(A.csv\): 2026-03-28T00:00:00Z to .*; B"):
        common_history([trace("A", [1, 2]), trace("B", [1, 2], begins_h=2)])


def test_rows_that_fit_no_grid_of_minutes_are_refused() -> None:
    with pytest.raises(InputError, match="fit no common grid of minutes"):
        common_history([trace("A", [1, 2, 3]), trace("B", [1, 2, 3], begins_h=1 / 3600)])
