"""The entries on disk, with the place in the journal up to which they go, so that a restart need not build an index.

One file, written to a temporary name and renamed: 8 bytes that name the format, 16 bytes of BLAKE2b over the rest, and
MessagePack. What is damaged, cut, or of another encoder, scope or version is not taken: the index is built again.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from greenai_infra.serving.semantic.entries import Entry  # noqa: TC001  read by msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.serving.semantic.entries import Entries

_MAGIC = b"greenai1"
_DIGEST_BYTES = 16


class _File(msgspec.Struct):
    made_for: list[str]
    ndim: int
    position: bytes
    entries: list[tuple[bytes, Entry]]
    large: dict[bytes, bytes]
    small: list[tuple[int, bytes]]


def save(path: Path, entries: Entries, position: bytes, made_for: list[str]) -> None:
    """Write the file. The one before stays whole if that fails. Raises OSError."""
    rows, large, small = entries.export()
    payload = msgspec.msgpack.encode(_File(made_for, entries.ndim, position, rows, large, small))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + blake2b(payload, digest_size=_DIGEST_BYTES).digest())
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def load(path: Path, entries: Entries, made_for: list[str]) -> bytes | None:
    """Fill the entries; the place in the journal, or None if there is no file that can be taken."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + _DIGEST_BYTES
    payload = memoryview(content)[head:]
    if content[:head] != _MAGIC + blake2b(payload, digest_size=_DIGEST_BYTES).digest():
        return None
    try:
        file = msgspec.msgpack.decode(payload, type=_File)
        if file.made_for != made_for or file.ndim != entries.ndim:
            return None
        entries.restore(file.entries, file.large, file.small)
    except (msgspec.MsgspecError, ValueError, KeyError, RuntimeError):
        return None
    return file.position
