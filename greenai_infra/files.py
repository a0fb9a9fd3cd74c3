"""Reading text, and writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_text(path: Path) -> str:
    """The file with the line ends that it has. Raises InputError if it can't be read as UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None


def write_whole(path: Path, text: str) -> None:
    """Write to a temporary name beside the file, then rename: nobody sees half of it. Raises InputError if it can't.

    A link is followed, what is no regular file (/dev/stdout) is written to, and an existing file keeps its mode.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        try:
            with target.open("w", encoding="utf-8") as device:
                device.write(text)
        except OSError as error:
            raise _not_written(path, error) from None
    else:
        write_all({path: text})


def write_all(texts: Mapping[Path, str]) -> None:
    """Write every file or none: all to temporary names first, then renamed; undone if a rename fails.

    Raises InputError naming the file that can't be written.
    """
    before: dict[Path, bytes | None] = {}
    waiting: dict[Path, Path] = {}
    path = None
    try:
        for path, text in texts.items():
            waiting[path] = _temporary(path.resolve(), text.encode())
        for path, temporary in waiting.items():
            target = path.resolve()
            content = target.read_bytes() if target.exists() else None
            temporary.replace(target)
            before[target] = content
    except OSError as error:
        _restore(before)
        raise _not_written(path, error) from None
    finally:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)


def _not_written(path: Path | None, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written: {error.strerror}")


def _restore(before: Mapping[Path, bytes | None]) -> None:

    for path, content in before.items():
        with contextlib.suppress(OSError):
            if content is None:
                path.unlink()
            else:
                _temporary(path, content).replace(path)


def _temporary(target: Path, content: bytes) -> Path:
    """A file beside the target with the content and with the mode that the target has or will have."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = target.with_name(os.path.basename(name))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(_mode(target))
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _mode(target: Path) -> int:
    """The mode of the file that is replaced, else what the user's umask gives a new one."""
    if target.exists():
        return target.stat().st_mode & 0o777
    return 0o666 & ~umask()


def umask() -> int:
    """The user's mask for the modes of new files and folders."""

    mask = os.umask(0)
    os.umask(mask)
    return mask
