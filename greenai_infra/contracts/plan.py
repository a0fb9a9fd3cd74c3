"""The plan document as far as a deployment needs it. Keys that it does not need are left unread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from greenai_infra.contracts.plan_document import read_document
from greenai_infra.contracts.problems import describe_validation_error
from greenai_infra.contracts.stack.fields import Name
from greenai_infra.contracts.times import Time
from greenai_infra.errors import InputError
from greenai_infra.flags import NoFlagAsNumber

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Finite = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(NoFlagAsNumber):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Intensity(_Part):
    """The carbon intensity that a placement was chosen with."""

    g_per_kwh: Finite
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: Time
    flags: list[str] = Field(default_factory=list)


class Run(_Part):
    """One uninterrupted run, [start, end)."""

    start: Time
    end: Time


class Placement(_Part):
    """Where, on what and when; `instance_type` is the cloud's own name of the machine, as in p5.48xlarge."""

    provider: Literal["aws", "gcp"]
    region: Annotated[str, Field(min_length=1)]
    zone: str
    instance_type: Annotated[str, Field(min_length=1)]
    instances: Annotated[int, Field(ge=1)]
    accelerator: str | None = None
    """The chip's name in the catalog."""
    purchase: Literal["on_demand", "spot"]
    start: Time
    end: Time
    slices: Annotated[list[Run], Field(min_length=1)]
    energy_kwh: Positive
    emissions_kg: Positive
    cost_usd: Finite | None
    intensity: Intensity
    offered: Literal["listed", "not listed", "unknown"] = "listed"
    zones: list[str] = Field(default_factory=list)
    """Zones in which it is sold, AWS's by ID; empty where they are not known."""
    zone_count: Annotated[int, Field(ge=1)] | None = None
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


class PlannedBudget(_Part):
    """What the project may emit, as the workload file states it."""

    daily_kg: Positive
    monthly_kg: Positive
    notify: list[str] = Field(default_factory=list)


class PlannedWork(_Part):
    """What an endpoint has to do; nothing of it for training."""

    requests_per_second: Positive | None = None
    serve_hours: Positive | None = None
    latency_bound_ms: Positive | None = None


class PlannedObjective(_Part):
    """What the plan minimised, if not emissions alone."""

    carbon_price_usd_per_tonne: Finite


class PlannedWorkload(_Part):
    """Whose plan it is, and what for."""

    name: Name
    project: Name
    team: Name
    kind: Literal["training", "inference"]
    work: PlannedWork = PlannedWork()
    carbon_budget: PlannedBudget | None = None
    objective: PlannedObjective | None = None


class PlanFile(_Part):
    """A plan: the chosen placement and the best of each other region, with rising emissions."""

    plan_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    as_of: Time
    workload: PlannedWorkload
    placement: Placement
    alternatives: list[Placement]
    edited: Annotated[bool, Field(exclude=True)] = False
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
        plan = PlanFile.model_validate(document)
    except ValidationError as error:
        raise InputError(describe_validation_error(error, str(path), PlanFile)) from None
    keys = [one.key for one in plan.ranked]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"{path} ranks {twice} more than once; one placement a region is expected")
    for edit in edits:
        if if_edited is None:
            raise InputError(f"{edit}; make it again with: greenai-infra plan WORKLOAD --out {path}")
        if_edited(edit)
    return plan.model_copy(update={"edited": bool(edits)})
