"""What an offline preview found: the declared resources, the outputs, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from greenai_infra.contracts.declared import STACK_TYPE, UNKNOWN, redact
from greenai_infra.contracts.preview_codes import BAD_CONFIG, SCHEMA_VERSION, STOPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.declared import DeclaredResource, Finding
    from greenai_infra.policy.judge import Verdict


@dataclass(frozen=True)
class PreviewResult:
    """An offline preview of one stack. Resources are in order of URN, the stack itself first."""

    project: str
    stack: str
    region: str
    resources: tuple[DeclaredResource, ...]
    outputs: Mapping[str, Any]
    findings: tuple[Finding, ...]
    messages: tuple[str, ...] = ()
    standing: Mapping[str, Any] | None = None
    """What the idle stack draws, emits and costs (`previews/standing`); None if the program failed."""
    budget: Mapping[str, Any] | None = None
    """The carbon budget that the stack's alarms watch, if any."""
    verdict: Verdict | None = None
    """The verdict of the carbon gate; None if the project has no gate."""
    not_judged: Mapping[str, int] = field(default_factory=dict)
    """Type -> how many resources of it are built that no rule judges (`deploy/not_judged`); the gate does not shut."""
    notes: tuple[str, ...] = ()
    """What to do before the stack can be built, in sentences; these are not errors."""

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def stopped(self) -> bool:
        """Whether the program stopped early, so that the result covers only part of the stack."""
        return any(finding.code in STOPPED for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """2 if the stack's config can't be used, 1 if anything else is wrong, else 0."""
        return 2 if any(finding.code == BAD_CONFIG for finding in self.findings) else int(self.failed)

    @property
    def built(self) -> tuple[DeclaredResource, ...]:
        """Returns the resources that a provider would build: without components, providers and resources only read."""
        return tuple(one for one in self.resources if one.custom and not one.read and not one.is_provider)

    @property
    def common_tags(self) -> dict[str, str]:
        """The tags that at least half of the taggable resources carry, with the value that most of them give."""
        taggable = [one for one in self.built if one.taggable]
        counts: dict[tuple[str, str], int] = {}
        for resource in taggable:
            for item in (resource.tags or {}).items():
                if item[1] is not UNKNOWN:
                    counts[item] = counts.get(item, 0) + 1
        return {key: value for (key, value), count in sorted(counts.items()) if 2 * count > len(taggable)}

    def missing_tags(self) -> dict[str, list[str]]:
        """URN of each taggable resource that lacks some of the common tags -> the keys that it lacks."""
        common = self.common_tags
        lacking = {}
        for resource in self.built:
            if resource.taggable:
                own = resource.tags or {}
                lacking[resource.urn] = [key for key, value in common.items() if own.get(key) != value]
        return {urn: keys for urn, keys in lacking.items() if keys}

    def summary(self) -> dict[str, int]:
        """Counts: what would be built, components, taggable resources, errors and warnings."""
        return {
            "resources": len(self.built),
            "components": sum(not one.custom and one.type != STACK_TYPE for one in self.resources),
            "taggable": sum(one.taggable for one in self.built),
            "errors": sum(one.severity == "error" for one in self.findings),
            "warnings": sum(one.severity == "warning" for one in self.findings),
        }

    def as_json(self) -> dict[str, Any]:
        """The document that `greenai-infra preview --offline --json` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "project": self.project,
            "stack": self.stack,
            "region": self.region,
            "resources": [one.as_json() for one in self.resources],
            "outputs": redact(dict(self.outputs)),
            "tags": {"common": self.common_tags, "missing": self.missing_tags()},
            "standing": self.standing,
            "budget": self.budget,
            "policy": {
                "rules": to_builtins(self.verdict.rules) if self.verdict else [],
                "not_judged": dict(self.not_judged),
            },
            "findings": [one.as_json() for one in self.findings],
            "messages": list(self.messages),
            "notes": list(self.notes),
            "summary": self.summary(),
        }
