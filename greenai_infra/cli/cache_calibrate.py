"""`cache calibrate` and `cache evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from greenai_infra.cli.number import FiniteRange

PAIRS = click.argument("pairs", metavar="PAIRS", type=click.Path(path_type=Path))


@click.command(epilog="Example:  greenai-infra cache calibrate pairs.csv --out calibration.json")
@PAIRS
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="File to write the calibration to (JSON).",
)
def calibrate(pairs: Path, out: Path) -> None:
    """Calibrate how readily a semantic cache may answer, on pairs of questions, with the default encoder.

    PAIRS is a CSV with columns question, other and same_answer (1 or 0); other columns are ignored. About 300 pairs of
    questions like your users' are enough for a false hit rate of 1 %. Include pairs that look alike but differ in
    meaning.
    """
    from greenai_infra.files import write_whole
    from greenai_infra.serving.semantic.calibration import calibrate as count
    from greenai_infra.serving.semantic.calibration_files import as_bytes, read_pairs
    from greenai_infra.serving.semantic.encoder import static_encoder

    found = count(read_pairs(pairs), static_encoder())
    write_whole(out, as_bytes(found).decode())
    counts = found.counts
    click.echo(
        f"{counts.asked:,} pairs: {sum(counts.accepted):,} judged the same, {sum(counts.false):,} of them falsely"
    )
    for rate in (0.005, 0.01, 0.02):
        open_now = found.open_cells(rate)
        click.echo(f"at {rate:.1%} false hits: {open_now} of {len(counts.accepted)} kinds of evidence are open")
    click.echo(f"written to {out}")


@click.command(
    epilog="""\b
Example:
  greenai-infra cache evaluate other-pairs.csv --calibration calibration.json \\
    --max-false-hit-rate 0.01"""
)
@PAIRS
@click.option(
    "--calibration", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Output of `cache calibrate`."
)
@click.option(
    "--max-false-hit-rate",
    type=FiniteRange(min=0, max=1, min_open=True, max_open=True),
    default=0.01,
    help="Limit for false hits, as a share of the pairs asked. Default 0.01.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(pairs: Path, calibration: Path, max_false_hit_rate: float, as_json: bool) -> None:
    """Ask each question of PAIRS to a cache that holds the paired question, and count hits and false hits.

    `same_answer` is used for counting only. The upper bound is the one-sided 95 % bound of Clopper and Pearson for
    false hits among the pairs asked.
    """
    from greenai_infra.serving.semantic.calibration import evaluate as ask
    from greenai_infra.serving.semantic.calibration_files import read_calibration, read_pairs
    from greenai_infra.serving.semantic.encoder import static_encoder

    encoder = static_encoder()
    found = ask(read_pairs(pairs), read_calibration(calibration, encoder), max_false_hit_rate, encoder)
    if as_json:
        import json

        click.echo(json.dumps(found.as_json(), indent=2))
        return
    share = "" if found.paraphrase_hit_share is None else f", {found.paraphrase_hit_share:.1%} of them hit"
    click.echo(f"pairs          {found.pairs:,}")
    click.echo(f"paraphrases    {found.paraphrases:,}{share}")
    click.echo(f"hits           {found.hits:,}")
    click.echo(f"false hits     {found.false_hits:,} (at most {found.false_hit_rate_upper_95:.2%} of pairs, 95 %)")
