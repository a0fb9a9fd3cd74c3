"""What the comment says: figures worked out by hand, and the words where a figure is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.plan import PlanFile
from greenai_infra.contracts.preview import read_preview
from greenai_infra.project.stack_files import StackFile
from greenai_infra.reporting.comment.making import gate_comments
from greenai_infra.typed_yaml.values import read_values

from .previews import STACK, finding, load, preview, resource, rule, run, standing, stands, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def body(
    tmp_path: Path,
    head: dict[str, Any],
    base: dict[str, Any] | None = None,
    *,
    plans: Sequence[PlanFile] = (),
    stacks: Sequence[StackFile] = (),
) -> str:
    one = read_preview(write(tmp_path / "head.json", head))
    before = [read_preview(write(tmp_path / "base.json", base))] if base else None
    ((comment,), _) = gate_comments([one], before, plans, stacks, "error")
    return comment.body


def row(text: str, first: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_marker_is_the_first_line(tmp_path: Path) -> None:
    assert body(tmp_path, preview()).splitlines()[0] == f"<!-- greenai-infra: assistants/{STACK} -->"


def test_what_changes_against_the_base(tmp_path: Path) -> None:
    head = preview(
        standing=standing(stands("endpoint", 100.0, 2.0, 300.0), stands("second", 150.0, 3.0, 450.0), run=run(2.5, 500))
    )
    base = preview(standing=standing(stands("endpoint", 100.0, 2.0, 300.0), run=run(4.0, 480)))

    text = body(tmp_path, head, base)

    assert row(text, "standing, kg CO2e a month")[1:] == ["2.00", "5.00", "+3.00"]
    assert row(text, "standing, USD a month")[1:] == ["300", "750", "+450"]
    assert row(text, "planned run, kg CO2e with embodied and transfer")[1:] == ["4.00", "2.50", "\N{MINUS SIGN}1.50"]
    assert row(text, "planned run, kg CO2e operational")[1:] == ["1.00", "1.00", "0"]
    assert row(text, "planned run, USD")[1:] == ["480", "500", "+20.0"]
    # 3 kg / 0.2442 kg a km = 12.285 km; 1.5 / 0.2442 = 6.143 km
    assert "adds 3.00 kg CO2e a month, whatever runs: as much as 12.3 km by car" in text
    assert "saves 1.50 kg CO2e in the planned run, embodied and transfer included: as much as 6.14 km by car" in text


def test_equivalents_of_a_large_change_name_trees_and_edition(tmp_path: Path) -> None:
    text = body(tmp_path, preview(standing=standing(stands("e", 1.0, 602.0, 1.0))), preview())
    # 600 kg / 60 kg a seedling in ten years = 10; 600 / 0.2442 = 2457
    assert (
        "adds 600 kg CO2e a month, whatever runs: as much as 2,460 km by car, or what 10.0 urban tree seedlings" in text
    )
    assert "| equivalents | EPA Greenhouse Gas Equivalencies Calculator, edition 2024 |" in text


def test_shares_of_the_budget(tmp_path: Path) -> None:
    # Of 8 kg in all 2.5 are operational: of 5 a day 50 %, of 100 a month 2.5 %.
    # 73 kg a month / 730 h x 24 h = 2.4 kg a day = 48 %
    text = body(tmp_path, preview(standing=standing(stands("e", 1.0, 73.0, 1.0), run=run(8.0, operational=2.5))))
    assert "- the planned run: 2.50 kg operational, 50 % of a day's and 2.5 % of a month's" in text
    assert "- what stands all month: 73.0 kg operational, 48 % of a day's and 73 % of a month's" in text
    assert text.splitlines()[1] == "## ✅ Carbon gate: passes"


@pytest.mark.parametrize(
    "figures",
    [
        standing(stands("e", 1.0, 101.0, 1.0)),
        standing(stands("e", 1.0, 98.0, 1.0), run=run(operational=2.5)),
        standing(run=run(operational=5.1)),
        standing(stands("e", 1.0, 3.95, 1.0), load=load(101.0)),
        standing(run=run(operational=20.0, busiest=5.1)),
    ],
)
def test_more_than_the_budget_is_the_verdict(tmp_path: Path, figures: dict[str, Any]) -> None:
    heading = body(tmp_path, preview(standing=figures)).splitlines()[1]
    assert heading == "## ⚠️ Over the carbon budget, though no rule of the carbon gate stops it"


@pytest.mark.parametrize(
    "figures",
    [
        standing(run=run(1e6, operational=4.9)),  # a budget counts neither transfer nor the making of the hardware
        standing(run=run(1e6, operational=None)),
        standing(run=run(operational=20.0, busiest=4.9)),
        standing(stands("e", 1.0, 60.0, 1.0), load=load(99.0)),  # a load is instead of idling, not besides
    ],
)
def test_what_is_within_the_budget_passes(tmp_path: Path, figures: dict[str, Any]) -> None:
    assert body(tmp_path, preview(standing=figures)).splitlines()[1] == "## ✅ Carbon gate: passes"


def test_a_run_of_several_days_is_held_against_a_day_by_its_busiest_one(tmp_path: Path) -> None:
    text = body(tmp_path, preview(standing=standing(run=run(operational=20.0, busiest=2.5))))
    expected = "- the planned run: 20.0 kg operational (2.50 kg in its busiest 24 hours), 50 % of a day's and 20 %"
    assert expected in text


def test_a_planned_load_is_told_beside_idling(tmp_path: Path) -> None:
    # 36.5 kg a month / 730 h x 24 h = 1.2 kg a day: of 5 kg 24 %; 3.65 kg idle are 0.12 kg a day, 2.4 %
    head = preview(standing=standing(stands("e", 1.0, 3.65, 1.0), load=load(36.5)))
    text = body(tmp_path, head, preview(standing=standing(stands("e", 1.0, 3.65, 1.0), load=load(6.5))))
    assert "- the planned load: 36.5 kg operational a month, 24 % of a day's and 36.5 % of a month's" in text
    assert "- what stands all month: 3.65 kg operational, 2.4 % of a day's and 3.6 % of a month's" in text
    assert row(text, "planned load, kg CO2e operational a month")[1:] == ["6.50", "36.5", "+30.0"]
    assert "adds 30.0 kg CO2e a month at the planned load (operational): as much as" in text
    assert "The planned load, in a month: as much as 149 km by car" in body(tmp_path, head)  # 36.5 kg / 0.2442 kg a km


def test_a_preview_of_an_earlier_release_has_no_operational_figure(tmp_path: Path) -> None:
    older = {key: value for key, value in run(8.0).items() if not key.startswith("operational")}
    figures = {key: value for key, value in standing(run=older).items() if key != "planned_load"}
    text = body(tmp_path, preview(standing=figures), preview(standing=standing(run=run(8.0), load=load(1.0))))
    assert "- the planned run: operational emissions not known" in text
    assert row(text, "planned run, kg CO2e operational")[1:] == ["1.00", "not known", "not comparable"]
    assert row(text, "planned load, kg CO2e operational a month")[1:] == ["1.00", "not known", "not comparable"]
    assert row(text, "planned run, kg CO2e with embodied and transfer")[1:] == ["8.00", "8.00", "0"]


def test_what_stops_comes_before_the_budget(tmp_path: Path) -> None:
    head = preview(standing=standing(run=run(operational=5.1)), findings=[finding("bad-tag")])
    assert body(tmp_path, head).splitlines()[1] == "## ❌ Carbon gate: stopped by 1 check, and over the carbon budget"


def test_many_times_the_budget_is_no_percentage(tmp_path: Path) -> None:
    # 1,200 kg of 5 a day and 100 a month
    text = body(tmp_path, preview(standing=standing(run=run(operational=1200.0))))
    assert "- the planned run: 1,200 kg operational, 240 times a day's and 12.0 times a month's" in text


@pytest.mark.parametrize("compared", [True, False])
def test_an_absurd_figure_is_short_and_breaks_nothing(tmp_path: Path, compared: bool) -> None:
    absurd = standing(stands("e", 1e308, 1e308, 1e308), run=run(1e308, 1e308, 1e308, 1e308), load=load(1e308))
    text = body(tmp_path, preview(standing=absurd), preview() if compared else None)
    assert row(text, "standing, kg CO2e a month")[-1].removeprefix("+") == "1.00e+308"
    assert "1.00e+308 kg operational, 2.00e+307 times a day's and 1.00e+306 times a month's" in text
    assert max(map(len, text.splitlines())) < 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": ...}, "**Carbon budget:** not in this preview"),
        ({"budget": None}, "**Carbon budget:** none; no budget alarm is declared or referenced"),
        ({"standing": ...}, "Standing energy, emissions and cost: not in this preview."),
        ({"standing": ...}, "- what the stack takes of it is not in this preview"),
        ({"policy": ...}, "Policy rules: not in this preview."),
    ],
)
def test_what_an_older_preview_does_not_tell_is_said(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    text = body(tmp_path, preview(**changes))
    assert words in text
    if "standing" in changes:
        assert "| 0 |" not in text


def test_what_is_not_known_is_no_zero(tmp_path: Path) -> None:
    figures = standing(stands("endpoint", None, None, None), unpriced=("endpoint",))
    text = body(tmp_path, preview(standing=figures))
    assert row(text, "standing, kg CO2e a month")[1] == "not known"
    assert row(text, "`endpoint`")[2:] == ["not known"] * 3
    assert "not counted: 1 resource of unknown emissions" in text
    assert "not in the sums: `endpoint`." in text


def test_what_takes_nothing_is_counted_not_listed(tmp_path: Path) -> None:
    text = body(tmp_path, preview(standing=standing(stands("endpoint", 1.0, 2.0, 3.0), stands("role", 0.0, 0.0, 0.0))))
    assert "| `endpoint` |" in text
    assert "`role`" not in text
    assert "1 other resource takes nothing by standing there" in text


def test_figures_of_another_basis_are_not_subtracted(tmp_path: Path) -> None:
    head = preview()
    head["standing"]["intensity"]["basis"] = "direct"
    text = body(tmp_path, head, preview())
    assert row(text, "standing, kg CO2e a month")[3] == "not comparable"
    assert "can't be compared: another measure of intensity" in text
    assert row(text, "standing, USD a month")[3] == "0"


def test_a_new_stack_is_called_new(tmp_path: Path) -> None:
    head = read_preview(write(tmp_path / "head.json", preview()))
    other = read_preview(write(tmp_path / "base.json", preview(stack="other")))
    ((comment,), notes) = gate_comments([head], [other], [], [], "error")
    assert "The base branch has no preview of this stack" in comment.body
    assert row(comment.body, "standing, kg CO2e a month")[1:] == ["2.00"]
    assert "What stands, in a month: as much as 8.19 km by car" in comment.body  # 2 kg / 0.2442 kg a km
    assert "This change adds" not in comment.body
    assert notes == [
        "assistants/other is previewed on the base branch only; what it has built stays until: "
        "greenai-infra destroy --stack other"
    ]


def test_findings_errors_first_with_remedy_and_where(tmp_path: Path) -> None:
    head = preview(
        policy={"rules": [rule("tags", violations=1), rule("cap", not_run=2)]},
        findings=[finding("late", "warning"), finding("tags")],
    )
    lines = body(tmp_path, head, preview(findings=[finding("late", "warning")])).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("- ❌"))
    assert lines[first] == "- ❌ `tags` **Title of tags** at `aws:sns:Topic notices`, `tags.team`: the tag is missing"
    assert lines[first + 1] == "  - What to do: set team in the stack's config"
    assert lines[first + 2] == (
        "- ⚠️ `late` at `aws:sns:Topic notices`, `tags.team`: the tag is missing (also on the base branch)"
    )
    assert any(line.startswith("- ❌ `cap` **Title of cap** could not run on 2 resources: ") for line in lines)


def test_where_the_program_stopped_no_rule_is_blamed(tmp_path: Path) -> None:
    for code in ("program-failed", "bad-config"):
        head = preview(
            policy={"rules": [rule("tags", not_run=1), rule("cap", not_run=1)]},
            findings=[finding(code, urn="", property="")],
        )
        text = body(tmp_path, head)
        assert "## ❌ Carbon gate: stopped by 1 check\n" in text
        assert "- ⚠️ The program stopped there, so no policy rule could run.\n" in text
        assert "`tags`" not in text


def test_the_heading_tells_broken_rules_from_those_that_could_not_run(tmp_path: Path) -> None:
    head = preview(
        policy={"rules": [rule("tags", violations=1, not_run=1), rule("cap", not_run=2), rule("age", not_run=1)]},
        findings=[finding("tags"), finding("zone-mismatch")],
    )
    assert "stopped by 1 rule, 2 rules that could not run and 1 check\n" in body(tmp_path, head)


def test_a_rule_that_could_not_run_is_told_once(tmp_path: Path) -> None:
    head = preview(
        policy={"rules": [rule("age", "advisory", not_run=1), rule("late", "advisory", not_run=1)]},
        findings=[finding("age", "warning", urn=f"urn:pulumi:{STACK}::x::pulumi:pulumi:Stack::x-y", property="")],
    )
    lines = [line for line in body(tmp_path, head).splitlines() if line.startswith("- ⚠️")]
    assert lines == [
        "- ⚠️ `age` **Title of age**: the tag is missing",
        "- ⚠️ `late` **Title of late** could not run on 1 resource: it needs a value that is not known before `up`",
    ]


def test_exemptions_are_not_kept_quiet(tmp_path: Path) -> None:
    head = preview(policy={"rules": [{**rule("tags"), "exempted": 2}, {**rule("cap"), "exempted": 1}]})
    assert "Exempted by the project's settings: `tags` on 2 resources, `cap` on 1 resource." in body(tmp_path, head)


def test_types_that_no_rule_judges_are_said(tmp_path: Path) -> None:
    counts = {"aws:ebs/volume:Volume": 2, "command:local:Command": 1, "`|@all`": 1}
    text = body(tmp_path, preview(policy={"rules": [], "not_judged": counts}))
    said = "4 resources of types `aws:ebs:Volume` (2), `command:local:Command` (1), `'¦@all'` (1)"
    assert f"Not judged by the carbon gate: {said}." in text
    assert "Not judged" not in body(tmp_path, preview(policy={"rules": []}))


def test_resources_are_named_and_their_values_are_not(tmp_path: Path) -> None:
    head = preview(resources=[resource("notices", displayName="s3cr3t-new"), resource("extra")])
    base = preview(resources=[resource("notices", displayName="s3cr3t-old"), resource("gone")])
    text = body(tmp_path, head, base)
    assert "<summary>Resources: 1 added, 1 removed, 1 changed</summary>" in text
    assert "- added `aws:sns:Topic` `extra`" in text
    assert "- removed `aws:sns:Topic` `gone`" in text
    assert "- changed `aws:sns:Topic` `notices`: `displayName`" in text
    assert "s3cr3t" not in text


def test_neither_inputs_nor_outputs_are_shown(tmp_path: Path) -> None:
    head = preview(
        outputs={"password": "hunter2hunter2"}, resources=[resource("a", policy="hunter2hunter2")], messages=["hunter2"]
    )
    assert "hunter2" not in body(tmp_path, head)


def placement(region: str, zone: str, kg: float, usd: float) -> dict[str, Any]:
    return {
        "provider": "aws",
        "region": region,
        "zone": zone,
        "instance_type": "p5.48xlarge",
        "instances": 1,
        "purchase": "on_demand",
        "start": "2026-11-26T12:00:00Z",
        "end": "2026-11-26T21:00:00Z",
        "slices": [{"start": "2026-11-26T12:00:00Z", "end": "2026-11-26T21:00:00Z"}],
        "energy_kwh": 50.0,
        "emissions_kg": kg,
        "cost_usd": usd,
        "pue": 1.1,
        "pue_year": 2024,
        "intensity": {**INTENSITY_OF_PLAN, "g_per_kwh": kg * 8},
    }


INTENSITY_OF_PLAN = {
    "signal": "average",
    "basis": "lifecycle",
    "source": "Electricity Maps",
    "kind": "yearly mean",
    "observed_at": "2025-01-01T00:00:00Z",
}


def plan(plan_id: str = "f730a77b9bf3acf3", regions: int = 3) -> PlanFile:
    ranked = [placement("eu-north-1", "SE-SE3", 2.5, 515), *(
        placement(f"xx-west-{number}", "CA-QC", 2.5 + number, 500) for number in range(1, regions)
    )]  # fmt: skip
    return read_values(
        {
            "plan_id": plan_id,
            "as_of": "2026-11-26T11:00:00Z",
            "workload": {"name": "serve-8b", "project": "assistants", "team": "ml-team", "kind": "training"},
            "placement": ranked[0],
            "alternatives": ranked[1:],
        },
        PlanFile,
    )


def test_regions_of_the_plan_with_pue(tmp_path: Path) -> None:
    text = body(tmp_path, preview(), plans=[plan()])
    assert row(text, "1")[1:] == [
        "`aws:eu-north-1` (this stack)", "`SE-SE3`", "20.0", "2.50", "515", "2026-11-26 12:00"
    ]  # fmt: skip
    assert row(text, "3")[4] == "4.50"
    assert "| PUE of the planned region | 1.1 (2024) |" in text


def test_a_long_ranking_is_cut_but_keeps_this_stack(tmp_path: Path) -> None:
    text = body(tmp_path, preview(region="xx-west-8"), plans=[plan(regions=10)])
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|") and "`aws:" in line]
    assert [cells[1].strip() for cells in rows] == ["1", "2", "3", "4", "5", "9"]
    assert ["this stack" in cells[2] for cells in rows] == [False] * 5 + [True]
    assert "; 4 more not shown." in text


def test_a_plan_of_another_stack_ranks_nothing(tmp_path: Path) -> None:
    head = read_preview(write(tmp_path / "head.json", preview()))
    ((comment,), notes) = gate_comments([head], None, [plan("aaaaaaaaaaaa")], [], "error")
    assert "### Regions" not in comment.body
    assert notes == ["no previewed stack is pinned from plan aaaaaaaaaaaa"]


def stack_file(tmp_path: Path, stack: str, region: str, rank: int, kg: object) -> StackFile:
    section = {
        "workload": "serve-8b",
        "region": region,
        "carbon": {"zone": "SE-SE3", "intensity_g_per_kwh": 20.0},
        "planned": {"plan_id": "f730a77b9bf3acf3", "rank": rank, "emissions_kg": kg, "cost_usd": 515},
    }
    return StackFile(stack, tmp_path, "", {"assistants:inference": section}, "assistants")


def test_regions_of_stack_files_where_there_is_no_plan(tmp_path: Path) -> None:
    files = [
        stack_file(tmp_path, "second", "ca-central-1", 2, 3.9),
        stack_file(tmp_path, STACK, "eu-north-1", 1, 2.57),
        stack_file(tmp_path, "odd", "us-west-2", 3, "many"),
    ]
    text = body(tmp_path, preview(), stacks=files)
    assert row(text, "1")[1:6] == ["`eu-north-1` (this stack)", "`SE-SE3`", "20.0", "2.57", "515"]
    assert row(text, "2")[1] == "`ca-central-1`"
    assert row(text, "3")[4] == "not known"
