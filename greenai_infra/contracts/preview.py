"""The document of `preview --offline --json`, as far as the gate, the comment and the difference need it.

`policy`, `standing` and `budget` may be absent in previews of earlier releases; absent differs from null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, field

from greenai_infra import strict_json
from greenai_infra.contracts.declared import Finding
from greenai_infra.contracts.gate import Count, RuleResult
from greenai_infra.contracts.preview_codes import SCHEMA_VERSION, STOPPED
from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.checked import Checked
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.section import NonNegative, Positive
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,100}\Z")]
"""What Pulumi allows as a name of a project or stack; the hidden marker is made of it."""
MAX_BYTES = 50_000_000


class Policy(Checked, frozen=True, kw_only=True):
    """The rules that were run, and by type the number of resources that no rule judges."""

    rules: list[RuleResult] = field(default_factory=list)
    not_judged: dict[str, Count] = field(default_factory=dict)


class Intensity(Checked, frozen=True, kw_only=True):
    """The carbon intensity that the standing kilograms are reckoned with."""

    zone: str = ""
    g_per_kwh: NonNegative
    signal: str
    basis: str
    source: str
    kind: str = ""
    observed_at: str = ""


class StandingResource(Checked, frozen=True, kw_only=True):
    """What a resource draws, emits and costs in a month; None is unknown."""

    name: str
    type: str = ""
    what: str = ""
    energy_kwh_per_month: NonNegative | None = None
    emissions_kg_per_month: NonNegative | None = None
    cost_usd_per_month: NonNegative | None = None
    energy_source: str | None = None
    price_source: str | None = None
    note: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it takes anything by standing there, or that is not known."""
        return any(
            one is None or one > 0
            for one in (self.energy_kwh_per_month, self.emissions_kg_per_month, self.cost_usd_per_month)
        )


class Total(Checked, frozen=True, kw_only=True):
    """The sum of the known figures."""

    energy_kwh_per_month: NonNegative | None = None
    emissions_kg_per_month: NonNegative | None = None
    cost_usd_per_month: NonNegative | None = None


class PlannedRun(Checked, frozen=True, kw_only=True):
    """The run that the stack's plan foresees."""

    plan_id: str = ""
    energy_kwh: NonNegative | None = None
    emissions_kg: NonNegative | None = None
    """With transfer and the embodied share of the hardware."""
    operational_kg: NonNegative | None = None
    """Energy x PUE x intensity, as a budget counts it; absent in previews of earlier releases."""
    operational_kg_busiest_day: NonNegative | None = None
    cost_usd: NonNegative | None = None


class PlannedLoad(Checked, frozen=True, kw_only=True):
    """What the stack is planned to serve in a month."""

    energy_kwh_per_month: NonNegative | None = None
    operational_kg_per_month: NonNegative | None = None


class Standing(Checked, frozen=True, kw_only=True):
    """What the stack takes in a month whether or not anything runs, and its planned run."""

    hours_per_month: Positive
    intensity: Intensity | None = None
    resources: list[StandingResource] = field(default_factory=list)
    total: Total
    unpriced: list[str] = field(default_factory=list)
    planned_run: PlannedRun | None = None
    planned_load: PlannedLoad | None = None

    @property
    def goes_on_kg_per_month(self) -> float:
        """Operational kg a month: of the planned load, or of standing there idle if that is more; as far as known."""
        load = (self.planned_load.operational_kg_per_month if self.planned_load else None) or 0.0
        return max(self.total.emissions_kg_per_month or 0.0, load)


class Budget(Checked, frozen=True, kw_only=True):
    """The carbon budget of the stack's alarms."""

    daily_kg: Positive | None = None
    monthly_kg: Positive | None = None
    stack: str | None = None


class _Tags(Checked, frozen=True, kw_only=True):
    common: dict[str, Any] = field(default_factory=dict)


class Declared(Checked, frozen=True, kw_only=True):
    """What the comment and the difference to the base read of a resource."""

    urn: str
    type: str
    name: str
    custom: bool
    read: bool
    inputs: dict[str, Any]


class Judged(Checked, frozen=True, kw_only=True):
    """A preview, as far as the report of its gate needs it."""

    project: str
    stack: str
    region: str
    findings: list[Finding]
    policy: Policy


class Preview(Checked, frozen=True, kw_only=True):
    """A preview; `raw` is the document as read."""

    project: Name
    stack: Name
    region: str = ""
    resources: list[Declared]
    findings: list[Finding]
    tags: _Tags = _Tags()
    policy: Policy | None = None
    standing: Standing | None = None
    budget: Budget | None = None
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`project/stack`."""
        return f"{self.project}/{self.stack}"

    @property
    def rules(self) -> list[RuleResult]:
        """Returns the rules that judged the preview; empty without a gate."""
        return self.policy.rules if self.policy else []

    @property
    def stopped(self) -> bool:
        """Whether the program did not get to its end."""
        return any(one.code in STOPPED for one in self.findings)

    def says(self, key: str) -> bool:
        """Whether the document has that key at all, be it null."""
        return key in self.raw

    @property
    def plan_id(self) -> str:
        """Returns the plan that the stack was pinned from; empty if unnamed."""
        run = self.standing.planned_run if self.standing else None
        return (run.plan_id if run else "") or str(self.tags.common.get("plan-id", ""))


def read_previews(paths: Iterable[Path], *, may_be_empty: bool = False) -> list[Preview]:
    """Reads the previews in files, and in the `.json` files of folders.

    Raises InputError for a file that is not a preview, for a repeated stack, and for an empty folder unless
    `may_be_empty`.
    """
    previews: dict[str, Preview] = {}
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files and not may_be_empty:
            raise InputError(f"{path} has no .json file; write one with: greenai-infra preview --offline --json")
        for file in files:
            preview = read_preview(file)
            if preview.key in previews:
                raise InputError(f"{file} is a second preview of {preview.key}; give each stack once")
            previews[preview.key] = preview
    return list(previews.values())


def read_preview(path: Path) -> Preview:
    """Reads a preview file. Raises InputError if it is unreadable, is not a preview, or has another version."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES / 1e6:g} MB; that is no preview of a stack")
        document = strict_json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(
            f"{path} is not JSON ({error}); write it with: greenai-infra preview --offline --json"
        ) from None
    check_preview(document, str(path))
    try:
        preview = read_values({**document, "raw": document}, Preview)
    except Unreadable as error:
        raise InputError(f"{path} is no whole preview:\n{described(error.problems, '', document, Preview)}") from None
    return preview


def check_preview(document: Any, what: str) -> None:
    """Raises InputError unless this is a document of `preview --offline --json` that this release reads."""
    if not isinstance(document, dict) or "resources" not in document or "findings" not in document:
        raise InputError(f"{what} is no document of `greenai-infra preview --offline --json`")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{what} has schema_version {document.get('schema_version')!r}, this release reads {SCHEMA_VERSION}; "
            "preview both with the same release"
        )


def rules_in(document: Mapping[str, Any], what: str) -> list[RuleResult]:
    """Returns the rules that judged a preview's document; empty without a gate. Raises InputError for damaged rules."""
    policy = document.get("policy") or {}
    try:
        return read_values(policy, Policy).rules
    except Unreadable as error:
        raise InputError(described(error.problems, f"{what}: policy", policy, Policy)) from None
