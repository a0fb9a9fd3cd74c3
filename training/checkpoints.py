"""Checkpoints that a crash can't break: written whole, named by their digest, the newest whole one is loaded.

A file is `step-00000120-0123456789abcdef.pt`: the steps done, and the first 16 hex digits of the SHA-256 of its
content. It loads with `torch.load(path, weights_only=True)`.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

import torch

from training.contract import TrainingFailed
from training.stopping import say

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

KEEP = 3
_NAME = re.compile(r"step-(\d{8,})-([0-9a-f]{16})\.pt")
_UNFINISHED = ".unfinished-checkpoint"


def save(folder: Path, step: int, state: dict[str, Any], keep: int = KEEP) -> Path:
    """Write a checkpoint and remove all but the newest `keep`. Raises TrainingFailed; older ones are then kept."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{_UNFINISHED}-{os.getpid()}"
    file = None
    try:
        with temporary.open("wb", buffering=0) as raw:
            file = _File(raw)
            torch.save(state, file)
            os.fsync(raw.fileno())
        path = folder / f"step-{step:08d}-{_digest(temporary)}.pt"
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        why = file.error if file is not None and file.error else error
        kept = newest_first(folder)
        older = f"; {kept[0].name} is kept" if kept else ""
        raise TrainingFailed(f"the checkpoint of step {step} can't be written to {folder}: {why}{older}") from None
    for old in newest_first(folder)[keep:]:
        old.unlink(missing_ok=True)
    return path


class _File:
    """What torch writes to. It hides why a write has failed, so that is kept."""

    def __init__(self, raw: FileIO) -> None:
        self._raw = raw
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        """All of it, or OSError."""
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._raw.write(rest) or 0 :]
        except OSError as error:
            self.error = error
            raise
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""


def newest_first(folder: Path) -> list[Path]:
    """The checkpoints in a folder, by their steps."""
    found = [(int(match[1]), path) for path in _files(folder) if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, key=lambda one: (one[0], one[1].stat().st_mtime), reverse=True)]


def load_newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest whole checkpoint, and its state; None without a checkpoint. Warns of each damaged checkpoint."""
    for path in _files(folder):
        if path.name.startswith(_UNFINISHED):
            path.unlink(missing_ok=True)  # of a process that was killed
    for path in newest_first(folder):
        try:
            if _digest(path) == _NAME.fullmatch(path.name)[2]:  # type: ignore[index]
                return path, dict(torch.load(path, map_location="cpu", weights_only=True))
            why = "its content is not what was written"
        except Exception as error:  # noqa: BLE001 - whatever the damage, the previous checkpoint is used
            why = f"{type(error).__name__}: {error}"
        say(f"warning: the checkpoint {path} is damaged ({why}); the one before is taken, or the beginning")
    return None


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
