"""The plan document as far as a deployment needs it. Keys that it does not need are left unread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field, structs

from greenai_infra.contracts.plan_document import read_document
from greenai_infra.contracts.stack.fields import Name
from greenai_infra.contracts.times import Time
from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.checked import Checked
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.section import NonNegative, Positive
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Intensity(Checked, frozen=True, kw_only=True):
    """The carbon intensity that a placement was chosen with."""

    g_per_kwh: NonNegative
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: Time
    flags: list[str] = field(default_factory=list)


class Run(Checked, frozen=True, kw_only=True):
    """One uninterrupted run, [start, end)."""

    start: Time
    end: Time


class Placement(Checked, frozen=True, kw_only=True):
    """Where, on what and when; `instance_type` is the cloud's own name of the machine, as in p5.48xlarge."""

    provider: Literal["aws", "gcp"]
    region: Annotated[str, Meta(min_length=1)]
    zone: str
    instance_type: Annotated[str, Meta(min_length=1)]
    instances: Annotated[int, Meta(ge=1)]
    accelerator: str | None = None
    """The chip's name in the catalog."""
    purchase: Literal["on_demand", "spot"]
    start: Time
    end: Time
    slices: Annotated[list[Run], Meta(min_length=1)]
    energy_kwh: Positive
    emissions_kg: Positive
    cost_usd: NonNegative | None
    intensity: Intensity
    offered: Literal["listed", "not listed", "unknown"] = "listed"
    zones: list[str] = field(default_factory=list)
    """Zones in which it is sold, AWS's by ID; empty where they are not known."""
    zone_count: Annotated[int, Meta(ge=1)] | None = None
    availability: str | None = None
    """What is known of its being offered, in a sentence."""
    service_list_read: bool = True
    """False where EC2's list has it, and SageMaker's was not read."""
    pue: Any = None
    """For reports only, and so not checked: a deployment does not need it. The same holds for the next two."""
    pue_year: Any = None
    pue_is_fleet_mean: Any = False

    @property
    def key(self) -> str:
        """`provider:region`, as the catalog names it."""
        return f"{self.provider}:{self.region}"


class PlannedBudget(Checked, frozen=True, kw_only=True):
    """What the project may emit, as the workload file states it."""

    daily_kg: Positive
    monthly_kg: Positive
    notify: list[str] = field(default_factory=list)


class PlannedWork(Checked, frozen=True, kw_only=True):
    """What an endpoint has to do; nothing of it for training."""

    requests_per_second: Positive | None = None
    serve_hours: Positive | None = None
    latency_bound_ms: Positive | None = None


class PlannedObjective(Checked, frozen=True, kw_only=True):
    """What the plan minimised, if not emissions alone."""

    carbon_price_usd_per_tonne: NonNegative


class PlannedWorkload(Checked, frozen=True, kw_only=True):
    """Whose plan it is, and what for."""

    name: Name
    project: Name
    team: Name
    kind: Literal["training", "inference"]
    work: PlannedWork = PlannedWork()
    carbon_budget: PlannedBudget | None = None
    objective: PlannedObjective | None = None


class PlanFile(Checked, frozen=True, kw_only=True):
    """A plan: the chosen placement and the best of each other region, with rising emissions."""

    plan_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{12,64}\Z")]
    as_of: Time
    workload: PlannedWorkload
    placement: Placement
    alternatives: list[Placement]
    edited: bool = False
    """Whether the file is not what the plan_id was made of; the reader says so, not the file."""

    @property
    def ranked(self) -> list[Placement]:
        """All placements, best first, one a region."""
        return [self.placement, *self.alternatives]

    def value_of(self, one: Placement) -> float:
        """What the plan minimised: kg CO2e, or USD with carbon where the workload states its price."""
        objective = self.workload.objective
        if objective is None:
            return one.emissions_kg
        return (one.cost_usd or 0.0) + objective.carbon_price_usd_per_tonne * one.emissions_kg / 1000


def read_plan_file(path: Path, *, if_edited: Callable[[str], None] | None = None) -> PlanFile:
    """The plan in a file. Raises InputError if it can't be read, is no plan, has another version, or was edited.

    What was edited is read all the same where `if_edited` takes the sentence that says so.
    """
    edits: list[str] = []
    document = read_document(path, if_edited=edits.append)
    try:
        plan = read_values(document, PlanFile)
    except Unreadable as error:
        raise InputError(described(error.problems, str(path), document, PlanFile)) from None
    keys = [one.key for one in plan.ranked]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"{path} ranks {twice} more than once; one placement a region is expected")
    for edit in edits:
        if if_edited is None:
            raise InputError(f"{edit}; make it again with: greenai-infra plan WORKLOAD --out {path}")
        if_edited(edit)
    return structs.replace(plan, edited=bool(edits))
