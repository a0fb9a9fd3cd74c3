"""The three formats of a card, each made of the same facts.

- Hugging Face Hub: `co2_eq_emissions` of a model card's metadata; `emissions` is in grams
  (huggingface.co/docs/hub/model-cards-co2).
- SageMaker Model Card: JSON by its published schema. Numbers go to `user_provided_training_metrics`, words to
  `custom_details`; `training_environment` takes container images alone.
- EU AI Act, Annex XI section 1 point 2 (d) and (e), in the words of the Model Documentation Form of the code of
  practice: MWh with at least two significant figures, measured or estimated.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenai_infra.numbers import significant
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from greenai_infra.reporting.card.facts import CardFacts

MAX_SAGEMAKER_TEXT = 1024
MAX_SAGEMAKER_NAME = 255


def hugging_face(facts: CardFacts) -> str:
    """The YAML front matter of a README.md on the Hub."""
    import yaml

    emissions: dict[str, Any] = {"emissions": float(f"{1000 * facts.emissions_kg:.6g}"), "source": source(facts)}
    if facts.training_type:
        emissions["training_type"] = facts.training_type
    if facts.location:
        emissions["geographical_location"] = facts.location
    if hardware := facts.hardware:
        emissions["hardware_used"] = f"{hardware}, {significant(facts.hours)} hours"
    block = yaml.safe_dump({"co2_eq_emissions": emissions}, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{block}---\n"


def source(facts: CardFacts) -> str:
    """Where the emissions come from: estimated or measured, by what, with which intensity and PUE."""
    status = "Estimated before the run, not measured" if facts.estimated else "Energy measured during the run"
    band = f" ({facts.energy_band})" if facts.energy_band else ""
    parts = [
        f"{status}: {facts.origin}",
        f"{significant(facts.energy_kwh)} kWh{band} with PUE {facts.pue}",
        f"intensity {facts.intensity}, location-based",
        "operational emissions only",
        *facts.caveats,
    ]
    return "; ".join(parts)


def sagemaker(facts: CardFacts) -> str:
    """The content of a SageMaker Model Card, to give to CreateModelCard."""
    content = {
        "training_details": {
            "training_observations": _cut("; ".join([facts.method, *facts.caveats])),
            "training_job_details": {"user_provided_training_metrics": _metrics(facts)},
        },
        "additional_information": {
            "custom_details": {
                key: _cut(value)
                for key, value in (
                    ("environment: estimated or measured", facts.status),
                    ("environment: source", source(facts)),
                    ("environment: carbon intensity", facts.intensity),
                    ("environment: PUE", facts.pue),
                    ("environment: location", facts.location),
                    ("environment: hardware", facts.hardware),
                    ("environment: training type", facts.training_type),
                )
                if value
            }
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _metrics(facts: CardFacts) -> list[dict[str, Any]]:
    band = f", {facts.energy_band}" if facts.energy_band else ""
    found = [
        ("training_energy_kwh", facts.energy_kwh, f"{facts.status}, with PUE {facts.pue}{band}"),
        ("training_server_energy_kwh", facts.server_kwh, f"{facts.status}, before PUE"),
        (
            "training_emissions_kg_co2e",
            facts.emissions_kg,
            f"{facts.status}, operational, location-based: {facts.intensity}",
        ),
        ("training_hours", facts.hours, facts.status),
    ]
    return [{"name": name[:MAX_SAGEMAKER_NAME], "value": value, "notes": _cut(notes)} for name, value, notes in found]


def eu_gpai(facts: CardFacts) -> str:
    """The energy items of the Model Documentation Form, as Markdown."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates/card")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown for the user's own file; texts of theirs have no control characters
        keep_trailing_newline=True,
    )
    return environment.get_template("eu-gpai.md.j2").render(
        name=facts.name,
        energy_mwh=significant(facts.energy_kwh / 1000),
        band_mwh=_band_mwh(facts),
        status=facts.status,
        known="known (measured)" if not facts.estimated else "estimated",
        method=facts.method,
        server_mwh=significant(facts.server_kwh / 1000),
        pue=facts.pue,
        hardware=facts.hardware,
        location=facts.location,
        intensity=facts.intensity,
        emissions_kg=significant(facts.emissions_kg),
        flop=f"{facts.training_flop:.1e}" if facts.training_flop else "",
        days=significant(facts.hours / 24),
        hardware_days=significant(facts.hours * facts.accelerators / 24) if facts.accelerators else "",
        origin=facts.origin,
        caveats=facts.caveats,
    )


def _band_mwh(facts: CardFacts) -> str:
    if facts.energy_kwh_low is None or facts.energy_kwh_high is None:
        return ""
    return f"{significant(facts.energy_kwh_low / 1000)} to {significant(facts.energy_kwh_high / 1000)} MWh"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SAGEMAKER_TEXT else text[: MAX_SAGEMAKER_TEXT - 3] + "..."
