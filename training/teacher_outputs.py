"""A teacher's outputs, computed once and kept in a folder: from the second epoch on the teacher does not run.

    outputs = fill(folder, teacher, inputs, temperature=3.0)       # runs the teacher where outputs are missing
    targets = outputs[indices]                                     # of these inputs

`outputs.bin` has a row of at most 64 bytes for each position (training/teacher_targets.py); it is read through a memory
map. `outputs.json` says whose outputs they are: SHA-256 of the teacher's weights and of the inputs, temperature, kind,
k, seed; outputs of anything else are refused. An interrupted fill goes on where it was and gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import torch
from msgspec import Meta, Struct

from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.values import Unreadable, read_values
from training.teacher_targets import DRAWS, Kind, Layout, Targets

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

ROWS, FACTS = "outputs.bin", "outputs.json"
CHUNK_BYTES = 1 << 24


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose outputs a folder holds, and how many of its `items` are there."""

    schema_version: Literal[1] = 1
    teacher_sha256: str
    data_sha256: str
    temperature: float
    kind: Kind
    biased: bool
    k: int | None
    kept: int
    """Classes of a position: k, or as many as fit."""
    seed: int | None
    classes: Annotated[int, Meta(ge=1)]
    items: Annotated[int, Meta(ge=1)]
    item_shape: tuple[int, ...]
    """Positions of an item: () of a classifier, (t,) of a language model."""
    batch_size: Annotated[int, Meta(ge=1)]
    filled: Annotated[int, Meta(ge=0)]

    @property
    def layout(self) -> Layout:
        """How a position lies in the file."""
        return Layout(self.kind, self.classes, self.k or DRAWS)

    @property
    def bytes_an_item(self) -> int:
        """All its positions."""
        return self.layout.row.itemsize * int(np.prod(self.item_shape, dtype=np.int64))


class TeacherOutputs:
    """Outputs that are all there. Raises InputError where some are missing or the file was cut."""

    def __init__(self, folder: Path) -> None:
        facts = read_facts(folder)
        if facts is None:
            raise InputError(f"{folder} has no teacher outputs: {FACTS} is missing")
        if facts.filled < facts.items:
            raise InputError(f"{folder} holds outputs of {facts.filled:,} of {facts.items:,} inputs: go on with fill")
        path = folder / ROWS
        size, expected = size_of(path), facts.items * facts.bytes_an_item
        if size != expected:
            raise InputError(f"{path} has {size:,} bytes, not {expected:,}: it was cut or changed; remove {folder}")
        self.facts, self.folder = facts, folder
        self._layout = facts.layout
        shape = (facts.items, *facts.item_shape)
        self._rows = np.memmap(path, self._layout.row, "r", shape=shape).view(np.ndarray)

    def __len__(self) -> int:
        return self.facts.items

    def __getitem__(self, indices: Tensor) -> Targets:
        """Targets of these inputs, on the processor; `indices` has shape (n,)."""
        return self._layout.unpack(self._rows[indices.cpu().numpy()])

    @property
    def bytes_a_position(self) -> int:
        """Of the file."""
        return self._layout.row.itemsize


def read_facts(folder: Path) -> Facts | None:
    """The facts of the folder, None if it is empty. Raises InputError for an unreadable file."""
    path = folder / FACTS
    try:
        values = json.loads(path.read_bytes())
        return read_values(values, Facts)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except Unreadable as error:
        raise InputError(
            f"{path} can't be used ({described(error.problems[:1], '', values, Facts)}); remove {folder}"
        ) from None
    except ValueError as error:
        raise InputError(f"{path} can't be used (JSON: {error}); remove {folder}") from None


def size_of(path: Path) -> int:
    """Bytes of a file, 0 if it is missing."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def digest_of(model: nn.Module) -> str:
    """SHA-256 of the weights and buffers, with their names, types and shapes."""
    found = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        found.update(json.dumps([name, digest(value)]).encode())
    return found.hexdigest()


def digest(values: Tensor) -> str:
    """SHA-256 of a tensor's type, shape and content; read in pieces, so that one in a memory map stays there."""
    found = hashlib.sha256(f"{values.dtype} {tuple(values.shape)}".encode())
    if values.numel():
        flat = values.detach().reshape(-1)
        for piece in flat.split(max(1, CHUNK_BYTES // values.element_size())):
            found.update(piece.cpu().contiguous().view(torch.uint8).numpy())
    return found.hexdigest()
