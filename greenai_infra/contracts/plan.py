"""The plan document: what planning writes, and pinning, tracking, the comment and cards read.

Readers ignore unknown keys. Figures for reports may be absent (None), as in plans of earlier releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field, structs

from greenai_infra.contracts.names import Name
from greenai_infra.contracts.plan_document import read_document
from greenai_infra.contracts.times import Time
from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.checked import Checked
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.section import LARGEST, NonNegative, Positive
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


Provider = Literal["aws", "gcp"]


class Intensity(Checked, frozen=True, kw_only=True):
    """The carbon intensity that a placement was chosen with."""

    g_per_kwh: NonNegative
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: Time
    flags: list[str] = field(default_factory=list)
    detail: str = ""
    left_out: Any = UNSET


class Transfer(Checked, frozen=True, kw_only=True):
    """The kilograms of moving the data: energy x the mean of the intensities of both ends."""

    energy_kwh: float | None = None
    origin_zone: str = ""
    origin_g_per_kwh: float | None = None
    destination_g_per_kwh: float | None = None
    g_per_kwh: float | None = None


class Run(Checked, frozen=True, kw_only=True):
    """An uninterrupted run, [start, end)."""

    start: Time
    end: Time


class Placement(Checked, frozen=True, kw_only=True):
    """Where, on what and when; `instance_type` is the cloud's name of the machine, as in p5.48xlarge.

    Energy is at the servers, before PUE; `emissions_kg` is operational_kg + transfer_kg + embodied_kg.
    """

    provider: Provider
    region: Annotated[str, Meta(min_length=1)]
    place: str = ""
    zone: str
    instance_type: Annotated[str, Meta(min_length=1)]
    instances: Annotated[int, Meta(ge=1)]
    machines: str = ""
    machine_count: int | None = None
    accelerator: str | None = None
    """The chip's name in the catalog."""
    accelerators: int | None = None
    purchase: Literal["on_demand", "spot"]
    start: Time
    end: Time
    slices: Annotated[list[Run], Meta(min_length=1)]
    run_hours: float | None = None
    answer_ms: float | UnsetType = UNSET
    """Of a model that is served; without a figure the key is left out."""
    energy_kwh: Positive
    energy_kwh_low: float | None = None
    energy_kwh_high: float | None = None
    pue: Annotated[float, Meta(ge=1, le=LARGEST)] | None = None
    pue_year: int | None = None
    pue_is_fleet_mean: bool = False
    emissions_kg: Positive
    emissions_kg_low: float | None = None
    emissions_kg_high: float | None = None
    operational_kg: float | None = None
    transfer_kg: float | None = None
    transfer: Transfer | UnsetType = UNSET
    """Left out where no data is moved."""
    embodied_kg: float | None = None
    embodied_is_estimate: bool | None = None
    cost_usd: NonNegative | None
    transfer_usd: float | None = None
    standing_usd: float | None = None
    """A part of `cost_usd`; None if unknown, and then left out of `cost_usd`."""
    standing_usd_low: float | None = None
    standing_usd_high: float | None = None
    standing_is_estimate: bool | None = None
    usd_per_hour: float | None = None
    priced_on: str | None = None
    emissions_if_started_at_once_kg: float | None = None
    intensity: Intensity
    not_built: str | None = None
    """Why no stack can be built of it, in a sentence."""
    offered: Literal["listed", "not listed", "unknown"] = "listed"
    zones: list[str] = field(default_factory=list)
    """Zones in which it is sold, AWS's by ID; empty where they are not known."""
    zone_count: Annotated[int, Meta(ge=1)] | None = None
    availability: str | None = None
    """A sentence on whether it is offered."""
    service_list_read: bool = True
    """False if EC2's list has the machine and SageMaker's list was not read."""
    opt_in: bool | None = None
    """Whether an account must enable the region first."""
    estimates: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """`provider:region`, as the catalog names it."""
        return f"{self.provider}:{self.region}"


class PlannedBudget(Checked, frozen=True, kw_only=True):
    """What the project may emit, as the workload file states it."""

    daily_kg: Positive
    monthly_kg: Positive
    notify: list[str] = field(default_factory=list)


class PlannedModel(Checked, frozen=True, kw_only=True):
    """The model that is trained or served."""

    parameters: Positive
    tokens: Positive | None = None
    method: str | None = None


class PlannedWork(Checked, frozen=True, kw_only=True):
    """What is to be done: a training by its model, by accelerator-hours or by an earlier run, or an endpoint's load."""

    model: PlannedModel | None = None
    accelerator_hours: dict[str, Any] | None = None
    measured: dict[str, Any] | None = None
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
        """Returns all placements, best first, one per region."""
        return [self.placement, *self.alternatives]

    def value_of(self, one: Placement) -> float:
        """What the plan minimised: kg CO2e, or USD with carbon where the workload states its price."""
        objective = self.workload.objective
        if objective is None:
            return one.emissions_kg
        return (one.cost_usd or 0.0) + objective.carbon_price_usd_per_tonne * one.emissions_kg / 1000


def read_plan_file(path: Path, *, if_edited: Callable[[str], None] | None = None) -> PlanFile:
    """Reads a plan file. Raises InputError if it is unreadable, is not a plan, has another version, or was edited.

    With `if_edited`, an edited plan is read too, and `if_edited` gets the sentence that says so.
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
