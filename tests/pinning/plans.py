"""Plan documents with round figures, and a project to pin them in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra.contracts.plan import read_plan_file
from greenai_infra.contracts.plan_document import plan_digest
from greenai_infra.files import write_all
from greenai_infra.pinning.pins.options import Options
from greenai_infra.pinning.select import Selection, select

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
"""Five minutes after the plans were made, and 55 before the run starts."""

NORTH, CANADA, OREGON, OHIO = "eu-north-1", "ca-central-1", "us-west-2", "us-east-2"


def placement(region: str, emissions_kg: float, **other: Any) -> dict[str, Any]:
    """One run of eight hours on one machine."""
    slices = other.pop("slices", [("2026-03-01T01:00:00Z", "2026-03-01T09:00:00Z")])
    return {
        "provider": "aws",
        "region": region,
        "zone": "SE-SE3",
        "instance_type": "p5.48xlarge",
        "instances": 1,
        "purchase": "on_demand",
        "start": slices[0][0],
        "end": slices[-1][1],
        "slices": [{"start": start, "end": end} for start, end in slices],
        "energy_kwh": 48.5,
        "emissions_kg": emissions_kg,
        "cost_usd": 471.25,
        "intensity": {
            "g_per_kwh": 21.5,
            "signal": "average",
            "basis": "lifecycle",
            "source": "a table",
            "kind": "yearly mean",
            "observed_at": "2025-01-01T00:00:00Z",
            "flags": [],
        },
        **other,
    }


def plan(*ranked: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A plan of the placements, best first."""
    made = {
        "schema_version": "1",
        "as_of": "2026-03-01T00:00:00Z",
        "workload": {"name": "tune", "project": "assistants", "team": "research", "kind": "training"},
        "placement": ranked[0],
        "alternatives": list(ranked[1:]),
        **other,
    }
    return {"plan_id": plan_digest(made), **made}


def again(document: dict[str, Any]) -> dict[str, Any]:
    """The same plan made later: with another plan_id."""
    later = {**document, "made": "later"}
    return {**later, "plan_id": plan_digest(later)}


def ranking(**emissions_kg: float) -> dict[str, Any]:
    """A plan of `eu_north_1=2.0, us_west_2=8.0`."""
    return plan(*(placement(name.replace("_", "-"), kg) for name, kg in emissions_kg.items()))


FOUR = ranking(eu_north_1=2.0, ca_central_1=4.0, us_west_2=8.0, us_east_2=25.0)


def make_project(folder: Path, name: str = "greenai-infra", more: str = "") -> Path:
    """A folder with a Pulumi.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\nmain: stacks/\n{more}", encoding="utf-8")
    return folder


def write_plan(folder: Path, document: dict[str, Any]) -> Path:
    """The document as plan.json, with the plan_id of its content unless that is no plan_id at all."""
    path = folder / "plan.json"
    if len(document.get("plan_id") or "") == 16:
        document = {**document, "plan_id": plan_digest(document)}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def plan_id(folder: Path) -> str:
    """The plan_id in plan.json."""
    return str(json.loads((folder / "plan.json").read_text(encoding="utf-8"))["plan_id"])


def pin(folder: Path, document: dict[str, Any], now: datetime = NOW, **options: Any) -> Selection:
    """Select and write, as the command does."""
    selection = select(read_plan_file(write_plan(folder, document)), folder, Options(**options), now)
    write_all(selection.texts)
    return selection


def stacks(folder: Path) -> list[str]:
    """Names of the stack files."""
    return sorted(path.name for path in folder.glob("Pulumi.*.y*ml"))


def stack(folder: Path, region: str) -> Path:
    """The stack file of a region."""
    return folder / f"Pulumi.tune-{region}.yaml"


def config(file: Path) -> dict[str, Any]:
    """The config of a stack file, read by plain PyYAML."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    assert isinstance(content, dict)
    return content


def training(file: Path) -> dict[str, Any]:
    """The training section of a stack file."""
    section = config(file)["greenai-infra:training"]
    assert isinstance(section, dict)
    return section


def selected(folder: Path) -> list[str]:
    """The stack files that are marked as chosen."""
    return [name for name in stacks(folder) if config(folder / name).get("greenai-infra:selected") == "true"]
