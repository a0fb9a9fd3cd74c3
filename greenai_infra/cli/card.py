"""`card`: what training a model has used and emitted, for its model card or documentation form."""

from __future__ import annotations

from pathlib import Path

import click

from greenai_infra.errors import InputError


@click.command(
    epilog="Examples:\n\n  greenai-infra card --format hf plan.json\n\n"
    "  greenai-infra card --format eu-gpai emissions.csv --region aws:eu-north-1 --out energy.md"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["hf", "sagemaker", "eu-gpai"]),
    required=True,
    help="Hugging Face front matter, SageMaker Model Card JSON, or the energy items of the EU form.",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--training-type", type=click.Choice(["pre-training", "fine-tuning"]), help="Kind of training.")
@click.option("--region", metavar="REGION", help="For an emissions.csv: use PUE and intensity of this region.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def card(form: str, file: Path, training_type: str | None, region: str | None, out: Path | None) -> None:
    """Write the energy and emissions of a training run in the format of a model card.

    FILE is a plan (the card says "estimated"), or a measurement: the emissions_report.json of a tracked run, or
    CodeCarbon's emissions.csv. Emissions are operational: energy x PUE x the grid's intensity, with its source, signal
    and basis. Hugging Face cards state grams.
    """
    from greenai_infra.files import write_whole
    from greenai_infra.monitoring.run_report import is_report
    from greenai_infra.reporting.card import formats
    from greenai_infra.reporting.card.facts import read_facts
    from greenai_infra.reporting.card.from_report import facts_of_report

    if is_report(file):
        if region is not None:
            raise InputError(f"--region is for an emissions.csv; the report {file} states its region")
        facts = facts_of_report(file, training_type=training_type)
    else:
        facts = read_facts(
            file,
            region=region,
            training_type=training_type,
            if_doubtful=lambda said: click.echo(f"warning: {said}", err=True),
        )
    if form == "hf" and not facts.training_type:
        click.echo("note: the card has no training_type; add --training-type pre-training or fine-tuning", err=True)
    text = {"hf": formats.hugging_face, "sagemaker": formats.sagemaker, "eu-gpai": formats.eu_gpai}[form](facts)
    if out is None:
        click.echo(text, nl=False)
        return
    write_whole(out, text)
    click.echo(f"card of {facts.name} ({facts.status}) written to {out}")
