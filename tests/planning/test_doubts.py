"""What no program can build stands behind what one can, unless nothing else is left or the workload asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .made_up import TRAINING, candidate, decision, timing

if TYPE_CHECKING:
    from greenai_infra.planning.decide import Decision

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
