"""A new section of a report is one file, which describes it once: the terminal and the comment show the same."""

import json
from pathlib import Path

import pytest

from greenai_infra.contracts.preview import read_preview
from greenai_infra.monitoring.run_report import read_report
from greenai_infra.reporting.comment.sections import markdown_of
from greenai_infra.reporting.section import Name, Section, Table, terminal_lines
from greenai_infra.reporting.sections import section_specs, sections_of
from tests.cli.in_process import run_here
from tests.reporting.previews import preview, write

from .conftest import Add

TOY = '''
    """How many kettles of tea the energy of a run would have boiled."""

    from greenai_infra.reporting.section import Name, Section, SectionSpec, Table


    def describe(report):
        kettles = report.energy_kwh / 0.1
        return Section(
            title="Tea",
            figures=(("kettles", f"{kettles:g}"), ("run", Name(report.run_id))),
            table=Table(headers=("leaf", "g"), rows=(("<b>black</b>", f"{2 * kettles:g}"),), right=frozenset({1})),
            notes=("ask @barista",),
        )


    SPEC = SectionSpec(report="run", order=15, describe=describe)
    '''
REPORT = {
    "schema_version": 1,
    "name": "tune",
    "run_id": "tune-7",
    "duration_s": 7200,
    "energy_kwh": 3.5,
    "pue": 1.2,
    "intensity_g_per_kwh": 300,
    "emissions_kg": 1.26,
    "region": "aws:eu-north-1",
    "planned": {"plan_id": "p1", "emissions_kg": 1.0, "energy_kwh": 3.0, "operational": True},
    "differences": [{"reason": "duration", "kg": 0.26, "planned": "1.7 h", "measured": "2.0 h"}],
    "budget": {"limit_kg": 2.0, "source": "--max-emissions-kg", "reached": False},
}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "emissions_report.json"
    file.write_text(json.dumps(REPORT))
    return file


def test_a_new_section_is_printed_and_commented(add: Add, report: Path) -> None:
    add("greenai_infra.reporting.sections", "tea", TOY, section_specs)

    printed = run_here("report", report).stdout
    assert (
        "\nTea\n  kettles  35\n  run      tune-7\n  leaf           g\n  <b>black</b>  70\n  - ask @barista\n" in printed
    )
    titles = ["Place and machine", "Tea", "Planned", "Limit"]
    assert [line for line in printed.splitlines() if line in titles] == titles  # by its order

    comment = run_here("comment", "--report", report, "--dry-run").stdout
    assert "### Tea\n\n| of | value |\n| --- | --- |\n| kettles | 35 |\n| run | `tune-7` |\n" in comment
    assert "| leaf | g |\n| --- | ---: |\n| &lt;b&gt;black&lt;/b&gt; | 70 |\n" in comment
    assert "- ask @\u200bbarista" in comment  # which mentions nobody


def test_both_forms_of_a_runs_report_have_the_same_figures(report: Path) -> None:
    printed = run_here("report", report).stdout
    assert "\nPlanned\n  emissions  1.00 kg CO2e\n  energy     3.00 kWh\n  plan       p1\n" in printed
    assert "  differs by  kg CO2e  planned  measured\n  duration     +0.260  1.7 h    2.0 h\n" in printed
    assert "\nLimit\n  not reached  2.00 kg CO2e (--max-emissions-kg)\n" in printed
    comment = run_here("comment", "--report", report, "--dry-run").stdout
    assert "| duration | +0.260 | 1.7 h | 2.0 h |" in comment
    assert "| not reached | 2.00 kg CO2e (--max-emissions-kg) |" in comment
    assert "| region | `aws:eu-north-1` |" in comment


def test_a_long_list_is_cut_in_a_comment_and_folded_in_a_terminal() -> None:
    rows = tuple((Name(f"r{number}"), "word " * 30, "1") for number in range(5))
    section = Section(title="Long", table=Table(headers=("a", "b", "c"), rows=rows, right=frozenset({2})), detail=True)
    text = markdown_of([section], most_rows=2)
    assert text.startswith("<details>\n<summary>Long</summary>\n\n| a | b | c |\n| --- | --- | ---: |\n| `r0` |")
    assert "| `r1` |" in text
    assert "| `r2` |" not in text
    assert text.endswith("\n\n3 more.\n\n</details>")
    assert markdown_of([section], most_rows=0) == ""
    assert max(map(len, terminal_lines(section))) <= 80


def test_a_previews_section_says_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    assert sections_of("preview", read_preview(write(tmp_path / "head.json", preview(standing=None)))) == []


def test_a_report_of_little_has_its_place_alone(tmp_path: Path) -> None:
    little = {key: REPORT[key] for key in ("schema_version", "name", "duration_s")}
    file = tmp_path / "little.json"
    file.write_text(
        json.dumps(little | dict.fromkeys(("energy_kwh", "intensity_g_per_kwh", "emissions_kg")) | {"pue": 1.0})
    )
    assert [section.title for section in sections_of("run", read_report(file))] == ["Place and machine"]
