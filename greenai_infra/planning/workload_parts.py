"""Sections of the workload file: the hardware, places and times that a workload accepts, its data and its baseline."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from greenai_infra.clock import parse_duration_hours, parse_time
from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.section import Hours, Section

MOMENT_PATTERN = r"^(\+\d+(\.\d+)?\s*(m|min|h|d)|\d{4}-\d{2}-\d{2}[T ].+)$"
Moment = Annotated[
    str,
    Meta(
        pattern=MOMENT_PATTERN,
        description="RFC 3339 time with offset (2026-01-31T18:00:00Z), or a time from now (+12h, +3d)",
    ),
]


class Hardware(Section, frozen=True):
    """The hardware that it may run on."""

    example: ClassVar[str] = "{accelerators: [H100], count: 8}"

    accelerators: Annotated[
        list[str] | Literal["any"],
        Meta(description="chips that the code runs on, or `any`; CUDA code does not run on TPUs or Trainium"),
    ]
    precision: Annotated[Literal["bf16", "fp16", "fp8", "int8", "fp32"], Meta(description="of the matrix products")] = (
        "bf16"
    )
    count: Annotated[
        Annotated[int, Meta(ge=1, le=65_536)] | None,
        Meta(description="accelerators to use; default the best of all numbers on offer up to max_count"),
    ] = None
    max_count: Annotated[
        Annotated[int, Meta(ge=1, le=65_536)] | None,
        Meta(
            description="most accelerators to use; for training default 64, and more only where nothing else holds the "
            "model or meets the deadline"
        ),
    ] = None
    purchase: Annotated[Literal["on_demand", "spot"], Meta(description="spot uses the median spot price")] = "on_demand"
    instance_types: Annotated[list[str] | None, Meta(description="only these, such as p5.48xlarge; default any")] = None
    availability: Annotated[
        Literal["listed", "any"],
        Meta(
            description="`any` includes priced offers that are not generally listed, such as for your own reservation"
        ),
    ] = "listed"
    buildable_only: Annotated[
        bool,
        Meta(description="use hardware that no program of greenai-infra can build only as a last resort; default true"),
    ] = True

    def __post_init__(self) -> None:
        if not self.accelerators:
            raise ValueError("accelerators is empty: name at least one, or write `any`")
        if self.count is not None and self.max_count is not None and self.count > self.max_count:
            raise ValueError(f"count {self.count} is more than max_count {self.max_count}")


class Where(Section, frozen=True):
    """The places where it may run."""

    example: ClassVar[str] = "{allow: [aws:eu-north-1]}"

    providers: Annotated[list[Literal["aws", "gcp"]], Meta(min_length=1)] = field(
        default_factory=lambda: ["aws", "gcp"]
    )
    allow: Annotated[list[str] | None, Meta(description="only these regions (aws:eu-north-1 or eu-north-1)")] = None
    deny: Annotated[list[str], Meta(description="never these regions")] = field(default_factory=list)
    residency: Annotated[
        list[str] | None, Meta(description="countries (SE, CA) or groups (EU, EEA) the data may be in")
    ] = None


class Interruptible(Section, frozen=True):
    """The job checkpoints and may stop between slices."""

    example: ClassVar[str] = "{resume_overhead_minutes: 10, minimum_slice_hours: 1}"

    resume_overhead_minutes: Annotated[
        float, Meta(ge=0, le=1440, description="time lost at each resume: restart, restore, replay")
    ]
    minimum_slice_hours: Annotated[Hours, Meta(description="shortest slice worth starting, with its resume overhead")]

    def __post_init__(self) -> None:
        if self.minimum_slice_hours * 60 <= self.resume_overhead_minutes:
            raise ValueError(
                f"minimum_slice_hours {self.minimum_slice_hours:g} must be longer than "
                f"resume_overhead_minutes {self.resume_overhead_minutes:g}"
            )


class When(Section, frozen=True):
    """The times when it may run."""

    example: ClassVar[str] = "{deadline: +72h}"

    earliest: Annotated[Moment | None, Meta(description="earliest start; default now")] = None
    deadline: Annotated[
        Moment | None, Meta(description="finished by; without a deadline the job starts at `earliest`")
    ] = None
    interruptible: Interruptible | None = None
    wait_threshold_percent: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None,
        Meta(
            description="wait only if that saves more than this; default the measured error of the forecast, "
            "10 where it is not measured"
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuses unreadable times, and a deadline before the start where that is clear without the current time."""
        earliest, deadline = _comparable("earliest", self.earliest), _comparable("deadline", self.deadline)
        if earliest and deadline and earliest[0] == deadline[0] and deadline[1] <= earliest[1]:
            raise ValueError(f"deadline {self.deadline} is not after earliest {self.earliest}")
        if self.interruptible is not None and self.deadline is None:
            raise ValueError("interruptible needs a deadline: without one the job starts at the earliest moment")


def _comparable(key: str, text: str | None) -> tuple[bool, float] | None:
    """Whether a moment counts from now, and its position among moments of its kind. Raises ValueError."""
    if text is None:
        return None
    try:
        return (True, parse_duration_hours(text[1:])) if text.startswith("+") else (False, parse_time(text).timestamp())
    except (InputError, OverflowError) as error:
        raise ValueError(f"{key}: {error}") from None


class Data(Section, frozen=True):
    """The data that the job reads, and their present region."""

    example: ClassVar[str] = "{size_gb: 100, region: aws:us-east-1}"

    size_gb: Annotated[float, Meta(ge=0, le=1e12)]
    region: Annotated[str, Meta(description="region that holds it now")]


class Baseline(Section, frozen=True):
    """The baseline of the plan: the workload started at once on its cheapest accepted hardware."""

    example: ClassVar[str] = "{region: aws:us-east-1}"

    region: Annotated[
        str | None,
        Meta(description="default the region that most people would take, of the allowed regions that offer it"),
    ] = None
    accelerator: Annotated[str | None, Meta(description="default the cheapest candidate offered there")] = None
