"""The options that say where intensity comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenai_infra.clock import now, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive

_OPTIONS = {
    "source": click.option(
        "--source",
        metavar="SOURCE",
        help="auto, embedded, file:PATH (or PATH.csv), climatology:SOURCE, or a live source (`greenai-infra sources`).",
    ),
    "at": click.option("--at", metavar="TIME", help="Plan as of this moment, such as 2026-01-31T18:00:00Z."),
    "basis": click.option(
        "--basis",
        type=click.Choice(["lifecycle", "direct"]),
        help="Basis of a file's values, or the basis to ask a live source for.",
    ),
    "file_kind": click.option(
        "--file-kind",
        type=click.Choice(["history", "forecast"]),
        help="What a file: source holds, if its header doesn't say so.",
    ),
    "allow_mixed": click.option(
        "--allow-mixed", is_flag=True, help="Rank values of different signal or basis together."
    ),
    "require_live": click.option("--require-live", is_flag=True, help="Use only fresh answers of live services."),
}


def source_options(*without: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options that say where intensity comes from, except those in `without` (parameter names)."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for name, option in reversed(_OPTIONS.items()):
            if name not in without:
                command = option(command)
        return command

    return add


def moment_of(at: str | None) -> datetime:
    """The planning time: `--at`, or now in whole seconds."""
    return parse_time(at) if at else now()


def open_archive() -> ForecastArchive:
    """The archive of forecasts on this machine."""
    from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive

    return ForecastArchive()
