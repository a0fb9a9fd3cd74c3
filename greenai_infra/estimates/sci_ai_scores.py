"""SCI for AI: the consumer's and the provider's score of an AI system, from the section `ai` of an SCI file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.errors import InputError
from greenai_infra.estimates.sci_resolve import score_part
from greenai_infra.footprint import sci_ai
from greenai_infra.footprint.market_based import market_based, market_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from greenai_infra.estimates.sci_file import AiComponent, Consumer, Provider, SciFile
    from greenai_infra.typed_yaml.types import KeyPath, Problem


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


def ai_problems(persona: str, section: Consumer | Provider, at: KeyPath) -> Iterator[Problem]:
    """What is missing from a persona's boundary, or does not belong to it, each where it stands."""
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


def ai_scores(file: SciFile, folder: Path) -> Iterator[AiScore]:
    """The scores that the section `ai` of a file asks for."""
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
    score = score_part(file, part, name, "all", 1.0, folder)
    return AiPart(
        name, score.operational_g_per_unit / 1000.0, score.embodied_g_per_unit / 1000.0, score.intensity_source
    )


def ai_json(score: AiScore) -> dict[str, Any]:
    """A score as plain values."""
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
