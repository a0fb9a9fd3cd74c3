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

import msgspec
from msgspec import Meta, field

from greenai_infra.policy.rules import RULES
from greenai_infra.typed_yaml.checked import Checked

if TYPE_CHECKING:
    from greenai_infra.policy.rule import RuleSettings

_Text = Annotated[str, Meta(min_length=1, pattern=r"\S", examples=["public demo"])]


class Exemption(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource that need not keep a rule, until a day, for a reason."""

    rule: Literal[tuple(rule.id for rule in RULES)]  # type: ignore[valid-type]
    resource: _Text
    """Pattern over the URN, `TYPE::NAME` or the name of the resource; of the stack itself for rules about a stack."""
    stack: _Text = "*"
    """Pattern over the stack's name."""
    reason: _Text
    expires: date | None = None
    """The last day (UTC) on which the exemption holds."""

    def covers(self, urn: str) -> bool:
        """Whether the pattern matches this resource; ignores the expiry date."""
        type_, _, name = "::".join(urn.split("::")[2:]).partition("::")
        forms = (urn, f"{type_.rsplit('$', 1)[-1]}::{name}", name)
        return any(fnmatchcase(form, self.resource) for form in forms)

    def expired(self, now: datetime) -> bool:
        """Whether the last day is over."""
        return self.expires is not None and now.astimezone(UTC).date() > self.expires


# One key per rule, built from the registry, so every new rule is included.
_fields: list[tuple[str, Any, Any]] = [
    (
        rule.id.replace("-", "_"),
        Annotated[rule.settings, Meta(title=rule.title, description=rule.why)],
        field(default_factory=rule.settings, name=rule.id),
    )
    for rule in RULES
]
Rules = msgspec.defstruct("Rules", _fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


class GateSettings(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of the settings; all of it may be left out."""

    rules: Rules = field(default_factory=Rules)  # type: ignore[valid-type]
    exemptions: tuple[Exemption, ...] = ()

    def of(self, rule_id: str) -> RuleSettings:
        """The settings of a rule."""
        found: RuleSettings = getattr(self.rules, rule_id.replace("-", "_"))
        return found


def settings_schema() -> dict[str, Any]:
    """JSON Schema of the settings, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(GateSettings)}


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
