"""CSV files as Electricity Maps' portal and NESO's data portal hand them out. The figures here are made up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.choose import open_source
from greenai_infra.intensity.model.values import Basis, Flag, Kind, Series, Signal
from greenai_infra.intensity.sources.declaration import FileKind
from greenai_infra.intensity.sources.file import FileSource
from greenai_infra.planning.backtest.traces import read_traces

START = datetime(2024, 1, 1, tzinfo=UTC)
AS_OF = START + timedelta(hours=5)
PORTAL = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
    "Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),"
    "Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method\n"
)
OLDER = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),"
    "Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,"
    "Data Estimation Method\n"
)
ROWS = (
    "2024-01-01 00:00:00,Sweden,South Central Sweden,SE-SE3,0.00,18.5,99.4,60.1,svk.se,false,\n"
    '2024-01-01 01:00:00,Sweden,"South Central, Sweden",SE-SE3,0.21,19.25,99.4,60.1,svk.se,true,TIME_SLICER_AVERAGE\n'
    "2024-01-01 02:00:00,Sweden,South Central Sweden,SE-SE3,,,,,svk.se,false,\n"
    "2024-01-01 03:00:00,Sweden,South Central Sweden,SE-SE3,0.30,20,99.4,60.1,svk.se,false,\n"
)
MIX = (
    "DATETIME,GAS,COAL,NUCLEAR,GENERATION,CARBON_INTENSITY,LOW_CARBON,GAS_perc\n"
    "2024-01-01 00:00:00+00:00,9000,0,4000,28000,150,10000,32.1\n"
    "2024-01-01T00:30:00,9000,0,4000,28000,140.0,10000,32.1\n"
    "2024-01-01 01:00:00,9000,0,4000,28000,130,10000,32.1\n"
)
NATIONAL = (
    "datetime,forecast,actual,index\n"
    "2024-01-01T00:00:00,100,95,low\n2024-01-01T00:30:00,110,99,low\n2024-01-01T01:00:00,120,,low\n"
)

DOWNLOADED = (  # from carbonintensity.org.uk
    "Datetime (UTC),Actual Carbon Intensity (gCO2/kWh),Forecast Carbon Intensity (gCO2/kWh),Index\n"
    "2024-01-01T00:00Z,95,100,low\n2024-01-01T00:30Z,99,110,low\n2024-01-01T01:00Z,,120,low\n"
)


def write(folder: Path, text: str) -> str:
    path = folder / "downloaded.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def history(source: FileSource, zone: str) -> Series:
    found = source.history([zone], START, AS_OF)[zone]
    assert isinstance(found, Series), found
    return found


@pytest.mark.parametrize("header", [PORTAL, OLDER, "\ufeff" + PORTAL], ids=["today", "older", "with a byte order mark"])
def test_portal_export_of_electricity_maps(tmp_path: Path, header: str) -> None:
    found = history(FileSource(write(tmp_path, header + ROWS), as_of=AS_OF), "SE-SE3")
    np.testing.assert_array_equal(found.g_per_kwh, [18.5, 19.25, np.nan, 20])
    assert found.start == START
    of = found.provenance
    assert (of.signal, of.basis, of.kind) == (Signal.AVERAGE, Basis.LIFECYCLE, Kind.HISTORY)
    assert of.source == "Electricity Maps, portal export"
    assert of.flags == {Flag.ESTIMATED}
    assert "1 without a value (the first is line 4)" in of.left_out


def test_basis_chooses_the_column_of_a_portal_export(tmp_path: Path) -> None:
    path = write(tmp_path, PORTAL + ROWS)
    found = history(FileSource(path, as_of=AS_OF, basis=Basis.DIRECT), "SE-SE3")
    np.testing.assert_array_equal(found.g_per_kwh, [0, 0.21, np.nan, 0.3])
    assert found.provenance.basis is Basis.DIRECT
    (trace,) = read_traces([path], signal=None, basis=Basis.DIRECT)
    assert trace.series.g_per_kwh[-1] == 0.3


def test_export_without_the_basis_that_is_asked_for(tmp_path: Path) -> None:
    header = "Datetime (UTC),Zone id,Carbon intensity gCO₂eq/kWh (direct)\n"
    path = write(tmp_path, header + "2024-01-01 00:00:00,FR,30\n2024-01-01 01:00:00,FR,31\n")
    with pytest.raises(InputError, match=r"downloaded.csv:1: .* has no lifecycle intensity, only direct"):
        FileSource(path, as_of=AS_OF)


def test_one_impossible_value_of_an_export_is_a_gap(tmp_path: Path) -> None:
    rows = [f"2024-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00,FR,30\n" for hour in range(40)]
    rows[4] = "2024-01-01 04:00:00,FR,0\n"
    text = "Datetime (UTC),Zone id,Carbon intensity gCO2eq/kWh (Life cycle)\n"
    found = history(FileSource(write(tmp_path, text + "".join(rows)), as_of=START + timedelta(hours=40)), "FR")
    assert np.isnan(found.g_per_kwh[4])
    assert found.provenance.left_out.startswith("1 of 40 rows of downloaded.csv are gaps: 1 that can't be believed")
    many = "".join(row.replace("FR,30", "FR,0.03") for row in rows)
    with pytest.raises(InputError, match=r"downloaded.csv:2: 0.03 g/kWh is less than any grid emits"):
        FileSource(write(tmp_path, text + many), as_of=AS_OF)


def test_generation_mix_of_neso(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, MIX), as_of=AS_OF)  # a path alone is understood
    assert isinstance(source, FileSource)
    found = history(source, "GB")
    assert found.g_per_kwh.tolist() == [150, 140, 130]
    assert (found.start, found.end) == (START, START + timedelta(minutes=90))
    assert (found.provenance.signal, found.provenance.basis) == (Signal.AVERAGE, Basis.DIRECT)


@pytest.mark.parametrize("text", [NATIONAL, DOWNLOADED], ids=["data portal", "carbonintensity.org.uk"])
def test_national_intensity_of_neso_has_what_was_measured_and_what_was_expected(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert history(FileSource(path, as_of=AS_OF), "GB").g_per_kwh.tolist() == [95, 99]
    ahead = FileSource(path, as_of=START, kind=FileKind.FORECAST).forecast(["GB"], START, AS_OF)["GB"]
    assert isinstance(ahead, Series)
    assert ahead.g_per_kwh.tolist() == [100, 110, 120]


def test_neso_states_its_own_basis(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="basis is 'direct' by its header but 'lifecycle' by what is asked for"):
        FileSource(write(tmp_path, MIX), as_of=AS_OF, basis=Basis.LIFECYCLE)
