"""Two previews held against each other: what is added, removed and changed, and which figures may be compared."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from greenai_infra.errors import InputError
from greenai_infra.previews import diff as preview_diff
from greenai_infra.previews.diff import diff_previews

SCHEMA = json.loads((Path(preview_diff.__file__).parent / "schemas" / "preview-diff.json").read_text())
LIFECYCLE = {"zone": "SE-SE3", "g_per_kwh": 20.0, "signal": "average", "basis": "lifecycle", "source": "x"}


def resource(name: str, type_: str = "aws:kms/key:Key", **inputs: Any) -> dict[str, Any]:
    """A resource as a preview shows it."""
    return {
        "urn": f"urn:pulumi:dev::shop::{type_}::{name}",
        "type": type_,
        "name": name,
        "parent": "",
        "custom": True,
        "read": False,
        "provider": "",
        "region": "eu-north-1",
        "inputs": inputs,
        "options": {},
    }


def finding(code: str, message: str = "wrong", source: str = "a.py:1") -> dict[str, str]:
    """A finding as a preview shows it."""
    rest = {"severity": "error", "urn": "u", "property": "p", "remedy": "mend"}
    return {**rest, "code": code, "message": message, "source": source}


def standing(usd: float | None, kwh: float | None = 10.0, unpriced: tuple[str, ...] = ()) -> dict[str, Any]:
    """Standing figures: 20 g/kWh, so 10 kWh are 0.2 kg; `unpriced` resources have no price."""
    kg = None if kwh is None else kwh * 0.02
    figures = {"energy_kwh_per_month": kwh, "emissions_kg_per_month": kg, "cost_usd_per_month": usd}
    nothing = {"energy_kwh_per_month": 0.0, "emissions_kg_per_month": 0.0, "cost_usd_per_month": None}
    return {
        "intensity": dict(LIFECYCLE),
        "resources": [{"name": name, **nothing} for name in unpriced],
        "total": figures,
        "unpriced": list(unpriced),
        "planned_run": None,
    }


def preview(*resources: dict[str, Any], findings: tuple[dict[str, str], ...] = (), **more: Any) -> dict[str, Any]:
    """A preview document, as far as a comparison reads it."""
    start = {"schema_version": 1, "project": "shop", "stack": "dev"}
    return {**start, "resources": list(resources), "findings": list(findings), "standing": standing(5.0), **more}


def diff(base: dict[str, Any], head: dict[str, Any]) -> dict[str, Any]:
    """The difference, held against its schema; neither preview is changed."""
    before = copy.deepcopy([base, head])
    change = diff_previews(base, head)
    jsonschema.validate(change, SCHEMA)
    assert [base, head] == before
    return change


def test_the_same_preview_twice() -> None:
    one = preview(resource("a"), findings=(finding("x"),))
    change = diff(one, copy.deepcopy(one))
    assert change["resources"] == {"added": [], "removed": [], "changed": []}
    assert change["findings"] == {"new": [], "resolved": [], "not_judged": []}
    assert change["gate"] == {"removed": False, "weaker": []}
    assert {figure["change"] for figure in change["standing"].values()} == {0.0}
    assert change["planned_run"] is None


def test_added_removed_and_changed_resources() -> None:
    base = preview(resource("gone"), resource("kept", size=1, tags={"a": "b"}, tagsAll={"a": "b"}))
    head = preview(resource("kept", size=2, tags={"a": "c"}, tagsAll={"a": "c"}), resource("new"))
    resources = diff(base, head)["resources"]
    assert [one["name"] for one in resources["added"]] == ["new"]
    assert [one["name"] for one in resources["removed"]] == ["gone"]
    assert resources["changed"] == [
        {"urn": head["resources"][0]["urn"], "type": "aws:kms/key:Key", "name": "kept", "properties": ["size", "tags"]}
    ]


def test_components_providers_and_what_is_only_read_are_no_resources() -> None:
    extra = [
        {**resource("component"), "custom": False},
        resource("p", "pulumi:providers:aws"),
        {**resource("old"), "read": True},
    ]
    assert diff(preview(), preview(*extra))["resources"]["added"] == []


def test_another_region_of_a_provider_is_a_change() -> None:
    moved = {**resource("a"), "region": "eu-west-1"}
    assert diff(preview(resource("a")), preview(moved))["resources"]["changed"][0]["properties"] == ["region"]


def test_standing_figures_are_head_minus_base() -> None:
    change = diff(preview(standing=standing(5.0, 10.0)), preview(standing=standing(17.5, 60.0)))["standing"]
    assert change["cost_usd_per_month"] == {"base": 5.0, "head": 17.5, "change": 12.5, "reason": ""}
    assert change["energy_kwh_per_month"]["change"] == 50.0
    # 50 kWh more at 20 g/kWh
    assert change["emissions_kg_per_month"]["change"] == pytest.approx(1.0)


def test_a_new_stack_starts_at_nothing() -> None:
    change = diff({}, preview(resource("a")))
    assert change["new_stack"]
    assert change["standing"]["cost_usd_per_month"] == {"base": 0.0, "head": 5.0, "change": 5.0, "reason": ""}
    assert [one["name"] for one in change["resources"]["added"]] == ["a"]


@pytest.mark.parametrize(("key", "value"), [("signal", "marginal"), ("basis", "direct")])
def test_kilograms_of_another_measure_are_not_compared(key: str, value: str) -> None:
    head = preview(resource("a"))
    head["standing"]["intensity"][key] = value
    change = diff(preview(resource("a")), head)["standing"]
    assert change["emissions_kg_per_month"]["change"] is None
    assert value in change["emissions_kg_per_month"]["reason"]
    assert change["energy_kwh_per_month"]["change"] == 0.0
    assert change["cost_usd_per_month"]["change"] == 0.0


def test_sums_that_leave_out_other_resources_are_not_compared() -> None:
    head = preview(standing=standing(5.0, unpriced=("cache",)))
    change = diff(preview(), head)["standing"]
    assert change["cost_usd_per_month"]["change"] is None
    assert "cache" in change["cost_usd_per_month"]["reason"]
    assert change["energy_kwh_per_month"]["change"] == 0.0
    both = diff(head, copy.deepcopy(head))["standing"]["cost_usd_per_month"]
    assert both["change"] == 0.0  # the same part is missing on both sides


def test_an_unknown_figure_stays_unknown() -> None:
    change = diff(preview(), preview(standing=standing(None, None)))["standing"]
    for figure in change.values():
        assert (figure["head"], figure["change"]) == (None, None)
        assert figure["reason"] == "not known in head"


def test_a_base_from_before_there_were_standing_figures() -> None:
    change = diff(preview(standing=None), preview())["standing"]
    assert change["cost_usd_per_month"]["change"] is None
    assert "base preview has no standing figures" in change["cost_usd_per_month"]["reason"]


def test_planned_runs_are_compared_with_their_plans() -> None:
    base, head = preview(), preview()
    base["standing"]["planned_run"] = {"plan_id": "aa", "energy_kwh": 60.0, "emissions_kg": 1.5, "cost_usd": 400.0}
    head["standing"]["planned_run"] = {"plan_id": "bb", "energy_kwh": 50.0, "emissions_kg": 1.0, "cost_usd": 420.0}
    change = diff(base, head)["planned_run"]
    assert change["plan_id"] == {"base": "aa", "head": "bb"}
    assert (change["energy_kwh"]["change"], change["emissions_kg"]["change"], change["cost_usd"]["change"]) == (
        -10.0,
        -0.5,
        20.0,
    )
    head["standing"]["intensity"]["basis"] = "direct"
    assert diff(base, head)["planned_run"]["emissions_kg"]["change"] is None


def test_findings_are_new_or_resolved_whatever_their_line() -> None:
    base = preview(findings=(finding("kept", source="a.py:1"), finding("mended"), finding("twice")))
    head = preview(findings=(finding("kept", source="a.py:9"), finding("twice"), finding("twice"), finding("fresh")))
    findings = diff(base, head)["findings"]
    assert [one["code"] for one in findings["new"]] == ["twice", "fresh"]
    assert [one["code"] for one in findings["resolved"]] == ["mended"]


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        (preview(stack="prod"), preview(), "stack 'prod'"),
        (preview(project="other"), preview(), "project 'other'"),
        (preview(schema_version=7), preview(), "base has schema_version 7"),
        (preview(), preview(schema_version=None), "head has schema_version None"),
        ({"a": 1}, preview(), "base is no document"),
        (preview(), {}, "head is no document"),
    ],
)
def test_what_can_not_be_compared_at_all(base: dict[str, Any], head: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        diff_previews(base, head)


@pytest.mark.parametrize("code", ["bad-config", "refused"])
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_program_that_stopped_saves_nothing(code: str, side: str) -> None:
    run = {"plan_id": "0", "energy_kwh": 141.7, "emissions_kg": 22.0, "operational_kg": 20.8, "cost_usd": 213.0}
    whole = preview(resource("a"), resource("b"), standing={**standing(5.0), "planned_run": run})
    stopped = preview(findings=(finding(code),), standing=None)

    change = diff_previews(whole, stopped) if side == "head" else diff_previews(stopped, whole)

    jsonschema.validate(change, SCHEMA)
    reason = f"the program of the {side} did not get to its end"
    assert change["resources"] == {"added": [], "removed": [], "changed": [], "reason": reason}
    assert {figure["change"] for name, figure in change["planned_run"].items() if name != "plan_id"} == {None}
    assert change["planned_run"]["cost_usd"]["reason"] == reason
    assert change["standing"]["cost_usd_per_month"]["change"] is None
