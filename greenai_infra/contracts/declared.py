"""A resource as a program declares it, and a finding about it.

Values in `inputs` are plain JSON-like Python values with two additions: `UNKNOWN` for what only exists after `up`, and
`Secret(value)` around what must not be shown. `plain` takes secrets off for a check; `redact` makes a value showable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"

# Where each cloud's resources hold their tags, the fuller set first. Of a type that has `userLabels`, `labels` are
# something else.
TAG_PROPERTIES = {
    "aws": ("tagsAll", "tags"),
    "gcp": ("effectiveLabels", "userLabels", "labels", "resourceLabels"),
}


def short_type(type_: str) -> str:
    """`aws:sns:Topic` for `aws:sns/topic:Topic`, as people know it."""
    parts = type_.split(":")
    return ":".join([parts[0], parts[1].split("/")[0], *parts[2:]]) if len(parts) == 3 else type_


class Unknown:
    """The type of `UNKNOWN`: a value that is not known before `up`."""

    def __repr__(self) -> str:
        return "unknown"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()
UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How Pulumi's protocol writes an unknown value."""


@dataclass(frozen=True)
class Secret:
    """A value that is never shown."""

    value: Any = field(repr=False)


def plain(value: Any) -> Any:
    """The value with every secret in it unwrapped; unknowns stay."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def redact(value: Any) -> Any:
    """Returns the value for display and JSON: `[secret]` and `[unknown]` replace secret and unknown values."""
    if isinstance(value, Secret):
        return "[secret]"
    if value is UNKNOWN:
        return "[unknown]"
    if isinstance(value, dict):
        return {key: redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether the value or anything in it is unknown."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


class Finding(Struct, frozen=True):
    """Something wrong, or something that could not be looked at.

    `code` is stable. `property` is a path of wire names. `source` is the line that declared the resource, where known.
    """

    severity: Literal["error", "warning"]
    code: str
    urn: str
    property: str
    message: str
    remedy: str = ""
    source: str = ""

    def as_json(self) -> dict[str, str]:
        """All fields by name."""
        return structs.asdict(self)


@dataclass(frozen=True)
class DeclaredResource:
    """One resource as the program declares it, after transforms and the provider's default tags.

    `rendered` is `inputs` with stand-ins in place of values that exist only after `up` (an ARN, an id): documents
    built from such values can be read there. Without stand-ins it is `inputs` itself.
    `options` holds only what the program set. `property_dependencies` names the resources that a property uses.
    `hides_its_parts` marks a component that a plugin builds: the component's parts are not among the resources.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    rendered: Mapping[str, Any]
    dependencies: tuple[str, ...] = ()
    provider: str = ""
    region: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    taggable: bool = False
    read: bool = False
    source: str = ""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hides_its_parts: bool = False

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider, not something that a provider builds."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def package(self) -> str:
        """`aws` of `aws:sns/topic:Topic`."""
        return self.type.split(":", 1)[0]

    @property
    def tags(self) -> Any:
        """Tags or labels merged with the provider's defaults: a mapping, UNKNOWN, or None if undeclared."""
        for name in TAG_PROPERTIES.get(self.package, ()):
            if name in self.inputs:
                return plain(self.inputs[name])
        return None

    def finding(
        self, code: str, property_: str, message: str, remedy: str = "", severity: Literal["error", "warning"] = "error"
    ) -> Finding:
        """A finding about a property of this resource."""
        return Finding(severity, code, self.urn, property_, message, remedy, self.source)

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints: unknowns and secrets replaced by words."""
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "parent": self.parent,
            "custom": self.custom,
            "read": self.read,
            "provider": self.provider,
            "region": self.region,
            "inputs": redact(dict(self.inputs)),
            "dependencies": list(self.dependencies),
            "options": redact(dict(self.options)),
            "taggable": self.taggable,
            "source": self.source,
        }
