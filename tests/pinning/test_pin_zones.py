"""What `select` makes of where an offer is sold: subnets in its zones, and words on what the account must do first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .plans import NORTH, make_project, pin, placement, plan, stack, training

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.pinning.select import Selection

OWN = "config:\n  greenai-infra:training:\n    network:\n      availability_zones: [{}]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return make_project(tmp_path / "project")


def pinned(project: Path, region: str, *zones: str, **more: Any) -> Selection:
    return pin(project, plan(placement(region, 2.0, zones=list(zones), zone_count=len(zones) or None, **more)))


def notes(project: Path, region: str, *zones: str, **more: Any) -> str:
    return "\n".join(pinned(project, region, *zones, **more).notes)


# By SkyPilot's catalogue of July 2026, eu-north-1 has az1 to az3, and ca-central-1 az1, az2 and az4.
@pytest.mark.parametrize(
    ("region", "sold_in", "at_least", "number"),
    [
        ("eu-north-1", ["eun1-az3"], {"eun1-az3"}, 2),
        ("ca-central-1", ["cac1-az4"], {"cac1-az4"}, 2),
        ("eu-north-1", ["eun1-az1", "eun1-az2", "eun1-az3"], {"eun1-az1", "eun1-az2", "eun1-az3"}, 3),
        ("us-east-1", [f"use1-az{number}" for number in range(1, 7)], set(), 4),
    ],
)
def test_subnets_lie_where_the_machine_is_sold(
    project: Path, region: str, sold_in: list[str], at_least: set[str], number: int
) -> None:
    pinned(project, region, *sold_in)

    zones = training(stack(project, region))["network"]["availability_zones"]
    assert at_least <= set(zones)
    assert len(set(zones)) == len(zones) == number
    assert all(zone.startswith(sold_in[0][:-1]) for zone in zones)


def test_zones_by_letter_where_nobody_says_which_sell_it(project: Path) -> None:
    pinned(project, NORTH)

    zones = training(stack(project, NORTH))["network"]["availability_zones"]
    assert zones == ["eu-north-1a", "eu-north-1b", "eu-north-1c"]


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("eun1-az1, eun1-az2", "p5.48xlarge is sold in eun1-az3; name them by ID"),
        ("eu-north-1a, eu-north-1b", "whether they reach eun1-az3, where p5.48xlarge is sold, differs by account"),
        ("eu-north-1a, eu-north-1b, eu-north-1c", None),  # all three that there are
        ("eun1-az2, eun1-az3", None),
    ],
)
def test_an_own_network_is_kept_and_told_what_it_misses(project: Path, own: str, says: str | None) -> None:
    stack(project, NORTH).write_text(OWN.format(own))

    said = notes(project, NORTH, "eun1-az3")

    assert training(stack(project, NORTH))["network"]["availability_zones"] == own.split(", ")
    assert (says in said) if says else ("availability_zones" not in said)


def test_one_zone_a_region_to_enable_and_a_list_not_read_are_said(project: Path) -> None:
    said = notes(project, "ap-southeast-3", "apse3-az1", service_list_read=False)

    assert "p5.48xlarge is sold in one zone of aws:ap-southeast-3 only: apse3-az1" in said
    assert "aws account enable-region --region-name ap-southeast-3" in said
    assert "EC2 has it, SageMaker's list not read: aws:ap-southeast-3; to read it, and then plan again: greenai" in said


def test_what_is_not_known_to_be_offered_is_said(project: Path) -> None:
    says = "whether Google offers TPU-v5p in gcp:europe-west4 is unknown"

    said = notes(
        project,
        "europe-west4",
        provider="gcp",
        instance_type="tpu-v6e-1",
        instances=8,
        offered="unknown",
        availability=says,
    )

    assert says in said


def test_nothing_is_said_of_a_region_that_is_on_and_has_it_everywhere(project: Path) -> None:
    assert pinned(project, NORTH, "eun1-az1", "eun1-az2", "eun1-az3").notes == ()
