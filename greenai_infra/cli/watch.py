"""`watch`: plan a workload repeatedly, and report only changes."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.source_options import open_archive, source_options
from greenai_infra.clock import format_time, hours_between, parse_duration_hours
from greenai_infra.errors import InputError, NoPlacement

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.cli.pace import RealPace
    from greenai_infra.planning.watch.changes import Event, Round
    from greenai_infra.planning.watch.rounds import Schedule
    from greenai_infra.planning.workload import Window, Workload

LEAST_MINUTES = 1.0
MOST_HOURS = 31 * 24.0


@click.command(epilog="Example:  greenai-infra watch templates/workloads/finetune-7b.yaml --every 15m --for 12h")
@click.argument("workload_file", metavar="WORKLOAD", type=click.Path(path_type=Path))
@click.option("--every", metavar="DURATION", default="15m", show_default=True, help="Time between rounds, at least 1m.")
@click.option(
    "--for", "for_", metavar="DURATION", help="Length of the watch, at most 31d. Default: 24h, or from --rounds."
)
@click.option("--rounds", type=click.IntRange(1, 100_000), metavar="N", help="Number of rounds.")
@click.option(
    "--threshold",
    metavar="PERCENT",
    type=NumberRange(0, 100),
    default=10.0,
    show_default=True,
    help="Report, and suggest a move for, only larger changes of emissions.",
)
@click.option(
    "--current", metavar="REGION", help="Region where the workload is now. Default: the first round's choice."
)
@source_options("at")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def watch(
    workload_file: Path,
    every: str,
    for_: str | None,
    rounds: int | None,
    threshold: float,
    current: str | None,
    source: str | None,
    basis: Literal["lifecycle", "direct"] | None,
    file_kind: Literal["history", "forecast"] | None,
    allow_mixed: bool,
    require_live: bool,
    as_json: bool,
) -> int:
    """Plan a workload repeatedly, and print only changes.

    It reports a new best region or start, emissions that changed by more than the threshold, a source that was lost or
    regained, and when a move to another region pays. Relative times in the workload (+72h) count from the first round,
    and the watch ends at the deadline. SIGINT (Ctrl-C) and SIGTERM end it at once with exit code 0. Exit code 1 if no
    round gave a plan.
    """
    from greenai_infra.cli.pace import RealPace
    from greenai_infra.planning.watch.changes import Watcher
    from greenai_infra.planning.watch.rounds import watch_rounds
    from greenai_infra.planning.workload_file import read_workload, window_of

    with RealPace() as pace:
        workload = read_workload(workload_file)
        window = window_of(workload, pace.now())
        schedule = _schedule(every, for_, rounds, window)
        watcher = Watcher(threshold, _region(current))
        plan_once = _planner(workload, window, pace, (source, basis, file_kind), allow_mixed, require_live)
        for event in watch_rounds(plan_once, watcher, schedule, pace):
            _show(event, as_json)
        code = 0 if pace.stopped_by or watcher.rounds > watcher.failed else 1
        if pace.unfinished or pace.stopped_by:  # don't wait for a thread that waits, or die of a second signal
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return code


def _planner(
    workload: Workload,
    window: Window,
    pace: RealPace,
    asked: tuple[str | None, Literal["lifecycle", "direct"] | None, Literal["history", "forecast"] | None],
    allow_mixed: bool,
    require_live: bool,
) -> Callable[[], Round]:
    """One round: asks the source as of now and plans the rest of the window."""
    from greenai_infra.planning.make import plan
    from greenai_infra.planning.watch.changes import round_of

    source, basis, file_kind = asked

    def plan_once() -> Round:
        now = pace.now()
        if window.deadline is not None and now >= window.deadline:
            raise NoPlacement(f"when.deadline {format_time(window.deadline)} has passed")
        made = plan(
            workload,
            window=replace(window, now=now, earliest=max(window.earliest, now)),
            source=source,
            basis=basis,
            file_kind=file_kind,
            allow_mixed=allow_mixed,
            require_live=require_live,
            open_archive=open_archive,
        )
        return round_of(made.made)

    return plan_once


def _schedule(every: str, for_: str | None, rounds: int | None, window: Window) -> Schedule:
    """The bounds of the watch. Raises InputError for an unusable interval or length."""
    from greenai_infra.planning.watch.rounds import Schedule

    every_hours = parse_duration_hours(every)
    if every_hours * 60 < LEAST_MINUTES:
        raise InputError(
            f"--every {every} is too often: intensity changes every 5 to 60 min; {LEAST_MINUTES:g}m at least"
        )
    hours = parse_duration_hours(for_) if for_ else None
    if hours is None and rounds is None:
        hours = 24.0
    if max(hours or 0.0, every_hours * ((rounds or 1) - 1)) > MOST_HOURS:
        raise InputError(f"the watch would last longer than {MOST_HOURS / 24:g} days; shorten --for or --rounds")
    if window.deadline is not None:
        left = hours_between(window.now, window.deadline) - 1 / 3600  # at the deadline nothing is left to plan
        hours = left if hours is None else min(hours, left)
    return Schedule(every_hours * 3600, rounds, None if hours is None else hours * 3600)


def _region(text: str | None) -> str | None:
    from greenai_infra.catalog.regions import find_region

    return find_region(text).key if text else None


def _show(event: Event, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(event.as_dict(), ensure_ascii=False, allow_nan=False))
    else:
        click.echo(f"{format_time(event.at)} {event.kind:<9} {event.text}")
