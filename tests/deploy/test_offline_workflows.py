"""Planted mistakes in workflows, schedules and values of Google Cloud, each caught by the offline preview."""

from __future__ import annotations

import copy
import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.deploy.checks.gcp_values import unix_cron_problem
from greenai_infra.deploy.checks.workflows import source_problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOUND: dict[str, Any] = {
    "main": {
        "params": ["input"],
        "steps": [
            {"begin": {"assign": [{"index": 0}, {"bucket": '${sys.get_env("BUCKET")}'}]}},
            {
                "post": {
                    "try": {"call": "http.post", "args": {"url": '${"https://" + bucket}'}, "result": "answer"},
                    "retry": "${http.default_retry}",
                    "except": {"as": "e", "steps": [{"note": {"assign": [{"problem": "${e.message}"}]}}]},
                }
            },
            {
                "decide": {
                    "switch": [
                        {"condition": "${index < 3 and answer.code == 200}", "next": "wait"},
                        {"condition": '${"later" in input}', "steps": [{"say": {"call": "sys.log", "args": {}}}]},
                    ],
                    "next": "over",
                }
            },
            {"wait": {"call": "sys.sleep", "args": {"seconds": "${math.max(1, index) * 2}"}}},
            {"sub": {"call": "twice", "args": {"value": "${index}"}, "result": "index", "next": "post"}},
            {"over": {"return": '${"done " + string(index)}'}},
        ],
    },
    "twice": {"params": [{"value": 1}], "steps": [{"answer": {"return": "${value * 2}"}}]},
}


def steps(workflow: dict[str, Any]) -> dict[str, Any]:
    return {name: body for step in workflow["main"]["steps"] for name, body in step.items()}


def problems(change: Callable[[dict[str, Any]], None]) -> list[str]:
    workflow = copy.deepcopy(SOUND)
    change(steps(workflow))
    return [message for message, _ in source_problems(json.dumps(workflow), {"BUCKET"})]


def test_a_sound_workflow_has_no_problem() -> None:
    assert list(source_problems(json.dumps(SOUND), {"BUCKET"})) == []
    assert list(source_problems("- only:\n    return: 1\n")) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: s["sub"].update(next="pots"), "next of step 'sub' names no step: 'pots'"),
        (
            lambda s: s["decide"]["switch"][0].update(next="wiat"),
            "switch[0].next of step 'decide' names no step: 'wiat'",
        ),
        (lambda s: s["post"]["try"]["args"].pop("url"), "step 'post': http.post needs the argument 'url'"),
        (lambda s: s["wait"].update(call="sys.slep"), "step 'wait' calls 'sys.slep', which there isn't"),
        (lambda s: s["wait"].update(args={}), "step 'wait': sys.sleep needs the argument 'seconds'"),
        (lambda s: s["sub"].update(call="thrice"), "step 'sub' calls 'thrice', which there isn't"),
        (lambda s: s["begin"]["assign"].pop(1), "step 'post' uses the variable 'bucket', which nothing makes"),
        (
            lambda s: s["begin"]["assign"][1].update(bucket='${sys.get_env("BUKCET")}'),
            "step 'begin' reads the variable BUKCET, which the workflow is not given",
        ),
        (lambda s: s["over"].update({"return": "${done(index)}"}), "step 'over' uses the function 'done()'"),
        (lambda s: s["over"].update({"return": '${"done" + (index}'}), "brackets or quotes don't match"),
        (lambda s: s["over"].update({"return": "done ${index}"}), "mixes text and an expression"),
        (lambda s: s["over"].update({"return": "${" + "1 + " * 101 + "1}"}), "an expression has 405 characters"),
        (lambda s: s["begin"].update(assign={"index": 0}), "step 'begin' assigns no list of variables"),
        (lambda s: s["begin"].update(assign=5), "step 'begin' assigns no list of variables"),
        (lambda s: s["decide"].update(switch=7), "step 'decide' switches on no conditions"),
        (lambda s: s["over"].update(call="sys.log"), "step 'over' does call and return"),
        (lambda s: s["wait"].update(resutl="x"), "step 'wait' has the unknown key 'resutl'"),
        (lambda s: s["post"]["try"].update(next="over"), "step 'post': next stands inside its try"),
        (lambda s: s["post"]["except"].pop("as"), "except of step 'post' needs as and steps"),
        (lambda s: s["decide"]["switch"].pop(0), "step 'wait' of 'main' is never reached"),
        (lambda s: s["decide"]["switch"][0].pop("condition"), "switch[0] has no condition"),
        (lambda s: s["decide"]["switch"][1]["steps"].append({"wait": {"return": 1}}), "are named 'wait'"),
        (
            lambda s: s["wait"].update(call="googleapis.aiplatform.v1.projects.locations.customJobs.create", args={}),
            "customJobs.create needs the argument 'parent'",
        ),
        (
            lambda s: s["wait"].update(call="googleapis.aiplatform.v1.projects.locations.customJob.get"),
            "customJob.get', which there isn't",
        ),
    ],
)
def test_a_planted_mistake_is_found(change: Callable[[dict[str, Any]], None], expected: str) -> None:
    assert any(expected in message for message in problems(change)), problems(change)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("main:\n  steps:\n  - a: {return: 1\n", "neither YAML nor JSON"),
        ("main:\n  steps:\n  - a: {return: 2026-13-45}\n", "month must be in 1..12"),
        ("[" * 20_000, "neither YAML nor JSON"),
        ("{}", "no workflow 'main'"),
        ("main: {steps: []}", "workflow 'main' has no steps"),
        ("main: {steps: [{a: {return: 1}, b: {return: 2}}]}", "is not one name with one body"),
        ("main: {steps: [{a: }]}", "step 'a' has no body"),
    ],
)
def test_a_source_that_is_no_workflow_is_found(source: str, expected: str) -> None:
    assert any(expected in message for message, _ in source_problems(source))


@pytest.mark.parametrize("cron", ["0 22 1 12 *", "*/5 * * * MON-FRI", "0 0,12 29 2 *", "30 18 * JAN-MAR 7"])
def test_a_cron_of_five_fields_is_taken(cron: str) -> None:
    assert unix_cron_problem(cron) == ""


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 22 1 12", "5 fields"),
        ("60 22 1 12 *", "'60' is no minute"),
        ("0 24 1 12 *", "'24' is no hour"),
        ("0 22 30 2 *", "month 2 has no day 30"),
        ("0 22 1 DEZ *", "'DEZ' is no month"),
        ("at(2026-12-01T22:00:00)", "5 fields"),
    ],
)
def test_a_cron_that_scheduler_refuses_is_found(cron: str, expected: str) -> None:
    assert expected in unix_cron_problem(cron)


@pytest.mark.parametrize(
    ("program", "code", "property_"),
    [
        ('gcp.storage.Bucket("b", location="europe-noth1")', "gcp-unknown-region", "location"),
        ('gcp.storage.Bucket("b", location="EU", public_access_prevention="on")', "gcp-unknown-value", "publicAccess"),
        ('gcp.storage.Bucket("b", location="EU", labels={"g/kWh": "1"})', "tag-refused", "labels.g/kWh"),
        ('gcp.projects.IAMMember("m", project="p-12345", role="roles/viewer", member="me@x.com")', "", "member"),
        ('gcp.projects.IAMMember("m", project="p-12345", role="viewer", member="user:me@x.com")', "", "role"),
        ('gcp.serviceaccount.Account("a", account_id="Trainer")', "gcp-unknown-value", "accountId"),
        ('gcp.cloudscheduler.Job("j", schedule="0 24 * * *")', "schedule-malformed", "schedule"),
        ('gcp.cloudscheduler.Job("j", schedule="0 2 * * *", time_zone="CEST+2")', "schedule-malformed", "timeZone"),
        ('gcp.workflows.Workflow("w", source_contents="- a: {next: b}")', "workflow-malformed", "sourceContents"),
        (
            'gcp.workflows.Workflow("w", source_contents=b.url.apply(lambda u: "- a: {call: sys.slep}"))',
            "workflow-malformed",
            "sourceContents",
        ),
    ],
)
def test_the_preview_tells_of_it(tmp_path: Path, program: str, code: str, property_: str) -> None:
    pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
    from greenai_infra.deploy.offline import preview

    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: {name: python, options: {toolchain: pip}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {gcp:project: my-project-1, gcp:region: europe-north1}\n")
    start = 'import pulumi_gcp as gcp\nb = gcp.storage.Bucket("base", location="EU")\n'
    (tmp_path / "__main__.py").write_text(start + textwrap.dedent(program))

    found = preview(tmp_path).findings

    assert [(one.severity, one.code) for one in found] == [("error", code or "gcp-unknown-value")]
    assert found[0].property.startswith(property_)


def test_a_default_provider_without_project_is_told(tmp_path: Path) -> None:
    pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
    from greenai_infra.deploy.offline import preview

    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: {name: python, options: {toolchain: pip}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {gcp:defaultLabels: {team: ml}}\n")
    (tmp_path / "__main__.py").write_text(
        'import pulumi_gcp as gcp\ngcp.storage.Bucket("b", location="EU", labels={"a": "1"})\n'
    )

    result = preview(tmp_path)

    assert [(one.severity, one.code) for one in result.findings] == [("warning", "gcp-project-not-set")]
    assert result.built[0].tags == {"team": "ml", "a": "1"}, "with the provider's default labels"
