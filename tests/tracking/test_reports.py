"""Reports as files: what is read, what is refused with its value, and where else they are taken."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from greenai_infra.contracts.preview import read_preview
from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import as_csv, as_json, read_report
from greenai_infra.reporting.comment.making import measured_comment
from tests.cli.in_process import run_here
from tests.reporting.previews import preview, write

if TYPE_CHECKING:
    from pathlib import Path

LEAST = {
    "schema_version": 1, "emissions_kg": 1.26, "energy_kwh": 3.5, "intensity_g_per_kwh": 300.0, "pue": 1.2,
    "duration_s": 7200.0, "region": "aws:eu-north-1",
}  # fmt: skip


def written(folder: Path, name: str = "emissions_report.json", **changed: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps({**LEAST, **changed}))
    return file


def test_the_least_report_is_read_and_written_as_its_schema_says(tmp_path: Path) -> None:
    report = read_report(written(tmp_path))
    assert (report.emissions_kg, report.status, report.components) == (1.26, "complete", {})
    assert read_report(tmp_path) == report  # a folder stands for the report in it
    schema = json.loads(run_here("schema", "report").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(as_json(report)), schema)
    (row,) = csv.DictReader(as_csv(report).splitlines())
    assert (row["emissions_kg"], row["energy_kwh"], row["region"]) == ("1.26", "3.5", "aws:eu-north-1")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"emissions_kg": 1.5}, "emissions_kg is 1.5, but energy_kwh x pue x intensity_g_per_kwh / 1000 is 1.26"),
        ({"emissions_kg": 1260.0}, "emissions_kg is 1260"),
        ({"energy_kwh": None}, "emissions_kg is 1.26 while energy_kwh is unknown"),
        ({"intensity_g_per_kwh": None}, "while intensity_g_per_kwh is unknown"),
        ({"energy_kwh": -1.0}, "energy_kwh: must be at least 0"),
        ({"energy_kwh": "much"}, "energy_kwh: .*is 'much'"),
        ({"energy_kwh": True}, "energy_kwh"),
        ({"pue": 0.5}, "pue: must be at least 1"),
        ({"duration_s": 1.0}, "3.5 kWh in 1 s is more than 200 kW"),
        ({"schema_version": 99}, "of schema_version 99, and this greenai-infra reads up to 1"),
        ({"schema_version": "one"}, "schema_version: .*is 'one'"),
        ({"components": {"cpu": {"energy_kwh": 9.0, "how": "measured", "by": "x"}}}, "components add up to 9"),
        ({"status": "fine"}, "status: .*is 'fine'"),
    ],
)
def test_what_cannot_be_true_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_report(written(tmp_path, **changed))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 1', '{"schema_version": 1, "pue": NaN}', "\xff"])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "r.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"r\.json"):
        read_report(file)


def test_the_command_prints_it(tmp_path: Path) -> None:
    parts = {
        "gpu": {"energy_kwh": 3.0, "how": "measured", "by": "NVML"},
        "ram": {"energy_kwh": 0.5, "how": "estimated", "by": "watts"},
    }
    file = written(tmp_path, components=parts, name="x.json", notes=["a \x1b[31mnote"])
    done = run_here("report", file)
    assert done.returncode == 0, done.stderr
    assert "1.26 kg CO2e" in done.stdout
    assert "3.50 kWh x PUE 1.2 x 300 g/kWh" in done.stdout
    assert "gpu: 3.00 kWh (85.7 %), measured: NVML" in done.stdout
    assert "\x1b" not in done.stdout
    assert run_here("report", tmp_path / "nowhere.json").returncode == 2
    assert json.loads(run_here("report", file, "--json").stdout)["emissions_kg"] == 1.26


def test_the_budget_records_it_once(tmp_path: Path) -> None:
    file = written(tmp_path, run_id="tune-7")
    whose = ("--ledger", tmp_path / "l.db", "--team", "t", "--project", "p")
    run_here("budget", "set", *whose, "--year-kg", 100)
    for added in (True, False):
        done = run_here("budget", "record", *whose, "--kind", "training", "--report", file, "--json")
        assert done.returncode == 0, done.stderr
        ((entry),) = json.loads(done.stdout)
        assert (entry["run_id"], entry["kg"], entry["added"]) == ("tune-7", 1.26, added)
    unknown = written(tmp_path, name="u.json", run_id="u", emissions_kg=None, intensity_g_per_kwh=None)
    done = run_here("budget", "record", *whose, "--kind", "training", "--report", unknown)
    assert done.returncode == 2
    assert "emissions of this run are unknown" in done.stderr


def test_the_comment_adds_up_reports(tmp_path: Path) -> None:
    head = read_preview(write(tmp_path / "head.json", preview()))
    one, other = (written(tmp_path, f"{run}.json", run_id=run, tracker="greenai-infra 1, codecarbon 3") for run in "ab")
    body = measured_comment(head, [], [one, other]).body
    assert "Measured emissions: 2.52 kg CO2e" in body
    assert "2 runs, 4.0 h in all" in body
    assert "energy of each interval x intensity of that interval" in body
    assert "| measured by | greenai-infra 1, codecarbon 3 |" in body
    for option in ("--emissions", "--report"):
        done = run_here("comment", tmp_path / "head.json", option, one, option, other, "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "Measured emissions: 2.52 kg CO2e" in done.stdout
    with pytest.raises(InputError, match="run a is given twice"):
        measured_comment(head, [], [one, one])


def test_a_report_of_no_stack_is_a_comment_of_its_own(tmp_path: Path) -> None:
    file = written(tmp_path, "r.json", run_id="a", emissions_kg=1.26)
    done = run_here("comment", "--report", file, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Measured emissions: 1.26 kg CO2e" in done.stdout
    assert "| emissions, kg CO2e | 1.26 | " in done.stdout
    assert run_here("comment", "--dry-run").returncode == 2
    assert run_here("comment", "--emissions", write(tmp_path / "emissions.csv", ""), "--dry-run").returncode == 2


def test_track_passes_the_exit_code_on_and_ends_at_its_limit(tmp_path: Path) -> None:
    track = ("track", "--intensity", "300", "--report", str(tmp_path / "r.json"))
    command = [sys.executable, "-m", "greenai_infra", *track]
    child = [sys.executable, "-c", "import sys; sys.exit(7)"]
    done = subprocess.run([*command, "--", *child], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 7, done.stderr
    report = read_report(tmp_path / "r.json")
    assert report.status == "failed"
    assert report.intensity_g_per_kwh == pytest.approx(300)
    done = subprocess.run([*command, "--", "no-such-program"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "no-such-program can't be run" in done.stderr


def test_a_card_is_made_of_it(tmp_path: Path) -> None:
    parts = {
        "gpu": {"energy_kwh": 2.8, "how": "measured", "by": "NVML"},
        "ram": {"energy_kwh": 0.7, "how": "estimated", "by": "watts"},
    }
    hardware = {"gpu": "A10G", "gpu_count": 1}
    file = written(tmp_path, components=parts, hardware=hardware, energy_kwh_low=3.0, energy_kwh_high=4.0, name="tune")
    done = run_here("card", "--format", "hf", file)
    assert done.returncode == 0, done.stderr
    facts = yaml.safe_load(done.stdout.strip("-\n"))["co2_eq_emissions"]
    assert facts["emissions"] == 1260  # grams
    assert facts["geographical_location"] == "aws:eu-north-1"
    assert facts["hardware_used"] == "1 x A10G, 2.00 hours"
    assert "4.20 kWh (3.60 to 4.80 kWh) with PUE 1.2" in facts["source"]
    assert "20 % of the energy is estimated, not read from a counter" in facts["source"]
    done = run_here("card", "--format", "sagemaker", file)
    assert "gpu 80 %, measured (NVML); ram 20 %, estimated (watts)" in done.stdout
    done = run_here("card", "--format", "hf", file, "--region", "eu-west-1")
    assert (done.returncode, "states its region" in done.stderr) == (2, True)
    running = written(tmp_path, "r.json", status="running")
    assert run_here("card", "--format", "hf", running).returncode == 2
