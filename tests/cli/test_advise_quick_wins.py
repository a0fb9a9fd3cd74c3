"""`advise quick-wins`: each figure against what `plan` says of the changed workload, pinned to the same machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.cli.main import COMMANDS
from tests.cli.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

SERVING = ROOT / "templates/workloads/serve-8b.yaml"
TRAINING = ROOT / "templates/workloads/finetune-7b.yaml"
AT = ("--source", "embedded", "--at", "2026-11-24T09:00:00Z")


def _wins(greenai: Command, *arguments: object) -> dict[str, dict[str, Any]]:
    done = greenai("advise", "quick-wins", *arguments, "--json")
    assert done.code == 0, done.err
    return {one["key"]: one for one in json.loads(done.out)["measures"]}


def _planned(greenai: Command, file: Path, changes: dict[str, dict[str, Any]], folder: Path) -> dict[str, Any]:
    """What `plan` says of a workload with changes in its sections, on the machine and place of the unchanged plan."""
    first = json.loads(greenai("plan", file, *AT, "--json").out)["placement"]
    workload = yaml.safe_load(file.read_text())
    workload.setdefault("where", {})["allow"] = [f"{first['provider']}:{first['region']}"]
    workload["hardware"] |= {"accelerators": [first["accelerator"]], "instance_types": [first["instance_type"]]}
    if workload["kind"] == "training":
        workload["hardware"]["count"] = first["accelerators"]
    for section, values in changes.items():
        for key, value in values.items():
            of = workload["work"]["served_model"] if section == "served_model" else workload[section]
            of.pop(key, None)
            if value is not None:
                of[key] = value
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(workload))
    done = greenai("plan", path, *AT, "--json")
    assert done.code == 0, done.err
    return {"first": first, **json.loads(done.out)}


@pytest.mark.parametrize(
    ("key", "file", "changes"),
    [
        ("quantise", SERVING, {"hardware": {"precision": "int8"}}),
        ("eight-bit", TRAINING, {"hardware": {"precision": "fp8"}}),
        ("batch", SERVING, {"served_model": {"batch": None}, "work": {"latency_bound_ms": None}}),
    ],
)
def test_a_change_saves_what_the_plan_says_of_it(
    greenai: Command, tmp_path: Path, key: str, file: Path, changes: dict[str, dict[str, Any]]
) -> None:
    found, planned = _wins(greenai, file, *AT)[key], _planned(greenai, file, changes, tmp_path)
    after, first = planned["placement"], planned["first"]
    assert found["status"] == "saves"
    assert found["kg"] == pytest.approx(first["emissions_kg"] - after["emissions_kg"])
    assert found["usd"] == pytest.approx(first["cost_usd"] - after["cost_usd"])


def test_a_cache_saves_what_fewer_requests_save_less_its_node(greenai: Command, tmp_path: Path) -> None:
    found = _wins(greenai, SERVING, *AT, "--hit-rate", 0.5, "--cache-node", "cache.r7g.large")["cache"]
    planned = _planned(greenai, SERVING, {"work": {"requests_per_second": 10}}, tmp_path)
    first, after = planned["first"], planned["placement"]
    saved_kg = first["emissions_kg"] - after["emissions_kg"]
    assert found["kg"] < saved_kg
    assert found["kg"] == pytest.approx(saved_kg, rel=0.05)  # a node of two vCPUs draws a few watts


def test_spot_saves_what_the_plan_on_spot_costs_less(greenai: Command, tmp_path: Path) -> None:
    found = _wins(greenai, TRAINING, *AT)["spot"]
    planned = _planned(greenai, TRAINING, {"hardware": {"purchase": "spot"}}, tmp_path)
    first, after, lost = planned["first"], planned["placement"], planned["interruptions"]
    assert found["kg"] == pytest.approx(-lost["emissions_kg"])
    assert found["usd"] == pytest.approx(first["cost_usd"] - after["cost_usd"] - lost["cost_usd"])


def test_distillation_pays_for_itself_or_not(greenai: Command) -> None:
    student = ("--student", "Llama-3.2-1B-Instruct", "--distillation-kg")
    cheap, dear = (_wins(greenai, SERVING, *AT, *student, kg)["distil"] for kg in (1, 5000))
    assert cheap["status"] == "saves"
    assert dear["status"] == "does not apply"
    assert "kg more within these hours" in dear["why"]


def test_place_and_hardware_are_the_plans_own_figures(greenai: Command) -> None:
    savings = json.loads(greenai("plan", TRAINING, *AT, "--json").out)["savings"]
    found = _wins(greenai, TRAINING, *AT)
    assert found["place"]["kg"] == savings["by_place_kg"]
    assert found["plan-hardware"]["kg"] == savings["by_hardware_kg"]
    assert found["place"]["against"] == "baseline"


def test_measures_are_ranked_by_kg_then_effort(greenai: Command) -> None:
    done = greenai("advise", "quick-wins", SERVING, *AT, "--json")
    saving = [one for one in json.loads(done.out)["measures"] if one["status"] == "saves"]
    assert len(saving) >= 3
    assert [one["kg"] for one in saving] == sorted((one["kg"] for one in saving), reverse=True)
    assert [one["rank"] for one in saving] == list(range(1, len(saving) + 1))


def test_every_row_of_the_checklist_is_answered_with_a_reason_and_a_command_of_ours(greenai: Command) -> None:
    for file in (SERVING, TRAINING):
        found = _wins(greenai, file, *AT)
        assert len(found) == 17
        assert all(one["why"] for one in found.values())
        assert all(one["kg"] is not None for one in found.values() if one["status"] == "saves")
        ours = [one["command"].split()[1] for one in found.values() if one["command"].startswith("greenai-infra")]
        assert set(ours) <= {*COMMANDS, "card"}


def test_a_plan_file_gives_what_its_workload_gives(greenai: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    greenai("plan", SERVING, *AT, "--hardware", "--out", plan)
    from_plan, from_workload = _wins(greenai, "--plan", plan), _wins(greenai, SERVING, *AT)
    assert {key: one["kg"] for key, one in from_plan.items()} == {key: one["kg"] for key, one in from_workload.items()}


def test_a_plan_without_comparison_says_what_it_needs(greenai: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    greenai("plan", SERVING, *AT, "--out", plan)
    found = _wins(greenai, "--plan", plan)["other-hardware"]
    assert found["status"] == "not known"
    assert "--hardware" in found["why"]


@pytest.mark.parametrize(("kwh", "status"), [(200.0, "saves"), (20.0, "already done")])
def test_measured_runs_are_held_against_the_plan(greenai: Command, tmp_path: Path, kwh: float, status: str) -> None:
    report = tmp_path / "emissions.csv"
    report.write_text(f"run_id,duration,emissions,energy_consumed\na,36000,{kwh / 50},{kwh}\n")
    found = _wins(greenai, TRAINING, *AT, "--emissions", report)
    assert found["as-planned"]["status"] == status
    assert found["track"]["status"] == "already done"
    if status == "saves":
        plan = json.loads(greenai("plan", TRAINING, *AT, "--json").out)["placement"]
        beyond_kwh = kwh - plan["energy_kwh"]  # one machine, one run
        by_hand = beyond_kwh * plan["pue"] * plan["intensity"]["g_per_kwh"] / 1000
        assert found["as-planned"]["kg"] == pytest.approx(by_hand)


def test_a_tracker_s_pue_is_taken_out_before_the_plan_s_is_put_in(greenai: Command, tmp_path: Path) -> None:
    report = tmp_path / "emissions.csv"
    report.write_text("run_id,duration,emissions,energy_consumed,pue\na,36000,4.8,240,1.2\n")
    placement = json.loads(greenai("plan", TRAINING, *AT, "--json").out)["placement"]
    beyond_kwh = 240 / 1.2 - placement["energy_kwh"]
    by_hand = beyond_kwh * placement["pue"] * placement["intensity"]["g_per_kwh"] / 1000
    found = _wins(greenai, TRAINING, *AT, "--emissions", report)
    assert found["as-planned"]["kg"] == pytest.approx(by_hand)


def test_the_report_of_a_tracked_run_says_what_it_took(greenai: Command, tmp_path: Path) -> None:
    report, rows = tmp_path / "emissions_report.json", tmp_path / "emissions.csv"
    figures = {"schema_version": 1, "status": "complete", "duration_s": 36000, "energy_kwh": 200.0, "pue": 1.1}
    report.write_text(json.dumps({**figures, "intensity_g_per_kwh": 20.0, "emissions_kg": 4.4}))
    rows.write_text("run_id,duration,emissions,energy_consumed\na,36000,4,200\n")
    by_report = _wins(greenai, TRAINING, *AT, "--emissions", report)["as-planned"]
    by_rows = _wins(greenai, TRAINING, *AT, "--emissions", rows)["as-planned"]
    assert by_report["kg"] == pytest.approx(by_rows["kg"])
    both = greenai("advise", "quick-wins", TRAINING, *AT, "--emissions", report, "--emissions", rows)
    assert (both.code, "of the same kind" in both.err) == (2, True)


def test_quick_wins_fit_eighty_columns(greenai: Command) -> None:
    for file in (SERVING, TRAINING):
        done = greenai("advise", "quick-wins", file.relative_to(ROOT), *AT, cwd=ROOT)
        assert done.code == 0, done.err
        assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "workload file"),
        ((SERVING, "--plan", "plan.json"), "--plan"),
        (("--plan", "none.json"), "none.json"),
        ((SERVING, "--hit-rate", 0.3), "--cache-node"),
        ((SERVING, "--hit-rate", 1, "--cache-node", "cache.r7g.large"), "hit-rate"),
        ((SERVING, "--hit-rate", 0.3, "--cache-node", "cache.r7g.larg"), "cache.r7g.large"),
        ((SERVING, "--student", "Llama-3.2-1B-Instruct"), "--distillation-kg"),
        ((SERVING, "--student", "no-such-model", "--distillation-kg", 1), "no-such-model"),
        ((SERVING, "--emissions", "none.csv"), "none.csv"),
    ],
)
def test_bad_input_of_quick_wins_names_what_to_do(greenai: Command, options: tuple[object, ...], says: str) -> None:
    done = greenai("advise", "quick-wins", *options)
    assert done.code == 2
    assert says in done.err
    assert done.out == ""


def test_a_damaged_plan_is_told_as_such(greenai: Command, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"schema_version": "1", "plan_id": "x", "placement": {}}')
    done = greenai("advise", "quick-wins", "--plan", tmp_path / "plan.json")
    assert done.code == 2
    assert "damaged" in done.err
