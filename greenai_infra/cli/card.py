"""`card`: what training a model has used and emitted, for its model card or documentation form."""

from __future__ import annotations

from pathlib import Path

import click


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
@click.option("--training-type", type=click.Choice(["pre-training", "fine-tuning"]), help="What the training was.")
@click.option("--region", metavar="REGION", help="Of an emissions.csv: takes PUE and intensity of this region.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def card(form: str, file: Path, training_type: str | None, region: str | None, out: Path | None) -> None:
    """Write the energy and emissions of a training run as a model card has them.

    FILE is a plan (the card says that it is estimated) or CodeCarbon's emissions.csv (measured). Emissions are
    operational: energy x PUE x the grid's intensity, with its source, signal and basis. Those of the Hub are in grams.
    """
    from greenai_infra.files import write_whole
    from greenai_infra.reporting.card import formats
    from greenai_infra.reporting.card.facts import read_facts

    facts = read_facts(
        file,
        region=region,
        training_type=training_type,
        if_doubtful=lambda said: click.echo(f"warning: {said}", err=True),
    )
    if form == "hf" and not facts.training_type:
        click.echo("note: training_type is left out; say --training-type pre-training or fine-tuning", err=True)
    text = {"hf": formats.hugging_face, "sagemaker": formats.sagemaker, "eu-gpai": formats.eu_gpai}[form](facts)
    if out is None:
        click.echo(text, nl=False)
        return
    write_whole(out, text)
    click.echo(f"card of {facts.name} ({facts.status}) written to {out}")
