"""The carbon gate as a Pulumi policy pack: the same rules, run by the engine in preview and up.

Three things of the protocol decide how it is written:

- A rule that touches an unknown value raises inside the SDK's proxies, and the SDK then reports a mandatory policy as
  an advisory "can't run policy": the gate would pass. So every value is read before a rule sees it, and unknown values
  become UNKNOWN, which our rules report as a violation. Only values that may rightly be unknown before `up` (a policy
  that contains an ARN) wait: the engine asks again during `up`, before it builds the resource.
- Rules about one resource get its inputs and stop that resource. Rules about a stack get all resources at the end of
  preview or up, and so stop a preview, and the `up` after it, but not `up --skip-preview`.
- The SDK drops what the engine says about the stack (`ConfigureStack`: config, name, whether it is a preview), so we
  listen to that call ourselves, as seen with pulumi-policy 1.21 and CLI 3.259; older CLIs set environment variables.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pulumi_policy
from pulumi_policy import policy as sdk
from pulumi_policy.proxy import UnknownValueError

from greenai_infra.clock import now
from greenai_infra.contracts.declared import PROVIDER_PREFIX, STACK_TYPE, UNKNOWN, DeclaredResource
from greenai_infra.contracts.gate import UNUSED_EXEMPTION
from greenai_infra.contracts.programs import DEFAULT_PROGRAM
from greenai_infra.policy.judge import breaches, excused, exemptions_of, finding, unused_exemptions
from greenai_infra.policy.judged import NOT_JUDGED, not_judged_text
from greenai_infra.policy.rule import ResourceRule, Stack
from greenai_infra.policy.rules import RULES
from greenai_infra.previews.gate import PACK_NAME, config_values, open_gate, standing_totals
from greenai_infra.previews.not_judged import not_judged
from greenai_infra.previews.sdk.schema import resource_schema
from greenai_infra.previews.standing.assemble import standing
from greenai_infra.typed_yaml.values import read_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from greenai_infra.policy.rule import Rule, RuleSettings
    from greenai_infra.policy.settings import GateSettings

STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass
class Occasion:
    """For which stack the engine runs the pack, and whether to look only."""

    project: str = ""
    stack: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False

    def listen(self) -> None:
        """Take it from the environment, and from the engine's call when that comes."""
        import pulumi.runtime

        self.note(
            os.environ.get("PULUMI_PROJECT", ""),
            os.environ.get("PULUMI_STACK", ""),
            pulumi.runtime.get_config_env(),
            os.environ.get("PULUMI_DRY_RUN") == "true",
        )
        servicer = sdk._PolicyAnalyzerServicer
        answer = servicer.ConfigureStack

        def configure_stack(own: Any, request: Any, context: Any) -> Any:
            self.note(request.project, request.stack, dict(request.config), request.dry_run)
            return answer(own, request, context)

        servicer.ConfigureStack = configure_stack  # type: ignore[method-assign,assignment]

    def note(self, project: str, stack: str, config: Mapping[str, str], dry_run: bool) -> None:
        """Remember what the engine says."""
        self.project, self.stack, self.dry_run = project, stack, dry_run
        self.config = config_values(config, project)


def run_pack(folder: Path) -> None:
    """Serve the pack of a folder until the engine ends it. Raises InputError for settings that can't be used."""
    settings = open_gate(folder).settings
    occasion = Occasion()
    occasion.listen()
    policies = [_policy(rule, settings, occasion) for rule in RULES]
    pulumi_policy.PolicyPack(name=PACK_NAME, policies=[*policies, *_advice(settings, occasion)])


def _policy(rule: Rule, settings: GateSettings, occasion: Occasion) -> pulumi_policy.Policy:
    defaults = settings.of(rule.id)
    common: dict[str, Any] = {
        "name": rule.id,
        "description": rule.title,
        "display_name": rule.title,
        "enforcement_level": pulumi_policy.EnforcementLevel(defaults.severity),
        "config_schema": pulumi_policy.PolicyConfigSchema(properties=config_properties(defaults)),
        "remediation_steps": rule.remedy,
    }

    def report(stack: Stack, of_rule: RuleSettings, say: Callable[..., None]) -> None:
        exemptions = exemptions_of(settings, rule.id, occasion.stack)
        for found in breaches(rule, stack, of_rule):
            waits = found.until_up and not found.ran and occasion.dry_run
            excuse, note = excused(found, exemptions, stack.now)
            if not waits and not excuse:
                said = finding(rule, "mandatory", found, note)
                where = f"{said.property}: " if said.property else ""
                say(f"{where}{said.message}\n-> {said.remedy}", said.urn or None)

    def check_resource(args: Any, say: Callable[..., None]) -> None:
        resource = declared(args, args.opts.parent)
        report(_stack([resource], occasion), configured(defaults, args.get_config()), say)

    def check_stack(args: Any, say: Callable[..., None]) -> None:
        stack = _stack([_declared_in_stack(one) for one in args.resources], occasion)
        report(_with_standing(stack), configured(defaults, args.get_config()), say)

    if isinstance(rule, ResourceRule):
        return pulumi_policy.ResourceValidationPolicy(validate=check_resource, **common)
    return pulumi_policy.StackValidationPolicy(validate=check_stack, **common)


def _advice(settings: GateSettings, occasion: Occasion) -> Iterator[pulumi_policy.Policy]:
    """Returns advice that leaves the gate open: exemptions that match no resource, types that no rule judges."""

    def unused(args: Any, say: Callable[..., None]) -> None:
        stack = _stack([_declared_in_stack(one) for one in args.resources], occasion)
        for found in unused_exemptions(stack, settings):
            say(f"{found.message}\n-> {found.remedy}")

    def unjudged(args: Any, say: Callable[..., None]) -> None:
        if text := not_judged_text(not_judged([_declared_in_stack(one) for one in args.resources])):
            say(text)

    for name, title, check in (
        (UNUSED_EXEMPTION, "Every exemption is for a resource", unused),
        (NOT_JUDGED, "The rules know every type that may need them", unjudged),
    ):
        level = pulumi_policy.EnforcementLevel.ADVISORY
        yield pulumi_policy.StackValidationPolicy(name=name, description=title, validate=check, enforcement_level=level)


def _stack(resources: Sequence[DeclaredResource], occasion: Occasion) -> Stack:
    return Stack(occasion.stack, resources, occasion.config, now())


def _with_standing(stack: Stack) -> Stack:
    """Returns the stack with its standing power and cost, computed from its program's section of the config."""
    section = stack.config.get(str(stack.config.get("program") or DEFAULT_PROGRAM))
    figures = standing(stack.resources, section if isinstance(section, dict) else {})
    return replace(stack, standing=standing_totals(figures))


def config_properties(defaults: RuleSettings) -> dict[str, dict[str, Any]]:
    """The JSON schema of what `--policy-pack-config` may set of a rule; its defaults are those of the settings file.

    How much a rule weighs is `enforcementLevel` there, so `severity` is left out.
    """
    (schema,) = msgspec.json.schema_components([type(defaults)])[1].values()
    found = {}
    for name, default in defaults.values.items():
        kept = {key: value for key, value in schema["properties"][name].items() if key != "default"}
        found[name] = kept if default is None else {**kept, "default": default}
    return found


def configured(defaults: RuleSettings, config: Mapping[str, Any] | None) -> RuleSettings:
    """The settings with what `--policy-pack-config` says over them; it may take a rule's limit away.

    They state no severity: how much a rule weighs is the engine's `enforcementLevel` here.
    """
    return read_values({**defaults.values, **config}, type(defaults)) if config else defaults


def _declared_in_stack(resource: Any) -> DeclaredResource:
    return declared(
        resource,
        resource.parent.urn if resource.parent else "",
        tuple(one.urn for one in resource.dependencies),
        {name: tuple(one.urn for one in on) for name, on in resource.property_dependencies.items()},
    )


def declared(
    resource: Any,
    parent: str | None,
    dependencies: tuple[str, ...] = (),
    property_dependencies: Mapping[str, tuple[str, ...]] | None = None,
) -> DeclaredResource:
    """Returns an SDK resource as our rules see it: every value read, unknown values replaced by UNKNOWN."""
    inputs = readable(resource.props)
    type_ = resource.resource_type
    is_own = type_ in (STACK_TYPE, STACK_REFERENCE) or type_.startswith(PROVIDER_PREFIX)
    schema = None if is_own else resource_schema(type_)
    return DeclaredResource(
        urn=resource.urn,
        type=type_,
        name=resource.name,
        parent=parent or "",
        custom=schema is not None or type_.startswith(PROVIDER_PREFIX),
        inputs=inputs,
        rendered=inputs,
        dependencies=dependencies,
        taggable=schema is not None and schema.taggable,
        read=type_ == STACK_REFERENCE,
        property_dependencies=property_dependencies or {},
    )


def readable(value: Any) -> Any:
    """Returns a value unwrapped from the SDK's proxies, which raise on unknown values."""
    if hasattr(value, "keys"):
        return {key: _item(value, key) for key in value}
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    return [_item(value, index) for index in range(len(value))]


def _item(container: Any, key: Any) -> Any:
    try:
        return readable(container[key])
    except UnknownValueError:
        return UNKNOWN
