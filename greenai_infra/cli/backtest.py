"""`backtest`: replay a workload over historical intensity and compare ways of choosing place and time."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    epilog="Example:  greenai-infra backtest templates/workloads/finetune-7b.yaml --trace traces.csv --basis lifecycle"
)
@click.argument("workload_file", metavar="WORKLOAD", type=click.Path(path_type=Path))
@click.argument("more_traces", metavar="[CSV]...", nargs=-1)
@click.option(
    "--trace",
    "traces",
    metavar="CSV...",
    multiple=True,
    required=True,
    help="Historical intensity as `file:` sources read it: files, a folder, or a pattern in quotes.",
)
@click.option("--baseline", metavar="ZONE", help="Compare with this zone. Default: the same as `plan`.")
@click.option("--all-zones", is_flag=True, help="Include zones that the workload's `where` excludes.")
@click.option(
    "--signal", type=click.Choice(["average", "marginal"]), help="Signal of the traces. Default: the workload's."
)
@click.option("--basis", type=click.Choice(["lifecycle", "direct"]), help="Basis of traces whose header lacks it.")
@click.option(
    "--starts",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of start times. Default: 1,000, or all if there are fewer.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Random seed for start times and intervals.")
@click.option("--suspect-prices", is_flag=True, help="Also use offers with a doubtful on-demand price.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole document, with definitions and inputs.")
def backtest(
    workload_file: Path,
    more_traces: tuple[str, ...],
    traces: tuple[str, ...],
    baseline: str | None,
    all_zones: bool,
    signal: str | None,
    basis: str | None,
    starts: int | None,
    seed: int,
    suspect_prices: bool,
    as_json: bool,
) -> None:
    """Compare strategies on historical intensity: how much would each have saved?

    The workload is started at many past moments. Each start runs at once in the baseline zone, and again as each
    strategy would have run it in the zones that the workload allows. The strategies range from no forecast to a perfect
    one. `--trace` takes several files.
    """
    from greenai_infra.catalog.offers import offers
    from greenai_infra.catalog.signals import Basis, Signal
    from greenai_infra.planning.backtest.document import backtest_document
    from greenai_infra.planning.backtest.replay import make_backtest
    from greenai_infra.planning.backtest.traces import read_traces
    from greenai_infra.planning.document import document_text
    from greenai_infra.planning.workload_file import read_workload
    from greenai_infra.reporting.backtest_text import show_backtest

    workload = read_workload(workload_file)
    read = read_traces(
        (*traces, *more_traces),
        signal=Signal(signal or workload.signal),
        basis=Basis(basis) if basis else None,
    )
    known = offers(include_suspect=suspect_prices)
    made = make_backtest(workload, read, known, baseline=baseline, starts=starts, seed=seed, all_zones=all_zones)
    document = backtest_document(made)
    if as_json:
        click.echo(document_text(document), nl=False)
    else:
        show_backtest(document)
