"""Planted mistakes in workflows, schedules and values of Google Cloud, each caught by the offline preview."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from greenai_infra.previews.checks.gcp.values import unix_cron_problem
from greenai_infra.previews.checks.gcp.workflows import source_problems

if TYPE_CHECKING:
    from pathlib import Path

SOUND = """
main:
  params: [input]
  steps:
    - decide:
        switch:
          - {condition: "${input.n < 3}", next: wait}
          - {condition: "${input.late}", steps: [{say: {call: sys.log, args: {next: anywhere}, next: wait}}]}
        next: over
    - wait: {call: twice, args: {value: 2}, result: n, next: each}
    - each:
        for: {value: v, in: [1, 2], steps: [{skip: {switch: [{condition: "${v == 1}", next: continue}]}}]}
    - over: {return: done}
twice:
  params: [value]
  steps: [{answer: {assign: [{next: 1}], next: end}}]
"""


def test_a_sound_workflow_has_no_problem() -> None:
    assert list(source_problems(SOUND)) == []
    assert list(source_problems("- only:\n    return: 1\n")) == []


@pytest.mark.parametrize(
    ("part", "other", "expected"),
    [
        ("next: over", "next: ovre", "next names no step of 'main': 'ovre'"),
        ('${input.n < 3}", next: wait', '${input.n < 3}", next: wiat', "next names no step of 'main': 'wiat'"),
        ("anywhere}, next: wait", "anywhere}, next: answer", "next names no step of 'main': 'answer'"),
        ("next: end", "next: over", "next names no step of 'twice': 'over'"),
        ("next: continue", "next: contineu", "next names no step of 'main': 'contineu'"),
    ],
)
def test_a_step_that_leads_nowhere_is_found(part: str, other: str, expected: str) -> None:
    assert part in SOUND
    assert [message for message, _ in source_problems(SOUND.replace(part, other))] == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("main:\n  steps:\n  - a: {return: 1\n", "neither YAML nor JSON"),
        ("main:\n  steps:\n  - a: {return: 2026-13-45}\n", "month must be in 1..12"),
        ("[" * 20_000, "neither YAML nor JSON"),
        ("{}", "no workflow 'main'"),
        ("main: {steps: []}", "workflow 'main' has no steps"),
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
            'gcp.workflows.Workflow("w", source_contents=b.url.apply(lambda u: "- a: {next: b}"))',
            "workflow-malformed",
            "sourceContents",
        ),
    ],
)
def test_the_preview_tells_of_it(tmp_path: Path, program: str, code: str, property_: str) -> None:
    pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
    from greenai_infra.previews.run import preview

    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: {name: python, options: {toolchain: pip}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {gcp:project: my-project-1, gcp:region: europe-north1}\n")
    start = 'import pulumi_gcp as gcp\nb = gcp.storage.Bucket("base", location="EU")\n'
    (tmp_path / "__main__.py").write_text(start + textwrap.dedent(program))

    found = preview(tmp_path).findings

    assert [(one.severity, one.code) for one in found] == [("error", code or "gcp-unknown-value")]
    assert found[0].property.startswith(property_)


def test_a_default_provider_without_project_is_told(tmp_path: Path) -> None:
    pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
    from greenai_infra.previews.run import preview

    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: {name: python, options: {toolchain: pip}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {gcp:defaultLabels: {team: ml}}\n")
    (tmp_path / "__main__.py").write_text(
        'import pulumi_gcp as gcp\ngcp.storage.Bucket("b", location="EU", labels={"a": "1"})\n'
    )

    result = preview(tmp_path)

    assert [(one.severity, one.code) for one in result.findings] == [("warning", "gcp-project-not-set")]
    assert result.built[0].tags == {"team": "ml", "a": "1"}, "with the provider's default labels"
