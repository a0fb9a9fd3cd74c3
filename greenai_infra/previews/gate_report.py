"""The report of the carbon gate on a preview, made just now or read from its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra import strict_json
from greenai_infra.contracts.gate import GateReport, gate_report
from greenai_infra.contracts.preview import Judged
from greenai_infra.contracts.preview_codes import SCHEMA_VERSION
from greenai_infra.errors import InputError
from greenai_infra.files import read_text
from greenai_infra.policy.judge import RULE_IDS
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.previews.result import PreviewResult

_PREVIEW_AGAIN = "write it again: greenai-infra preview --offline --json > preview.json"


def report_of(result: PreviewResult) -> GateReport:
    """The report on a preview."""
    rules = result.verdict.rules if result.verdict else ()
    return gate_report((result.project, result.stack, result.region), rules, result.findings, result.not_judged)


def read_report(file: Path) -> GateReport:
    """Returns the report on a preview's JSON. Raises InputError for another kind of file, another version, or no gate.

    The rules are not run again: the report shows the findings and settings of the time of the preview.
    """
    try:
        content = strict_json.loads(read_text(file))
    except ValueError as error:
        raise InputError(f"{file} is not JSON: {error}; {_PREVIEW_AGAIN}") from None
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        found = content.get("schema_version") if isinstance(content, dict) else None
        raise InputError(f"{file}: schema_version is {found!r}, expected {SCHEMA_VERSION}; {_PREVIEW_AGAIN}")
    try:
        preview = read_values(content, Judged)
    except Unreadable as error:
        raise InputError(
            f"{file} is no preview of `greenai-infra preview --offline --json`:\n"
            f"{described(error.problems, '', content, Judged)}"
        ) from None
    if not preview.policy.rules:
        raise InputError(
            f"{file}: no rule was run when it was written: its project has no carbon gate, or --no-policy was said; "
            "judge the stack itself: greenai-infra check --stack NAME"
        )
    if problem := _contradiction(preview):
        raise InputError(f"{file} is no preview of `greenai-infra preview --offline --json` ({problem})")
    place = (preview.project, preview.stack, preview.region)
    return gate_report(place, preview.policy.rules, preview.findings, preview.policy.not_judged)


def _contradiction(preview: Judged) -> str:
    """Why rules and findings can't belong together; empty if they may."""
    rules = preview.policy.rules
    if missing := RULE_IDS - {one.id for one in rules}:
        return f"policy.rules lacks {', '.join(sorted(missing))}"
    counted = {one.id for one in rules if one.in_force and one.fails}
    uncounted = {one.code for one in preview.findings} & RULE_IDS - counted
    return f"a finding of {min(uncounted)}, which policy.rules does not count" if uncounted else ""
