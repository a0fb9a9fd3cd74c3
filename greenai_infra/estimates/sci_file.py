"""The file of `greenai-infra sci`: scenarios of one functional unit, and the two scores of an AI system."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from greenai_infra.numbers import COUNT_PATTERN
from greenai_infra.typed_yaml.section import Amount, Hours, Section

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$"
IN_WORDS = {NAME_PATTERN: "at most 60 letters, digits, blanks, dots, hyphens"}
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
Words = Annotated[str, Meta(min_length=3, max_length=300)]
Units = Annotated[float, Meta(gt=0, le=1e30, extra_json_schema={"pattern": COUNT_PATTERN})]
Years = Annotated[float, Meta(gt=0, le=100)]


class IntensityOf(Section, frozen=True):
    """Carbon intensity of the grid: a number with its source, or an embedded yearly mean by zone or region."""

    example: ClassVar[str] = "{region: aws:ca-central-1}"

    g_per_kwh: Annotated[float | None, Meta(description="gCO2eq/kWh, location-based")] = None
    zone: Annotated[str | None, Meta(description="grid zone, such as CA-QC: its embedded yearly mean")] = None
    region: Annotated[str | None, Meta(description="cloud region: its zone's yearly mean, and the region's PUE")] = None
    year: Annotated[
        Annotated[int, Meta(ge=1990, le=2100)] | None, Meta(description="year of the mean; default the newest")
    ] = None
    source: Annotated[Words | None, Meta(description="of `g_per_kwh`: publisher, year")] = None

    def __post_init__(self) -> None:
        """Refuses an intensity that is stated twice, not at all, or without its source."""
        stated = [key for key in ("g_per_kwh", "zone", "region") if getattr(self, key) is not None]
        if len(stated) != 1:
            raise ValueError(f"state one of g_per_kwh, zone and region, not {' and '.join(stated) or 'none'}")
        if self.g_per_kwh is not None and self.source is None:
            raise ValueError("source: is missing: say who publishes g_per_kwh, and of which year")
        if self.g_per_kwh is None and self.source is not None:
            raise ValueError("source: belongs to g_per_kwh; the mean of a zone or region has its source already")
        if self.g_per_kwh is not None and self.year is not None:
            raise ValueError("year: belongs to zone or region; write it into source")


class HourRow(Section, frozen=True):
    """Energy and intensity of an hour."""

    example: ClassVar[str] = "{hour: 2026-01-31T18:00:00Z, energy_kwh: 4.2, g_per_kwh: 380}"

    hour: Annotated[str, Meta(description="start of the hour, with offset")]
    energy_kwh: Annotated[float, Meta(ge=0, le=1e12)]
    g_per_kwh: float


class Hourly(Section, frozen=True):
    """Energy and intensity of the same hours, as rows here or in a CSV next to the file."""

    example: ClassVar[str] = "{source: 'Electricity Maps, SE-SE3', csv: hours.csv}"

    source: Annotated[Words, Meta(description="source of the intensity: publisher, zone")]
    rows: Annotated[list[HourRow], Meta(min_length=1, max_length=10_000)] | None = None
    csv: Annotated[str | None, Meta(description="path from this file; columns datetime, energy_kwh, g_per_kwh")] = None

    def __post_init__(self) -> None:
        if (self.rows is None) == (self.csv is None):
            raise ValueError("give rows or csv" + (", not both" if self.rows else ""))


class HardwareShare(Section, frozen=True):
    """Hardware with embodied emissions (M = TE x TS x RS): a chip or instance of the catalog, or your own figure."""

    example: ClassVar[str] = "{accelerator: T4, reserved_hours: 24}"

    reserved_hours: Annotated[Hours, Meta(description="time reserved, idle hours included")]
    accelerator: Annotated[
        str | None, Meta(description="chip of the catalog, with its share of the server that holds it")
    ] = None
    instance_type: Annotated[str | None, Meta(description="such as p4d.24xlarge: its chips and its server")] = None
    name: Annotated[Name | None, Meta(description="name of hardware with your own figure")] = None
    embodied_kg: Annotated[Amount | None, Meta(description="TE of one piece, kg CO2e")] = None
    source: Annotated[Words | None, Meta(description="source of embodied_kg: its life-cycle assessment")] = None
    count: Annotated[int, Meta(ge=1, le=1_000_000, description="number of pieces")] = 1
    resources_reserved: Annotated[
        Amount | None, Meta(description="reserved part of a piece, such as 16 of 96 vCPUs, or 2 GPUs of 8")
    ] = None
    resources_total: Annotated[Amount | None, Meta(description="total resources of a piece")] = None
    lifespan_years: Annotated[Years | None, Meta(description="expected lifespan; default that of `plan`")] = None

    def __post_init__(self) -> None:
        """Refuses hardware without a figure, and a figure without source or resource share."""
        stated = [key for key in ("accelerator", "instance_type", "embodied_kg") if getattr(self, key) is not None]
        if len(stated) != 1:
            raise ValueError(f"state one of accelerator, instance_type and embodied_kg, not {_all(stated)}")
        if (self.resources_reserved is None) != (self.resources_total is None):
            raise ValueError("resources_reserved and resources_total go together")
        if self.resources_reserved and self.resources_total and self.resources_reserved > self.resources_total:
            raise ValueError(
                f"resources_reserved {self.resources_reserved:g} is more than resources_total {self.resources_total:g}"
            )
        own = ("name", "source", "resources_reserved")
        if self.embodied_kg is not None and (missing := [key for key in own if getattr(self, key) is None]):
            raise ValueError(
                f"embodied_kg also needs {_all(missing)} (resources: 1 of 1 if the whole piece is reserved)"
            )
        if self.embodied_kg is None and (self.name is not None or self.source is not None):
            raise ValueError("name and source belong to embodied_kg; the catalog's figures have theirs already")
        if self.instance_type is not None and self.resources_reserved is not None:
            raise ValueError("resources_reserved: the instance type already determines the share of its server")


class Component(Section, frozen=True):
    """A part of the software: energy, intensity, hardware."""

    example: ClassVar[str] = "{energy_kwh: 100, pue: 1.1, intensity: {zone: CA-QC}}"

    energy_kwh: Annotated[
        Amount | None, Meta(description="E of all hardware reserved, idle or not, at the servers, before PUE")
    ] = None
    hourly: Hourly | None = None
    intensity: IntensityOf | None = None
    pue: Annotated[
        Annotated[float, Meta(ge=1, le=5)] | None, Meta(description="1 if the energy includes the building's overhead")
    ] = None
    hardware: list[HardwareShare] = field(default_factory=list)

    def __post_init__(self) -> None:
        _refuse_incomplete(self)


class ConvertedComponent(Component, frozen=True):
    """A part with a different functional unit, which is converted to that of the whole."""

    example: ClassVar[str] = Component.example

    functional_unit: Annotated[Words | None, Meta(description="functional unit, if it differs from the file's")] = None
    functional_units: Annotated[Units | None, Meta(description="R of this part, in this part's unit")] = None
    units_per_unit: Annotated[Amount | None, Meta(description="number of this part's units per unit of the file")] = (
        None
    )
    conversion: Annotated[Words | None, Meta(description="source of units_per_unit; it is disclosed")] = None

    def __post_init__(self) -> None:
        """Refuses a different unit without its count and its conversion."""
        _refuse_incomplete(self)
        keys = ("functional_unit", "functional_units", "units_per_unit", "conversion")
        missing = [key for key in keys if getattr(self, key) is None]
        if missing and len(missing) < len(keys):
            raise ValueError(f"{missing[0]}: is missing: scores are summed per common unit, so all four go together")


class Scenario(Component, frozen=True, kw_only=True):
    """One way to run the software: a single component, or all those of its boundary."""

    example: ClassVar[str] = "{functional_units: 1M, energy_kwh: 9, pue: 1.1, intensity: {zone: CA-QC}}"

    functional_units: Annotated[Units, Meta(description="R: how many units the energy below has served")]
    components: dict[Name, ConvertedComponent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.components:
            _refuse_incomplete(self)
        elif self.energy_kwh is not None or self.hourly or self.intensity or self.hardware or self.pue:
            raise ValueError("components: state energy, intensity, PUE and hardware there")


class StatedCarbon(Section, frozen=True):
    """Measured or reported carbon of a part, location-based."""

    example: ClassVar[str] = "{operational_kg: 5000, embodied_kg: 1500, source: our meters}"

    operational_kg: Annotated[float, Meta(ge=0, le=1e15)]
    embodied_kg: Annotated[float, Meta(ge=0, le=1e15, description="embodied share of the hardware, M")]
    source: Words

    def __post_init__(self) -> None:
        if self.operational_kg + self.embodied_kg == 0:
            raise ValueError("operational_kg: the total is 0 kg: leave the part out, with the reason")


class AiComponent(Component, frozen=True):
    """A part of an AI system: energy, intensity and hardware, or its carbon."""

    example: ClassVar[str] = Component.example

    carbon: StatedCarbon | None = None

    def __post_init__(self) -> None:
        if self.carbon is None:
            _refuse_incomplete(self)
        elif self.energy_kwh is not None or self.hourly or self.intensity or self.hardware:
            raise ValueError(
                "carbon: includes energy, intensity and hardware already; state either carbon or the others"
            )


class Consumer(Section, frozen=True):
    """The consumer's score: stage Operation and Monitoring."""

    example: ClassVar[str] = "{per: token, functional_units: 50B, period: one week, components: {}}"

    per: Literal["token", "image", "second of video", "second of audio", "character", "execution", "page", "inference"]
    functional_units: Units
    period: Annotated[Words, Meta(description="period of units and carbon, such as `2026-01-05 to 2026-01-11`")]
    components: dict[
        Literal["inference", "orchestration", "monitoring", "data", "caching", "client", "connectors"], AiComponent
    ]
    left_out: Annotated[dict[str, Words], Meta(description="parts that are left out, each with the reason")] = field(
        default_factory=dict
    )


class Provider(Section, frozen=True):
    """The provider's score: Inception, Design and Development, Deployment, Retirement."""

    example: ClassVar[str] = "{per: FLOP, functional_units: 5e22, values: gross, rationale: why, components: {}}"

    per: Literal["parameter", "training token", "FLOP"]
    functional_units: Units
    values: Annotated[
        Literal["gross", "effective"],
        Meta(description="gross: all parameters, tokens or FLOPs; effective: only active, deduplicated, utilised"),
    ]
    rationale: Annotated[Words, Meta(description="why this functional unit")]
    components: dict[Literal["inception", "data", "training", "integration", "end_of_life"], AiComponent]
    left_out: Annotated[dict[str, Words], Meta(description="parts that are left out, each with the reason")] = field(
        default_factory=dict
    )


class Ai(Section, frozen=True):
    """SCI for AI: one or both of its two scores."""

    example: ClassVar[str] = "{consumer: {}, provider: {}}"

    consumer: Consumer | None = None
    provider: Provider | None = None

    def __post_init__(self) -> None:
        if self.consumer is None and self.provider is None:
            raise ValueError("give consumer, provider or both")


class SciFile(Section, frozen=True):
    """What is scored, how, and in which scenarios."""

    name: Name
    boundary: Annotated[list[Name], Meta(min_length=1, description="the parts of the system in the score")]
    quantification: Literal["measured", "modelled", "measured and modelled"]
    signal: Literal["average", "marginal"]
    basis: Annotated[Literal["lifecycle", "direct"], Meta(description="basis of all intensities in the file")]
    functional_unit: Annotated[Words | None, Meta(description="R of the scenarios, such as `request`")] = None
    scenarios: dict[Name, Scenario] = field(default_factory=dict)
    baseline: Annotated[str | None, Meta(description="the scenario that the others are compared with")] = None
    ai: Ai | None = None

    def __post_init__(self) -> None:
        """Refuses a file without anything to score, and scenarios without their unit."""
        if not self.scenarios and self.ai is None:
            raise ValueError("scenarios: is missing: give scenarios, or ai with its consumer or provider")
        if self.scenarios and self.functional_unit is None:
            raise ValueError("functional_unit: is missing: a score is a rate per something, such as a request")
        if self.baseline is not None and self.baseline not in self.scenarios:
            raise ValueError(
                f"baseline '{self.baseline}' is not a scenario of this file ({_all(list(self.scenarios))})"
            )


def _refuse_incomplete(part: Component) -> None:
    if part.energy_kwh is None and part.hourly is None:
        raise ValueError("energy_kwh: is missing: a score needs E (or give `hourly`)")
    if part.energy_kwh is not None and part.hourly is not None:
        raise ValueError("energy_kwh: is already in `hourly`")
    if part.hourly is None and part.intensity is None:
        raise ValueError("intensity: is missing: a number with its source, a zone or a region")
    if part.hourly is not None and part.intensity is not None:
        raise ValueError("intensity: is already in `hourly`")
    if part.pue is None and (part.intensity is None or part.intensity.region is None):
        raise ValueError(
            "pue: is missing: state it (1 if the energy includes the building's overhead), or name the region"
        )


def _all(names: list[str]) -> str:
    return " and ".join(names) or "none"
