"""How the processes of a distributed run exchange their energy use, and agree on when to end.

Two independent channels, both tried:

- the key-value store behind `torch.distributed`, once the training has initialised its process group. It works across
  machines, and is not a collective: a process that has died or failed can't hang the others.
- files in a folder that all nodes see (`nodes_folder`, `GREENAI_NODES_DIR`, else the given checkpoint folder): a
  shared disk, a mounted bucket. torch is not needed. SageMaker's checkpoint folder is not shared.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from greenai_infra.files import write_all

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 10.0
FOLDER = ".greenai-nodes"
RUN, STOP = "run", "stop"


class Channel(Protocol):
    """Stores short texts by name. May raise."""

    def put(self, name: str, text: str) -> None:
        """Stores a text."""
        ...

    def get(self, name: str) -> str | None:
        """The text of a name, or None; never waits."""
        ...

    def clear(self, names: list[str]) -> None:
        """The run is over."""
        ...


class SharedFolder:
    """A channel with a file per name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def put(self, name: str, text: str) -> None:
        """Writes the file whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_all({self.folder / name: text})

    def get(self, name: str) -> str | None:
        """Read."""
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def clear(self, names: list[str]) -> None:
        """Removes the files, and the folder if it is then empty."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


class TorchStore:
    """The store of the default process group."""

    def __init__(self, store: Any, attempt: str) -> None:
        from torch.distributed import PrefixStore

        self._origin = store  # the serving process serves it until this reference is gone
        connection = store
        if hasattr(store, "clone"):  # an older torch lacks it: share its connection
            connection = store.clone()
            connection.set_timeout(timedelta(seconds=TIMEOUT_S))
        self._store = PrefixStore(f"greenai/{attempt}", connection)

    def put(self, name: str, text: str) -> None:
        """Set."""
        self._store.set(name, text)

    def get(self, name: str) -> str | None:
        """The value if it exists."""
        return self._store.get(name).decode() if self._store.check([name]) else None

    def clear(self, names: list[str]) -> None:
        """Does nothing: the store ends with the processes."""


class Exchange:
    """All channels available so far. A failing channel is skipped."""

    def __init__(self, environment: Mapping[str, str], folder: Path | None) -> None:
        named = folder or environment.get("GREENAI_NODES_DIR") or environment.get("GREENAI_CHECKPOINT_DIR")
        self._channels: list[Channel] = [SharedFolder(Path(named))] if named else []
        self._attempt = environment.get("TORCHELASTIC_RESTART_COUNT", "0")
        self.with_store = False

    def look(self) -> None:
        """Looks for torch's store, which appears when the training initialises its group."""
        if not self.with_store and (channel := _torch_store(self._attempt)) is not None:
            self._channels.insert(0, channel)
            self.with_store = True

    @property
    def channels(self) -> list[Channel]:
        """The channels, best first."""
        return list(self._channels)

    def put(self, name: str, said: Mapping[str, Any]) -> None:
        """Sends to all channels."""
        for channel in self.channels:
            put(channel, name, said)

    def found(self, name: str) -> list[dict[str, Any]]:
        """The channels' texts of that name."""
        return [said for channel in self.channels if (said := get(channel, name)) is not None]

    def clear(self, names: list[str]) -> None:
        """The run is over."""
        for channel in self.channels:
            try:
                channel.clear(names)
            except Exception:  # noqa: BLE001 - what is left there is not taken by the next run
                continue


def put(channel: Channel, name: str, said: Mapping[str, Any]) -> None:
    """Sends to a channel; the reader reports a missing text."""
    try:
        channel.put(name, json.dumps(said))
    except Exception:  # noqa: BLE001
        return


def get(channel: Channel, name: str) -> dict[str, Any] | None:
    """Asks a channel."""
    try:
        text = channel.get(name)
        said = json.loads(text) if text else None
    except Exception:  # noqa: BLE001
        return None
    return said if isinstance(said, dict) else None


def _torch_store(attempt: str) -> TorchStore | None:
    """A separate connection to the group's store, which outlives the group; None before the store exists."""
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is None or not distributed.is_available() or not distributed.is_initialized():
            return None
        return TorchStore(distributed.distributed_c10d._get_default_store(), attempt)
    except Exception:  # noqa: BLE001 - a back end without a store
        return None
