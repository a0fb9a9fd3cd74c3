"""What a rule is: an id, its words for people, its settings, and a pure function over what a program declares.

A rule never raises and never guesses: an unknown value that it needs is a breach with `ran=False`. The gate treats
such a breach as a violation. `until_up` marks the few values that may rightly be unknown before `up`, such as a policy
that contains another resource's ARN: the engine's preview may let them wait for `up`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import UNSET, UnsetType, to_builtins
from msgspec import field as struct_field

from greenai_infra.contracts.declared import STACK_TYPE
from greenai_infra.contracts.gate import Severity
from greenai_infra.typed_yaml.checked import Checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.contracts.declared import DeclaredResource


class RuleSettings(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every rule can be told: how much it weighs. Subclasses add what is theirs."""

    stated_severity: Severity | UnsetType = struct_field(default=UNSET, name="severity")
    """mandatory: a violation stops preview, up and check. advisory: it is shown. disabled: the rule does not run."""

    usual_severity: ClassVar[Severity] = "mandatory"
    needs: ClassVar[str] = ""
    """The setting that the rule needs in order to run; empty for a rule that always runs."""
    needs_example: ClassVar[str] = ""
    """What `needs` may be, as written in the settings file."""

    def check(self) -> None:
        """A severity that somebody wrote down is meant: the rule must not be off for want of its limit."""
        if self.stated_severity is not UNSET and self.severity != "disabled" and self.in_force == "disabled":
            given = getattr(self, self.needs)
            state = "not set" if given is None else "false" if given is False else "empty"
            raise ValueError(
                f"severity is {self.severity}, and {self.needs} is {state}; for example {self.needs_example}"
            )

    @property
    def severity(self) -> Severity:
        """How much the rule weighs: as the settings say, or as is usual."""
        return self.usual_severity if self.stated_severity is UNSET else self.stated_severity

    @property
    def values(self) -> dict[str, Any]:
        """The settings without the severity, as JSON has them."""
        return {key: value for key, value in to_builtins(self).items() if key != "severity"}

    @property
    def in_force(self) -> Severity:
        """The severity, or disabled where what the rule needs is not configured."""
        return "disabled" if self.needs and not getattr(self, self.needs) else self.severity


@dataclass(frozen=True)
class Breach:
    """How a resource, or the stack (empty `urn`), breaks a rule, or why it could not be checked."""

    urn: str
    property: str
    message: str
    remedy: str = ""
    ran: bool = True
    until_up: bool = False
    source: str = ""


@dataclass(frozen=True)
class Standing:
    """What a stack emits and costs in an idle month, as computed by the preview.

    None is unknown. `unmeasured` names the resources missing from the total emissions, `unpriced` those missing from
    the total cost. `cost_usd_per_month_high` is the upper bound of the cost where prices are estimates.
    """

    emissions_kg_per_month: float | None
    cost_usd_per_month: float | None
    basis: str = ""
    signal: str = ""
    unmeasured: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()
    cost_usd_per_month_high: float | None = None


@dataclass(frozen=True)
class Stack:
    """The input of a stack rule. `config` maps keys without the project prefix to the project's values, objects parsed.

    `now` is the time at which ages are computed.
    """

    name: str
    resources: Sequence[DeclaredResource]
    config: Mapping[str, Any]
    now: datetime
    standing: Standing | None = None

    @property
    def urn(self) -> str:
        """URN of the stack itself; empty if it is not among the resources."""
        return next((one.urn for one in self.resources if one.type == STACK_TYPE), "")

    @property
    def built(self) -> list[DeclaredResource]:
        """What a provider builds."""
        return [one for one in self.resources if one.custom and not one.read and not one.is_provider]


@dataclass(frozen=True)
class Rule:
    """A rule's text for people, and its settings. `remedy` says what to do about a violation that has no remedy.

    Reports list rules by `order`. `types` are the resource types that the rule knows, beside the properties that it
    finds by name in every type. The types of all rules are left out of the "not judged" list.
    """

    id: str
    title: str
    remedy: str
    why: str
    settings: type[RuleSettings] = field(repr=False)
    order: int = field(default=1000, kw_only=True)
    types: frozenset[str] = field(default=frozenset(), kw_only=True, repr=False)


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule that judges each resource by itself."""

    check: Callable[[DeclaredResource, Any], Iterable[Breach]] = field(repr=False)


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule about a stack as a whole."""

    check: Callable[[Stack, Any], Iterable[Breach]] = field(repr=False)


def breach(resource: DeclaredResource, property_: str, message: str, remedy: str = "") -> Breach:
    """A violation by a resource."""
    return Breach(resource.urn, property_, message, remedy, source=resource.source)


def not_known(resource: DeclaredResource, property_: str, *, until_up: bool = False, what: str = "") -> Breach:
    """A resource that can't be judged, because a property is unknown."""
    message = f"{what or property_} is not known before up"
    remedy = "set it to a value that is known at preview, such as one from the stack's config"
    return Breach(resource.urn, property_, message, remedy, ran=False, until_up=until_up, source=resource.source)
