"""Filling a folder with a teacher's outputs (training/teacher_outputs.py): the teacher runs where some are missing.

An interrupted fill goes on where it was and gives the same bytes.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import torch

from greenai_infra.errors import InputError
from greenai_infra.files import write_whole
from training.contract import TrainingFailed
from training.distillation_loss import check_temperature
from training.teacher_outputs import FACTS, ROWS, Facts, TeacherOutputs, digest, digest_of, read_facts, size_of
from training.teacher_targets import BIASED, DRAWS, MOST_EXACT_CLASSES, Kind, Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor, nn

BATCH_SIZE = 64
KEPT_EVERY_S = 5.0
"""A fill that is killed loses no more than this."""
LOGITS_AT_ONCE = 1 << 18
"""Drawing takes 20 bytes for each of them beside the teacher's logits. The draws depend on it."""


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
    """The outputs of `teacher` for `inputs` at `temperature`; outputs already in the folder are not computed again.

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
        """Raises InputError with the differences of the folder's outputs."""
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
        """Continues from the existing outputs. The batches are the original batches, so that each draw is the same."""
        path, filled = self._folder / ROWS, 0 if facts is None else facts.filled
        if facts is not None and size_of(path) < filled * facts.bytes_an_item:
            raise InputError(f"{path} has {size_of(path):,} bytes: it was cut; remove {self._folder}")
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


def _short(value: object) -> object:
    return value[:12] if isinstance(value, str) and len(value) == 64 else value
