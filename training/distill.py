"""Distil a teacher into a student: the teacher runs once over the data, and the student learns from what was kept.

    job = local_job(Path("run"), epochs=5)
    done = distill(job, teacher, student, optimizer, inputs, labels, recipe=Recipe(temperature=3.0, alpha=0.7))
    done.losses, done.outputs.facts

Checkpoints, resuming to the same bits, stops and carbon budgets are those of training/loop.py. For a loop of your own:
`fill` (training/teacher_fill.py) and `StoredLoss`, whose call is the loss of a batch.
"""

from __future__ import annotations

import copy
import os
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from greenai_infra.errors import InputError
from training.contract import folders_of
from training.distillation_loss import (
    FEW_CLASSES,
    IGNORE_INDEX,
    Recipe,
    few_classes_loss,
    few_classes_weights,
    scales_of,
    stored_loss,
)
from training.job import Job, Settings, differs
from training.loop import fit
from training.stopping import StopRequest
from training.teacher_fill import fill
from training.teacher_outputs import TeacherOutputs, read_facts
from training.teacher_targets import DRAWS
from training.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Literal

    from torch import Tensor, nn

    from training.teacher_targets import Kind

OUTPUTS = "teacher-outputs"
"""Folder among the checkpoints, so that it outlives a stopped job as they do."""

LOOK_EVERY_S = 0.2
MOST_TABLE_BYTES = 1 << 24
"""Of targets that are made ready before the training; larger ones are made ready batch by batch."""


@dataclass(frozen=True)
class Distilled:
    """Mean loss of each epoch, the teacher's outputs, and notes for the reader."""

    losses: list[float]
    outputs: TeacherOutputs
    best_epoch: int | None
    """By the held-out loss, from 1 on; its weights are the student's. None without held-out data."""
    notes: tuple[str, ...] = ()


def distill(
    job: Job[Any],
    teacher: nn.Module,
    student: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: Tensor,
    labels: Tensor,
    *,
    recipe: Recipe | None = None,
    kind: Kind | Literal["auto"] = "auto",
    k: int = DRAWS,
    batch_size: int = 64,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    accumulate: int = 1,
    held_out: tuple[Tensor, Tensor] | None = None,
    patience: int | None = None,
    mixed_precision: bool = True,
    stage: str = "student",
    outputs: Path | None = None,
) -> Distilled:
    """Train `student` for `job.settings.epochs` on `inputs`, shape (items, ...), and `labels`, (items,) or (items, t).

    The teacher's outputs go to the folder `outputs`, else among the job's checkpoints. `held_out` (inputs, labels) are
    looked at after each epoch: the student ends with the weights of the least cross-entropy on them, and `patience`
    epochs without a lesser one end the training. `mixed_precision` is bfloat16, on GPUs that compute in it. Seeds: the
    job's, for the order of the data and the draws. Raises as `fill` and `training.loop.fit` do.
    """
    recipe = recipe or Recipe()
    if len(inputs) != len(labels):
        raise InputError(f"{len(inputs)} inputs and {len(labels)} labels: each input needs its label")
    if patience is not None and (patience < 1 or held_out is None):
        raise InputError(f"patience must be 1 epoch or more and needs held_out data, not {patience!r}")
    if accumulate < 1:
        raise InputError(f"accumulate must be 1 or more, not {accumulate!r}")
    found = _filled(
        job, outputs or job.folders.checkpoints / OUTPUTS, teacher, inputs, batch_size,
        {"temperature": recipe.temperature, "kind": kind, "k": k, "seed": job.settings.seed},
    )  # fmt: skip
    loss = StoredLoss(found, inputs, labels, recipe, mixed_precision=mixed_precision)
    best = _Best(student, held_out, patience, batch_size, recipe)
    losses = fit(
        job, student, optimizer, loss, count=len(inputs), batch_size=batch_size, scheduler=scheduler,
        others={"best": best}, stage=stage, accumulate=accumulate, after_epoch=best.after_epoch if held_out else None,
    )  # fmt: skip
    best.restore()
    notes = ["teacher outputs are top-k: a biased target, which moves the student's optimum"] * found.facts.biased
    return Distilled(losses, found, best.epoch, tuple(notes))


def _filled(
    job: Job[Any], folder: Path, teacher: nn.Module, inputs: Tensor, batch_size: int, stated: Mapping[str, Any]
) -> TeacherOutputs:
    """One process of each machine runs the teacher, as machines may share no disk; the others of it wait."""
    world, check = job.world, job.check_alone
    first_of_machines = [rank for rank, local in enumerate(world.of_all(world.local_rank)) if local == 0]
    first = max(rank for rank in first_of_machines if rank <= world.rank)
    if first:
        folder = folder.with_name(f"{folder.name}-of-rank-{first}")
    if world.rank == first:
        return fill(folder, teacher, inputs, batch_size=batch_size, device=world.device, check=check, **stated)
    while (facts := read_facts(folder)) is None or facts.filled < facts.items:
        check()
        time.sleep(LOOK_EVERY_S)
    return TeacherOutputs(folder)


class StoredLoss:
    """`loss(model, indices)`: the loss of these items against the teacher's stored outputs, mean over their positions.

    Padding is left out. The mean is over the positions that an item has on average: so the gradient of a batch is the
    same whether it comes at once, in accumulated parts or from several processes.
    """

    def __init__(
        self,
        outputs: TeacherOutputs,
        inputs: Tensor,
        labels: Tensor,
        recipe: Recipe | None = None,
        *,
        mixed_precision: bool = True,
    ) -> None:
        """Raises InputError where outputs, inputs, labels and temperature don't go together."""
        recipe = recipe or Recipe()
        facts = outputs.facts
        if facts.temperature != recipe.temperature:
            raise InputError(
                f"the teacher's outputs are of temperature {facts.temperature:g}, and the loss has "
                f"{recipe.temperature:g}: they must be the same"
            )
        expected = (facts.items, *facts.item_shape)
        if tuple(labels.shape) != expected or len(inputs) != facts.items:
            raise InputError(
                f"labels have shape {tuple(labels.shape)}, inputs {len(inputs)} items, and the teacher's outputs "
                f"{expected}: they must be the same"
            )
        counting = labels != recipe.ignore_index
        highest = int(labels[counting].max()) if bool(counting.any()) else 0
        lowest = int(labels[counting].min()) if bool(counting.any()) else 0
        if highest >= facts.classes or lowest < 0:
            raise InputError(
                f"labels go from {lowest} to {highest}, and the teacher has classes 0 to {facts.classes - 1}; padding "
                f"is {recipe.ignore_index}"
            )
        self._outputs, self._inputs, self._labels, self._recipe = outputs, inputs, labels, recipe
        self._positions = max(1, int(counting.sum())) / facts.items
        self._mixed_precision = mixed_precision
        self._weights: Tensor | None = None
        if (
            facts.classes <= FEW_CLASSES
            and not facts.item_shape
            and 8 * facts.classes * facts.items <= MOST_TABLE_BYTES
        ):
            self._weights = few_classes_weights(outputs[torch.arange(facts.items)], labels.cpu(), recipe)
            self._scales = scales_of(recipe, self._weights)

    def __call__(self, model: nn.Module, indices: Tensor) -> Tensor:
        """Of the items `indices`, shape (n,), on the device of the model's logits."""
        at = indices.to(self._inputs.device)
        with _precision(indices.device, self._mixed_precision):
            output = model(self._inputs[at].to(indices.device))
        logits = getattr(output, "logits", output)
        scale = 1 / (len(indices) * self._positions)
        if self._weights is not None and logits.shape[-1] == self._outputs.facts.classes:
            if self._weights.device != logits.device:
                self._weights, self._scales = self._weights.to(logits.device), self._scales.to(logits.device)
            return few_classes_loss(logits.float(), self._weights.index_select(1, indices) * scale, self._scales)
        targets, labels = self._outputs[indices].to(logits.device), self._labels[at].to(logits.device)
        return stored_loss(logits, targets, labels, self._recipe, "sum") * scale


def _precision(device: torch.device, wanted: bool) -> AbstractContextManager[Any]:
    """bfloat16 where a GPU computes in it; it needs no scaling of the loss."""
    if wanted and device.type == "cuda" and torch.cuda.is_bf16_supported():
        found: AbstractContextManager[Any] = torch.autocast("cuda", torch.bfloat16)
        return found
    return nullcontext()


class _Best:
    """The weights with the least held-out cross-entropy; in the checkpoints, as an early stop counts across stops."""

    def __init__(
        self,
        student: nn.Module,
        held_out: tuple[Tensor, Tensor] | None,
        patience: int | None,
        batch_size: int,
        recipe: Recipe,
    ) -> None:
        self._student, self._held_out, self._patience, self._batch_size = student, held_out, patience, batch_size
        self._recipe = {**asdict(recipe), "batch_size": batch_size}
        self._loss: float = inf
        self._weights: dict[str, Any] | None = None
        self.epoch: int | None = None

    def after_epoch(self, epoch: int, mean_loss: float) -> bool:
        """Whether the training ends here."""
        assert self._held_out is not None
        loss = held_out_cross_entropy(self._student, *self._held_out, self._batch_size, self._recipe["ignore_index"])
        if loss < self._loss:
            self._loss, self.epoch = loss, epoch
            self._weights = copy.deepcopy(self._student.state_dict())
        return self._patience is not None and epoch - (self.epoch or 0) >= self._patience

    def restore(self) -> None:
        """Give the student its best weights."""
        if self._weights is not None:
            self._student.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"recipe": self._recipe, "loss": self._loss, "epoch": self.epoch, "weights": self._weights}

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Loads the checkpoint. Raises InputError for the checkpoint of another recipe."""
        if state_dict["recipe"] != self._recipe:
            raise InputError(f"the checkpoint is of another run ({differs(state_dict['recipe'], self._recipe)})")
        self._loss, self.epoch, self._weights = state_dict["loss"], state_dict["epoch"], state_dict["weights"]


def held_out_cross_entropy(
    model: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, ignore_index: int = IGNORE_INDEX
) -> float:
    """Mean over the labels that are not `ignore_index`, in nats."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    total, count = 0.0, 0
    with torch.no_grad():
        for some, right in zip(inputs.split(batch_size), labels.split(batch_size), strict=True):
            output = model(some.to(device))
            logits = getattr(output, "logits", output).flatten(0, -2).float()
            wanted = right.to(device).flatten()
            total += float(functional.cross_entropy(logits, wanted, ignore_index=ignore_index, reduction="sum"))
            count += int((wanted != ignore_index).sum())
    model.train(was_training)
    return total / max(1, count)


def local_job(root: Path, *, epochs: int, seed: int = 0) -> Job[Settings]:
    """A job of this process alone, with its checkpoints below `root`, for a program of your own."""
    folders = folders_of(root, {})
    folders.make()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Job(
        "distillation", Settings(epochs=epochs, seed=seed), folders, World(0, 1, 0, device), StopRequest(os.environ)
    )


__all__ = ["Distilled", "Recipe", "StoredLoss", "distill", "fill", "held_out_cross_entropy", "local_job"]
