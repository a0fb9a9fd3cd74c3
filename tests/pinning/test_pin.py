"""What a pinned stack's file says, and what of it stays the author's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.stack.training import read_training_config
from greenai_infra.errors import InputError, Refused

from .plans import (
    CANADA,
    FOUR,
    NORTH,
    OREGON,
    again,
    config,
    make_project,
    pin,
    placement,
    plan,
    plan_id,
    ranking,
    stack,
    stacks,
    training,
)

if TYPE_CHECKING:
    from pathlib import Path

SLICES = [("2026-03-01T01:00:00Z", "2026-03-01T05:00:00Z"), ("2026-03-02T01:00:00Z", "2026-03-02T05:30:00Z")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def rewrite(file: Path, *changes: tuple[str, str]) -> str:
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return text


def test_everything_that_is_pinned_is_what_the_plan_says(project: Path) -> None:
    intensity = {
        "g_per_kwh": 19.123456789,
        "signal": "marginal",
        "basis": "direct",
        "source": "a forecast",
        "kind": "forecast",
        "observed_at": "2026-02-28T23:00:00+01:00",
        "flags": ["estimated", "stale"],
    }
    one = placement(
        OREGON, 1.23456789, slices=SLICES, zone="US-NW-PACW", instances=4, purchase="spot", intensity=intensity
    )

    pin(project, plan(one))

    assert config(stack(project, OREGON)) == {
        "aws:region": "us-west-2",
        "greenai-infra:program": "training",
        "greenai-infra:selected": "true",
        "greenai-infra:training": {
            "workload": "tune",
            "project": "assistants",
            "team": "research",
            "region": "us-west-2",
            "instance_type": "ml.p5.48xlarge",
            "instance_count": 4,
            "spot": True,
            "slices": [
                {"start": "2026-03-01T01:00:00Z", "end": "2026-03-01T05:00:00Z"},
                {"start": "2026-03-02T01:00:00Z", "end": "2026-03-02T05:30:00Z"},
            ],
            "carbon": {
                "zone": "US-NW-PACW",
                "intensity_g_per_kwh": 19.1235,
                "signal": "marginal",
                "basis": "direct",
                "source": "a forecast [estimated, stale]",
                "kind": "forecast",
                "observed_at": "2026-02-28T22:00:00Z",
            },
            "planned": {
                "plan_id": plan_id(project),
                "planned_at": "2026-03-01T00:00:00Z",
                "rank": 1,
                "energy_kwh": 48.5,
                "emissions_kg": 1.23457,
                "cost_usd": 471.25,
            },
            "network": {"availability_zones": ["us-west-2a", "us-west-2b", "us-west-2c"]},
        },
    }


def test_only_the_first_stack_is_marked_and_a_new_file_says_what_it_is(project: Path) -> None:
    pin(project, FOUR)

    assert stack(project, NORTH).read_text(encoding="utf-8").startswith("# greenai-infra select pins the plan here. ")
    assert "greenai-infra:selected" not in config(stack(project, CANADA))


def test_the_program_reads_what_was_pinned(project: Path) -> None:
    pin(project, FOUR)

    read = read_training_config(training(stack(project, CANADA)))

    assert (read.region, read.planned.emissions_kg, read.launch) == ("ca-central-1", 4.0, "scheduled")


def test_own_keys_and_comments_survive_the_next_plan(project: Path) -> None:
    pin(project, FOUR)
    file = stack(project, NORTH)
    edited = rewrite(
        file,
        ("config:\n", "encryptionsalt: v1:abc=\nconfig:\n  # Ours.\n  aws:profile: research\n"),
        ("    spot: false\n", "    spot: false   # too short to be interrupted\n    retention_days: 7\n"),
        ("    carbon:\n", "    image: 123456789012.dkr.ecr.eu-north-1.amazonaws.com/tune:v2\n\n    carbon:\n"),
        ("        - eu-north-1b\n", "        - eu-north-1b  # by the river\n"),
        ("      availability_zones:\n", "      cidr: 10.7.0.0/16\n      availability_zones:\n"),
    )

    before = plan_id(project)
    pin(project, again(ranking(eu_north_1=2.5)))

    assert file.read_text(encoding="utf-8") == edited.replace(before, plan_id(project)).replace(
        "emissions_kg: 2.0", "emissions_kg: 2.5"
    )
    assert read_training_config(training(file)).retention_days == 7


def test_own_edits_of_what_the_plan_decides_do_not(project: Path) -> None:
    pin(project, FOUR)
    rewrite(stack(project, NORTH), ("instance_count: 1", "instance_count: 8"), ("rank: 1", "rank: 9"))

    pin(project, FOUR)

    assert training(stack(project, NORTH))["instance_count"] == 1
    assert training(stack(project, NORTH))["planned"]["rank"] == 1


def test_a_file_that_was_written_before_is_filled_in(project: Path) -> None:
    stack(project, NORTH).write_text("# Ours.\nconfig:\n  greenai-infra:training:\n    retention_days: 7\n")

    pin(project, FOUR)

    assert stack(project, NORTH).read_text().startswith("# Ours.\nconfig:\n  greenai-infra:training:\n")
    assert training(stack(project, NORTH))["retention_days"] == 7
    assert config(stack(project, NORTH))["aws:region"] == NORTH


@pytest.mark.parametrize(
    ("next_plan", "kept"),
    [
        ({"purchase": "spot"}, True),
        ({"purchase": "on_demand"}, False),
        ({"purchase": "spot", "slices": SLICES}, False),
    ],
    ids=["one run on spot", "on demand", "in slices"],
)
def test_the_bound_of_waiting_for_spot_stays_while_there_is_a_single_run_on_spot(
    project: Path, next_plan: dict[str, Any], kept: bool
) -> None:
    pin(project, plan(placement(NORTH, 2.0, purchase="spot")))
    rewrite(stack(project, NORTH), ("    spot: true\n", "    spot: true\n    max_wait_hours: 20 # at night\n"))

    pin(project, plan(placement(NORTH, 2.0, **next_plan)))

    assert ("max_wait_hours: 20 # at night\n" in stack(project, NORTH).read_text(encoding="utf-8")) is kept


def test_a_bound_of_waiting_that_is_shorter_than_the_new_run_is_named(project: Path) -> None:
    pin(project, plan(placement(NORTH, 2.0, purchase="spot")))
    before = rewrite(stack(project, NORTH), ("    spot: true\n", "    spot: true\n    max_wait_hours: 10\n"))
    longer = [("2026-03-01T01:00:00Z", "2026-03-01T13:00:00Z")]

    with pytest.raises(InputError, match=r"max_wait_hours \(is 10\) includes the run: at least 12"):
        pin(project, plan(placement(NORTH, 2.0, purchase="spot", slices=longer)))

    assert stack(project, NORTH).read_text(encoding="utf-8") == before


def test_an_own_setting_that_is_wrong_is_named_with_file_key_and_value(project: Path) -> None:
    pin(project, FOUR)
    rewrite(stack(project, NORTH), ("    spot: false\n", "    spot: false\n    retention_days: seven\n"))

    with pytest.raises(
        InputError,
        match=r"^Pulumi\.tune-eu-north-1\.yaml: greenai-infra:training: retention_days: .* \(is 'seven'\)",
    ):
        pin(project, FOUR)


def test_an_alternative_whose_own_setting_is_wrong_is_passed_over_and_left_alone(project: Path) -> None:
    pin(project, FOUR)
    before = rewrite(stack(project, CANADA), ("    spot: false\n", "    spot: false\n    colour: green\n"))

    selection = pin(project, again(FOUR))

    assert [one.stack for one in selection.stacks] == ["tune-eu-north-1", "tune-us-west-2", "tune-us-east-2"]
    said = "Pulumi.tune-ca-central-1.yaml: greenai-infra:training: colour: unknown key; known here: workload, "
    assert said in selection.notes[0]
    assert stack(project, CANADA).read_text(encoding="utf-8") == before


def test_options_are_written_and_stay_without_being_given_again(project: Path) -> None:
    image = "123456789012.dkr.ecr.{region}.amazonaws.com/tune:v1"

    pin(project, FOUR, launch="now", image=image, notify=("a@example.com", "b@example.com"))
    pin(project, FOUR)

    for region in (NORTH, CANADA, OREGON):
        section = training(stack(project, region))
        assert section["launch"] == "now"
        assert section["image"] == f"123456789012.dkr.ecr.{region}.amazonaws.com/tune:v1"
        assert section["notify_emails"] == ["a@example.com", "b@example.com"]


def test_an_image_in_another_regions_registry_is_refused(project: Path) -> None:
    with pytest.raises(
        Refused,
        match=r"aws:eu-north-1: the image lies in us-west-2, .* write \{region\} in the URI and replicate the image",
    ):
        pin(project, FOUR, image="123456789012.dkr.ecr.us-west-2.amazonaws.com/tune:v1")

    assert stacks(project) == []


def test_an_image_in_the_first_regions_registry_pins_that_region_alone(project: Path) -> None:
    selection = pin(project, FOUR, image="123456789012.dkr.ecr.eu-north-1.amazonaws.com/tune:v1")

    assert [one.stack for one in selection.stacks] == ["tune-eu-north-1"]
    assert len(selection.notes) == 3
    assert all("the image lies in eu-north-1" in note for note in selection.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": "docker.io/library/python:3"}, r"image: .*\(is 'docker\.io/library/python:3'\)"),
        ({"notify": ("nobody",)}, r"notify_emails\.0: .*\(is 'nobody'\)"),
        ({"launch": "now"}, r"launch: now needs image"),
    ],
)
def test_an_option_that_can_not_be_used_is_named(project: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pin(project, FOUR, **options)

    assert stacks(project) == []


def test_a_plan_in_slices_does_not_start_with_up(project: Path) -> None:
    image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/tune:v1"

    with pytest.raises(
        InputError, match=r"launch: now runs one training job; a plan in slices needs launch: scheduled"
    ):
        pin(project, plan(placement(NORTH, 2.0, slices=SLICES)), launch="now", image=image)


def test_a_run_that_is_longer_than_sagemaker_allows_is_refused(project: Path) -> None:
    march = [("2026-03-01T01:00:00Z", "2026-04-01T01:00:00Z")]

    with pytest.raises(Refused, match=r"aws:eu-north-1: SageMaker lets a job run for 28 days at most, not 31\.0; plan"):
        pin(project, plan(placement(NORTH, 2.0, slices=march)))


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ([SLICES[1], SLICES[0]], r"slice 2026-03-01T01:00:00Z starts before the one before it has ended"),
        ([("2026-03-01T05:00:00Z", "2026-03-01T01:00:00Z")], r"slices\.0: .*not after its start"),
        ([("2026-02-01T01:00:00Z", "2026-02-01T05:00:00Z")], r"slices start at 2026-02-01.*before planned\.planned_at"),
    ],
)
def test_times_that_make_no_sense_are_named(project: Path, slices: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pin(project, plan(placement(NORTH, 2.0, slices=slices)))
