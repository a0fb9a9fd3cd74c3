"""What the carbon gate says of a preview, made just now or read from its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.files import read_text
from greenai_infra.policy.judge import RULE_IDS, UNUSED_EXEMPTION
from greenai_infra.previews.result import BAD_CONFIG, SCHEMA_VERSION, STOPPED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenai_infra.previews.result import PreviewResult

SEVERITIES = ("mandatory", "advisory", "disabled")
_PREVIEW_AGAIN = "write it again: greenai-infra preview --offline --json > preview.json"


@dataclass(frozen=True)
class CheckReport:
    """The rules as `policy.rules` of a preview has them, and the findings that are about rules.

    `broken` says why the preview itself failed, `broken_code` (a key of STOPPED) of what kind that is; then nothing is
    known of the resources after that point. `other_errors` counts what is wrong beside the rules. `not_judged` has, by
    type, how many resources no rule judges.
    """

    project: str
    stack: str
    region: str
    rules: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, str], ...]
    broken: str = ""
    other_errors: int = 0
    broken_code: str = ""
    not_judged: Mapping[str, int] = field(default_factory=dict)

    @property
    def stopping(self) -> dict[str, bool]:
        """The mandatory rules that shut the gate: whether each was violated, or else could not run."""
        mandatory = [one for one in self.rules if one["severity"] == "mandatory"]
        return {one["id"]: one["violations"] > 0 for one in mandatory if one["violations"] + one["not_run"]}

    @property
    def shut_by(self) -> list[str]:
        """The mandatory rules that were violated or could not run."""
        return list(self.stopping)

    @property
    def exit_code(self) -> int:
        """0 if the stack passes, 2 if its config can't be used, else 1."""
        return 2 if self.broken_code == BAD_CONFIG else int(not self.passed)

    @property
    def gate_open(self) -> bool:
        """Whether no mandatory rule is violated or could not run."""
        return not self.shut_by and not self.broken

    @property
    def passed(self) -> bool:
        """Whether the gate is open, and nothing else is wrong with the stack."""
        return self.gate_open and not self.other_errors

    def as_json(self) -> dict[str, Any]:
        """The document that `greenai-infra check --json` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "project": self.project,
            "stack": self.stack,
            "region": self.region,
            "passed": self.passed,
            "shut_by": self.shut_by,
            "broken": self.broken,
            "other_errors": self.other_errors,
            "policy": {"rules": list(self.rules), "not_judged": dict(self.not_judged)},
            "findings": list(self.findings),
        }


def report_of(result: PreviewResult) -> CheckReport:
    """The report on a preview that has a verdict."""
    return report_of_json(result.as_json())


def read_report(file: Path) -> CheckReport:
    """The report on a preview's JSON. Raises InputError for another file, another version, or a preview without a gate.

    Nothing is judged again: it says what was found when the preview was made, by the settings of then.
    """
    try:
        content = json.loads(read_text(file))
    except ValueError as error:
        raise InputError(f"{file} is not JSON: {error}; {_PREVIEW_AGAIN}") from None
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        found = content.get("schema_version") if isinstance(content, dict) else None
        raise InputError(f"{file}: schema_version is {found!r}, expected {SCHEMA_VERSION}; {_PREVIEW_AGAIN}")
    try:
        report = report_of_json(content)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{file} is no preview of `greenai-infra preview --offline --json` ({error})") from None
    if not report.rules:
        raise InputError(
            f"{file}: no rule was run when it was written: its project has no carbon gate, or --no-policy was said; "
            "judge the stack itself: greenai-infra check --stack NAME"
        )
    return report


def report_of_json(content: dict[str, Any]) -> CheckReport:
    """The report on a preview's JSON document. Raises KeyError, TypeError or ValueError for another document."""
    rules = tuple(_rule(one) for one in content["policy"]["rules"])
    if missing := RULE_IDS - {one["id"] for one in rules} if rules else set():
        raise ValueError(f"policy.rules lacks {', '.join(sorted(missing))}")
    findings = [dict(one) for one in content["findings"]]
    stopped = [one for one in findings if one["code"] in STOPPED]
    of_rules = tuple(one for one in findings if one["code"] in RULE_IDS or one["code"] == UNUSED_EXEMPTION)
    counts = {one["id"]: one["violations"] + one["not_run"] for one in rules if one["severity"] != "disabled"}
    for code in {one["code"] for one in of_rules} & RULE_IDS:
        if not counts.get(code):
            raise ValueError(f"a finding of {code}, which policy.rules does not count")
    others = [one for one in findings if one["severity"] == "error" and one not in of_rules and one not in stopped]
    return CheckReport(
        project=str(content["project"]),
        stack=str(content["stack"]),
        region=str(content["region"]),
        rules=rules,
        findings=of_rules,
        broken=stopped[0]["message"] if stopped else "",
        broken_code=stopped[0]["code"] if stopped else "",
        other_errors=len(others),
        not_judged={str(type_): int(count) for type_, count in content["policy"].get("not_judged", {}).items()},
    )


def _rule(one: dict[str, Any]) -> dict[str, Any]:
    for count in ("violations", "not_run"):
        if not isinstance(one[count], int) or isinstance(one[count], bool) or one[count] < 0:
            raise ValueError(f"policy.rules: {count} of {one['id']} is {one[count]!r}")
    if one["severity"] not in SEVERITIES:
        raise ValueError(f"policy.rules: severity of {one['id']} is {one['severity']!r}")
    return dict(one)
