"""Names of a workload: looked up once, when the file is read."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from greenai_infra.errors import InputError
from greenai_infra.planning import workload_names
from greenai_infra.planning.make import plan
from greenai_infra.planning.workload_file import parse_workload
from greenai_infra.planning.workload_parts import Data

TEXT = """
name: job-a
project: assistants
team: ml-team
kind: training
work: {accelerator_hours: {hours: 800, accelerator: a100-80gb}}
hardware: {accelerators: [h100, A100-80GB]}
where: {allow: [eu-north-1, us-east-1, "gcp:europe-north1"], deny: ["aws:us-east-1"], residency: [eu, CH]}
data: {size_gb: 500, region: us-east-1}
baseline: {region: "gcp:europe-north1", accelerator: h100}
"""


def test_a_read_workload_holds_regions_and_chips() -> None:
    found = parse_workload(TEXT, "w.yaml").resolved
    assert list(found.chips) == ["H100", "A100-80GB"]
    assert found.work_chip is found.chips["A100-80GB"]
    assert {region.key for region in found.allow or ()} == {"aws:eu-north-1", "aws:us-east-1", "gcp:europe-north1"}
    assert [region.key for region in found.deny] == ["aws:us-east-1"]
    assert len(found.countries or ()) == 28  # 27 of the EU, and Switzerland
    assert found.data_region is not None
    assert found.data_region.zone == "US-MIDA-PJM"
    assert found.baseline_region is not None
    assert found.baseline_region.zone == "FI"
    assert found.baseline_chip is found.chips["H100"]


def test_no_name_is_looked_up_again_on_the_way_to_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = plan(parse_workload(TEXT, "w.yaml"), source="embedded", at="2026-06-01T06:00:00Z", hardware=True)
    workload = parse_workload(TEXT, "w.yaml")

    def refuse(name: object) -> None:
        raise AssertionError(f"{name} is looked up again")

    for look_up in ("find_region", "find_accelerator", "residency_countries"):
        monkeypatch.setattr(workload_names, look_up, refuse)
    made = plan(workload, source="embedded", at="2026-06-01T06:00:00Z", hardware=True)
    assert made.document == expected.document
    assert made.document["workload"]["hardware"]["accelerators"] == ["h100", "A100-80GB"]  # as it was written


def test_a_workload_made_in_python_says_its_unknown_name_when_it_is_used() -> None:
    strange = replace(parse_workload(TEXT, "w.yaml"), data=Data(size_gb=1.0, region="mars"))
    with pytest.raises(InputError, match="'mars' is not a region in the catalog"):
        plan(strange, source="embedded")
