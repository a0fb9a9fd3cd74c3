"""`estimate`: energy and emissions by calculation, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenai_infra.cli.number import Count, FiniteRange
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

ABOVE_ZERO = FiniteRange(min=0, min_open=True)
FROM_ZERO = FiniteRange(min=0)


@click.group()
def estimate() -> None:
    """Estimate energy and emissions of training, serving, distillation and caching."""


@estimate.command(
    epilog="Example:  greenai-infra estimate inference --model Llama-3.1-8B-Instruct --accelerator H100 --batch 64"
)
@click.option(
    "--model", metavar="NAME", help="An open model (`estimate models` lists them), or any name if you give the numbers."
)
@click.option("--parameters", type=Count(), metavar="N", help="Your own model: all weights, such as 8.03e9 or 8B.")
@click.option(
    "--active-parameters", type=Count(), metavar="N", help="Mixture of experts: weights that process a token."
)
@click.option(
    "--architecture", metavar="WORD", help="dense, moe, hybrid, hybrid-moe or rnn. Default: from the parameters."
)
@click.option(
    "--kv-bytes-per-token",
    type=ABOVE_ZERO,
    help="KV cache per token. Default: the model's, or estimated from its size.",
)
@click.option("--accelerator", metavar="CHIP", help="As in `catalog accelerators`.")
@click.option(
    "--count", type=click.IntRange(1, 1024), help="Accelerators of one replica. Default: the fewest that fit."
)
@click.option("--precision", help="fp32, bf16, fp16, fp8, int8, int4, mxfp4. Default: the model's own, else bf16.")
@click.option("--batch", type=ABOVE_ZERO, help="Requests that run on a replica at the same time.")
@click.option("--input-tokens", type=FROM_ZERO, help="Input tokens of a mean request.")
@click.option("--cached-tokens", type=FROM_ZERO, default=0.0, help="Prompt tokens already in a prefix cache.")
@click.option("--output-tokens", type=Count(), help="Output tokens of a mean answer.")
@click.option(
    "--reasoning-tokens", type=FROM_ZERO, default=0.0, help="Tokens generated before the answer, in addition."
)
@click.option("--engine", metavar="NAME", help="Such as vllm-0.11 or sglang. Default: vLLM 0.11.")
@click.option("--region", metavar="REGION", help="Adds PUE, kg CO2e at the grid's yearly mean, and USD at list price.")
@click.option("--compare-precisions", is_flag=True, help="Compare bf16, fp8, int8, int4 by batch, with measured runs.")
@click.option("--from", "table", type=click.Path(path_type=Path, dir_okay=False), help="A CSV with a run per line.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File for the CSV with estimates.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimate as JSON.")
def inference(table: Path | None, out: Path | None, as_json: bool, compare_precisions: bool, **stated: Any) -> None:
    """Estimate joules, time and power of serving a language model.

    The estimate is fitted to 881 measured runs. The band holds 90 % of runs of models left out of the fit.
    """
    if table is not None:
        _table(table, out)
        return
    for name in ("accelerator",) if stated["model"] or stated["parameters"] else ("model", "accelerator"):
        if not stated[name]:
            raise click.UsageError(f"give --{name} (or a CSV of runs with --from)")
    if compare_precisions:
        from greenai_infra.estimates import precisions
        from greenai_infra.reporting.estimate_text import show_precisions

        _show(precisions.compare_precisions(**stated), show_precisions, as_json, out)
        return
    from greenai_infra.estimates.request import estimate_inference
    from greenai_infra.reporting.estimate_text import show_request

    _show(estimate_inference(**stated), show_request, as_json, out)


def _show(found: Any, in_words: Callable[[Any], None], as_json: bool, out: Path | None = None) -> None:
    """An estimate as text, or as JSON to standard output or a file."""
    if not as_json and out is None:
        in_words(found)
        return
    text = json.dumps(found.as_json(), indent=2, allow_nan=False)
    if out is None:
        click.echo(text)
        return
    from greenai_infra.files import write_whole

    write_whole(out, text + "\n")
    click.echo(f"estimate written to {out}")


def _table(table: Path, out: Path | None) -> None:
    from greenai_infra.estimates.serving_table import estimated_table
    from greenai_infra.files import write_whole

    if out is None:
        raise InputError("--from needs --out FILE for the CSV with estimates")
    write_whole(out, estimated_table(table))
    click.echo(f"estimates of {table} written to {out}")


@estimate.command(
    epilog="Example:  greenai-infra estimate training --parameters 7B --tokens 1B --accelerator H100 --count 8"
)
@click.option("--parameters", type=Count(), metavar="N", help="Weights that process a token, such as 7B.")
@click.option("--tokens", type=Count(), metavar="N", help="Training tokens over all epochs, such as 1B.")
@click.option("--total-parameters", type=Count(), metavar="N", help="Mixture of experts: all weights.")
@click.option(
    "--method",
    type=click.Choice(["full", "lora"]),
    default="full",
    help="Train all weights, or adapters on frozen weights.",
)
@click.option("--mfu", type=FiniteRange(min=0, max=1, min_open=True), help="Measured model FLOPS utilisation.")
@click.option("--accelerator-hours", type=Count(), metavar="H", help="Instead of a model: hours summed over all chips.")
@click.option("--hours-on", metavar="CHIP", help="Chip that the hours were measured on. Default: --accelerator.")
@click.option("--accelerator", required=True, metavar="CHIP", help="As in `catalog accelerators`.")
@click.option("--count", type=click.IntRange(1, 65_536), help="Accelerators. Default: the fewest that hold the model.")
@click.option(
    "--precision",
    type=click.Choice(["bf16", "fp16", "fp8", "int8", "fp32"]),
    default="bf16",
    help="Precision of the matrix products.",
)
@click.option("--region", metavar="REGION", help="Adds PUE, kg CO2e at the grid's yearly mean, and USD at list price.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimate as JSON.")
def training(as_json: bool, **stated: Any) -> None:
    """Estimate hours, energy, emissions and cost of a training run, as `plan` does."""
    from greenai_infra.planning.training_estimate import estimate_training
    from greenai_infra.reporting.estimate_text import show_training

    _show(estimate_training(**stated), show_training, as_json)


@estimate.command(
    epilog="Example:  greenai-infra estimate distillation --teacher-kg 0.001 --student-kg 0.0001 "
    "--distillation-kg 100 --daily-inferences 1000000"
)
@click.option("--teacher-kg", type=FROM_ZERO, required=True, help="kg CO2e per inference of the teacher.")
@click.option("--student-kg", type=FROM_ZERO, required=True, help="kg CO2e per inference of the student.")
@click.option("--distillation-kg", type=FROM_ZERO, help="kg CO2e of the distillation; the parts below are added.")
@click.option("--teacher-outputs-kg", type=FROM_ZERO, help="kg CO2e of the teacher's outputs for training.")
@click.option("--student-training-kg", type=FROM_ZERO, help="kg CO2e of training the student.")
@click.option("--evaluation-kg", type=FROM_ZERO, help="kg CO2e of evaluation.")
@click.option("--failed-runs-kg", type=FROM_ZERO, help="kg CO2e of failed or discarded runs.")
@click.option("--daily-inferences", type=Count(), required=True, metavar="N", help="Inferences a day, such as 1M.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def distillation(
    teacher_kg: float, student_kg: float, daily_inferences: float, as_json: bool, **parts: float | None
) -> None:
    """Say whether distilling a model pays in carbon, and after how many inferences."""
    from greenai_infra.estimates.distillation import estimate_distillation
    from greenai_infra.reporting.estimate_text import show_distillation

    stated = {name.removesuffix("_kg"): kg for name, kg in parts.items() if kg is not None}
    if not stated:
        raise click.UsageError("give --distillation-kg, or its parts (--teacher-outputs-kg ... --failed-runs-kg)")
    _show(estimate_distillation(teacher_kg, student_kg, stated, daily_inferences), show_distillation, as_json)


@estimate.command(
    epilog="Example:  greenai-infra estimate cache --daily-requests 1M --hit-rate 0.3 --request-j 100 --lookup-j 0.05 "
    "--node-type cache.r7g.large"
)
@click.option("--daily-requests", type=Count(), required=True, metavar="N", help="Requests a day, such as 1M.")
@click.option(
    "--hit-rate", type=FiniteRange(min=0, max=1), required=True, help="Share answered from the cache, 0 to 1."
)
@click.option("--request-j", type=ABOVE_ZERO, help="J per request without a cache, at the server's wall.")
@click.option("--request-kg", type=ABOVE_ZERO, help="Instead: kg CO2e per request in --region.")
@click.option("--lookup-j", type=FROM_ZERO, required=True, help="J per lookup, spent by hits and misses.")
@click.option(
    "--embedding-j", type=FROM_ZERO, default=0.0, help="J per embedding. Default 0: an exact cache needs no embedding."
)
@click.option("--node-type", metavar="TYPE", help="ElastiCache node that holds the cache, such as cache.r7g.large.")
@click.option("--nodes", type=click.IntRange(1, 1000), default=1, help="How many. Default 1.")
@click.option("--node-w", type=FROM_ZERO, help="Instead of a type: watts of a node; 0 for a cache within the server.")
@click.option("--region", metavar="REGION", help="Adds kg CO2e at the grid's yearly mean.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimate as JSON.")
def cache(as_json: bool, **stated: Any) -> None:
    """Estimate what an answer cache saves, net of its lookups and its power."""
    from greenai_infra.estimates.cache import estimate_cache
    from greenai_infra.reporting.estimate_text import show_cache

    _show(estimate_cache(**stated), show_cache, as_json)


@estimate.command(epilog="Example:  greenai-infra estimate models")
def models() -> None:
    """List the open models that `--model` knows by name."""
    from greenai_infra.catalog.models import models as known
    from greenai_infra.reporting.tables import show_table

    show_table(
        ["model", "architecture", "1e9 weights", "active", "KV bytes/token", "year"],
        [
            [
                model.name.split("/")[-1],
                model.architecture,
                f"{model.parameters / 1e9:.4g}",
                f"{model.active_parameters / 1e9:.4g}",
                f"{model.kv_bytes_per_token:,.0f}",
                str(model.year),
            ]
            for model in known()
        ],
        right=(2, 3, 4),
    )
