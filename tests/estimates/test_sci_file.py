"""`sci`: what a file may say, what it is answered with, and the scores of the source document's example."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml

from greenai_infra.catalog import tables
from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.errors import WorkloadError
from greenai_infra.estimates import sci_file
from greenai_infra.estimates.sci_scores import Scores, as_json, read_scores, scores_of
from greenai_infra.numbers import counted_in_words
from greenai_infra.typed_yaml.forms import schema_of
from greenai_infra.typed_yaml.section import Section
from tests.cli.conftest import Command, greenai

__all__ = ["greenai"]
TEMPLATES = Path(__file__).parents[2] / "templates" / "sci"
HEAD = """name: a-service
functional_unit: request
boundary: [inference]
quantification: measured
signal: average
basis: lifecycle
"""
ONE = (
    HEAD
    + """scenarios:
  here:
    functional_units: 1M
    energy_kwh: 100
    pue: 1.0
    intensity: {g_per_kwh: 400, source: the grid operator 2025}
"""
)
# The source document's scenarios (section 33.2.9): 100 or 20 kWh, 400 or 3 g/kWh, 24 h on one A100 or T4, 1e6 requests.
DOCUMENT = (
    HEAD
    + """baseline: us-east-a100
scenarios:
  us-east-a100: &skip
    functional_units: 1000000
    energy_kwh: 100
    pue: 1.0
    intensity: {g_per_kwh: 400, source: the document, which names none}
    hardware: [{accelerator: A100-40GB, reserved_hours: 24}]
  canada-a100:
    functional_units: 1000000
    energy_kwh: 100
    pue: 1.0
    intensity: {g_per_kwh: 3, source: the document, which names none}
    hardware: [{accelerator: A100-40GB, reserved_hours: 24}]
  us-east-t4:
    functional_units: 1000000
    energy_kwh: 20
    pue: 1.0
    intensity: {g_per_kwh: 400, source: the document, which names none}
    hardware: [{accelerator: T4, reserved_hours: 24}]
""".replace("the document, which names none", "'the document, which names none'").replace(" &skip", "")
)


def problems(text: str, folder: Path = Path()) -> list[str]:
    with pytest.raises(WorkloadError) as raised:
        scores_of(text, "s.yaml", folder)
    return raised.value.problems


def ranked(scores: Scores) -> dict[str, float]:
    return {one.name: one.sci_g_per_unit for one in scores.ranked}


def test_the_documents_example_with_the_hardware_that_is_reserved() -> None:
    """O is 0.04, 0.0003 and 0.008 g. The document adds 24 / 35,000 x 150 kg = 103 g, a guess of Teads' for a whole A100
    and no server. Ours: the board's LCA (127.6 kg) and 1/8 of its server (1,800 kg): 24 / 35,040 x 352.6 kg = 241.5 g.
    So Canada is 0.00054 g and not 0.0004, as the document rounds.
    """
    found = ranked(scores_of(DOCUMENT, "d.yaml"))

    assert list(found) == ["canada-a100", "us-east-t4", "us-east-a100"]
    share = 24 / (4 * 365 * 24)
    assert found["canada-a100"] == pytest.approx((100 * 3 + share * (127_600 + 1_800_000 / 8)) / 1e6)
    assert found["us-east-a100"] == pytest.approx((100 * 400 + share * (127_600 + 1_800_000 / 8)) / 1e6)
    t4 = find_accelerator("T4").embodied.kg * 1000
    assert found["us-east-t4"] == pytest.approx((20 * 400 + share * (t4 + 1_100_000 / 8)) / 1e6)


def test_the_documents_3_grams_are_told_as_doubtful() -> None:
    """The least lifecycle mean of any zone and year in the embedded table is 15 g/kWh."""
    (doubt,) = scores_of(DOCUMENT, "d.yaml").doubts

    assert doubt == (
        "canada-a100: 3 g/kWh is less than any zone's yearly lifecycle mean (15 at least); is it a direct figure?"
    )
    assert not scores_of(DOCUMENT.replace("basis: lifecycle", "basis: direct"), "d.yaml").doubts


def test_the_documents_canada_with_one_basis_is_no_longer_so_far_ahead() -> None:
    """3 g/kWh is of no stated basis: Quebec's life cycle mean is 41, so that M no longer is half of the score."""
    zone = DOCUMENT.replace("{g_per_kwh: 3, source: 'the document, which names none'}", "{zone: CA-QC}")
    mean = tables.lifecycle("CA-QC")
    assert mean is not None

    (best, *_) = scores_of(zone, "d.yaml").ranked

    assert best.name == "canada-a100"
    assert best.operational_g_per_unit == pytest.approx(100 * mean.g_per_kwh / 1e6)
    assert best.parts[0].intensity_source.endswith(f"mean of {mean.year}, CA-QC, average, lifecycle")


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_template_fits_the_schema(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text()), schema_of(sci_file.SciFile))


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_template_is_scored(path: Path) -> None:
    scores = read_scores(path)

    assert scores.ranked or scores.ai
    json.dumps(as_json(scores), allow_nan=False)


def test_the_templates_of_sci_for_ai_are_the_specifications_figures() -> None:
    consumer, provider = read_scores(TEMPLATES / "assistant-ai.yaml").ai

    assert consumer.reported == pytest.approx(130)
    assert consumer.reported_unit == "gCO2eq per million tokens"
    assert provider.reported == pytest.approx(4)
    assert provider.reported_unit == "gCO2eq per 1e15 FLOPs"


def test_an_instance_type_is_its_chips_and_its_server() -> None:
    text = ONE + "    hardware: [{instance_type: p4d.24xlarge, reserved_hours: 10, lifespan_years: 5}]\n"
    (score,) = scores_of(text, "s.yaml").ranked

    expected_g = (8 * 127_600 + 1_800_000) * 10 / (5 * 8760)
    assert score.embodied_g_per_unit * 1e6 == pytest.approx(expected_g)


def test_a_figure_that_holds_the_server_is_not_counted_twice() -> None:
    tpu = ONE + "    hardware: [{accelerator: TPU-v5p, reserved_hours: 8760, lifespan_years: 1}]\n"
    inferentia = tpu.replace("TPU-v5p", "Inferentia2")

    assert [piece.name for piece in scores_of(tpu, "s").ranked[0].hardware] == ["TPU-v5p"]
    assert [piece.name for piece in scores_of(inferentia, "s").ranked[0].hardware] == ["server (aws inf2)"]


def test_own_hardware_carries_its_resource_share() -> None:
    text = ONE + (
        "    hardware:\n      - {name: our server, embodied_kg: 1000, source: its LCA, resources_reserved: 16,"
        " resources_total: 64, reserved_hours: 1, lifespan_years: 4, count: 2}\n"
    )

    assert scores_of(text, "s").ranked[0].embodied_g_per_unit * 1e6 == pytest.approx(2 * 28.5388 / 4, abs=1e-3)


def test_hours_of_a_csv_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text(
        "datetime,energy_kwh,g_per_kwh\n2026-01-01T01:00:00Z,90,500\n2026-01-01T00:00:00Z,10,100\n"
    )
    text = HEAD + (
        "scenarios:\n  here:\n    functional_units: 1000\n    pue: 1.5\n"
        "    hourly: {csv: h.csv, source: the grid operator}\n"
    )

    (score,) = scores_of(text, "s.yaml", tmp_path).ranked

    assert score.sci_g_per_unit == pytest.approx((10 * 100 + 90 * 500) * 1.5 / 1000)
    assert score.method.granularity == "hourly"


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("2026-01-01T00:00:00Z,,100\n", "h.csv:2: energy_kwh '' is not a number"),
        ("2026-01-01T00:00:00Z,1,-5\n", "h.csv:2: -5 g/kWh is negative; a score excludes offsets and credits"),
        ("2026-01-01T00:00:00Z,1,5\n2026-01-01T01:00:00+01:00,1,5\n", "appears twice"),
        ("2026-01-01T00:00:00,1,5\n", "2026-01-01T00:00:00"),
        ("", "has no rows"),
    ],
)
def test_a_csv_of_hours_is_checked_row_by_row(tmp_path: Path, rows: str, named: str) -> None:
    (tmp_path / "h.csv").write_text("datetime,energy_kwh,g_per_kwh\n" + rows)
    text = HEAD + "scenarios:\n  a:\n    functional_units: 1\n    pue: 1\n    hourly: {csv: h.csv, source: grid}\n"

    (found,) = problems(text, tmp_path)

    assert found.startswith("s.yaml:11: scenarios.a.hourly: ")
    assert named in found


def test_rows_in_the_file_are_told_by_their_own_line() -> None:
    text = HEAD + (
        "scenarios:\n  a:\n    functional_units: 1\n    pue: 1\n    hourly:\n      source: grid\n      rows:\n"
        "        - {hour: 2026-01-01T00:00:00Z, energy_kwh: 1, g_per_kwh: 100}\n"
        "        - {hour: 2026-01-01T00:00:00Z, energy_kwh: 1, g_per_kwh: 300}\n"
        "        - {hour: 2026-01-01T02:00:00Z, energy_kwh: 1, g_per_kwh: -300}\n"
        "        - {hour: yesterday, energy_kwh: 1, g_per_kwh: 300}\n"
    )

    assert [one.split(":")[1] for one in problems(text)] == ["15", "16", "17"]
    good = "\n".join(text.splitlines()[:14]) + "\n"
    assert scores_of(good, "s").ranked[0].sci_g_per_unit == pytest.approx(100)


def test_a_score_of_zero_is_told_at_its_scenario() -> None:
    text = ONE.replace("basis: lifecycle", "basis: direct").replace("400", "0")

    (found,) = problems(text)

    assert found.startswith("s.yaml:8: scenarios.here: ")
    assert "an SCI of 0 is impossible" in found


@pytest.mark.parametrize(
    ("old", "new", "line", "named"),
    [
        ("1M", "0", 9, "functional_units"),
        ("1M", "-3", 9, "functional_units"),
        ("1M", ".nan", 9, "functional_units"),
        ("energy_kwh: 100", "energy_kwh: 0", 10, "energy_kwh"),
        ("    energy_kwh: 100\n", "", 8, "energy_kwh: is missing: a score needs E"),
        ("    pue: 1.0\n", "", 8, "pue: is missing: state it"),
        ("400", "-400", 12, "negative; a score excludes offsets and credits"),
        ("400", "0", 12, "0 g/kWh is emitted by no grid"),
        ("400", "400000", 12, "more than any grid emits"),
        ("400, source: the grid operator 2025", "400", 12, "source: is missing"),
        ("the grid operator 2025", "grid mix net of our PPAs", 12, "'ppas' is market-based"),
        ("    pue: 1.0\n", "    pue: 1.0\n    recs_kwh: 50\n", 12, "'recs' is market-based"),
        ("    pue: 1.0\n", "    pue: 1.0\n    energy: 50\n", 12, "did you mean 'energy_kwh'?"),
        ("{g_per_kwh: 400, source: the grid operator 2025}", "{zone: CA-QQ}", 12, "CA-Q"),
        ("{g_per_kwh: 400, source: the grid operator 2025}", "{region: us-eastt-1}", 12, "us-east-1"),
        ("{g_per_kwh: 400, source: the grid operator 2025}", "{zone: CA-QC, year: 1999}", 12, "1999"),
        ("signal: average", "signal: market-based", 5, "average or marginal"),
        ("signal: average\nbasis: lifecycle", "signal: marginal\nbasis: grid", 6, "lifecycle or direct"),
        ("functional_unit: request\n", "", 1, "functional_unit: is missing"),
    ],
)
def test_every_problem_has_its_line(old: str, new: str, line: int, named: str) -> None:
    assert old in ONE

    found = problems(ONE.replace(old, new, 1))

    assert any(one.startswith(f"s.yaml:{line}: ") and named in one for one in found), found


def test_bases_are_never_mixed() -> None:
    text = ONE.replace("{g_per_kwh: 400, source: the grid operator 2025}", "{zone: CA-QC}")

    (direct,) = problems(text.replace("basis: lifecycle", "basis: direct"))
    (marginal,) = problems(text.replace("signal: average", "signal: marginal"))

    assert "'CA-QC' has a lifecycle yearly mean, but the file says basis: direct" in direct
    assert "'CA-QC' has an average yearly mean, but the file says signal: marginal" in marginal


def test_direct_means_come_with_google_regions() -> None:
    text = ONE.replace("basis: lifecycle", "basis: direct").replace(
        "{g_per_kwh: 400, source: the grid operator 2025}", "{region: gcp:us-central1}"
    )
    mean = tables.direct("us-central1")
    assert mean is not None

    assert scores_of(text, "s").ranked[0].intensity_g_per_kwh == pytest.approx(mean.g_per_kwh)


@pytest.mark.parametrize(
    ("hardware", "named"),
    [
        ("{accelerator: A100-40G, reserved_hours: 1}", "did you mean A100-40GB"),
        ("{accelerator: A100, reserved_hours: 1}", "'A100' is ambiguous"),
        ("{accelerator: Quantum9, reserved_hours: 1}", "'Quantum9' is not an accelerator in the catalog"),
        ("{instance_type: p4d.24xl, reserved_hours: 1}", "did you mean p4d.24xlarge"),
        ("{reserved_hours: 1}", "state one of accelerator, instance_type and embodied_kg"),
        ("{embodied_kg: 150, reserved_hours: 1}", "embodied_kg also needs name and source and resources_reserved"),
        ("{accelerator: T4, reserved_hours: 0}", "reserved_hours"),
        ("{accelerator: T4, reserved_hours: 1, resources_reserved: 3, resources_total: 2}", "is more than"),
    ],
)
def test_hardware_without_a_figure_is_an_error(hardware: str, named: str) -> None:
    found = problems(ONE + f"    hardware: [{hardware}]\n")

    assert any(one.startswith("s.yaml:13: ") and named in one for one in found), found


def test_several_problems_are_told_at_once() -> None:
    text = DOCUMENT.replace("accelerator: T4", "accelerator: T44").replace("g_per_kwh: 3,", "g_per_kwh: -3,")
    typed = ONE.replace("1M", "0").replace("energy_kwh: 100", "energy_kwh: -1").replace("pue: 1.0", "pue: 0.5")

    assert len(problems(text)) == 2
    assert [one.split(":")[1] for one in problems(typed)] == ["9", "10", "11"]


def test_a_baseline_of_another_method_is_refused(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("datetime,energy_kwh,g_per_kwh\n2026-01-01T00:00Z,1,9\n2026-01-01T01:00Z,1,8\n")
    text = ONE.replace("scenarios:", "baseline: here\nscenarios:") + (
        "  hourly:\n    functional_units: 5\n    pue: 1\n    hourly: {csv: h.csv, source: the grid operator}\n"
    )

    (found,) = problems(text, tmp_path)

    assert "can't be compared with the baseline here: different granularity (hourly against one value)" in found


def test_a_component_with_a_unit_of_its_own_is_converted_and_told() -> None:
    text = HEAD + (
        "scenarios:\n  all:\n    functional_units: 1000\n    components:\n"
        "      llm: {energy_kwh: 1, pue: 1, intensity: {g_per_kwh: 100, source: the grid operator},"
        " functional_unit: token, functional_units: 1M, units_per_unit: 500, conversion: mean of our logs}\n"
        "      web: {energy_kwh: 2, pue: 1, intensity: {g_per_kwh: 100, source: the grid operator}}\n"
    )

    (score,) = scores_of(text, "s").ranked

    assert score.sci_g_per_unit == pytest.approx(100 / 1e6 * 500 + 200 / 1000)
    assert score.parts[0].conversion == "500 x token per request: mean of our logs"
    (found,) = problems(text.replace("units_per_unit: 500, ", ""))
    assert "units_per_unit: is missing: scores are summed per common unit" in found


def ai(text: str = "") -> str:
    return (TEMPLATES / "assistant-ai.yaml").read_text() + text


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("      caching:\n", "      client:\n", "caching is missing: it belongs to the consumer's boundary"),
        ("      end_of_life: weights", "      inception: weights", "end_of_life is missing"),
        ("      end_of_life: weights", "      training: weights", "is given under components"),
        ("    values: gross", "    values: net", "gross or effective"),
        ("    rationale: shows what better kernels and hardware save\n", "", "rationale: is missing"),
        ("per: token", "per: request", "token or image or second of video"),
        ("      caching:\n", "      cache:\n", "the name must be inference or orchestration or monitoring"),
        ("per: FLOP", "per: epoch", "must be parameter or training token or FLOP"),
        ("source: emissions reports of the data jobs", "source: reports after carbon credits", "market-based"),
    ],
)
def test_both_personas_hold_to_their_boundary(old: str, new: str, named: str) -> None:
    assert old in ai()

    found = problems(ai().replace(old, new, 1))

    assert any(named in one for one in found), found


def test_a_part_of_an_ai_system_may_be_calculated() -> None:
    """1,000 kWh x 1.2 x 100 g/kWh = 120 kg in the place of 4,800 and 1,450: (120 + 250) kg / 50e9 = 7.4 g a million."""
    part = "{energy_kwh: 1000, pue: 1.2, intensity: {g_per_kwh: 100, source: the grid operator}}"
    meters = "the servers' meters and the grid's hourly average"
    stated = f"\n        carbon: {{operational_kg: 4800, embodied_kg: 1450, source: {meters}}}"

    consumer, _ = scores_of(ai().replace(stated, " " + part, 1), "s").ai

    assert consumer.reported == pytest.approx(7.4)


SECTIONS = [
    one
    for one in vars(sci_file).values()
    if isinstance(one, type) and issubclass(one, Section) and one.__module__ == sci_file.__name__
    and one not in (sci_file.SciFile, sci_file.Ai)
]  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.__name__)
def test_the_mapping_that_is_shown_can_be_used(section: type[Section]) -> None:
    values = {key: counted_in_words(one) if isinstance(one, str) else one
              for key, one in yaml.load(section.example, yaml.BaseLoader).items()}  # fmt: skip

    assert msgspec.convert(values, section, strict=False)


def test_the_command_ranks_and_says_its_method(greenai: Command) -> None:
    done = greenai("sci", TEMPLATES / "example.yaml")

    assert done.code == 0
    assert done.out.index("montreal-a100  ") < done.out.index("virginia-a100  ")
    for word in ("location-based", "average, lifecycle", "boundary  inference servers", "ISO/IEC 21031:2024", "x 1/8"):
        assert word in done.out
    assert not any(grade in done.out for grade in ("Excellent", "Good", "Moderate", "Poor"))
    assert max(map(len, done.out.splitlines())) <= 80


def test_the_report_as_json_holds_the_whole_sum(greenai: Command) -> None:
    report = json.loads(greenai("sci", TEMPLATES / "example.yaml", "--json").out)

    for scenario in report["scenarios"]:
        parts = scenario["components"]
        assert scenario["sci_g_per_unit"] == pytest.approx(sum(part["sci_g_per_unit"] for part in parts))
        for part in parts:
            made = sum(
                1000 * piece["embodied_kg"] * piece["time_share"] * piece["resource_share"]
                for piece in part["hardware"]
            )
            emitted = part["energy_with_pue_kwh"] * part["intensity_g_per_kwh"] + made
            assert part["sci_g_per_unit"] == pytest.approx(emitted / part["functional_units"])
    assert report["accounting"] == "location-based"


def test_only_the_ai_scores_are_shown_on_request(greenai: Command, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE)

    shown = greenai("sci", TEMPLATES / "assistant-ai.yaml", "--ai")
    refused = greenai("sci", tmp_path / "one.yaml", "--ai")

    assert "130 gCO2eq per million tokens" in shown.out
    assert "4.00 gCO2eq per 1e15 FLOPs" in shown.out
    assert refused.code == 2
    assert "the section `ai` is missing" in refused.err


def test_problems_end_the_command_with_2(greenai: Command, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(ONE.replace("1M", "0"))
    (tmp_path / "empty.yaml").write_text("")

    assert greenai("sci", tmp_path / "s.yaml").code == 2
    assert greenai("sci", tmp_path / "missing.yaml").code == 2
    empty = greenai("sci", tmp_path / "empty.yaml")
    assert empty.code == 2
    assert "empty.yaml:1: an SCI file is a mapping" in empty.err
