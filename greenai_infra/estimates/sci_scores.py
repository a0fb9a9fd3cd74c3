"""From an SCI file to its scores: the scenarios ranked, and the consumer's and provider's score of an AI system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.catalog.tables import cleanest_lifecycle_g_per_kwh
from greenai_infra.errors import InputError
from greenai_infra.estimates.sci_ai_scores import AiScore, ai_json, ai_problems, ai_scores
from greenai_infra.estimates.sci_file import IN_WORDS, ConvertedComponent, SciFile
from greenai_infra.estimates.sci_resolve import energy_and_intensity, hardware_of, pue_of, score_part, wrong_rows
from greenai_infra.footprint import sci_ai
from greenai_infra.footprint.market_based import market_based, market_words
from greenai_infra.footprint.sci import SPECIFICATION, SciScore, aggregate, converted, method_differences
from greenai_infra.typed_yaml.reading import FileKind, parse_typed, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.estimates.sci_file import Component, Scenario
    from greenai_infra.typed_yaml.types import KeyPath, Problem

LOOKS = "an SCI file is a mapping with name, boundary, quantification, signal, basis, and scenarios or ai"


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
    return Scores(file, tuple(ranked), tuple(ai_scores(file, folder)))


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
        yield from ai_problems(persona, section, at)
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
        return score_part(file, part, name, unit, units, folder)
    score = score_part(file, part, name, part.functional_unit, part.functional_units or units, folder)
    return converted(score, part.units_per_unit, unit, part.conversion or "")


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
            **{score.persona: ai_json(score) for score in scores.ai},
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
