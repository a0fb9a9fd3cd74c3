"""`gpu sweep`: energy and speed of a command under several power limits, measured."""

from __future__ import annotations

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.errors import GreenAIError, InputError

STEPS = (1.0, 0.85, 0.7, 0.55)
"""Shares of the default limit that are tried without --limits."""


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example:  sudo greenai-infra gpu sweep --gpu 0 --work 'images: ([0-9]+)' -- python train.py --steps 200",
)
@click.argument("command", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--gpu", "gpus", type=click.IntRange(0), multiple=True, help="Which cards. Default: all.")
@click.option("--limits", metavar="W,W,...", help="Power limits. Default: 100, 85, 70 and 55 % of the card's limit.")
@click.option("--repeat", type=click.IntRange(1, 100), default=2, show_default=True, help="Runs under each limit.")
@click.option("--work", metavar="REGEX", help="Group 1 is the work done, in COMMAND's output. Default: 1 per run.")
@click.option(
    "--max-slower", type=NumberRange(0, 100), default=10.0, show_default=True, help="Largest loss of speed in percent."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sweep(
    command: tuple[str, ...], gpus: tuple[int, ...], limits: str | None, repeat: int, work: str | None,
    max_slower: float, as_json: bool,
) -> int:  # fmt: skip
    """Run COMMAND under several power limits, measure work and energy, and suggest a limit if it saves energy.

    Setting a limit needs root. The original limits are restored afterwards, also after Ctrl-C or an error.
    """
    import re

    from greenai_infra.monitoring.gpu.open import open_reader
    from greenai_infra.monitoring.gpu.power_limit import Limiter
    from greenai_infra.monitoring.gpu.sweep import Run, suggest
    from greenai_infra.monitoring.gpu.sweep import sweep as run_all

    if work is not None:
        try:
            groups = re.compile(work).groups
        except re.error as error:
            raise InputError(f"--work {work!r} is not a regular expression: {error}") from None
        if groups != 1:
            raise InputError(f"--work {work!r} needs a group in parentheses that captures the number")
    reader = open_reader()
    limiter = Limiter()
    cards = gpus or tuple(int(gpu.index) for gpu in reader.read().gpus if gpu.mig is None and not gpu.lost)
    bounds = [limiter.limits(card) for card in cards]
    if not bounds:
        raise GreenAIError("no GPU can be read")
    least_w, most_w = max(bound.least_w for bound in bounds), min(bound.most_w for bound in bounds)
    default_w = min(bound.default_w for bound in bounds)
    limits_w = _limits(limits, least_w, most_w, default_w)

    def tell(run: Run) -> None:
        how = "" if run.by_counter else " (integrated from power)"
        click.echo(f"{run.limit_w:g} W: {run.seconds:.1f} s, {run.joules:.0f} J{how}, {run.work:g} of work", err=True)

    runs = run_all(reader, limiter, cards, limits_w, command, repeat=repeat, pattern=work, tell=tell)
    best = suggest(runs, default_w, max_slower / 100)
    reader.close()
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps({"runs": [asdict(one) for one in runs], "suggestion": asdict(best)}, indent=2))
        return 0
    from greenai_infra.reporting.gpu_sweep_text import show_sweep

    show_sweep(runs, best, cards)
    return 0


def _limits(text: str | None, least_w: float, most_w: float, default_w: float) -> list[float]:
    if text is None:
        steps = sorted({max(least_w, round(share * default_w)) for share in STEPS}, reverse=True)
        return [float(step) for step in steps]
    try:
        found = [float(watts) for watts in text.split(",")]
    except ValueError:
        raise InputError(f"--limits '{text}': expected watts separated by commas, such as 300,250,200") from None
    wrong = [watts for watts in found if not least_w <= watts <= most_w]
    if wrong:
        raise InputError(f"--limits {wrong[0]:g}: the card accepts {least_w:g} to {most_w:g} W")
    return sorted(set(found), reverse=True)
