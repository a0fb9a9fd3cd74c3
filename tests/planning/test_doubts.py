"""What no program can build stands behind what one can, unless nothing else is left or the workload asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import NoPlacement
from greenai_infra.planning.document import plan_document
from greenai_infra.planning.notes import plan_notes

from .made_up import TRAINING, candidate, decision, offer, planned, steps, timing

if TYPE_CHECKING:
    from greenai_infra.planning.decide import Decision
    from greenai_infra.planning.planner import Plan

# "node" is no machine of SageMaker's, p4d.24xlarge is. 50 kWh x 20 g = 1 kg and 50 kWh x 100 g = 5 kg.
CLEAN_NODE = candidate("A")
DIRTY_P4D = candidate("B", instance_type="p4d.24xlarge")
ZONES = {"A": [20.0] * 4, "B": [100.0] * 4}


def zones_of(made: Decision) -> list[str]:
    return [one.candidate.region.zone for one in (made.placement, *made.alternatives)]


def test_what_can_be_built_stands_first_and_the_rule_is_priced() -> None:
    made = decision(CLEAN_NODE, DIRTY_P4D, zones=ZONES, when=timing(4))

    assert zones_of(made) == ["B"]
    assert [(one.constraint, one.placement.candidate.region.zone) for one in made.lifted[:1]] == [
        ("hardware.buildable_only", "A")
    ]
    assert made.lifted[0].saving_kg == pytest.approx(4.0)


def test_what_nobody_can_build_is_planned_where_nothing_else_is_left() -> None:
    assert zones_of(decision(CLEAN_NODE, zones=ZONES, when=timing(4))) == ["A"]


def test_the_workload_can_ask_for_it() -> None:
    asks = f"{TRAINING}  buildable_only: false\n"

    assert zones_of(decision(CLEAN_NODE, DIRTY_P4D, zones=ZONES, when=timing(4), text=asks)) == ["A", "B"]


def test_a_run_that_is_too_long_for_sagemaker_stands_behind_a_shorter_one() -> None:
    # 700 h are 29.2 days; SageMaker ends a job after 28.
    long = candidate("A", hours=700.0, instance_type="p4d.24xlarge")
    short = candidate("B", hours=600.0, instance_type="p4d.24xlarge")

    made = decision(long, short, zones={"A": [20.0] * 700, "B": [100.0] * 700}, when=timing(700))

    assert zones_of(made) == ["B"]


V6E = """
name: tpu-trial
project: trial
team: planner
kind: training
work: {accelerator_hours: {hours: 64, accelerator: TPU-v6e}}
hardware: {accelerators: [TPU-v6e], count: 8}
where: {providers: [gcp]}
"""
# Zones of the grids of us-west1, us-central1, us-east5 and asia-northeast1. us-west1 is the cleanest, and no TPU v6e is
# listed there for everybody; of Asia nobody knows.
GRIDS = {"US-NW-BPAT": 10.0, "US-MIDW-MISO": 500.0, "US-MIDA-PJM": 400.0, "JP-TK": 20.0}


def tpu_plan(*regions: str, text: str = V6E) -> Plan:
    sold = [
        offer(name, 20.0, instance_type="tpu-v6e-1", accelerator="TPU-v6e", accelerators=1, per_chip=True)
        for name in regions
    ]
    return planned(sold, *(steps(zone, [value] * 24) for zone, value in GRIDS.items()), text=text)


def test_a_tpu_is_planned_only_where_google_lists_it() -> None:
    made = tpu_plan("gcp:us-west1", "gcp:us-central1", "gcp:us-east5", "gcp:asia-northeast1")

    regions = [one.candidate.region.key for one in (made.decision.placement, *made.decision.alternatives)]
    assert regions == ["gcp:us-east5", "gcp:us-central1"]
    notes = " ".join(plan_notes(made))
    assert "priced but not generally offered, so left out: gcp:us-west1" in notes
    assert "but availability is unknown, so kept out: gcp:asia-northeast1" in notes
    chosen = plan_document(made)["placement"]
    assert (chosen["offered"], chosen["zones"]) == ("listed", ["us-east5-a", "us-east5-b"])


def test_what_is_not_known_stands_only_where_nothing_else_is_left_and_says_so() -> None:
    made = tpu_plan("gcp:us-west1", "gcp:asia-northeast1")

    assert made.decision.placement.candidate.region.key == "gcp:asia-northeast1"
    assert "whether Google offers TPU-v6e in gcp:asia-northeast1 is unknown" in " ".join(plan_notes(made))
    assert plan_document(made)["placement"]["offered"] == "unknown"


def test_what_is_not_listed_is_no_plan_at_all() -> None:
    with pytest.raises(
        NoPlacement, match=r"hardware\.availability \(listed\) removed 1(.|\n)*us-west1-c is single-tenant"
    ):
        tpu_plan("gcp:us-west1")


def test_a_reservation_of_ones_own_lets_everything_in() -> None:
    asks = V6E.replace("count: 8", "count: 8, availability: any")

    made = tpu_plan("gcp:us-west1", "gcp:us-central1", "gcp:asia-northeast1", text=asks)

    assert made.decision.placement.candidate.region.key == "gcp:us-west1"


def test_a_region_that_must_be_enabled_and_a_single_zone_are_said() -> None:
    sold = offer("aws:ap-southeast-3", zone_count=1, zones=("apse3-az1",))

    made = planned([sold], steps("ID", [600.0] * 24))

    notes = " ".join(plan_notes(made))
    assert "aws account enable-region --region-name ap-southeast-3" in notes
    assert "p4d.24xlarge is sold in one zone of aws:ap-southeast-3 only: apse3-az1" in notes
    assert plan_document(made)["placement"]["opt_in"] is True
