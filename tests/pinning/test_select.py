"""Which regions of a plan become stacks, which one is chosen, and what a new plan does to an earlier choice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.errors import InputError, Refused
from greenai_infra.project.stack_files import default_stack, mark_built

from .plans import (
    CANADA,
    FOUR,
    NORTH,
    OHIO,
    OREGON,
    again,
    config,
    make_project,
    pin,
    placement,
    plan,
    ranking,
    selected,
    stack,
    stacks,
    training,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "plan.json"}


def test_the_first_three_regions_of_the_ranking_become_stacks_and_the_first_is_chosen(project: Path) -> None:
    selection = pin(project, FOUR)

    assert [one.stack for one in selection.stacks] == ["tune-eu-north-1", "tune-ca-central-1", "tune-us-west-2"]
    assert stacks(project) == [
        "Pulumi.tune-ca-central-1.yaml",
        "Pulumi.tune-eu-north-1.yaml",
        "Pulumi.tune-us-west-2.yaml",
    ]
    assert selected(project) == ["Pulumi.tune-eu-north-1.yaml"]
    assert [training(stack(project, region))["planned"]["rank"] for region in (NORTH, CANADA, OREGON)] == [1, 2, 3]
    assert default_stack(project) == "tune-eu-north-1"
    assert selection.notes == ()


@pytest.mark.parametrize(("top", "expected"), [(1, 1), (2, 2), (4, 4), (50, 4)])
def test_as_many_as_asked_for_or_as_there_are(project: Path, top: int, expected: int) -> None:
    assert len(pin(project, FOUR, top=top).stacks) == expected
    assert len(stacks(project)) == expected


def test_the_same_plan_again_leaves_every_byte_as_it_is(project: Path) -> None:
    pin(project, FOUR)
    before = contents(project)

    selection = pin(project, FOUR)

    assert selection.texts == {}
    assert contents(project) == before


@pytest.mark.parametrize(("kg", "chosen"), [(1.81, NORTH), (1.80, NORTH), (1.79, OREGON)])
def test_the_choice_moves_only_for_more_than_ten_percent(project: Path, kg: float, chosen: str) -> None:
    # 1.80 kg for 2.00 kg is a gain of 10 %.
    pin(project, FOUR)

    later = again(ranking(us_west_2=kg, eu_north_1=2.0, ca_central_1=4.0))
    selection = pin(project, later)

    assert selected(project) == [f"Pulumi.tune-{chosen}.yaml"]
    assert selection.choice.switched is (chosen != NORTH)
    assert selection.stacks[0].stack == f"tune-{chosen}"
    assert {training(stack(project, region))["planned"]["plan_id"] for region in (NORTH, CANADA, OREGON)} == {
        later["plan_id"]
    }


def test_a_choice_that_stays_is_the_first_stack_and_the_best_region_the_second(project: Path) -> None:
    pin(project, FOUR, top=1)

    selection = pin(project, ranking(us_west_2=1.9, ca_central_1=1.95, eu_north_1=2.0))

    assert [one.stack for one in selection.stacks] == ["tune-eu-north-1", "tune-us-west-2", "tune-ca-central-1"]
    assert [one.planned.rank for one in selection.stacks] == [1, 2, 3]
    assert selection.choice.reason.startswith("stays in aws:eu-north-1: aws:us-west-2 would save 5 %")


def test_equal_regions_whose_order_flips_from_plan_to_plan_never_move_the_choice(project: Path) -> None:
    one, other = ranking(eu_north_1=2.0, us_west_2=2.0), ranking(us_west_2=2.0, eu_north_1=2.0)
    pin(project, one)
    before = contents(project)

    for document in (other, one, other, other, one):
        selection = pin(project, document, threshold_percent=0.0)

        assert selection.choice.switched is False
        now = {
            name: text.replace(document["plan_id"].encode(), one["plan_id"].encode())
            for name, text in contents(project).items()
        }
        assert now == before


def test_a_move_says_how_to_remove_what_may_stand_in_the_region_that_is_left(project: Path) -> None:
    pin(project, FOUR)

    selection = pin(project, ranking(us_west_2=1.0, eu_north_1=2.0))

    assert (
        "if tune-eu-north-1 has been built, it still stands; "
        "remove it with: greenai-infra destroy --stack tune-eu-north-1"
    ) in selection.notes


def test_force_moves_it_for_any_gain(project: Path) -> None:
    pin(project, FOUR)

    pin(project, ranking(us_west_2=1.99, eu_north_1=2.0), force=True)

    assert selected(project) == ["Pulumi.tune-us-west-2.yaml"]


def test_a_region_that_is_gone_from_the_plan_is_left_with_its_file_and_without_its_mark(project: Path) -> None:
    pin(project, FOUR, top=1)
    north = config(stack(project, NORTH))

    selection = pin(project, again(ranking(ca_central_1=4.0, us_west_2=8.0)))

    assert selected(project) == ["Pulumi.tune-ca-central-1.yaml"]
    assert "aws:eu-north-1 is no longer in the ranking" in selection.choice.reason
    assert config(stack(project, NORTH)) == {k: v for k, v in north.items() if k != "greenai-infra:selected"}
    assert (
        "Pulumi.tune-eu-north-1.yaml is not among the pinned regions of this plan; it keeps its earlier plan"
        in selection.notes
    )


def test_a_region_without_capacity_for_this_plan_is_left_out(project: Path) -> None:
    pin(project, FOUR)
    mark_built(project, FOUR["plan_id"], built="tune-ca-central-1", without_capacity=["tune-eu-north-1"])

    selection = pin(project, FOUR)

    assert [one.stack for one in selection.stacks] == ["tune-ca-central-1", "tune-us-west-2", "tune-us-east-2"]
    assert selected(project) == ["Pulumi.tune-ca-central-1.yaml"]
    assert config(stack(project, NORTH))["greenai-infra:no-capacity"] == FOUR["plan_id"]
    assert (
        "tune-eu-north-1 is left out: for this plan it had no capacity or was closed; --force tries it again"
        in selection.notes
    )


def test_a_new_plan_tries_a_region_again_that_had_no_capacity(project: Path) -> None:
    pin(project, FOUR)
    mark_built(project, FOUR["plan_id"], built="tune-ca-central-1", without_capacity=["tune-eu-north-1"])

    pin(project, again(FOUR))

    assert selected(project) == ["Pulumi.tune-eu-north-1.yaml"]
    assert "greenai-infra:no-capacity" not in config(stack(project, NORTH))


def test_force_tries_a_region_again_for_the_same_plan(project: Path) -> None:
    pin(project, FOUR)
    mark_built(project, FOUR["plan_id"], built="tune-ca-central-1", without_capacity=["tune-eu-north-1"])

    pin(project, FOUR, force=True)

    assert selected(project) == ["Pulumi.tune-eu-north-1.yaml"]
    assert "greenai-infra:no-capacity" not in config(stack(project, NORTH))


def test_where_no_region_of_the_plan_has_capacity_it_says_so(project: Path) -> None:
    pin(project, FOUR, top=4)
    for region in (NORTH, CANADA, OREGON, OHIO):
        mark_without_capacity(stack(project, region))

    with pytest.raises(
        Refused, match=r"every region had no capacity for this plan or was closed; plan again, .* --force"
    ):
        pin(project, FOUR)


def mark_without_capacity(file: Path) -> None:
    head, section, tail = file.read_text(encoding="utf-8").partition("  greenai-infra:training:\n")
    text = f'{head}  greenai-infra:no-capacity: "{FOUR["plan_id"]}"\n{section}{tail}'
    file.write_text(text, encoding="utf-8")


def test_a_chosen_region_that_is_marked_without_capacity_loses_its_mark(project: Path) -> None:
    pin(project, FOUR)
    mark_without_capacity(stack(project, NORTH))

    selection = pin(project, FOUR)

    assert selected(project) == ["Pulumi.tune-ca-central-1.yaml"]
    assert selection.choice.switched is True


def test_two_marked_stacks_are_named_and_force_chooses_anew(project: Path) -> None:
    pin(project, FOUR)
    file = stack(project, OREGON)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("program: training\n", "program: training\n  greenai-infra:selected: true\n"))

    with pytest.raises(InputError) as raised:
        pin(project, FOUR)
    pin(project, FOUR, force=True)

    assert "(Pulumi.tune-eu-north-1.yaml, Pulumi.tune-us-west-2.yaml)" in str(raised.value)
    assert "take `greenai-infra:selected` out of all but one" in str(raised.value)
    assert selected(project) == ["Pulumi.tune-eu-north-1.yaml"]


def test_the_choice_of_another_workload_in_the_same_project_is_its_own(project: Path) -> None:
    pin(project, FOUR)
    other = {**ranking(us_west_2=1.0), "workload": {**FOUR["workload"], "name": "serve"}}

    selection = pin(project, other)

    assert selected(project) == ["Pulumi.serve-us-west-2.yaml", "Pulumi.tune-eu-north-1.yaml"]
    assert (selection.choice.switched, selection.notes) == (False, ())


def test_a_first_choice_that_its_cloud_does_not_train_on_is_refused(project: Path) -> None:
    document = plan(placement("europe-north1", 1.0, provider="gcp"), placement(NORTH, 2.0))

    with pytest.raises(Refused, match=r"gcp:europe-north1: Vertex AI does not train on p5.48xlarge; plan with other"):
        pin(project, document)

    assert stacks(project) == []


def test_alternatives_that_can_t_be_built_are_passed_over_and_named(project: Path) -> None:
    document = plan(
        placement(NORTH, 1.0),
        placement("europe-north1", 1.5, provider="gcp"),
        placement("us-west1", 1.6, provider="gcp"),
        placement(OREGON, 2.0),
    )

    selection = pin(project, document)

    assert [(one.stack, one.planned.rank) for one in selection.stacks] == [
        ("tune-eu-north-1", 1),
        ("tune-us-west-2", 2),
    ]
    assert selection.notes == tuple(
        f"skipped: gcp:{region}: Vertex AI does not train on p5.48xlarge; plan with other hardware.accelerators"
        for region in ("europe-north1", "us-west1")
    )


def test_inference_without_its_load_is_refused(project: Path) -> None:
    document = {**FOUR, "workload": {**FOUR["workload"], "kind": "inference"}}
    served = {**document["placement"], "instance_type": "inf2.xlarge"}

    with pytest.raises(InputError, match=r"lacks workload\.work\.requests_per_second or serve_hours"):
        pin(project, {**document, "placement": served})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"instance_type": "u-6tb1.metal"}, r"SageMaker does not train on u-6tb1\.metal; .*hardware\.accelerators"),
        ({"cost_usd": None}, r"has no cost in the plan"),
    ],
)
def test_what_can_not_be_built_is_refused_as_first_and_passed_over_as_alternative(
    project: Path, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused, match=f"aws:us-west-2.*{message}"):
        pin(project, plan(placement(OREGON, 1.0, **wrong), placement(NORTH, 2.0)))

    selection = pin(project, plan(placement(NORTH, 2.0), placement(OREGON, 3.0, **wrong), placement(CANADA, 4.0)))

    assert [one.stack for one in selection.stacks] == ["tune-eu-north-1", "tune-ca-central-1"]
    assert len(selection.notes) == 1
    assert selection.notes[0].startswith("skipped: aws:us-west-2")


def test_a_region_whose_zones_are_not_known_needs_them_in_its_file(project: Path) -> None:
    document = ranking(us_west_1=1.0)

    lacking = pin(project, document)

    assert "network" not in training(stack(project, "us-west-1"))
    note = next(one for one in lacking.notes if "can't be built yet" in one)
    assert note.startswith(
        "tune-us-west-1 can't be built yet: it lacks network, which no plan knows; write into Pulumi."
    )
    zones = yaml.safe_load(note.partition("\n")[2])["config"]["greenai-infra:training"]["network"]
    assert zones == {"availability_zones": ["us-west-1a", "us-west-1b"]}
    stack(project, "us-west-1").write_text(
        "config:\n  greenai-infra:training:\n    network:\n      availability_zones: [us-west-1a, us-west-1c]\n"
    )
    assert not any("can't be built yet" in one for one in pin(project, document).notes)
    assert training(stack(project, "us-west-1"))["network"] == {"availability_zones": ["us-west-1a", "us-west-1c"]}


@pytest.mark.parametrize(
    ("now", "too_late"),
    [
        ("2026-03-01T00:45:00Z", False),
        ("2026-03-01T00:45:01Z", True),
        ("2026-03-01T01:00:00Z", True),
        ("2026-04-01T00:00:00Z", True),
    ],
)
def test_a_start_that_is_past_or_too_near_is_noted(project: Path, now: str, too_late: bool) -> None:
    # The run starts at 01:00, and building the stack takes a quarter of an hour.
    selection = pin(project, FOUR, now=datetime.fromisoformat(now))

    notes = [note for note in selection.notes if "2026-03-01T01:00:00Z is past or too near" in note]
    assert len(notes) == int(too_late)
    assert all("when.earliest" in note and "--launch now --image URI" in note for note in notes)


def test_a_job_that_starts_with_up_is_never_too_late(project: Path) -> None:
    image = "123456789012.dkr.ecr.{region}.amazonaws.com/tune:v1"

    selection = pin(project, FOUR, now=datetime.fromisoformat("2026-04-01T00:00:00Z"), launch="now", image=image)

    assert selection.notes == ()
    assert training(stack(project, NORTH))["launch"] == "now"


def test_plan_on_made_up_values_is_refused(project: Path) -> None:
    made_up = placement(NORTH, 2.0, intensity={**placement(NORTH, 2.0)["intensity"], "flags": ["sandbox"]})
    with pytest.raises(Refused, match="the token is a sandbox token"):
        pin(project, plan(made_up))
    assert pin(project, plan(made_up), force=True).stacks[0].config.carbon.source.endswith("[sandbox]")


def test_an_earlier_choice_moves_by_what_the_plan_minimised(project: Path) -> None:
    # At 10,000 USD a tonne: Stockholm 400 + 20, Oregon 200 + 80 USD: 33 % less, though Oregon emits four times as much.
    workload = {**FOUR["workload"], "objective": {"carbon_price_usd_per_tonne": 10_000}}
    pin(project, plan(placement(NORTH, 2.0, cost_usd=400.0), placement(OREGON, 8.0, cost_usd=600.0), workload=workload))
    cheaper = plan(placement(OREGON, 8.0, cost_usd=200.0), placement(NORTH, 2.0, cost_usd=400.0), workload=workload)

    choice = pin(project, cheaper).choice

    assert (choice.region, choice.switched) == (f"aws:{OREGON}", True)
    assert "saves 33.3 % (280 USD with carbon in aws:us-west-2, 420 in aws:eu-north-1)" in choice.reason


def several(folder: Path) -> dict[str, Any]:
    """The training section of the one stack of all regions."""
    return training(folder / "Pulumi.tune.yaml")


def test_all_regions_become_one_stack_if_asked_for(project: Path) -> None:
    selection = pin(project, FOUR, multi_region=True)

    assert stacks(project) == ["Pulumi.tune.yaml"]
    assert several(project)["active"] == NORTH
    assert list(several(project)["regions"]) == [NORTH, CANADA, OREGON]
    assert [one.label for one in selection.stacks] == [NORTH, CANADA, OREGON]
    assert selected(project) == ["Pulumi.tune.yaml"]


def test_a_new_plan_changes_active_and_run_and_leaves_the_regions_as_they_were_built(project: Path) -> None:
    pin(project, FOUR, multi_region=True)
    file = project / "Pulumi.tune.yaml"
    file.write_text(
        file.read_text().replace("        spot: false\n", "        spot: false\n        volume_gb: 900  # mine\n")
    )
    before = several(project)

    pin(project, ranking(us_west_2=1.0, us_east_2=3.0, ca_central_1=4.0, eu_north_1=9.0), multi_region=True, top=4)

    after = several(project)
    assert after["active"] == OREGON
    assert after["run"]["planned"]["emissions_kg"] == 1.0
    assert after["run"]["planned"]["plan_id"] != before["run"]["planned"]["plan_id"]
    assert {name: after["regions"][name] for name in before["regions"]} == before["regions"]
    assert after["regions"][OHIO]["planned"]["emissions_kg"] == 3.0
    assert config(file)["aws:region"] == NORTH, "another region of the provider would be a change of the provider"
    assert "volume_gb: 900  # mine" in file.read_text()


def test_a_region_that_the_new_plan_drops_stays_and_is_told(project: Path) -> None:
    pin(project, FOUR, multi_region=True)

    selection = pin(project, ranking(eu_north_1=2.0, us_east_2=3.0), multi_region=True)

    assert set(several(project)["regions"]) == {NORTH, CANADA, OREGON, OHIO}
    assert any(note.startswith("ca-central-1 stays in Pulumi.tune.yaml and stays built") for note in selection.notes)


def test_only_regions_of_the_first_one_s_cloud_share_a_stack(project: Path) -> None:
    gcp = placement("us-west1", 3.0, provider="gcp", instance_type="g2-standard-96")

    selection = pin(project, plan(placement(NORTH, 2.0), gcp, placement(OREGON, 4.0)), multi_region=True)

    assert list(several(project)["regions"]) == [NORTH, OREGON]
    assert "skipped: gcp:us-west1: the stack's regions are all of aws" in selection.notes


def test_one_kind_of_stack_is_not_written_over_the_other(project: Path) -> None:
    pin(project, FOUR, multi_region=True)
    (project / "Pulumi.tune.yaml").rename(project / "Pulumi.tune-eu-north-1.yaml")

    with pytest.raises(InputError, match="is for several regions; select with --multi-region"):
        pin(project, FOUR)
