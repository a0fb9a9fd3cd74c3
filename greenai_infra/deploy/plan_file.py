"""The plan document as far as a deployment needs it. Keys that it does not need are left unread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from greenai_infra.deploy.stack_config import Name, describe_validation_error
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = "1"

Finite = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Intensity(_Part):
    """The carbon intensity that a placement was chosen with."""

    g_per_kwh: Finite
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: AwareDatetime
    flags: list[str] = []


class Run(_Part):
    """One uninterrupted run, [start, end)."""

    start: AwareDatetime
    end: AwareDatetime


class Placement(_Part):
    """Where, on what and when; `instance_type` is the cloud's own name of the machine, as in p5.48xlarge."""

    provider: Literal["aws", "gcp"]
    region: Annotated[str, Field(min_length=1)]
    zone: str
    instance_type: Annotated[str, Field(min_length=1)]
    instances: Annotated[int, Field(ge=1)]
    purchase: Literal["on_demand", "spot"]
    start: AwareDatetime
    end: AwareDatetime
    slices: Annotated[list[Run], Field(min_length=1)]
    energy_kwh: Positive
    emissions_kg: Positive
    cost_usd: Finite | None
    intensity: Intensity

    @property
    def key(self) -> str:
        """`provider:region`, as the catalog names it."""
        return f"{self.provider}:{self.region}"


class PlannedWorkload(_Part):
    """Whose plan it is."""

    name: Name
    project: Name
    team: Name
    kind: Literal["training", "inference"]


class PlanFile(_Part):
    """A plan: the chosen placement and the best of each other region, with rising emissions."""

    plan_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    as_of: AwareDatetime
    workload: PlannedWorkload
    placement: Placement
    alternatives: list[Placement]

    @property
    def ranked(self) -> list[Placement]:
        """All placements, best first, one a region."""
        return [self.placement, *self.alternatives]


def read_plan_file(path: Path) -> PlanFile:
    """The plan in a file. Raises InputError if it can't be read, is no plan, or has another version."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror}); write a plan with: greenai-infra plan WORKLOAD --out {path}"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a plan: it is not UTF-8 text") from None
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a plan: not JSON ({error})") from None
    return parse_plan(document, str(path))


def parse_plan(document: Any, where: str) -> PlanFile:
    """The plan in a parsed document; `where` names it in messages."""
    if not isinstance(document, dict):
        raise InputError(f"{where} is not a plan: expected an object, found {type(document).__name__}")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        found = "no schema_version" if version is None else f"schema_version {version!r}"
        raise InputError(
            f"{where} has {found}, this release reads {SCHEMA_VERSION!r}; make the plan again with this release"
        )
    try:
        plan = PlanFile.model_validate(document)
    except ValidationError as error:
        raise InputError(describe_validation_error(error, where)) from None
    keys = [one.key for one in plan.ranked]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"{where} ranks {twice} more than once; one placement a region is expected")
    return plan


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")
