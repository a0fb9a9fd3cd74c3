"""What the carbon gate says of a stack: how each rule fared, and the report that people and CI get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, to_builtins
from msgspec import field as struct_field

from greenai_infra.contracts.preview_codes import BAD_CONFIG, SCHEMA_VERSION, STOPPED
from greenai_infra.typed_yaml.checked import Checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from greenai_infra.contracts.declared import Finding

Severity = Literal["mandatory", "advisory", "disabled"]
Setting = bool | int | float | str | list[str] | None
"""Value of a rule's setting, as in JSON."""
Count = Annotated[int, Meta(ge=0)]
UNUSED_EXEMPTION = "exemption-unused"
"""Code of the finding about an exemption that is for no resource."""


class RuleResult(Checked, frozen=True, kw_only=True):
    """A rule's result over a stack: violations, resources on which it could not run, exempted resources.

    An entry of `policy.rules` in a preview. `settings` are the rule's settings, without the severity.
    """

    id: str
    title: str = ""
    severity: Severity
    violations: Count = 0
    not_run: Count = 0
    exempted: Count = 0
    settings: dict[str, Setting] = struct_field(default_factory=dict)

    @property
    def in_force(self) -> bool:
        """Whether the rule runs at all."""
        return self.severity != "disabled"

    @property
    def fails(self) -> bool:
        """Whether it was violated, or could not run."""
        return self.violations + self.not_run > 0

    @property
    def stops(self) -> bool:
        """Whether the gate is shut by this rule."""
        return self.severity == "mandatory" and self.fails


def stopping(rules: Iterable[RuleResult]) -> dict[str, bool]:
    """The mandatory rules that shut the gate: whether each was violated, or else could not run."""
    return {one.id: bool(one.violations) for one in rules if one.stops}


@dataclass(frozen=True)
class GateReport:
    """The rules as in `policy.rules` of a preview, and the findings about rules.

    `broken` says why the preview itself failed, `broken_code` (a key of STOPPED) how; the resources after that point
    are then unknown. `other_errors` counts the errors beside the rules. `not_judged` counts, by type, the resources
    that no rule judges.
    """

    project: str
    stack: str
    region: str
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    broken: str = ""
    other_errors: int = 0
    broken_code: str = ""
    not_judged: Mapping[str, int] = field(default_factory=dict)

    @property
    def stopping(self) -> dict[str, bool]:
        """The mandatory rules that shut the gate: whether each was violated, or else could not run."""
        return stopping(self.rules)

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
        """Whether the gate is open and the stack is free of other errors."""
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
            "policy": {"rules": to_builtins(self.rules), "not_judged": dict(self.not_judged)},
            "findings": [one.as_json() for one in self.findings],
        }


def gate_report(
    place: tuple[str, str, str],
    rules: Sequence[RuleResult],
    findings: Iterable[Finding],
    not_judged: Mapping[str, int],
) -> GateReport:
    """The report on a preview's rules and all its findings. `place` is project, stack, region."""
    of_rules, stopped, others = [], [], 0
    codes = {UNUSED_EXEMPTION, *(one.id for one in rules)}
    for one in findings:
        if one.code in codes:
            of_rules.append(one)
        elif one.code in STOPPED:
            stopped.append(one)
        else:
            others += one.severity == "error"
    return GateReport(
        *place,
        rules=tuple(rules),
        findings=tuple(of_rules),
        broken=stopped[0].message if stopped else "",
        broken_code=stopped[0].code if stopped else "",
        other_errors=others,
        not_judged=dict(not_judged),
    )
