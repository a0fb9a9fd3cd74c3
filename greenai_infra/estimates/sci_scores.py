"""From an SCI file to its scores: the scenarios ranked, and the consumer's and provider's score of an AI system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.catalog.regions import find_region
from greenai_infra.catalog.tables import cleanest_lifecycle_g_per_kwh
from greenai_infra.errors import InputError
from greenai_infra.estimates.sci_file import IN_WORDS, ConvertedComponent, SciFile
from greenai_infra.estimates.sci_resolve import energy_and_intensity, hardware_of, pue_of, wrong_rows
from greenai_infra.footprint import sci_ai
from greenai_infra.footprint.sci import (
    SPECIFICATION,
    SciScore,
    aggregate,
    converted,
    market_based,
    market_words,
    method_differences,
    sci,
)
from greenai_infra.typed_yaml.reading import FileKind, parse_typed, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenai_infra.estimates.sci_file import AiComponent, Component, Consumer, Provider, Scenario
    from greenai_infra.typed_yaml.types import KeyPath, Problem

LOOKS = "an SCI file is a mapping with name, boundary, quantification, signal, basis, and scenarios or ai"


@dataclass(frozen=True, slots=True)
class AiPart:
    """Emissions of a part of an AI system, in kg CO2e."""

    name: str
    operational_kg: float
    embodied_kg: float
    source: str


@dataclass(frozen=True, slots=True)
class AiScore:
    """One of the two scores of an AI system: C over R, as reported."""

    persona: str
    functional_unit: str
    functional_units: float
    sci_g_per_unit: float
    reported: float
    reported_unit: str
    parts: tuple[AiPart, ...]
    left_out: Mapping[str, str]
    stated: Mapping[str, str]
    """The consumer's period; the provider's gross or effective values, and the rationale of the unit."""

    @property
    def operational_kg(self) -> float:
        return sum(part.operational_kg for part in self.parts)

    @property
    def embodied_kg(self) -> float:
        return sum(part.embodied_kg for part in self.parts)


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of a file; `ranked` holds the scenarios, the lowest score first."""

    file: SciFile
    ranked: tuple[SciScore, ...]
    ai: tuple[AiScore, ...]

    def change_percent(self, score: SciScore) -> float | None:
        """The difference of a scenario from the baseline; None without a baseline."""
        if self.file.baseline is None or score.name == self.file.baseline:
            return None
        baseline = next(score for score in self.ranked if score.name == self.file.baseline)
        return 100.0 * (score.sci_g_per_unit / baseline.sci_g_per_unit - 1.0)

    @property
    def doubts(self) -> list[str]:
        """Intensities of the file that a reader should check."""
        if (self.file.signal, self.file.basis) != ("average", "lifecycle"):
            return []
        cleanest = cleanest_lifecycle_g_per_kwh()
        return [
            f"{score.name}: {part.intensity_g_per_kwh:g} g/kWh is less than any zone's yearly lifecycle mean "
            f"({cleanest:g} at least); is it a direct figure?"
            for score in self.ranked
            for part in score.parts
            if part.intensity_g_per_kwh < cleanest and part.method.granularity != "hourly"
        ]


def read_scores(path: Path) -> Scores:
    """The scores of a file. Raises WorkloadError with one `file:line: message` for each problem."""
    return scores_of(read_text(path, "SCI file"), str(path), path.parent)


def scores_of(text: bytes | str, where: str, folder: Path = Path()) -> Scores:
    """The scores of YAML text; `folder` holds its CSVs."""
    kind = FileKind(SciFile, "an SCI file", LOOKS, IN_WORDS, lambda file: list(_problems(file, folder)), _about_key)
    file = parse_typed(text, where, kind)
    scored = [_scenario(file, name, scenario, folder) for name, scenario in file.scenarios.items()]
    ranked = sorted(scored, key=lambda score: score.sci_g_per_unit)
    return Scores(file, tuple(ranked), tuple(_ai_scores(file, folder)))


def _about_key(key: str) -> str:
    named = market_based(key)
    return market_words(named) if named else ""


def _problems(file: SciFile, folder: Path) -> Iterator[Problem]:
    """Problems of names, intensities, hours and methods, each with its position."""
    parts: list[tuple[KeyPath, Component]] = [
        (at, component) for name, scenario in file.scenarios.items() for _, at, component in _parts(name, scenario)
    ]
    for persona in ("consumer", "provider"):
        section = getattr(file.ai, persona, None)
        if section is None:
            continue
        at: KeyPath = ("ai", persona)
        parts += [
            ((*at, "components", part), component)
            for part, component in section.components.items()
            if component.carbon is None
        ]
        yield from _ai_problems(persona, section, at)
    found = False
    for at, component in parts:
        for problem in _component_problems(file, component, folder, at):
            found = True
            yield problem
    if found:
        return
    scored = {}
    for name, scenario in file.scenarios.items():
        try:
            scored[name] = _scenario(file, name, scenario, folder)
        except InputError as error:
            yield ("scenarios", name), str(error)
    baseline = scored.get(file.baseline or "")
    for name, score in scored.items():
        if baseline and (unlike := method_differences(score, baseline)):
            yield (
                ("scenarios", name),
                f"can't be compared with the baseline {baseline.name}: different {', '.join(unlike)}",
            )


def _component_problems(file: SciFile, part: Component, folder: Path, at: KeyPath) -> Iterator[Problem]:
    rows = list(wrong_rows(part.hourly, file)) if part.hourly else []
    for number, key, wrong in rows:
        yield (*at, "hourly", "rows", number, key), wrong
    try:
        energy_and_intensity(part, file, folder)
        pue_of(part)
    except InputError as error:
        if not rows:
            yield (*at, "hourly" if part.hourly else "intensity"), str(error)
    for number, hardware in enumerate(part.hardware):
        try:
            hardware_of(hardware, None)
        except InputError as error:
            key = "accelerator" if hardware.accelerator else "instance_type"
            yield (*at, "hardware", number, key), str(error)


def _ai_problems(persona: str, section: Consumer | Provider, at: KeyPath) -> Iterator[Problem]:
    needed = sci_ai.CONSUMER_PARTS if persona == "consumer" else sci_ai.PROVIDER_PARTS
    for name, must in needed.items():
        if must and name not in section.components and name not in section.left_out:
            yield (
                (*at, "components"),
                f"{name} is missing: it belongs to the {persona}'s boundary; give it, or say under left_out why not",
            )
    for name in section.left_out:
        if name not in needed:
            yield (*at, "left_out", name), f"is not a part of the {persona}'s boundary ({', '.join(needed)})"
        elif name in section.components:
            yield (*at, "left_out", name), "is given under components"
    for name, part in section.components.items():
        if part.carbon is not None and (named := market_based(part.carbon.source)):
            yield (*at, "components", name, "carbon", "source"), market_words(named)


def _scenario(file: SciFile, name: str, scenario: Scenario, folder: Path) -> SciScore:
    unit = file.functional_unit or ""
    return aggregate(
        [
            _component_score(file, part, part_name, unit, scenario.functional_units, folder)
            for part_name, _, part in _parts(name, scenario)
        ],
        name,
    )


def _parts(name: str, scenario: Scenario) -> Iterator[tuple[str, KeyPath, Component]]:
    """The components of a scenario: names, positions, values. A scenario may be its only component."""
    if not scenario.components:
        yield name, ("scenarios", name), scenario
    for part, component in scenario.components.items():
        yield part, ("scenarios", name, "components", part), component


def _component_score(file: SciFile, part: Component, name: str, unit: str, units: float, folder: Path) -> SciScore:
    if not isinstance(part, ConvertedComponent) or part.functional_unit is None or part.units_per_unit is None:
        return _score(file, part, name, unit, units, folder)
    score = _score(file, part, name, part.functional_unit, part.functional_units or units, folder)
    return converted(score, part.units_per_unit, unit, part.conversion or "")


def _score(file: SciFile, part: Component, name: str, unit: str, units: float, folder: Path) -> SciScore:
    hours = energy_and_intensity(part, file, folder)
    pue, pue_source = pue_of(part)
    region = part.intensity.region if part.intensity else None
    provider = None if region is None else find_region(region).provider
    return sci(
        energy_kwh=hours.energy_kwh,
        intensity_g_per_kwh=hours.g_per_kwh,
        functional_units=units,
        functional_unit=unit,
        signal=file.signal,
        basis=file.basis,
        pue=pue,
        boundary=file.boundary,
        quantification=file.quantification,
        hardware=[piece for stated in part.hardware for piece in hardware_of(stated, provider)],
        name=name,
        intensity_source=hours.source,
        pue_source=pue_source,
    )


def _ai_scores(file: SciFile, folder: Path) -> Iterator[AiScore]:
    if file.ai is None:
        return
    consumer, provider = file.ai.consumer, file.ai.provider
    if consumer is not None:
        unit = sci_ai.CONSUMER_UNITS[consumer.per]
        yield _ai_score(file, "consumer", unit, consumer, {"period": consumer.period}, folder)
    if provider is not None:
        unit = sci_ai.PROVIDER_UNITS[provider.per]
        stated = {"values": provider.values, "rationale": provider.rationale}
        yield _ai_score(file, "provider", unit, provider, stated, folder)


def _ai_score(
    file: SciFile, persona: str, unit: sci_ai.Unit, section: Consumer | Provider, stated: dict[str, str], folder: Path
) -> AiScore:
    parts = tuple(_ai_part(file, name, part, folder) for name, part in section.components.items())
    total_g = 1000.0 * sum(part.operational_kg + part.embodied_kg for part in parts)
    score = total_g / section.functional_units
    if not score > 0:
        raise InputError(f"ai.{persona}: an SCI of 0 is impossible: energy and hardware emit something")
    value, words = unit.reported(score)
    return AiScore(
        persona=persona,
        functional_unit=unit.name,
        functional_units=section.functional_units,
        sci_g_per_unit=score,
        reported=value,
        reported_unit=words,
        parts=parts,
        left_out=section.left_out,
        stated=stated,
    )


def _ai_part(file: SciFile, name: str, part: AiComponent, folder: Path) -> AiPart:
    if part.carbon is not None:
        return AiPart(name, part.carbon.operational_kg, part.carbon.embodied_kg, part.carbon.source)
    score = _score(file, part, name, "all", 1.0, folder)
    return AiPart(
        name, score.operational_g_per_unit / 1000.0, score.embodied_g_per_unit / 1000.0, score.intensity_source
    )


def as_json(scores: Scores) -> dict[str, Any]:
    """The scores as plain values, for `--json`."""
    file = scores.file
    report: dict[str, Any] = {
        "name": file.name,
        "specification": SPECIFICATION,
        "accounting": "location-based",
        "functional_unit": file.functional_unit,
        "boundary": file.boundary,
        "quantification": file.quantification,
        "signal": file.signal,
        "basis": file.basis,
        "baseline": file.baseline,
        "scenarios": [
            {**_score_json(score), "change_percent": scores.change_percent(score)} for score in scores.ranked
        ],
        "notes": scores.doubts,
    }
    if scores.ai:
        report["ai"] = {
            "specification": sci_ai.SPECIFICATION,
            **{score.persona: _ai_json(score) for score in scores.ai},
        }
    return report


def _score_json(score: SciScore) -> dict[str, Any]:
    plain = {
        key: value
        for key, value in msgspec.to_builtins(score).items()
        if key not in ("parts", "hardware", "method") and value != ""
    }
    plain["granularity"] = score.method.granularity
    plain["hardware"] = [
        {
            **msgspec.to_builtins(piece),
            "time_share": piece.time_share,
            "resource_share": piece.resource_share,
            "embodied_g": piece.embodied_g(),
        }
        for piece in score.hardware
    ]
    if score.parts:
        plain["components"] = [_score_json(part) for part in score.parts]
        for key in ("hardware", "intensity_source", "pue_source"):
            plain.pop(key, None)
    return plain


def _ai_json(score: AiScore) -> dict[str, Any]:
    return {
        "functional_unit": score.functional_unit,
        "functional_units": score.functional_units,
        "sci_g_per_unit": score.sci_g_per_unit,
        "reported": score.reported,
        "reported_unit": score.reported_unit,
        "operational_kg": score.operational_kg,
        "embodied_kg": score.embodied_kg,
        **score.stated,
        "components": [msgspec.to_builtins(part) for part in score.parts],
        "left_out": dict(score.left_out),
    }
