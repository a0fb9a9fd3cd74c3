"""Files that are no preview, or no emissions report, are refused with their name and what is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.preview import read_preview, read_previews
from greenai_infra.errors import InputError
from greenai_infra.monitoring.emissions_runs import read_emissions
from greenai_infra.reporting.comment.making import measured_comment

from .previews import STACK, preview, rule, run, standing, stands, write

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "timestamp,project_name,run_id,duration,emissions,emissions_rate,energy_consumed,region,pue,codecarbon_version"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version 2, this release reads 1"),
        ({"schema_version": ...}, "schema_version None, this release reads 1"),
        ({"resources": ...}, "is no document of"),
        ({"project": "a/b"}, "project: must match the pattern"),
        ({"stack": "x -->"}, "stack: must match the pattern"),
        ({"stack": "x\n/approve"}, "stack: must match the pattern"),
        ({"findings": [{"severity": "fatal", "code": "x", "urn": "", "message": ""}]}, "findings.0.severity"),
        ({"policy": {"rules": [rule("x", "sometimes")]}}, "policy.rules.0.severity"),
        ({"policy": {"rules": [rule("x", violations=-1)]}}, "policy.rules.0.violations"),
        ({"standing": {"hours_per_month": 730}}, "standing.total"),
        ({"standing": standing(stands("x", 1.0, -2.0, 1.0))}, "emissions_kg_per_month"),
        ({"budget": {"daily_kg": 0, "monthly_kg": 1, "stack": "x"}}, "budget.daily_kg"),
        ({"resources": [{"name": "x"}]}, "resources.0.urn"),
    ],
)
def test_a_document_that_is_no_preview_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "head.json", preview(**changes))
    with pytest.raises(InputError) as refused:
        read_preview(path)
    assert message in str(refused.value)
    assert "head.json" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("error: no stack", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no document of"),
        (json.dumps(preview()).replace("730", "NaN"), "is not JSON"),
        (json.dumps(preview()).replace("730", "1e999"), "hours_per_month"),
    ],
)
def test_a_file_that_is_no_document_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_preview(path)


def test_a_folder_gives_every_stack_and_the_same_one_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "b.json", preview(stack="b"))
    write(tmp_path / "a.json", preview(stack="a"))
    assert [one.key for one in read_previews([tmp_path])] == ["assistants/a", "assistants/b"]
    with pytest.raises(InputError, match="second preview of assistants/a"):
        read_previews([tmp_path, tmp_path / "a.json"])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no \.json file"):
        read_previews([tmp_path])


def test_emissions_of_slices_add_up_and_rows_of_one_run_do_not(tmp_path: Path) -> None:
    report = tmp_path / "emissions.csv"
    report.write_text(
        f"{HEADER}\n"
        "t,p,run-1,1800,0.5,0.000277,10,sweden,1.1,3.0.5\n"
        "t,p,run-1,3600,1.0,0.000277,20,sweden,1.1,3.0.5\n"
        "t,p,run-2,7200,2.0,0.000277,30,sweden,1.1,3.0.5\n"
    )
    measured = read_emissions([report])
    assert (measured.runs, measured.hours, measured.emissions_kg, measured.energy_kwh) == (2, 3.0, 3.0, 50.0)
    assert measured.server_kwh == pytest.approx(45.4545, rel=1e-5)  # 50 kWh / PUE 1.1
    assert measured.g_per_kwh == pytest.approx(60)  # 3 kg over 50 kWh; emissions_rate is kg/s and no intensity


def test_the_comment_on_a_run_holds_measured_against_planned(tmp_path: Path) -> None:
    report = tmp_path / "emissions.csv"
    report.write_text(f"{HEADER}\nt,p,run-1,3600,0.0011,0.0003,0.055,@team<b>,1.1,3.0.5\n")
    head = read_preview(write(tmp_path / "head.json", preview(standing=standing(run=run(2.5, 1.0, 0.05)))))

    comment = measured_comment(head, [report])

    assert comment.verdict is None
    assert comment.body.splitlines()[0] == f"<!-- greenai-infra: assistants/{STACK} emissions -->"
    assert "| energy at the servers, kWh | 0.0500 | 0.0500 |" in comment.body  # and not 0.0 for a small run
    assert "| energy with PUE, kWh | 0.0550 | |" in comment.body
    assert "| emissions, kg CO2e | 0.00110 | 2.50 |" in comment.body
    assert "| mean intensity, gCO2eq/kWh | 20.0 | |" in comment.body
    assert "The energy is 100 % of what was planned." in comment.body
    assert "@team" not in comment.body
    assert "<b>" not in comment.body


def test_a_run_without_energy_has_no_intensity(tmp_path: Path) -> None:
    report = tmp_path / "emissions.csv"
    report.write_text(f"{HEADER}\nt,p,run-1,1,0,0,0,x,1,3\n")
    head = read_preview(write(tmp_path / "head.json", preview()))
    assert "| mean intensity, gCO2eq/kWh | not known | |" in measured_comment(head, [report]).body


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column duration"),
        ("a,b\n1,2\n", "lacks the column duration"),
        (f"{HEADER}\n", "contains no run"),
        (
            f"{HEADER}\nt,p,r,1,nan,0,1,x,1,3\n",
            "emissions.csv:2: emissions: expected a number of 0",
        ),
        (f"{HEADER}\nt,p,r,1,1,0,-1,x,1,3\n", "energy_consumed"),
        (f"{HEADER}\nt,p,r,,1,0,1,x,1,3\n", "duration"),
        (f"{HEADER}\nt,p,r\n", "emissions.csv:2: 3 fields where 10 columns are named"),
        (f"{HEADER}\nt,p,r,1,1,0,1,x,0.9,3\n", "pue: expected a number of 1 or more and at most 5, found '0.9'"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused(tmp_path: Path, text: str, message: str) -> None:
    report = tmp_path / "emissions.csv"
    report.write_text(text)
    with pytest.raises(InputError, match=message):
        read_emissions([report])
