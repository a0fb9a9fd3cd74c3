"""Preview documents as `preview --offline --json` prints them, made by hand from the agreed contract."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROJECT, STACK, REGION = "assistants", "serve-8b-eu-north-1", "eu-north-1"
URN = f"urn:pulumi:{STACK}::{PROJECT}::"
INTENSITY = {
    "zone": "SE-SE3",
    "g_per_kwh": 20.0,
    "signal": "average",
    "basis": "lifecycle",
    "source": "Electricity Maps",
    "kind": "yearly mean",
    "observed_at": "2025-01-01T00:00:00Z",
}


def resource(name: str, type_: str = "aws:sns/topic:Topic", **inputs: Any) -> dict[str, Any]:
    return {
        "urn": f"{URN}{type_}::{name}",
        "type": type_,
        "name": name,
        "parent": "",
        "custom": True,
        "read": False,
        "provider": "",
        "region": REGION,
        "inputs": inputs,
        "dependencies": [],
        "options": {},
        "taggable": True,
        "source": "stacks/x.py:1",
    }


def finding(code: str, severity: str = "error", **fields: str) -> dict[str, str]:
    found = {
        "severity": severity,
        "code": code,
        "urn": f"{URN}aws:sns/topic:Topic::notices",
        "property": "tags.team",
        "message": "the tag is missing",
        "remedy": "set team in the stack's config",
        "source": "stacks/x.py:1",
    }
    return {**found, **fields}


def rule(id_: str, severity: str = "mandatory", violations: int = 0, not_run: int = 0) -> dict[str, Any]:
    return {"id": id_, "title": f"Title of {id_}", "severity": severity, "violations": violations, "not_run": not_run}


def stands(name: str, energy: float | None, emissions: float | None, cost: float | None) -> dict[str, Any]:
    return {
        "urn": f"{URN}aws:sagemaker/endpoint:Endpoint::{name}",
        "type": "aws:sagemaker/endpoint:Endpoint",
        "name": name,
        "what": "ml.inf2.xlarge x 1",
        "energy_kwh_per_month": energy,
        "emissions_kg_per_month": emissions,
        "cost_usd_per_month": cost,
        "energy_source": "measured, 2025",
        "price_source": "price list of 2026-01-22",
        "note": None,
    }


def standing(
    *resources: dict[str, Any],
    run: dict[str, Any] | None = None,
    load: dict[str, Any] | None = None,
    unpriced: tuple[str, ...] = (),
) -> dict[str, Any]:
    total = {}
    for figure in ("energy_kwh_per_month", "emissions_kg_per_month", "cost_usd_per_month"):
        known = [one[figure] for one in resources if one[figure] is not None]
        total[figure] = sum(known) if known or not resources else None
    return {
        "hours_per_month": 730,
        "intensity": dict(INTENSITY),
        "resources": list(resources),
        "total": total,
        "unpriced": list(unpriced),
        "planned_run": run,
        "planned_load": load,
    }


def run(
    emissions: float = 2.5,
    cost: float = 500.0,
    energy: float = 50.0,
    operational: float | None = 1.0,
    busiest: float | None = None,
) -> dict[str, Any]:
    return {
        "plan_id": "f730a77b9bf3acf3",
        "energy_kwh": energy,
        "emissions_kg": emissions,
        "cost_usd": cost,
        "operational_kg": operational,
        "operational_kg_busiest_day": operational if busiest is None else busiest,
    }


def load(operational: float | None, energy: float = 1500.0) -> dict[str, Any]:
    return {
        "requests_per_second": 20.5,
        "energy_j_per_request": 107.0,
        "energy_kwh_per_month": energy,
        "operational_kg_per_month": operational,
    }


def preview(**changes: Any) -> dict[str, Any]:
    """A preview that passes; `changes` replace keys, and a key that is `...` is left out."""
    document = {
        "schema_version": 1,
        "project": PROJECT,
        "stack": STACK,
        "region": REGION,
        "resources": [resource("notices", tags={"team": "ml"}), resource("other")],
        "outputs": {},
        "tags": {"common": {"plan-id": "f730a77b9bf3acf3", "workload": "serve-8b"}, "missing": {}},
        "findings": [],
        "messages": [],
        "summary": {"resources": 2, "components": 0, "taggable": 2, "errors": 0, "warnings": 0},
        "policy": {"rules": [rule("tags"), rule("cap")]},
        "standing": standing(stands("endpoint", 100.0, 2.0, 300.0)),
        "budget": {"daily_kg": 5.0, "monthly_kg": 100.0, "stack": STACK},
    }
    return copy.deepcopy({key: value for key, value in {**document, **changes}.items() if value is not ...})


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
