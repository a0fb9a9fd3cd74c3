"""What the training stacks of all clouds have in common: the planned slices, how they are launched, and what runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field

from greenai_infra.clock import format_time
from greenai_infra.contracts.stack.fields import CarbonTagged, Email, Planned, Section
from greenai_infra.contracts.times import Time
from greenai_infra.typed_yaml.checked import written_as

if TYPE_CHECKING:
    from datetime import datetime

# A name that ends in `.$` would be read as an expression by Step Functions.
HyperparameterName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,255}\Z")]


def _as_text(value: Any) -> Any:
    """SageMaker takes text only; a YAML file says `epochs: 3`."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


HyperparameterValue = Annotated[str, written_as(_as_text), Meta(max_length=2500, examples=["3"])]


class Slice(Section, frozen=True, kw_only=True):
    """An uninterrupted run, [start, end)."""

    start: Time
    end: Time

    def check(self) -> None:
        super().check()
        if self.end <= self.start:
            raise ValueError(f"ends at {self.end}, not after its start {self.start}")


class PlannedRun(CarbonTagged, frozen=True, kw_only=True):
    """A workload that is trained once, in the slices of its plan."""

    launch: Literal["scheduled", "now"] = "scheduled"
    image: str | None = None
    """Container image; the default is the stack's repository with `image_tag`."""
    image_tag: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")] = "v1"
    """Tag in the stack's repository. Tags there can't be moved, so a new image needs a new tag here."""
    hyperparameters: dict[HyperparameterName, HyperparameterValue] = field(default_factory=dict)
    spot: bool = False
    slices: Annotated[list[Slice], Meta(min_length=1)]
    notify_emails: list[Email] = field(default_factory=list)
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    """How long checkpoints and old object versions are kept."""
    force_destroy: bool = False
    """Whether `destroy` deletes buckets and repositories with content. Off: `destroy` stops, and the data is safe."""
    planned: Planned

    def check(self) -> None:
        super().check()
        self._slices_in_order()
        self._launch_now_has_all_it_needs()

    def _slices_in_order(self) -> None:
        for earlier, later in zip(self.slices, self.slices[1:], strict=False):
            if later.start < earlier.end:
                raise ValueError(f"slice {format_time(later.start)} starts before the one before it has ended")
        if self.start < self.planned.planned_at:
            planned_at = format_time(self.planned.planned_at)
            raise ValueError(f"slices start at {format_time(self.start)}, before planned.planned_at {planned_at}")

    def _launch_now_has_all_it_needs(self) -> None:
        if self.launch == "scheduled":
            return
        if len(self.slices) > 1:
            raise ValueError("launch: now runs one training job; a plan in slices needs launch: scheduled")
        if self.image is None:
            raise ValueError("launch: now needs image: the stack's own repository is empty when the job starts")

    @property
    def start(self) -> datetime:
        """Start of the first slice."""
        return self.slices[0].start
