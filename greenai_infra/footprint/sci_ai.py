"""SCI for AI (Green Software Foundation): two scores, of consumer and provider, reported together and never summed.

Section numbers refer to Green-Software-Foundation/sci-ai, SPEC.md. Three slips in its examples are corrected here:
6,500 kg over 50 billion tokens is 130 g per million tokens (9.1.3 says 0.13), and 75,000 kg over 2.5 billion parameters
is 30,000 kg per billion (9.2.2 says 3,000 and 9.2.3 says 30).
"""

from __future__ import annotations

from dataclasses import dataclass

SPECIFICATION = "SCI for AI (Green Software Foundation, sci-ai SPEC.md)"


@dataclass(frozen=True, slots=True)
class Unit:
    """A functional unit, and the number of units that a score is reported per."""

    name: str
    reported_per: float
    in_kg: bool
    used_for: str

    def reported(self, g_per_unit: float) -> tuple[float, str]:
        """A score as reported: the value and its unit, such as 130 `gCO2eq per million token`."""
        value = g_per_unit * self.reported_per / (1000.0 if self.in_kg else 1.0)
        many = {1.0: "", 1e6: "million ", 1e9: "billion ", 1e15: "1e15 "}[self.reported_per]
        return value, f"{'kg' if self.in_kg else 'g'}CO2eq per {many}{self.name}{'s' if many else ''}"


CONSUMER_UNITS = {
    unit.name: unit
    for unit in (
        Unit("token", 1e6, in_kg=False, used_for="large language models"),
        Unit("image", 1.0, in_kg=False, used_for="image generation"),
        Unit("second of video", 1.0, in_kg=False, used_for="video generation"),
        Unit("second of audio", 1.0, in_kg=False, used_for="speech recognition"),
        Unit("character", 1e6, in_kg=False, used_for="machine translation, text to speech"),
        Unit("execution", 1.0, in_kg=False, used_for="agents: a whole workflow"),
        Unit("page", 1.0, in_kg=False, used_for="OCR and document analysis"),
        Unit("inference", 1.0, in_kg=False, used_for="classical machine learning"),
    )
}
"""Section 8.1."""

PROVIDER_UNITS = {
    unit.name: unit
    for unit in (
        Unit("parameter", 1e9, in_kg=True, used_for="model architecture"),
        Unit("training token", 1e9, in_kg=True, used_for="data quality and curation"),
        Unit("FLOP", 1e15, in_kg=False, used_for="algorithms and hardware"),
    )
}
"""Section 8.2."""

CONSUMER_PARTS = {
    "inference": True,
    "orchestration": False,
    "monitoring": True,
    "data": False,
    "caching": True,
    "client": False,
    "connectors": False,
}
"""Sections 6.1 and 9.1.1, stage Operation and Monitoring; `caching` includes storage. True: must be given, or left out
with a reason."""

PROVIDER_PARTS = {"inception": False, "data": True, "training": True, "integration": True, "end_of_life": True}
"""Sections 6.2 and 7: Inception, Design and Development (data and training), Deployment (integration), Retirement."""
