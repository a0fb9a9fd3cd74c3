"""`check`: the carbon gate alone, for CI and for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.project_dir import PROJECT_DIR

if TYPE_CHECKING:
    from greenai_infra.contracts.gate import GateReport
    from greenai_infra.policy.settings import GateSettings


@click.command(epilog="Example:  greenai-infra check --stack finetune-7b-eu-north-1")
@PROJECT_DIR
@click.option(
    "--stack", metavar="NAME", help="Stack to check. Default: the only stack, or the stack that select chose."
)
@click.option(
    "--preview",
    "preview_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Judge the output of `preview --offline --json` instead of running it.",
)
@click.option(
    "--settings",
    "settings_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings of the rules. Default: stacks/policy/greenai-policy.yaml, if it exists.",
)
@click.option("--list", "list_rules", is_flag=True, help="List the rules with their settings, then stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(
    project_dir: Path,
    stack: str | None,
    preview_file: Path | None,
    settings_file: Path | None,
    list_rules: bool,
    as_json: bool,
) -> int:
    """Run the rules of the carbon gate on a stack, without a Pulumi CLI or an account.

    Exit code 1 if a mandatory rule is violated or could not run, or if the preview has errors; 2 if the stack's config
    can't be used. A project without a gate is judged by the rules' defaults.
    """
    from greenai_infra.errors import InputError

    if preview_file and (stack or settings_file or list_rules):
        raise InputError("--preview judges a finished preview; leave out --stack, --settings and --list")
    if list_rules:
        print_rules(_settings(project_dir, settings_file), as_json)
        return 0
    report = _judged_before(preview_file) if preview_file else _judged_now(project_dir, stack, settings_file)
    if as_json:
        print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        from greenai_infra.reporting.check_text import check_lines

        for line in check_lines(report):
            print(line)
    return report.exit_code


def _judged_now(project_dir: Path, stack: str | None, settings_file: Path | None) -> GateReport:
    from greenai_infra.cli.child_output import children_write_to_stderr
    from greenai_infra.previews.gate_check import check as judged

    with children_write_to_stderr():
        return judged(project_dir, stack, settings=settings_file)


def _judged_before(preview_file: Path) -> GateReport:
    from greenai_infra.previews.gate_report import read_report

    return read_report(preview_file)


def _settings(project_dir: Path, settings_file: Path | None) -> GateSettings:
    """The settings in force; the defaults where there is no project."""
    from greenai_infra.previews.gate import SETTINGS_FILE, pack_folder, read_settings

    if settings_file:
        return read_settings(settings_file)
    return read_settings(pack_folder(project_dir) / SETTINGS_FILE, required=False)


def print_rules(settings: GateSettings, as_json: bool) -> None:
    """Id, severity, settings, reason and remedy of each rule."""
    from greenai_infra.policy.rules import RULES
    from greenai_infra.reporting.check_text import rule_lines

    described = [
        {
            "id": rule.id,
            "title": rule.title,
            "severity": settings.of(rule.id).in_force,
            "settings": {"severity": settings.of(rule.id).severity, **settings.of(rule.id).values},
            "why": rule.why,
            "remedy": rule.remedy,
        }
        for rule in RULES
    ]
    if as_json:
        print(json.dumps(described, indent=2, ensure_ascii=False))
        return
    for line in rule_lines(described):
        print(line)
