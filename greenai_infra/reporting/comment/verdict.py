"""Whether a preview passes the gate, and which rules and checks stop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.numbers import counted

if TYPE_CHECKING:
    from greenai_infra.reporting.comment.preview_file import Preview


@dataclass(frozen=True)
class Verdict:
    """What stops a stack: ids of rules that are broken, of others that could not run, and codes of checks.

    `reported_only` where the gate is told never to fail.
    """

    rules: tuple[str, ...]
    not_run: tuple[str, ...]
    checks: tuple[str, ...]
    warnings: int
    reported_only: bool

    @property
    def stopped(self) -> bool:
        """Whether anything is wrong that the gate looks at."""
        return bool(self.rules or self.not_run or self.checks)

    @property
    def fails(self) -> bool:
        """Whether the gate fails."""
        return self.stopped and not self.reported_only

    @property
    def stopped_by(self) -> str:
        """`2 rules`, `1 rule and 1 check`, `1 rule, 2 rules that could not run and 1 check`."""
        found = ((self.rules, "rule", ""), (self.not_run, "rule", " that could not run"), (self.checks, "check", ""))
        *first, last = [f"{counted(len(some), word)}{rest}" for some, word, rest in found if some]
        return f"{', '.join(first)} and {last}" if first else last


def judge(preview: Preview, fail_on: str) -> Verdict:
    """The verdict on a preview. A mandatory rule that could not run stops as one that is violated.

    Where the program stopped no rule could run: that follows from the check that says so, and is not counted.

    With `fail_on` "warning" warnings and advisory rules stop too; with "never" the gate is only told what would.
    """
    strict = fail_on == "warning"
    rules = {one.id: one for one in preview.policy.rules} if preview.policy else {}
    stopping = {one.code for one in preview.findings if strict or one.severity == "error"}
    for rule in rules.values():
        weighs = rule.severity == "mandatory" or (strict and rule.severity == "advisory")
        if weighs and (rule.violations or rule.not_run):
            stopping.add(rule.id)
    not_run = {one for one in stopping & rules.keys() if not rules[one].violations}
    return Verdict(
        rules=tuple(sorted((stopping & rules.keys()) - not_run)),
        not_run=() if preview.stopped else tuple(sorted(not_run)),
        checks=tuple(sorted(stopping - rules.keys())),
        warnings=sum(one.severity == "warning" for one in preview.findings),
        reported_only=fail_on == "never",
    )
