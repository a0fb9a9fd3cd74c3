"""Answers of live sources on disk: a small JSON file per question, safe under concurrent processes, never a token."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time, parse_time
from greenai_infra.errors import InputError
from greenai_infra.intensity.model.points import Points

if TYPE_CHECKING:
    from datetime import datetime

CACHE_DIR_VARIABLE = "GREENAI_CACHE_DIR"
FALLBACK_AGE = timedelta(hours=6)  # an answer as old as this no longer replaces a failed request
CLOCK_TOLERANCE = timedelta(minutes=5)
VERSION = 2


@dataclass(frozen=True, slots=True)
class Key:
    """What was asked: `source` includes its address, `question` the kind of question and its reach."""

    source: str
    signal: str
    basis: str
    zone: str
    question: str

    @property
    def file_name(self) -> str:
        """Returns a name that is valid on any file system, for any zone name."""
        text = json.dumps([self.source, self.signal, self.basis, self.zone, self.question])
        return f"{hashlib.sha256(text.encode()).hexdigest()[:40]}.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from the cache: when it was fetched, and how long a new answer would be the same."""

    points: Points
    fetched_at: datetime
    valid_until: datetime


class AnswerCache:
    """A directory of answers. Without a writable directory it keeps no answers, and says so once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._writable = True

    @classmethod
    def of_user(cls) -> AnswerCache:
        """In the directory of GREENAI_CACHE_DIR, else in the platform's place for caches."""
        chosen = os.environ.get(CACHE_DIR_VARIABLE, "").strip()
        if chosen:
            return cls(Path(chosen).expanduser() / "intensity")
        from platformdirs import user_cache_path

        return cls(user_cache_path("greenai-infra", appauthor=False) / "intensity")

    def get(self, key: Key, now: datetime) -> Kept | None:
        """Returns the answer if it is younger than FALLBACK_AGE, else None; removes a broken file with a notice."""
        path = self.directory / key.file_name
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None  # storing an answer reports a missing directory
        except (OSError, UnicodeDecodeError) as error:
            self._discard(path, error)
            return None
        try:
            stored = json.loads(text)
            if stored["version"] != VERSION:
                return None
            kept = Kept(Points.from_json(stored), parse_time(stored["fetched_at"]), parse_time(stored["valid_until"]))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, InputError) as error:
            self._discard(path, error)
            return None
        if not -CLOCK_TOLERANCE <= now - kept.fetched_at < FALLBACK_AGE:
            return None
        return kept

    def put(self, key: Key, points: Points, *, fetched_at: datetime, valid_until: datetime) -> None:
        """Stores an answer. Other processes see the old file or the new file, never a partial file."""
        stored = {
            "version": VERSION,
            "source": key.source,
            "signal": key.signal,
            "basis": key.basis,
            "zone": key.zone,
            "question": key.question,
            "fetched_at": format_time(fetched_at),
            "valid_until": format_time(valid_until),
            **points.to_json(),
        }
        self._write(key.file_name, stored)

    def recall(self, name: str, now: datetime, valid: timedelta) -> Any:
        """Returns what was stored under a name less than `valid` ago, as plain JSON values; else None."""
        content, since = self.recall_dated(name)
        return content if since is not None and -CLOCK_TOLERANCE <= now - since < valid else None

    def recall_dated(self, name: str) -> tuple[Any, datetime | None]:
        """Returns what was stored under a name at any time, and when; else (None, None)."""
        try:
            stored = json.loads((self.directory / f"{name}.json").read_text(encoding="utf-8"))
            return stored["content"], parse_time(stored["fetched_at"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError):
            return None, None

    def remember(self, name: str, content: Any, now: datetime) -> None:
        """Keep plain JSON values under a name, which must not tell a secret."""
        self._write(f"{name}.json", {"fetched_at": format_time(now), "content": content})

    def _write(self, file_name: str, stored: dict[str, Any]) -> None:
        if not self._writable:
            return
        import tempfile

        temporary = None
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.directory, prefix=".new-", suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(stored, stream)
            os.replace(temporary, self.directory / file_name)
        except OSError as error:
            self._writable = False
            _warn("answers can't be kept in %s: %s", self.directory, error.strerror)
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def clear(self) -> int:
        """Removes all answers and kept forecasts; returns their number. Raises InputError if removal fails."""
        removed = 0
        for path in [
            *self.directory.rglob("*.json"),
            *self.directory.rglob(".*.json.*"),
            *self.directory.glob(".new-*.tmp"),
        ]:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise InputError(f"{path} can't be removed: {error.strerror}") from None
            removed += path.suffix == ".json"
        return removed

    def _discard(self, path: Path, error: Exception) -> None:
        _warn("a broken file in the cache was discarded: %s (%s)", path, type(error).__name__)
        with contextlib.suppress(OSError):
            path.unlink()


def _warn(message: str, *arguments: object) -> None:
    import logging  # imported only when needed

    logging.getLogger(__name__).warning(message, *arguments)
