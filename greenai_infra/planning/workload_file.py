"""Reads a workload file: YAML in, a `Workload` out; reports every problem with file and line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from greenai_infra.clock import format_time, parse_duration_hours, parse_time
from greenai_infra.errors import InputError
from greenai_infra.planning.workload import IN_WORDS, Window, Workload
from greenai_infra.typed_yaml.reading import FileKind, parse_typed, read_text

if TYPE_CHECKING:
    from pathlib import Path


def read_workload(path: Path) -> Workload:
    """The workload of a file. Raises WorkloadError with one `file:line: message` for each problem."""
    return parse_workload(read_text(path, "workload file", another_kind=_another_kind), str(path))


def _another_kind(text: bytes, path: Path) -> str:
    """For another kind of file that this package writes: its kind and the command for it; else ""."""
    head = text[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{") and b'"plan_id"' in text and b'"placement"' in text:
        return (
            f"a plan, not a workload file: show it with `greenai-infra explain {path}`, pin it with "
            f"`greenai-infra select {path}`"
        )
    if re.search(rb"(?m)^config:\s*$", head) and b"greenai-infra:" in text:
        stack = path.stem.removeprefix("Pulumi.")
        return f"a stack file, not a workload file: preview it with `greenai-infra preview --offline --stack {stack}`"
    return ""


def parse_workload(text: bytes | str, where: str) -> Workload:
    """The workload of YAML text; `where` is named in errors."""
    kind = FileKind(
        Workload, "a workload", "a workload is a mapping with name, kind, work and hardware", IN_WORDS,
        lambda workload: workload.names[1],
    )  # fmt: skip
    return parse_typed(text, where, kind)


def window_of(workload: Workload, now: datetime) -> Window:
    """The absolute times of a workload. Raises InputError for a deadline that has passed or lies before the start."""
    earliest = max(_moment("when.earliest", workload.when.earliest, now) or now, now)
    deadline = _moment("when.deadline", workload.when.deadline, now)
    if deadline is not None and deadline <= now:
        raise InputError(f"when.deadline {format_time(deadline)} has passed (now is {format_time(now)})")
    if deadline is not None and deadline <= earliest:
        raise InputError(
            f"when.deadline {format_time(deadline)} is not after the earliest start {format_time(earliest)}"
        )
    return Window(now=now, earliest=earliest, deadline=deadline)


def _moment(key: str, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        return now + timedelta(hours=parse_duration_hours(text[1:])) if text.startswith("+") else parse_time(text)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
    except OverflowError:
        raise InputError(f"{key}: '{text}' is outside the calendar") from None
