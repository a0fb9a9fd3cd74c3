"""Resources and stacks as a program might declare them, written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import STACK_TYPE, DeclaredResource
from greenai_infra.policy.judge import judge
from greenai_infra.policy.rule import Stack
from greenai_infra.policy.settings import GateSettings
from greenai_infra.typed_yaml.values import read_values

if TYPE_CHECKING:
    from greenai_infra.contracts.declared import Finding

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
URN = "urn:pulumi:dev::shop::"

TAGS = {
    "project": "assistant",
    "team": "research",
    "workload": "finetune-7b",
    "environment": "research",
    "carbon-intensity-g-per-kwh": "20.4",
    "carbon-signal": "average",
    "carbon-basis": "lifecycle",
    "carbon-source": "Electricity Maps",
    "carbon-kind": "forecast",
    "carbon-zone": "SE-SE3",
    "carbon-observed-at": "2026-12-01T06:00:00Z",
}
LABELS = {
    **TAGS,
    "carbon-intensity-g-per-kwh": "20_4",
    "carbon-source": "electricity-maps",
    "carbon-zone": "se-se3",
    "carbon-observed-at": "2026-12-01t06-00-00z",
}


def a(type_: str, name: str = "it", /, *, taggable: bool = False, **inputs: Any) -> DeclaredResource:
    """A resource of a type; `_after` names the URNs that it depends on, `_rendered` what stand-ins make of it."""
    after = tuple(inputs.pop("_after", ()))
    rendered = inputs.pop("_rendered", inputs)
    options = {"read": inputs.pop("_read", False), "property_dependencies": inputs.pop("_from", {})}
    return DeclaredResource(
        urn=f"{URN}{type_}::{name}",
        type=type_,
        name=name,
        parent="",
        custom=not options["read"],
        inputs=inputs,
        rendered=rendered,
        dependencies=after,
        taggable=taggable,
        **options,
    )


def stack(*resources: DeclaredResource, config: dict[str, Any] | None = None, **more: Any) -> Stack:
    """A stack of these resources, with the stack itself."""
    own = DeclaredResource(f"{URN}{STACK_TYPE}::shop-dev", STACK_TYPE, "shop-dev", "", False, {}, {})
    return Stack("dev", [own, *resources], config or {}, **{"now": NOW, **more})


def found(rule: str, subject: Stack | DeclaredResource, **settings: Any) -> list[Finding]:
    """What one rule finds, with settings of its own."""
    whole = subject if isinstance(subject, Stack) else stack(subject)
    rules = {rule: settings} if settings else {}
    verdict = judge(whole, read_values({"rules": rules}, GateSettings))
    return [one for one in verdict.findings if one.code == rule]


def messages(rule: str, subject: Stack | DeclaredResource, **settings: Any) -> list[str]:
    """The words of what one rule finds."""
    return [one.message for one in found(rule, subject, **settings)]


def kept(rule: str, subject: Stack | DeclaredResource, **settings: Any) -> bool:
    """Whether a rule finds nothing."""
    return not found(rule, subject, **settings)


def could_not_run(rule: str, subject: Stack | DeclaredResource, **settings: Any) -> bool:
    """Whether all that a mandatory rule finds is that it could not run, which is an error."""
    all_found = found(rule, subject, **settings)
    said = [one.message.startswith("the rule could not run: ") and one.severity == "error" for one in all_found]
    return bool(said) and all(said)
