"""`advise`: what would save most for a workload, with figures computed for that workload."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.source_options import moment_of, source_options
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.advice.asking import Served
    from greenai_infra.monitoring.emissions_runs import Measured

ABOVE_ZERO = NumberRange(0, 1e12, min_open=True)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
KEEP_WARM_MINUTES = 10.0
"""The default of `scale_in_cooldown_s` in the inference stack, 600 s."""


@click.group(
    epilog="""\b
Start with:
  greenai-infra advise serving templates/workloads/serve-8b.yaml
  greenai-infra advise quick-wins templates/workloads/serve-8b.yaml"""
)
def advise() -> None:
    """Advise on serving (sleep or stay up?) and on quick wins, computed for your workload."""


@advise.command(
    epilog="""\b
Examples:
  greenai-infra advise serving templates/workloads/serve-8b.yaml
  greenai-infra advise serving --model Llama-3.1-8B-Instruct --accelerator H100 \\
    --input-tokens 500 --output-tokens 200 --requests-per-hour 20 \\
    --pattern constant --region eu-north-1"""
)
@click.argument("workload_file", metavar="[WORKLOAD]", required=False, type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME", help="An open model (`estimate models`); instead of a workload file.")
@click.option("--parameters", type=ABOVE_ZERO, metavar="N", help="Your own model: all weights, such as 8.03e9.")
@click.option("--accelerator", metavar="CHIP", help="A chip of `catalog accelerators`.")
@click.option("--count", type=click.IntRange(1, 1024), help="Chips of one replica. Default: the fewest that fit.")
@click.option("--precision", help="Precision of the weights. Default: the model's, else bf16.")
@click.option("--input-tokens", type=NumberRange(0, 1e9), help="Input tokens of a mean request.")
@click.option("--output-tokens", type=NumberRange(0, 1e9, min_open=True), help="Output tokens of a mean answer.")
@click.option("--requests-per-hour", type=NumberRange(0, 1e12), help="Mean rate over a day. Default: the workload's.")
@click.option(
    "--pattern",
    type=click.Choice(["bursty", "constant", "batch"]),
    help="How requests arrive. Default: the workload's.",
)
@click.option("--active-hours", type=click.IntRange(1, 24), help="Bursty: hours a day with requests.")
@click.option(
    "--keep-warm-minutes",
    type=NumberRange(0, 1440),
    default=KEEP_WARM_MINUTES,
    show_default=True,
    help="Time the server stays up after the last request.",
)
@click.option(
    "--storage",
    type=click.Choice(["local", "download", "stream", "compile-cache"]),
    default="download",
    show_default=True,
    help="Where the server reads its weights from at a start.",
)
@click.option(
    "--machine",
    type=click.Choice(["released", "stays"]),
    default="released",
    show_default=True,
    help="While asleep: machine given back, or on without a model.",
)
@click.option("--cold-start-seconds", type=ABOVE_ZERO, help="Your measured time of a cold start, booting included.")
@click.option("--cold-start-wh", type=ABOVE_ZERO, help="Your measured energy of a cold start, at the server's wall.")
@click.option("--region", metavar="REGION", help="Without a workload: adds kg CO2e and USD.")
@source_options("basis", "file_kind", "allow_mixed", "require_live")
@AS_JSON
def serving(
    workload_file: Path | None,
    requests_per_hour: float | None,
    pattern: str | None,
    active_hours: int | None,
    keep_warm_minutes: float,
    storage: str,
    machine: str,
    cold_start_seconds: float | None,
    cold_start_wh: float | None,
    source: str | None,
    at: str | None,
    as_json: bool,
    **stated: Any,
) -> None:
    """Say below which request rate a server should sleep between requests.

    Scaling to zero saves idle power but costs energy at each start. The machine comes from the workload's plan, or from
    the options.
    """
    from greenai_infra.advice.served import Start
    from greenai_infra.advice.serving import Question, advise_serving
    from greenai_infra.planning.document import document_text
    from greenai_infra.reporting.advice_text import show_serving

    if active_hours is not None and pattern not in (None, "bursty"):
        raise click.UsageError("--active-hours belongs to --pattern bursty")
    start, stays = Start(storage, cold_start_seconds, cold_start_wh), machine == "stays"
    if workload_file is not None:
        if given := [name for name, value in stated.items() if value is not None]:
            raise click.UsageError(f"--{given[0].replace('_', '-')} or a workload file: the file states it already")
        from greenai_infra.advice.asking import served_by_plan
        from greenai_infra.planning.make import plan as plan_of

        plan = plan_of(workload_file, source=source, at=at).made
        name, served = plan.workload.name, served_by_plan(plan, start, stays=stays)
    else:
        served = _stated(stated, source, at, start, stays=stays)
        name = stated["model"] or f"{stated['parameters'] / 1e9:.3g}B model"
    profile = served.profile
    if requests_per_hour is None:
        if not profile:
            raise click.UsageError("give --requests-per-hour")
        requests_per_hour = sum(profile) / len(profile)
    elif profile and sum(profile):
        profile = tuple(rate * requests_per_hour * len(profile) / sum(profile) for rate in profile)
    varied = active_hours is not None or len(set(profile)) > 1
    question = Question(
        name=name,
        pattern=pattern or ("bursty" if varied else "constant"),
        requests_per_hour=requests_per_hour,
        profile=profile,
        active_hours=active_hours,
        keep_warm_s=keep_warm_minutes * 60,
        stays=stays,
    )
    document = advise_serving(question, served.machine, served.place)
    if as_json:
        click.echo(document_text(document), nl=False)
    else:
        show_serving(document)


@advise.command(
    "quick-wins",
    epilog="""\b
Examples:
  greenai-infra advise quick-wins templates/workloads/serve-8b.yaml
  greenai-infra advise quick-wins templates/workloads/serve-8b.yaml \\
    --hit-rate 0.3 --cache-node cache.r7g.large
  greenai-infra advise quick-wins --plan plan.json --emissions emissions.csv""",
)
@click.argument("workload_file", metavar="[WORKLOAD]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    help="A plan from `plan --hardware --out`. Default: plan now.",
)
@click.option(
    "--emissions",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Measurements of your runs: emissions.csv or emissions_report.json.",
)
@click.option("--hit-rate", type=NumberRange(0, 1, max_open=True), help="Share of requests that a cache would answer.")
@click.option("--cache-node", metavar="TYPE", help="ElastiCache node that holds the cache, as cache.r7g.large.")
@click.option("--student", metavar="MODEL", help="Open model to distil into (`estimate models`).")
@click.option("--distillation-kg", type=NumberRange(0, 1e12), help="kg CO2e of distilling, failed runs included.")
@source_options("basis", "file_kind", "allow_mixed", "require_live")
@AS_JSON
def quick_wins(
    workload_file: Path | None,
    plan_file: Path | None,
    emissions: tuple[Path, ...],
    hit_rate: float | None,
    cache_node: str | None,
    student: str | None,
    distillation_kg: float | None,
    source: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Rank what would save most: kg, USD, effort and the command, computed for your workload.

    A measure without a figure says which input it needs; a measure that does not apply says why.
    """
    if (workload_file is None) == (plan_file is None):
        raise click.UsageError("give a workload file, or its plan with --plan")
    if plan_file is not None and (source or at):
        raise click.UsageError("--source and --at belong to a workload file; a plan holds its intensity")
    if (student is None) != (distillation_kg is None):
        raise click.UsageError("--student and --distillation-kg belong together")
    if (hit_rate is None) != (cache_node is None):
        raise click.UsageError("--hit-rate and --cache-node belong together")
    from greenai_infra.advice.quick_wins import Known, quick_wins
    from greenai_infra.advice.subject import subject_of
    from greenai_infra.catalog.offers import offers
    from greenai_infra.contracts.plan_document import read_document
    from greenai_infra.planning.document import document_text
    from greenai_infra.planning.make import plan
    from greenai_infra.reporting.advice_text import show_quick_wins

    measured = _measured(emissions) if emissions else None
    known_offers = offers()
    if plan_file is not None:
        document = read_document(plan_file, if_edited=lambda said: click.echo(f"warning: {said}", err=True))
        name = "WORKLOAD"
    else:
        assert workload_file is not None
        document, name = plan(workload_file, source=source, at=at, hardware=True).document, str(workload_file)
    known = Known(measured, ", ".join(map(str, emissions)), hit_rate, cache_node, student, distillation_kg)
    try:
        found = quick_wins(subject_of(document, name, known_offers), known)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        if plan_file is None:
            raise
        raise InputError(
            f"{plan_file}: the plan is damaged ({error!r}); make it again with `greenai-infra plan`"
        ) from None
    if as_json:
        click.echo(document_text(found), nl=False)
    else:
        show_quick_wins(found)


def _measured(files: tuple[Path, ...]) -> Measured:
    """What the runs used, from reports of the same kind."""
    from greenai_infra.monitoring.emissions_runs import read_emissions
    from greenai_infra.monitoring.run_report import is_report
    from greenai_infra.monitoring.run_totals import measured_by_reports

    reports = [file for file in files if is_report(file)]
    if reports and len(reports) < len(files):
        raise InputError(
            f"--emissions {reports[0]}: give reports of the same kind, emissions.csv or emissions_report.json"
        )
    return measured_by_reports(files) if reports else read_emissions(files)


def _stated(stated: dict[str, Any], source: str | None, at: str | None, start: Any, *, stays: bool) -> Served:
    """What is served, from the options, when no workload file is given."""
    from greenai_infra.advice.asking import served_by_options
    from greenai_infra.catalog.offers import offers
    from greenai_infra.estimates.serving import ServingRow
    from greenai_infra.footprint.inference import Traffic

    if source is not None:
        raise click.UsageError("--source belongs to a workload file; --region takes the grid's yearly mean")
    for name in ("model", "accelerator", "input_tokens", "output_tokens"):
        if stated[name] is None and not (name == "model" and stated["parameters"] is not None):
            raise click.UsageError(f"give a workload file, or --{name.replace('_', '-')}")
    row = ServingRow(
        model=stated["model"] or "",
        accelerator=stated["accelerator"],
        accelerators=stated["count"],
        precision=stated["precision"],
        parameters=stated["parameters"],
    )
    traffic = Traffic(stated["input_tokens"], stated["output_tokens"], 1.0)
    return served_by_options(row, traffic, stated["region"], offers(), moment_of(at), start, stays=stays)
