"""Whether a preview passes the gate, and which rules and checks stop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.numbers import counted
from greenai_infra.previews.gate_change import gate_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from greenai_infra.contracts.preview import Preview


@dataclass(frozen=True)
class Verdict:
    """What stops a stack: ids of rules that are broken, of others that could not run, and codes of checks.

    `removes_gate` and `weaker` are what the change does to the gate itself, against the base branch (`gate_change`).
    Removing it stops always, loosening it where warnings do (`strict`). `reported_only` where the gate is told never
    to fail.
    """

    rules: tuple[str, ...]
    not_run: tuple[str, ...]
    checks: tuple[str, ...]
    warnings: int
    reported_only: bool
    strict: bool = False
    removes_gate: bool = False
    weaker: tuple[Mapping[str, Any], ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether anything is wrong that the gate looks at."""
        return bool(self._found or self.removes_gate or (self.strict and self.loosens_gate))

    @property
    def loosens_gate(self) -> bool:
        """Whether the gate asks less than on the base branch, but is still there."""
        return bool(self.weaker) and not self.removes_gate

    @property
    def fails(self) -> bool:
        """Whether the gate fails."""
        return self.stopped and not self.reported_only

    @property
    def stopped_by(self) -> str:
        """`2 rules`, `1 rule and 1 check`, `1 rule, 2 rules that could not run and 1 check`; empty if by none."""
        *first, last = self._found or [""]
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def of_gate(self) -> str:
        """What the change does to the gate itself, in words; empty if nothing."""
        if self.removes_gate:
            return "the change removes the carbon gate"
        return "the change loosens the carbon gate" if self.loosens_gate else ""

    @property
    def why_words(self) -> str:
        """` is stopped by 1 rule`, `: the change removes the carbon gate`, or both: to stand behind a stack's name."""
        by = f" is stopped by {self.stopped_by}" if self.stopped_by else ""
        and_by = "; " if self.stopped_by else ": "
        return f"{by}{and_by}{self.of_gate}" if self.of_gate else by

    @property
    def _found(self) -> list[str]:
        found = ((self.rules, "rule", ""), (self.not_run, "rule", " that could not run"), (self.checks, "check", ""))
        return [f"{counted(len(some), word)}{rest}" for some, word, rest in found if some]


def judge(preview: Preview, fail_on: str, bases: Iterable[Preview] = ()) -> Verdict:
    """The verdict on a preview. A mandatory rule that could not run stops as one that is violated.

    Where the program stopped no rule could run: that follows from the check that says so, and is not counted.

    `bases` are the previews of the base branch: the change may not do away with its gate.

    With `fail_on` "warning" warnings and advisory rules stop too; with "never" the gate is only told what would.
    """
    strict = fail_on == "warning"
    rules = {one.id: one for one in preview.rules}
    stopping = {one.code for one in preview.findings if strict or one.severity == "error"}
    for rule in rules.values():
        weighs = rule.severity == "mandatory" or (strict and rule.severity == "advisory")
        if weighs and rule.fails:
            stopping.add(rule.id)
    not_run = {one for one in stopping & rules.keys() if not rules[one].violations}
    base = _gate_of_base(preview, list(bases))
    change = gate_change(base.rules if base else (), preview.rules)
    return Verdict(
        rules=tuple(sorted((stopping & rules.keys()) - not_run)),
        not_run=() if preview.stopped else tuple(sorted(not_run)),
        checks=tuple(sorted(stopping - rules.keys())),
        warnings=sum(one.severity == "warning" for one in preview.findings),
        reported_only=fail_on == "never",
        strict=strict,
        removes_gate=change["removed"],
        weaker=tuple(change["weaker"]),
    )


def _gate_of_base(head: Preview, bases: list[Preview]) -> Preview | None:
    """The stack on the base branch; for a new one any other of its project, as a project has one gate for all."""
    own = [one for one in bases if one.key == head.key]
    others = (one for one in bases if one.project == head.project and one.rules)
    return own[0] if own else next(others, None)
