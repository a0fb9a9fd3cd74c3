"""`gpu`: activity, power and waste of GPUs, by cause; `gpu sweep`: the power limit with the least energy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.clock import parse_duration_hours
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.cli.gpu_account import Account, Place
    from greenai_infra.monitoring.gpu.values import Round

RULES = ("gpu-rules.yml", "gpu-dashboard.json")


class _WithSweep(click.Group):
    """Imports the module of `sweep` when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The command `sweep`."""
        return ["sweep"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """`sweep`, or None."""
        if cmd_name != "sweep":
            return None
        from greenai_infra.cli.gpu_sweep import sweep

        return sweep


@click.group(
    cls=_WithSweep,
    invoke_without_command=True,
    epilog="Example:  greenai-infra gpu --watch --region aws:us-east-1",
)
@click.option(
    "--once", "mode", flag_value="once", default=True, help="Read twice, show the second reading. The default."
)
@click.option("--watch", "mode", flag_value="watch", help="Live view; waste by cause at the end.")
@click.option("--jsonl", "mode", flag_value="jsonl", help="One JSON object per line; `--from` reads it back.")
@click.option("--exporter", "mode", flag_value="exporter", help="Prometheus metrics on --port.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print JSON.")
@click.option("--interval", type=NumberRange(0.1, 3600), default=1.0, show_default=True, help="Seconds.")
@click.option("--for", "for_", metavar="DURATION", help="Duration, such as 10m. Default: until Ctrl-C.")
@click.option(
    "--from", "recording", type=click.Path(path_type=Path, dir_okay=False), help="Read a recording instead of GPUs."
)
@click.option("--port", type=click.IntRange(0, 65535), default=9836, show_default=True)
@click.option("--address", default="127.0.0.1", show_default=True, help="Use 0.0.0.0 to serve other machines.")
@click.option("--region", metavar="REGION", help="For PUE, grid zone and price. Default: GREENAI_REGION.")
@click.option("--zone", metavar="ZONE", help="Grid zone, such as DE. Default: GREENAI_INTENSITY_ZONE, or the region's.")
@click.option("--pue", type=NumberRange(1, 5), help="Default: GREENAI_PUE, else the region's, else 1.")
@click.option("--intensity", metavar="G_PER_KWH|SOURCE", help="Default: GREENAI_INTENSITY_G_PER_KWH, or auto.")
@click.option("--usd-per-gpu-hour", type=NumberRange(0, 1e4), help="Default: the catalog's offer in the region.")
@click.option(
    "--idle-watts", type=NumberRange(0, 2000), help="Power while waiting. Default: measured, or the catalog's."
)
@click.option(
    "--write-rules", type=click.Path(path_type=Path, file_okay=False), help="Write alerts and dashboard there."
)
@click.pass_context
def gpu(
    context: click.Context,
    mode: str,
    as_json: bool,
    interval: float,
    for_: str | None,
    recording: Path | None,
    port: int,
    address: str,
    region: str | None,
    zone: str | None,
    pue: float | None,
    intensity: str | None,
    usd_per_gpu_hour: float | None,
    idle_watts: float | None,
    write_rules: Path | None,
) -> int | None:
    """Show activity and power of NVIDIA GPUs, and how much of it is waste, by cause.

    Exit code 1 if no GPU can be read.
    """
    if context.invoked_subcommand:
        return None
    if as_json and mode != "once":
        raise click.UsageError("--json goes with --once; for a stream use --jsonl")
    if write_rules is not None:
        return _write_rules(write_rules)
    from greenai_infra.cli.gpu_account import Account, Place

    place = Place(region, zone, pue, _number(intensity), usd_per_gpu_hour)
    limit_s = parse_duration_hours(for_) * 3600 if for_ else None
    if recording is not None:
        return _replay(recording, place, mode, as_json, idle_watts)
    from greenai_infra.monitoring.gpu.open import open_reader

    Account(place, interval, idle_watts, time.time())  # reports a bad place before reading GPUs
    reader = open_reader()
    account = Account(place, interval, idle_watts, time.time())
    if mode == "once":
        account.add(reader.read())
        time.sleep(interval)
        taken = reader.read()
        account.add(taken)
        account.finish()
        account.ask_grid(time.time())
        reader.close()
        _show(taken, account, as_json)
        return 0
    from greenai_infra.cli.gpu_modes import follow

    return follow(reader, account, mode, interval, limit_s, port, address)


def _show(taken: Round, account: Account, as_json: bool) -> None:
    report = account.report()
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({"reading": taken, "waste": report}).decode(), indent=2))
        return
    from greenai_infra.reporting.gpu_text import show_round, show_waste

    show_round(taken)
    show_waste(report)


def _replay(path: Path, place: Place, mode: str, as_json: bool, idle_watts: float | None) -> int:
    from itertools import pairwise
    from statistics import median

    from greenai_infra.cli.gpu_account import Account
    from greenai_infra.cli.gpu_modes import line_of
    from greenai_infra.monitoring.gpu.open import read_recording

    if mode == "exporter":
        raise InputError("--exporter needs live GPUs, not a recording (--from)")
    rounds = read_recording(path)
    steps = [later.at_s - earlier.at_s for earlier, later in pairwise(rounds)]
    account = Account(place, median(steps) if steps else 1.0, idle_watts, rounds[0].at_s)
    account.ask_grid(time.time())
    for taken in rounds:
        account.add(taken)
        if mode == "jsonl":
            click.echo(line_of(taken, account.report()))
    account.finish()
    if mode != "jsonl":
        _show(rounds[-1], account, as_json)
    return 0


def _write_rules(folder: Path) -> int:
    from greenai_infra.files import write_all
    from greenai_infra.templates import shipped

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be created: {error.strerror}") from None
    texts = {folder / name: shipped(f"templates/monitoring/{name}").read_text(encoding="utf-8") for name in RULES}
    write_all(texts)
    for path in texts:
        click.echo(f"written: {path}")
    return 0


def _number(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
