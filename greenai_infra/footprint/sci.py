"""Software Carbon Intensity (ISO/IEC 21031:2024, SCI specification 1.1.0): a rate in gCO2eq per functional unit.

    SCI = (O + M) per R
    O   = sum of E x PUE x I                    E in kWh and I in gCO2eq/kWh of the same hour
    M   = TE x TS x RS                          embodied emissions of the hardware, by time share and resource share
        = TE x (time reserved / expected lifespan) x (resources reserved / total resources)

I is location-based, average or marginal; market-based figures never enter (sections "Region-specific carbon intensity"
and "Exclusions"). A year has 365 days, as in the specification's example. A score of 0 is impossible, so it is an
error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Literal

from greenai_infra.errors import InputError
from greenai_infra.footprint.market_based import refuse_market_based

SPECIFICATION = "SCI 1.1.0 (ISO/IEC 21031:2024)"
HOURS_PER_YEAR = 365 * 24.0
SignalName = Literal["average", "marginal"]
BasisName = Literal["lifecycle", "direct"]
Quantification = Literal["measured", "modelled", "measured and modelled"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """A piece of hardware and the share of it that the software reserves.

    `embodied_kg` is TE in kg CO2e, with `embodied_kg_low` and `embodied_kg_high` where a band is known.
    """

    name: str
    embodied_kg: float
    reserved_hours: float
    lifespan_years: float
    resources_reserved: float
    resources_total: float
    source: str
    embodied_kg_low: float | None = None
    embodied_kg_high: float | None = None
    lifespan_source: str = "stated"

    def __post_init__(self) -> None:
        for name in ("embodied_kg", "reserved_hours", "lifespan_years", "resources_reserved", "resources_total"):
            _above_zero(f"{self.name}: {name}", getattr(self, name))
        if self.resources_reserved > self.resources_total:
            raise InputError(
                f"{self.name}: resources_reserved {self.resources_reserved:g} is more than "
                f"resources_total {self.resources_total:g}"
            )

    @property
    def time_share(self) -> float:
        """TS: time reserved over expected lifespan."""
        return self.reserved_hours / (self.lifespan_years * HOURS_PER_YEAR)

    @property
    def resource_share(self) -> float:
        """RS: resources reserved over total resources."""
        return self.resources_reserved / self.resources_total

    def embodied_g(self, embodied_kg: float | None = None) -> float:
        """M in gCO2eq, of `embodied_kg` or of the given TE."""
        total_kg = self.embodied_kg if embodied_kg is None else embodied_kg
        return 1000.0 * total_kg * self.time_share * self.resource_share


@dataclass(frozen=True, slots=True)
class Method:
    """What a score discloses besides its value. Scores with different methods are not compared with a baseline."""

    functional_unit: str
    boundary: tuple[str, ...]
    quantification: Quantification
    signal: SignalName
    basis: BasisName
    granularity: str
    """Of E and I: `hourly`, `one value` or `mixed`."""


@dataclass(frozen=True, slots=True)
class SciScore:
    """A score with its inputs; all rates are gCO2eq per functional unit.

    `energy_kwh` is E before PUE. `intensity_g_per_kwh` is the mean of I weighted by energy. The band spans the low and
    high embodied figures alone. `parts` are the scores of the components that were summed.
    """

    sci_g_per_unit: float
    sci_g_per_unit_low: float
    sci_g_per_unit_high: float
    operational_g_per_unit: float
    embodied_g_per_unit: float
    functional_units: float
    energy_kwh: float
    energy_with_pue_kwh: float
    intensity_g_per_kwh: float
    method: Method
    hardware: tuple[Hardware, ...] = ()
    name: str = ""
    intensity_source: str = ""
    pue_source: str = ""
    conversion: str = ""
    parts: tuple[SciScore, ...] = field(default=())


def sci(
    *,
    energy_kwh: float | Sequence[float],
    intensity_g_per_kwh: float | Sequence[float],
    functional_units: float,
    functional_unit: str,
    signal: SignalName,
    basis: BasisName,
    pue: float,
    boundary: Sequence[str],
    quantification: Quantification = "modelled",
    hardware: Sequence[Hardware] = (),
    name: str = "",
    intensity_source: str = "",
    pue_source: str = "stated",
) -> SciScore:
    """The SCI score of one component, in gCO2eq per functional unit.

        from greenai_infra import sci
        from greenai_infra.footprint.sci import Hardware

        gpu = Hardware("A100", embodied_kg=127.6, reserved_hours=24, lifespan_years=4, resources_reserved=1,
                       resources_total=1, source="Falk 2025, arXiv 2509.00093")
        sci(energy_kwh=100, intensity_g_per_kwh=41, functional_units=1e6, functional_unit="request", signal="average",
            basis="lifecycle", pue=1.19, boundary=["inference"], hardware=[gpu]).sci_g_per_unit

    `energy_kwh` and `intensity_g_per_kwh` are one value each, or one value per hour in the same order: the energy of an
    hour is multiplied by the intensity of that hour. The energy covers all that is reserved or provisioned, idle or
    not. `pue` is 1 where the energy already includes the building's overhead. `signal` and `basis` describe the
    intensity. Raises InputError, naming the value, for R <= 0, a missing or negative E, a negative I, and a score of 0.
    """
    energies, intensities = _series(energy_kwh), _series(intensity_g_per_kwh)
    if not energies:
        raise InputError("energy_kwh is missing: a score needs E")
    if len(energies) != len(intensities):
        raise InputError(
            f"{len(energies)} values of energy_kwh and {len(intensities)} of intensity_g_per_kwh: each hour needs both"
        )
    for number, (energy, intensity) in enumerate(zip(energies, intensities, strict=True), 1):
        _not_negative(_numbered("energy_kwh", number, energies), energy)
        _not_negative(
            _numbered("intensity_g_per_kwh", number, energies), intensity, " (offsets and credits can't enter)"
        )
    _above_zero("energy_kwh", sum(energies))
    _above_zero("functional_units", functional_units)
    if not functional_unit.strip():
        raise InputError("functional_unit is empty: a score is a rate per something, such as a request")
    if not (isfinite(pue) and pue >= 1):
        raise InputError(f"pue {pue:g} must be 1 or more")
    refuse_market_based("intensity_source", intensity_source)
    total_kwh = sum(energies)
    it_g = sum(energy * intensity for energy, intensity in zip(energies, intensities, strict=True))
    embodied_g = sum(piece.embodied_g() for piece in hardware)
    low_g = sum(piece.embodied_g(piece.embodied_kg_low) for piece in hardware)
    high_g = sum(piece.embodied_g(piece.embodied_kg_high) for piece in hardware)
    operational_g = it_g * pue
    score = (operational_g + embodied_g) / functional_units
    if not score > 0:
        raise InputError(f"{name or 'the score'}: an SCI of 0 is impossible: energy and hardware emit something")
    return SciScore(
        sci_g_per_unit=score,
        sci_g_per_unit_low=(operational_g + low_g) / functional_units,
        sci_g_per_unit_high=(operational_g + high_g) / functional_units,
        operational_g_per_unit=operational_g / functional_units,
        embodied_g_per_unit=embodied_g / functional_units,
        functional_units=functional_units,
        energy_kwh=total_kwh,
        energy_with_pue_kwh=total_kwh * pue,
        intensity_g_per_kwh=it_g / total_kwh,
        method=Method(
            functional_unit,
            tuple(boundary),
            quantification,
            signal,
            basis,
            "hourly" if len(energies) > 1 else "one value",
        ),
        hardware=tuple(hardware),
        name=name,
        intensity_source=intensity_source,
        pue_source=pue_source,
    )


def converted(score: SciScore, units_per_unit: float, functional_unit: str, why: str) -> SciScore:
    """A score converted to a functional unit that takes `units_per_unit` of the score's unit; `why` is disclosed.

    Section "Functional unit conversion" of the specification.
    """
    _above_zero("units_per_unit", units_per_unit)
    factor = units_per_unit
    return replace(
        score,
        sci_g_per_unit=score.sci_g_per_unit * factor,
        sci_g_per_unit_low=score.sci_g_per_unit_low * factor,
        sci_g_per_unit_high=score.sci_g_per_unit_high * factor,
        operational_g_per_unit=score.operational_g_per_unit * factor,
        embodied_g_per_unit=score.embodied_g_per_unit * factor,
        functional_units=score.functional_units / factor,
        method=replace(score.method, functional_unit=functional_unit),
        conversion=f"{factor:g} x {score.method.functional_unit} per {functional_unit}: {why}",
    )


def aggregate(parts: Sequence[SciScore], name: str = "") -> SciScore:
    """The sum of the scores of components. Raises InputError unless all have the same R, signal and basis."""
    first = parts[0]
    for part in parts[1:]:
        for what in ("functional_unit", "signal", "basis"):
            wanted, other = getattr(first.method, what), getattr(part.method, what)
            if wanted != other:
                raise InputError(
                    f"scores of different {what.replace('_', ' ')} can't be summed: {first.name} is {wanted}, "
                    f"{part.name} is {other}"
                )
    granularities = {part.method.granularity for part in parts}
    with_pue_kwh = sum(part.energy_with_pue_kwh for part in parts)
    weighted = sum(part.intensity_g_per_kwh * part.energy_with_pue_kwh for part in parts)
    return replace(
        first,
        sci_g_per_unit=sum(part.sci_g_per_unit for part in parts),
        sci_g_per_unit_low=sum(part.sci_g_per_unit_low for part in parts),
        sci_g_per_unit_high=sum(part.sci_g_per_unit_high for part in parts),
        operational_g_per_unit=sum(part.operational_g_per_unit for part in parts),
        embodied_g_per_unit=sum(part.embodied_g_per_unit for part in parts),
        energy_kwh=sum(part.energy_kwh for part in parts),
        energy_with_pue_kwh=with_pue_kwh,
        intensity_g_per_kwh=weighted / with_pue_kwh if with_pue_kwh else 0.0,
        method=replace(first.method, granularity=granularities.pop() if len(granularities) == 1 else "mixed"),
        hardware=tuple(piece for part in parts for piece in part.hardware),
        name=name,
        parts=tuple(parts),
    )


def method_differences(score: SciScore, baseline: SciScore) -> list[str]:
    """The differences in method between a score and its baseline, in words; empty if they can be compared.

    Section "Comparing an SCI score to a baseline": the methodology shall be identical.
    """
    found = []
    for what in ("functional_unit", "boundary", "quantification", "signal", "basis", "granularity"):
        ours, theirs = getattr(score.method, what), getattr(baseline.method, what)
        if ours != theirs:
            found.append(f"{what.replace('_', ' ')} ({_said(ours)} against {_said(theirs)})")
    lifespans = {piece.name: piece.lifespan_years for piece in baseline.hardware}
    for piece in score.hardware:
        years = lifespans.get(piece.name, piece.lifespan_years)
        if years != piece.lifespan_years:
            found.append(f"lifespan of {piece.name} ({piece.lifespan_years:g} against {years:g} years)")
    return found


def _said(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _series(values: float | Sequence[float]) -> list[float]:
    return [float(value) for value in values] if isinstance(values, Sequence) else [float(values)]


def _numbered(name: str, number: int, all_of_them: Sequence[float]) -> str:
    return f"{name} of hour {number}" if len(all_of_them) > 1 else name


def _above_zero(name: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise InputError(f"{name} {value:g} must be a finite number above 0")


def _not_negative(name: str, value: float, hint: str = "") -> None:
    if not (isfinite(value) and value >= 0):
        raise InputError(f"{name} {value:g} must be a finite number of 0 or more{hint if value < 0 else ''}")
