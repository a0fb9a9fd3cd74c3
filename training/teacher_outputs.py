"""A teacher's outputs, computed once and kept in a folder: from the second epoch on nobody runs the teacher.

    outputs = fill(folder, teacher, inputs, temperature=3.0)       # runs the teacher where outputs are missing
    targets = outputs[indices]                                     # of these inputs

`outputs.bin` has a row of at most 64 bytes for each position (training/teacher_targets.py); it is read through a memory
map. `outputs.json` says whose outputs they are: SHA-256 of the teacher's weights and of the inputs, temperature, kind,
k, seed; outputs of anything else are refused. An interrupted fill goes on where it was and gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
import torch
from msgspec import Meta, Struct

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.values import Unreadable, read_values
from training.contract import TrainingFailed
from training.distillation_loss import check_temperature
from training.teacher_targets import BIASED, DRAWS, MOST_EXACT_CLASSES, Kind, Layout, Targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor, nn

ROWS, FACTS = "outputs.bin", "outputs.json"
BATCH_SIZE = 64
KEPT_EVERY_S = 5.0
"""A fill that is killed loses no more than this."""
LOGITS_AT_ONCE = 1 << 18
"""Drawing takes 20 bytes for each of them beside the teacher's logits. The draws depend on it."""
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
            raise InputError(f"{folder} holds no teacher outputs: there is no {FACTS}")
        if facts.filled < facts.items:
            raise InputError(f"{folder} holds outputs of {facts.filled:,} of {facts.items:,} inputs: go on with fill")
        path = folder / ROWS
        size, expected = _size(path), facts.items * facts.bytes_an_item
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


def fill(
    folder: Path,
    teacher: nn.Module,
    inputs: Tensor,
    *,
    temperature: float,
    kind: Kind | Literal["auto"] = "auto",
    k: int = DRAWS,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    device: torch.device | None = None,
    check: Callable[[], object] = lambda: None,
) -> TeacherOutputs:
    """The outputs of `teacher` for `inputs` at `temperature`; what the folder has already is not computed again.

    `inputs` has shape (items, ...). The teacher gives logits (batch, classes) or (batch, t, vocabulary), or an object
    with them as `logits`. `auto` is exact up to 32 classes, else sampled. `check` is called after each batch, and what
    it raises ends the fill, which goes on from there the next time. Raises InputError where the folder holds outputs of
    another teacher, data or draw, TrainingFailed for logits that are not numbers and for a disk that is full.
    """
    check_temperature(temperature)
    if kind != "auto":
        Layout(kind, 2, k)
    if batch_size < 1 or not len(inputs):
        raise InputError(f"teacher outputs need inputs and a batch size from 1 on, not {len(inputs)} and {batch_size}")
    wanted = _Wanted(digest_of(teacher), digest(inputs), temperature, kind, k, seed)
    facts = read_facts(folder)
    if facts is not None:
        wanted.agree(folder, facts, len(inputs))
        if facts.filled == facts.items:
            return TeacherOutputs(folder)
    home = next((one.device for one in teacher.parameters()), torch.device("cpu"))
    was_training = teacher.training
    teacher.eval().to(device or home)
    try:
        _Fill(folder, teacher, inputs, wanted, batch_size, device or home, check).run(facts)
    finally:
        teacher.train(was_training).to(home)  # so that it takes no memory of the GPU while the student trains
    return TeacherOutputs(folder)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the caller asks for."""

    teacher_sha256: str
    data_sha256: str
    temperature: float
    kind: Kind | Literal["auto"]
    k: int
    seed: int

    def facts(self, classes: int, items: int, item_shape: tuple[int, ...], batch_size: int) -> Facts:
        kind = self._kind(classes)
        layout = Layout(kind, classes, self.k)
        return Facts(
            teacher_sha256=self.teacher_sha256, data_sha256=self.data_sha256, temperature=self.temperature, kind=kind,
            biased=kind in BIASED, k=None if kind == "exact" else self.k, kept=layout.slots,
            seed=self.seed if kind == "sampled" else None, classes=classes, items=items, item_shape=item_shape,
            batch_size=batch_size, filled=0,
        )  # fmt: skip

    def _kind(self, classes: int) -> Kind:
        if self.kind == "auto":
            return "exact" if classes <= MOST_EXACT_CLASSES else "sampled"
        return self.kind

    def agree(self, folder: Path, facts: Facts, items: int) -> None:
        """Raises InputError that says in what the outputs of the folder differ."""
        ours = self.facts(facts.classes, items, facts.item_shape, facts.batch_size)
        apart = [
            f"{name} {_short(there)} there, {_short(now)} now"
            for name in Facts.__struct_fields__
            if name != "filled" and (there := getattr(facts, name)) != (now := getattr(ours, name))
        ]
        if apart:
            raise InputError(f"{folder} holds other teacher outputs ({'; '.join(apart)}): name another folder")


class _Fill:
    def __init__(
        self,
        folder: Path,
        teacher: nn.Module,
        inputs: Tensor,
        wanted: _Wanted,
        batch_size: int,
        device: torch.device,
        check: Callable[[], object],
    ) -> None:
        self._folder, self._teacher, self._inputs, self._wanted = folder, teacher, inputs, wanted
        self._batch_size, self._device, self._check = batch_size, device, check

    def run(self, facts: Facts | None) -> None:
        """Go on from what is there. The batches are those of the first time, so that each draw is the same."""
        path, filled = self._folder / ROWS, 0 if facts is None else facts.filled
        if facts is not None and _size(path) < filled * facts.bytes_an_item:
            raise InputError(f"{path} has {_size(path):,} bytes: it was cut; remove {self._folder}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.truncate(filled * facts.bytes_an_item if facts else 0)
                try:
                    kept_s = time.monotonic()
                    while facts is None or facts.filled < facts.items:
                        facts = self._batch(file, facts)
                        if time.monotonic() - kept_s >= KEPT_EVERY_S:
                            self._keep(file, facts)
                            kept_s = time.monotonic()
                        self._check()
                finally:
                    if facts is not None:
                        self._keep(file, facts)
        except OSError as error:
            raise TrainingFailed(
                f"the teacher's outputs can't be written to {self._folder}: {error.strerror}"
            ) from None

    def _batch(self, file: Any, facts: Facts | None) -> Facts:
        start = facts.filled if facts else 0
        stop = min(start + (facts.batch_size if facts else self._batch_size), len(self._inputs))
        with torch.no_grad():
            output = self._teacher(self._inputs[start:stop].to(self._device))
            logits = getattr(output, "logits", output)
            if facts is None:
                shape = tuple(logits.shape)
                if len(shape) not in (2, 3) or shape[0] != stop - start:
                    raise InputError(
                        f"the teacher gives logits of shape {shape} for {stop - start} inputs: (batch, classes) or "
                        "(batch, t, vocabulary) is needed"
                    )
                facts = self._wanted.facts(shape[-1], len(self._inputs), shape[1:-1], self._batch_size)
            _write_rows(file, logits.flatten(0, -2), facts, start)
        return msgspec.structs.replace(facts, filled=stop)

    def _keep(self, file: Any, facts: Facts) -> None:
        """First the rows, then how many they are."""
        file.flush()
        os.fsync(file.fileno())
        write_whole(self._folder / FACTS, json.dumps(msgspec.to_builtins(facts), indent=2) + "\n")


def _write_rows(file: Any, logits: Tensor, facts: Facts, start: int) -> None:
    layout = facts.layout
    for number, piece in enumerate(logits.split(max(1, LOGITS_AT_ONCE // facts.classes))):
        probabilities = torch.softmax(piece.float() / facts.temperature, dim=1)
        if not bool(torch.isfinite(probabilities).all()):
            last = start + facts.batch_size - 1
            raise TrainingFailed(
                f"the teacher's logits are not numbers (NaN or infinite) for some of the inputs {start} to "
                f"{min(last, facts.items - 1)}; nothing of them is kept"
            )
        file.write(layout.pack(probabilities, (facts.seed or 0, start, number)).tobytes())


def read_facts(folder: Path) -> Facts | None:
    """What the folder says of itself, None if it holds nothing. Raises InputError for what can't be read."""
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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _short(value: object) -> object:
    return value[:12] if isinstance(value, str) and len(value) == 64 else value


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
