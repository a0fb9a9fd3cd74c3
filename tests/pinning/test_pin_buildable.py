"""What the rule of plans lets through, `select` pins: each kind of machine of the catalogue, as a whole stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.catalog.buildable import not_built
from greenai_infra.catalog.offers import EMBEDDED, offers
from greenai_infra.contracts.plan import PlanFile
from greenai_infra.errors import Refused
from greenai_infra.pinning.pin import pin
from greenai_infra.pinning.pins.options import Options
from greenai_infra.project.stack_files import read_project, stack_file
from greenai_infra.typed_yaml.values import read_values

from .plans import make_project, placement, plan

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = {(one.provider, one.instance_type): one.region for one in offers(path=EMBEDDED, include_suspect=True)}
WORK = {"training": {}, "inference": {"requests_per_second": 20, "serve_hours": 720}}


@pytest.mark.parametrize("kind", WORK)
def test_plan_and_select_agree_on_what_can_be_built(tmp_path: Path, kind: str) -> None:
    project = read_project(make_project(tmp_path))
    built = set()
    for (provider, instance_type), region in MACHINES.items():
        for number in (1, 8):
            one = placement(region, 2.0, provider=provider, instance_type=instance_type, instances=number)
            owner = {"name": "tune", "project": "assistants", "team": "research", "kind": kind, "work": WORK[kind]}
            made = read_values(plan(one, workload=owner), PlanFile)
            times = [(piece.start.timestamp(), piece.end.timestamp()) for piece in made.placement.slices]
            refused = not_built(kind, provider, instance_type, number, "on_demand", times)
            file = stack_file(project, f"tune-{region}")
            if refused:
                with pytest.raises(Refused) as raised:
                    pin(made, made.placement, file, 1, Options())
                assert str(raised.value) == f"{provider}:{region}: {refused}"
            else:
                assert pin(made, made.placement, file, 1, Options()).stack == f"tune-{region}"
                built.add(provider)
    assert built == {"aws", "gcp"}
