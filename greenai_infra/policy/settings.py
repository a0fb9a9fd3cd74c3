"""The settings of the gate: each rule's, and the exemptions. Typed, and unknown keys are refused.

rules:
  region-intensity: {max_g_per_kwh: 100}
  plan-age: {severity: mandatory, max_hours: 48}
exemptions:
  - rule: no-public-access
    resource: aws:lb/loadBalancer:LoadBalancer::demo
    reason: public demo, behind the company's firewall
    expires: 2027-01-31
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, create_model

from greenai_infra.flags import NoFlagAsNumber
from greenai_infra.policy.rules import RULES

if TYPE_CHECKING:
    from greenai_infra.policy.rule import RuleSettings

_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Exemption(NoFlagAsNumber):
    """A resource that need not keep a rule, until a day, for a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal[tuple(rule.id for rule in RULES)]  # type: ignore[valid-type]
    resource: _Text
    """Pattern over the URN, `TYPE::NAME` or the name of the resource; of the stack itself for rules about a stack."""
    stack: _Text = "*"
    """Pattern over the stack's name."""
    reason: _Text
    expires: date | None = None
    """The last day (UTC) on which the exemption holds."""

    def covers(self, urn: str) -> bool:
        """Whether the pattern means this resource, whatever the day."""
        type_, _, name = "::".join(urn.split("::")[2:]).partition("::")
        forms = (urn, f"{type_.rsplit('$', 1)[-1]}::{name}", name)
        return any(fnmatchcase(form, self.resource) for form in forms)

    def expired(self, now: datetime) -> bool:
        """Whether the last day is over."""
        return self.expires is not None and now.astimezone(UTC).date() > self.expires


class _Rules(NoFlagAsNumber):
    model_config = ConfigDict(extra="forbid", frozen=True)


# One key a rule, made from the registry, so that a new rule can't be forgotten here.
_fields: dict[str, Any] = {
    rule.id.replace("-", "_"): (
        rule.settings,
        Field(default_factory=rule.settings, alias=rule.id, title=rule.title, description=rule.why),
    )
    for rule in RULES
}
Rules = create_model("Rules", __base__=_Rules, **_fields)


class GateSettings(NoFlagAsNumber):
    """The whole of the settings; all of it may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Rules = Field(default_factory=Rules)  # type: ignore[valid-type]
    exemptions: tuple[Exemption, ...] = ()

    def of(self, rule_id: str) -> RuleSettings:
        """The settings of a rule."""
        found: RuleSettings = getattr(self.rules, rule_id.replace("-", "_"))
        return found


def settings_schema() -> dict[str, Any]:
    """JSON Schema of the settings, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **GateSettings.model_json_schema(by_alias=True)}


EXAMPLE = """\
settings:
  rules:
    region-intensity:
      severity: mandatory
      max_g_per_kwh: 100
      basis: lifecycle
      signal: average
    instance-types:
      allowed: [ml.p5.*, ml.g5.*]
  exemptions:
    - rule: no-public-access
      resource: aws:lb/loadBalancer:LoadBalancer::demo
      stack: "*"
      reason: public demo behind the company's firewall
      expires: 2027-01-31
"""
