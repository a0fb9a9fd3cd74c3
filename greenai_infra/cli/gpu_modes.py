"""The modes of `gpu` that run until Ctrl-C: a live view, lines of JSON, an exporter."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click
import msgspec

from greenai_infra.cli.pace import RealPace

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.cli.gpu_account import Account
    from greenai_infra.monitoring.gpu.report import WasteReport
    from greenai_infra.monitoring.gpu.values import Reader, Round


def follow(
    reader: Reader, account: Account, mode: str, interval_s: float, limit_s: float | None, port: int, address: str
) -> int:
    """Reads repeatedly; SIGINT and SIGTERM end it with exit code 0."""
    ended = threading.Event()
    with ExitStack() as stack, RealPace() as pace:
        stack.callback(reader.close)
        stack.callback(ended.set)
        show = _shower(mode, stack, port, address)
        account.keep_asking(ended, time.time())
        start_s = pace.elapsed_s()
        next_s, taken = start_s, None
        while not pace.stopped_by and (limit_s is None or pace.elapsed_s() - start_s <= limit_s):
            taken = reader.read()
            account.add(taken)
            show(taken, account.report())
            next_s = max(next_s + interval_s, pace.elapsed_s())
            pace.wait(next_s - pace.elapsed_s())
    account.finish()
    if mode == "watch" and taken is not None:
        from greenai_infra.reporting.gpu_text import show_waste

        show_waste(account.report())
    return 0


def line_of(taken: Round, report: WasteReport) -> str:
    """A line of `--jsonl`: the reading, and waste so far."""
    waste = [
        {
            "gpu": cause.gpu, "cause": cause.cause, "lost_s": cause.lost_s, "energy_kwh": cause.energy_kwh,
            "emissions_kg": cause.emissions_kg, "cost_usd": cause.cost_usd,
        }
        for cause in report.causes
    ]  # fmt: skip
    return msgspec.json.encode({**msgspec.to_builtins(taken), "waste": waste}).decode()


def _shower(mode: str, stack: ExitStack, port: int, address: str) -> Callable[[Round, WasteReport], Any]:
    if mode == "jsonl":
        return lambda taken, report: click.echo(line_of(taken, report))
    if mode == "exporter":
        from greenai_infra.monitoring.gpu.exporter import GpuCollector, serve
        from greenai_infra.monitoring.gpu.thresholds import threshold

        collector = GpuCollector(threshold("target_activity"))
        server, at = serve(collector, port, address)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        click.echo(f"metrics of the GPUs: http://{address}:{at}/metrics", err=True)
        return collector.show
    import sys

    from rich.console import Console
    from rich.live import Live

    from greenai_infra.reporting.gpu_text import live_view
    from greenai_infra.terminal import for_drawing

    live = stack.enter_context(
        Live(console=Console(file=for_drawing(sys.stdout)), auto_refresh=False, redirect_stdout=False)
    )
    return lambda taken, report: live.update(live_view(taken, report), refresh=True)
