"""Run the rules over a stack: the findings, and for each rule how often it was broken or could not run.

A rule that could not run counts as a violation: an error where the rule is mandatory. Nothing passes unchecked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import Finding
from greenai_infra.contracts.gate import UNUSED_EXEMPTION, RuleResult, stopping
from greenai_infra.policy.masking import without_secrets_of
from greenai_infra.policy.rule import Breach, ResourceRule, StackRule
from greenai_infra.policy.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from greenai_infra.contracts.gate import Severity
    from greenai_infra.policy.rule import Rule, RuleSettings, Stack
    from greenai_infra.policy.settings import Exemption, GateSettings

RULE_IDS = frozenset(rule.id for rule in RULES)
"""Ids of all rules, which are the codes of their findings."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a stack."""

    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no mandatory rule was broken, or could not run."""
        return not any(one.stops for one in self.rules)

    @property
    def stopping(self) -> dict[str, bool]:
        """The mandatory rules that shut the gate: whether each was broken, or else could not run."""
        return stopping(self.rules)


UNSEEN = "a plugin builds this component, and only the engine sees what it is made of"
UNSEEN_REMEDY = "judge it in the engine's preview, whose policy pack sees its parts, and exempt the component here"


def judge(stack: Stack, settings: GateSettings) -> Verdict:
    """The verdict on a whole stack."""
    results, findings = [], []
    for rule in RULES:
        of_rule = settings.of(rule.id)
        severity = of_rule.in_force
        if severity == "disabled":
            results.append(_result(rule, of_rule))
            continue
        exemptions = exemptions_of(settings, rule.id, stack.name)
        counts: Counter[str] = Counter()
        for found in breaches(rule, stack, of_rule):
            excuse, note = excused(found, exemptions, stack.now)
            counts["exempted" if excuse else "violations" if found.ran else "not_run"] += 1
            if not excuse:
                findings.append(finding(rule, severity, found, note))
        results.append(_result(rule, of_rule, **counts))
    return Verdict(tuple(results), (*findings, *unused_exemptions(stack, settings)))


def unjudged(settings: GateSettings) -> Verdict:
    """The verdict on a stack whose program failed: no rule that is in force could run."""
    results = [
        _result(rule, own, not_run=int(own.in_force != "disabled"))
        for rule, own in ((rule, settings.of(rule.id)) for rule in RULES)
    ]
    return Verdict(tuple(results), ())


def _result(rule: Rule, settings: RuleSettings, **counts: int) -> RuleResult:
    return RuleResult(id=rule.id, title=rule.title, severity=settings.in_force, settings=settings.values, **counts)


def breaches(rule: Rule, stack: Stack, settings: RuleSettings) -> Iterator[Breach]:
    """Returns the findings of a rule in a stack, without duplicates."""
    seen: set[Breach] = set()
    for found in _all_breaches(rule, stack, settings):
        if found not in seen:
            seen.add(found)
            yield _masked(found, stack)


def _masked(found: Breach, stack: Stack) -> Breach:
    """The breach with the resource's secrets hidden in its words."""
    resource = next((one for one in stack.resources if one.urn == found.urn), None)
    message = without_secrets_of(resource, found.message) if resource else found.message
    return found if message == found.message else replace(found, message=message)


def _all_breaches(rule: Rule, stack: Stack, settings: RuleSettings) -> Iterator[Breach]:
    if isinstance(rule, ResourceRule):
        for resource in stack.resources:
            yield from rule.check(resource, settings)
    elif isinstance(rule, StackRule):
        yield from rule.check(stack, settings)
    for one in stack.resources:
        if one.hides_its_parts:
            yield Breach(one.urn, "", UNSEEN, UNSEEN_REMEDY, ran=False, source=one.source)


def exemptions_of(settings: GateSettings, rule_id: str, stack: str) -> list[Exemption]:
    """Returns the exemptions from a rule that apply to a stack, including expired exemptions."""
    return [one for one in settings.exemptions if one.rule == rule_id and fnmatchcase(stack, one.stack)]


def excused(found: Breach, exemptions: Iterable[Exemption], now: datetime) -> tuple[bool, str]:
    """Whether an exemption covers the resource, and a note if the exemption has expired."""
    note = ""
    for one in exemptions:
        if one.covers(found.urn):
            if not one.expired(now):
                return True, ""
            note = f"its exemption expired on {one.expires}"
    return False, note


def finding(rule: Rule, severity: Severity, found: Breach, note: str = "") -> Finding:
    """A breach as people and the JSON get it."""
    message = found.message if found.ran else f"the rule could not run: {found.message}"
    message += f" ({note})" if note else ""
    remedy = found.remedy or rule.remedy
    return Finding(
        "error" if severity == "mandatory" else "warning",
        rule.id,
        found.urn,
        found.property,
        message,
        remedy,
        found.source,
    )


def unused_exemptions(stack: Stack, settings: GateSettings) -> Iterator[Finding]:
    """A warning for each exemption whose pattern means no resource of the stack it is for."""
    urns = [one.urn for one in stack.resources]
    for one in settings.exemptions:
        if fnmatchcase(stack.name, one.stack) and not any(one.covers(urn) for urn in urns):
            message = f"the exemption of '{one.resource}' from {one.rule} is for no resource of this stack"
            remedy = "correct its resource, name the stack it is for, or remove it"
            yield Finding("warning", UNUSED_EXEMPTION, "", "exemptions", message, remedy)
