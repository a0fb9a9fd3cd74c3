"""`sci`: Software Carbon Intensity of scenarios, and of an AI system for its consumer and provider."""

from __future__ import annotations

import json
from pathlib import Path

import click

from greenai_infra.errors import InputError


@click.command(
    epilog="Examples:\n\n  greenai-infra sci templates/sci/example.yaml\n\n"
    "  greenai-infra sci templates/sci/assistant-ai.yaml --ai"
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--ai", "only_ai", is_flag=True, help="Only the `ai` section: SCI for AI, consumer and provider.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def sci(file: Path, only_ai: bool, as_json: bool) -> None:
    """Score scenarios by Software Carbon Intensity (ISO/IEC 21031:2024), and rank them.

    SCI = (E x I + M) per R, in gCO2eq per functional unit: E in kWh with PUE, I the grid's location-based intensity, M
    the hardware's embodied share. Lower is better; there are no grades. FILE is YAML; each problem is reported with its
    line.
    """
    from greenai_infra.estimates.sci_scores import as_json as report_of
    from greenai_infra.estimates.sci_scores import read_scores
    from greenai_infra.reporting.sci_text import show_scores

    scores = read_scores(file)
    if only_ai and not scores.ai:
        raise InputError(f"{file}: the section `ai` is missing (see templates/sci/assistant-ai.yaml)")
    if as_json:
        report = report_of(scores)
        if only_ai:
            del report["scenarios"]
        click.echo(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False))
        return
    show_scores(scores, only_ai=only_ai)
