"""The workload file: what to run, on which hardware, where, by when, and what it may cost.

Field descriptions become the JSON Schema that `greenai-infra schema` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from greenai_infra.errors import InputError
from greenai_infra.planning.workload_limits import CarbonBudget, Limits, Objective
from greenai_infra.planning.workload_names import Resolved, resolve
from greenai_infra.planning.workload_parts import MOMENT_PATTERN, Baseline, Data, Hardware, When, Where
from greenai_infra.planning.workload_work import Work
from greenai_infra.typed_yaml.section import Section

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.typed_yaml.types import Problem

NAME_PATTERN = r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$"
IN_WORDS = {
    NAME_PATTERN: "3 to 40 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
    MOMENT_PATTERN: "a time with offset such as 2026-01-31T18:00:00Z, or a time from now such as +90m, +12h or +3d",
}

Name = Annotated[str, Meta(pattern=NAME_PATTERN)]


class Workload(Section, frozen=True, dict=True):
    """A training or inference workload to be placed."""

    name: Name
    project: Name
    team: Name
    kind: Literal["training", "inference"]
    work: Work
    hardware: Hardware
    where: Where = field(default_factory=Where)
    when: When = field(default_factory=When)
    data: Data | None = None
    limits: Limits = field(default_factory=Limits)
    objective: Annotated[Objective | None, Meta(description="default least emissions")] = None
    carbon_budget: CarbonBudget | None = None
    signal: Annotated[
        Literal["average", "marginal"], Meta(description="average is the default, and the signal for reports")
    ] = "average"
    baseline: Baseline = field(default_factory=Baseline)

    @cached_property
    def names(self) -> tuple[Resolved, list[Problem]]:
        """The catalog's objects of all names, looked up once, and a problem for each unknown name."""
        return resolve(self.hardware, self.work, self.where, self.data, self.baseline)

    @property
    def resolved(self) -> Resolved:
        """The catalog's objects of all names. Raises InputError for an unknown name; a file that was read has none."""
        found, problems = self.names
        if problems:
            raise InputError(problems[0][1])
        return found

    @property
    def carbon_price(self) -> float | None:
        """Price of emissions in USD per tonne, None where emissions alone are minimised."""
        return None if self.objective is None else self.objective.carbon_price_usd_per_tonne

    def __post_init__(self) -> None:
        """Refuses work that does not match the kind, and work stated twice or not at all."""
        work = self.work
        training = {
            "model": work.model,
            "accelerator_hours": work.accelerator_hours,
            "measured": work.measured,
        }
        serving = {
            "requests_per_second": work.requests_per_second,
            "serve_hours": work.serve_hours,
            "peak_factor": work.peak_factor,
            "hourly_profile": work.hourly_profile,
            "latency_bound_ms": work.latency_bound_ms,
            "served_model": work.served_model,
            "measured_request": work.measured_request,
        }
        stated = [name for name, value in training.items() if value is not None]
        served = [name for name, value in serving.items() if value is not None]
        if self.kind == "training":
            if served:
                raise ValueError(f"work.{served[0]} belongs to kind: inference, not training")
            if len(stated) != 1:
                raise ValueError(f"work needs exactly one of {', '.join(training)} (has {len(stated)})")
            if work.measured and self.hardware.count not in (None, work.measured.count):
                raise ValueError(
                    f"hardware.count {self.hardware.count} contradicts the {work.measured.count} of work.measured.count"
                )
            if work.measured and (self.hardware.max_count or work.measured.count) < work.measured.count:
                raise ValueError(
                    f"hardware.max_count {self.hardware.max_count} is less than the {work.measured.count} of "
                    "work.measured.count"
                )
            return
        if stated:
            raise ValueError(f"work.{stated[0]} belongs to kind: training, not inference")
        if work.requests_per_second is None or work.serve_hours is None:
            raise ValueError("inference needs work.requests_per_second and work.serve_hours")
        if (work.served_model is None) == (work.measured_request is None):
            raise ValueError("inference needs exactly one of work.served_model and work.measured_request")
        if work.hourly_profile is not None and (work.peak_factor is not None or not sum(work.hourly_profile)):
            raise ValueError("work.hourly_profile needs an hour above 0, and takes the place of work.peak_factor")
        if work.latency_bound_ms and work.measured_request and work.measured_request.answer_ms is None:
            raise ValueError("work.latency_bound_ms needs work.measured_request.answer_ms to compare with")
        if self.when.interruptible is not None or self.when.deadline is not None:
            raise ValueError("when.deadline and when.interruptible belong to kind: training; an endpoint runs on")


@dataclass(frozen=True, slots=True)
class Window:
    """The times of a workload for a known `now`."""

    now: datetime
    earliest: datetime
    deadline: datetime | None
