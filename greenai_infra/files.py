"""Writing a file whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write to a temporary name beside the file, then rename: nobody sees half of it. Raises InputError if it can't.

    A link is followed, what is no regular file (/dev/stdout) is written to, and an existing file keeps its mode.
    """
    import os
    import tempfile

    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as device:
                device.write(text)
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = target.with_name(os.path.basename(name))
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.chmod(_mode(target))
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def _mode(target: Path) -> int:
    """The mode of the file that is replaced, else what the user's umask gives a new one."""
    import os

    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
