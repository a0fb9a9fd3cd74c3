"""`sources`: where intensity can come from, what is set up, and whether it answers."""

from __future__ import annotations

import os
import shlex
import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from greenai_infra.clock import now

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.intensity.choice.check_sources import Status


@click.command(epilog="Example:  greenai-infra sources --check")
@click.option("--check", is_flag=True, help="Ask each source that is set up once, about one zone.")
@click.option("--clear-cache", is_flag=True, help="Remove the answers that are kept on disk.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sources(check: bool, clear_cache: bool, as_json: bool) -> int:
    """List where intensity can come from: what is usable, and why not. Keys are never shown.

    Settings are environment variables, or a TOML file with a table for each source. With --check the exit code is 1
    if a source that is set up gives no answer.
    """
    from greenai_infra.intensity.choice.check_sources import statuses
    from greenai_infra.intensity.model.settings import read_settings
    from greenai_infra.intensity.service.cache import AnswerCache

    if clear_cache:
        cache = AnswerCache.of_user()
        click.echo(f"removed {cache.clear()} answers from {cache.directory}", err=as_json)
        if not check and not as_json:
            return 0
    settings = read_settings()
    found = statuses(settings, now(), check=check)
    if as_json:
        import json

        click.echo(json.dumps([one.as_dict() for one in found], indent=2, ensure_ascii=False))
    else:
        _show(found)
        click.echo(f"\nsettings file: {settings.file}{_state(settings.file)}")
    return 1 if any(one.failed for one in found) else 0


def _state(file: Path) -> str:
    """What a user should know of the settings file: that there is none, or that others can read the keys in it."""
    if not file.is_file():
        return " (not there)"
    readable = os.name == "posix" and file.stat().st_mode & 0o077
    return f"\n  others can read the keys in it: chmod 600 {shlex.quote(str(file))}" if readable else ""


def _show(found: list[Status]) -> None:
    """Two or three lines a source: narrow enough for any terminal, and the same when piped."""
    width = shutil.get_terminal_size().columns
    name_width = max(len(one.name) for one in found)
    state_width = max(len(one.state) for one in found)
    for one in found:
        click.echo(f"{one.name:{name_width}}  {one.state:{state_width}}  {one.values}")
        for line in (f"{one.covers}; forecast: {one.forecast}; key: {one.key}", one.detail):
            if line:
                click.echo(textwrap.fill(line, width, initial_indent="  ", subsequent_indent="    "))
