"""`sources`: the sources of intensity, which are set up, and whether they answer."""

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
@click.option("--check", is_flag=True, help="Query each configured source, for one zone.")
@click.option("--clear-cache", is_flag=True, help="Remove cached answers from disk.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sources(check: bool, clear_cache: bool, as_json: bool) -> int:
    """List the sources of intensity: which are usable, and why others are not. Keys are never shown.

    Settings are environment variables, or a TOML file with a table for each source. With --check the exit code is 1 if
    a source that is set up does not answer.
    """
    from greenai_infra.intensity.choice.check_sources import statuses
    from greenai_infra.intensity.choice.user_settings import read_settings
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

        click.echo(json.dumps([source.as_dict() for source in found], indent=2, ensure_ascii=False))
    else:
        _show(found)
        click.echo(f"\nsettings file: {settings.file}{_state(settings.file)}")
    return 1 if any(source.failed for source in found) else 0


def _state(file: Path) -> str:
    """Warnings about the settings file: it does not exist, or other users can read the keys in it."""
    if not file.is_file():
        return " (does not exist)"
    readable = os.name == "posix" and file.stat().st_mode & 0o077
    return f"\n  other users can read the keys in it: chmod 600 {shlex.quote(str(file))}" if readable else ""


def _show(found: list[Status]) -> None:
    """Two or three lines per source: narrow enough for any terminal, and the same when piped."""
    width = shutil.get_terminal_size().columns
    name_width = max(len(source.name) for source in found)
    state_width = max(len(source.state) for source in found)
    for source in found:
        click.echo(f"{source.name:{name_width}}  {source.state:{state_width}}  {source.values}")
        for line in (f"{source.covers}; forecast: {source.forecast}; key: {source.key}", source.detail):
            if line:
                click.echo(textwrap.fill(line, width, initial_indent="  ", subsequent_indent="    "))
