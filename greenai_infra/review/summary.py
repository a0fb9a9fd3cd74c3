"""The job summary of a GitHub workflow run: the place for a comment that may not be posted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "GITHUB_STEP_SUMMARY"
LIMIT = 1_048_576  # bytes of one step; a longer summary is dropped as a whole


def write_summary(environment: Mapping[str, str], bodies: Sequence[str]) -> bool:
    """Adds comments to the job summary. Returns False without a summary, or without room in it. Raises InputError."""
    path = environment.get(VARIABLE, "")
    if not path:
        return False
    file = Path(path)
    text = "\n\n".join(bodies) + "\n"
    try:
        before = file.stat().st_size if file.exists() else 0
        if before + len(text.encode()) > LIMIT:
            return False
        with file.open("a", encoding="utf-8") as summary:
            summary.write(text)
    except OSError as error:
        raise InputError(f"{VARIABLE}: {path} can't be written: {error.strerror}") from None
    return True
