"""Planted mistakes in schedules and values of Google Cloud, each caught by the offline preview."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from greenai_infra.previews.checks.gcp.values import unix_cron_problem

if TYPE_CHECKING:
    from pathlib import Path


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
