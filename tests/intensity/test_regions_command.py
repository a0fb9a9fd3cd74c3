"""`greenai-infra regions` as a person and as a script read it."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from greenai_infra.cli.regions import regions
from greenai_infra.errors import DataUnavailable, GreenAIError, InputError, Refused

AT = "2026-06-01T00:30:00Z"


def run(*args: str) -> Result:
    return CliRunner().invoke(regions, list(args))


def failure(*args: str) -> GreenAIError:
    error = run(*args).exception
    assert isinstance(error, GreenAIError)
    return error


def records(*args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("--json", "--at", AT, *args).stdout)
    return found


def test_table_of_all_regions_fits_eighty_columns() -> None:
    lines = run("--at", AT).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == f"carbon intensity, average lifecycle, as of {AT}"
    assert lines[1].startswith("yearly mean 2025, Electricity Maps")
    assert lines[2].split() == ["#", "region", "place", "zone", "g/kWh", "PUE", "x", "PUE"]
    assert "Stockholm" in lines[3]
    assert lines[-1].startswith("~ PUE of the provider's whole fleet")


def test_records_hold_all_provenance_in_order_of_what_counts() -> None:
    found = records()
    effective = [record["effective_g_per_kwh"] for record in found]
    assert effective == sorted(effective)
    (montreal,) = [record for record in found if record["region"] == "ca-central-1"]
    assert montreal["g_per_kwh"] == 41
    assert montreal["effective_g_per_kwh"] == pytest.approx(montreal["pue"] * 41)
    assert montreal["zone"] == "CA-QC"
    assert (montreal["signal"], montreal["basis"]) == ("average", "lifecycle")
    assert (montreal["kind"], montreal["flags"]) == ("yearly mean", [])
    assert montreal["observed_at"] == "2025-01-01T00:00:00Z"
    assert montreal["age_hours"] == 516 * 24 + 0.5  # 365 days of 2025, 151 of 2026


def test_tpus_are_where_google_lists_them_and_not_wherever_they_have_a_price() -> None:
    # Google's page: v6e in us-central1-b, us-east1-d, us-east5-a and -b, europe-west4-a; of Asia it was not read.
    done = run("--json", "--at", AT, "--accelerator", "TPU-v6e")

    listed = {record["region"] for record in json.loads(done.stdout)}
    assert listed == {"us-central1", "us-east1", "us-east5", "europe-west4"}
    assert "TPU-v6e has a price in gcp:asia-northeast1, " in done.stderr
    assert "us-west1" not in done.stderr


def test_csv_says_the_same_as_json() -> None:
    rows = list(csv.DictReader(io.StringIO(run("--csv", "--at", AT).stdout)))
    found = records()
    assert [row["region"] for row in rows] == [record["region"] for record in found]
    assert list(rows[0]) == list(found[0])
    assert [float(row["effective_g_per_kwh"]) for row in rows] == [record["effective_g_per_kwh"] for record in found]


def test_provider_accelerator_and_limit_narrow_the_ranking() -> None:
    assert {record["provider"] for record in records("--provider", "gcp")} == {"gcp"}
    with_chip = records("--accelerator", "h100", "--provider", "aws")
    assert 0 < len(with_chip) < len(records("--provider", "aws"))
    assert len(records("--limit", "3")) == 3
    assert "more regions are not shown" in run("--limit", "3").stdout


def test_direct_basis_ranks_googles_regions_by_googles_figures() -> None:
    found = records("--basis", "direct")
    assert {record["provider"] for record in found} == {"gcp"}
    assert {record["basis"] for record in found} == {"direct"}
    assert "there are no such figures for AWS regions" in run("--basis", "direct").stderr
    assert "stale" in run("--basis", "direct", "--at", AT).stdout
    assert isinstance(failure("--basis", "direct", "--provider", "aws"), DataUnavailable)


def trace(folder: Path, *rows: str) -> str:
    path = folder / "trace.csv"
    path.write_text("zone,datetime,g_per_kwh,signal,basis\n" + "\n".join(rows))
    return f"file:{path}"


def test_file_source_shows_ages_that_differ_and_says_who_is_left_out(tmp_path: Path) -> None:
    source = trace(
        tmp_path,
        "FR,2026-05-31T22:00:00Z,50,average,direct",
        "FR,2026-05-31T23:00:00Z,60,average,direct",
        "SG,2026-05-31T10:00:00Z,400,average,direct",
        "SG,2026-05-31T11:00:00Z,410,average,direct",
    )
    ran = run("--source", source, "--at", AT)
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "1.5 h ago" in ran.stdout
    assert "13.5 h ago" in ran.stdout
    assert "stale" in ran.stdout
    assert "regions are left out" in ran.stderr
    assert next(record["zone"] for record in records("--source", source)) == "FR"


def test_mixed_bases_are_refused_and_with_permission_announced(tmp_path: Path) -> None:
    source = trace(
        tmp_path,
        "FR,2026-05-31T22:00:00Z,50,average,direct",
        "FR,2026-05-31T23:00:00Z,60,average,direct",
        "SG,2026-05-31T22:00:00Z,400,average,lifecycle",
        "SG,2026-05-31T23:00:00Z,410,average,lifecycle",
    )
    assert isinstance(failure("--source", source, "--at", AT), Refused)
    ran = run("--source", source, "--at", AT, "--allow-mixed")
    assert ran.exit_code == 0
    assert "warning: average direct and average lifecycle values are ranked together" in ran.stderr
    assert "average lifecycle" in ran.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--source", "foo"], "'foo' is not a source"),
        (["--at", "2026-06-01T00:30:00"], "has no time zone"),
        (["--accelerator", "H1000"], "H1000"),
        (["--signal", "marginal", "--source", "embedded"], "average, not marginal"),
        (["--source", "file:nowhere.csv"], "there is no such CSV file"),
    ],
)
def test_bad_input_is_named(args: list[str], message: str) -> None:
    error = failure(*args)
    assert isinstance(error, InputError)
    assert message in str(error)


@pytest.mark.parametrize("args", [["--json", "--csv"], ["--limit", "0"], ["--provider", "azure"]])
def test_usage_error_has_exit_code_two(args: list[str]) -> None:
    assert run(*args).exit_code == 2


def test_piped_output_has_no_styling_whatever_the_environment() -> None:
    environment = {**os.environ, "FORCE_COLOR": "1"}
    command = [sys.executable, "-m", "greenai_infra", "regions", "--limit", "2"]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "\x1b" not in ran.stdout


def test_reason_that_holds_for_few_comes_before_those_that_are_not_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NESO_BASE_URL", "http://127.0.0.1:9")
    message = str(failure("--source", "neso"))
    lines = message.splitlines()
    assert lines[0] == "no region has an intensity"
    assert "NESO: it could not be reached" in lines[1]
    assert "more regions)" in lines[2]
