"""The loss of a distillation: soft targets of a teacher at temperature T together with hard labels.

    loss = alpha x T^2 x KL(teacher at T || student at T) + (1 - alpha) x cross-entropy(student, labels)

(Hinton, Vinyals and Dean 2015, arXiv 1503.02531.) Logits have shape (n, classes) with labels (n,), or, of a causal
language model, (b, t, vocabulary) with labels (b, t): `labels[b, t]` is the token that `logits[b, t]` predicts, so
shift them before. A position whose label is `ignore_index` (padding) is left out of both terms. `mean` divides both by
the number of positions that count; `sum` does not divide. Where none counts the loss is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch.nn import functional

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from training.teacher_targets import Targets

IGNORE_INDEX = -100
FEW_CLASSES = 32
ELEMENTS_AT_ONCE = 1 << 18
"""Logits of a piece of a large batch: its intermediate results stay in the processor's cache."""

Reduction = Literal["mean", "sum"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Temperature and weight of the soft targets. Raises InputError for alpha outside 0 to 1, or temperature <= 0."""

    temperature: float = 3.0
    alpha: float = 0.7
    ignore_index: int = IGNORE_INDEX

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        if not 0 <= self.alpha <= 1:
            raise InputError(f"alpha must be from 0 (labels alone) to 1 (teacher alone), not {self.alpha!r}")


def check_temperature(temperature: float) -> None:
    """Raises InputError unless the value is a finite number above 0."""
    if not (isfinite(temperature) and temperature > 0):
        raise InputError(f"temperature must be a number above 0, not {temperature!r}")


def distillation_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    recipe: Recipe | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """The exact loss, from the teacher's own logits. Raises InputError for shapes that don't match."""
    recipe = recipe or Recipe()
    if student_logits.shape != teacher_logits.shape:
        raise InputError(
            f"the student's logits have shape {tuple(student_logits.shape)} and the teacher's "
            f"{tuple(teacher_logits.shape)}: both need the same positions and classes"
        )
    student, labels = _flat(student_logits, labels)
    temperature, counts = recipe.temperature, labels != recipe.ignore_index
    ours = torch.log_softmax(student / temperature, dim=-1)
    theirs = torch.log_softmax(teacher_logits.detach().flatten(0, -2).float() / temperature, dim=-1)
    apart = functional.kl_div(ours, theirs, reduction="none", log_target=True)
    soft = torch.where(counts[:, None], apart, 0.0).sum()
    hard = functional.cross_entropy(student, labels, ignore_index=recipe.ignore_index, reduction="sum")
    total = recipe.alpha * temperature**2 * soft + (1 - recipe.alpha) * hard
    return total / counts.sum().clamp_min(1) if reduction == "mean" else total


def stored_loss(
    student_logits: Tensor,
    targets: Targets,
    labels: Tensor,
    recipe: Recipe | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """The loss against stored teacher outputs. They were stored at the recipe's temperature.

    The soft term is the cross-entropy -sum p log q in place of KL = sum p log p - sum p log q: it differs by what the
    student can't change, so the gradient is the same. With sampled targets its mean over draws is the exact gradient:
    the estimate is linear in the drawn p. Raises InputError for shapes that don't match.
    """
    recipe = recipe or Recipe()
    classes = student_logits.shape[-1]
    if classes != targets.classes:
        raise InputError(f"the student has {classes} classes and the teacher {targets.classes}: they must be the same")
    student, labels = _flat(student_logits, labels)
    if targets.weights.shape[:-1].numel() != len(labels):
        raise InputError(
            f"teacher outputs of {targets.weights.shape[:-1].numel()} positions for {len(labels)} of the student"
        )
    if classes <= FEW_CLASSES:
        total = few_classes_loss(student, few_classes_weights(targets, labels, recipe), scales_of(recipe, student))
    else:
        ids = None if targets.ids is None else targets.ids.flatten(0, -2)
        total = _OfMany.apply(student, ids, targets.weights.flatten(0, -2), labels, recipe)
    return total / (labels != recipe.ignore_index).sum().clamp_min(1) if reduction == "mean" else total


def _flat(student_logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    if student_logits.dim() not in (2, 3) or student_logits.shape[:-1] != labels.shape:
        raise InputError(
            f"logits of shape {tuple(student_logits.shape)} don't go with labels of shape {tuple(labels.shape)}: "
            "(n, classes) wants (n,), and (b, t, vocabulary) wants (b, t)"
        )
    return student_logits.flatten(0, -2).float(), labels.flatten()


def few_classes_weights(targets: Targets, labels: Tensor, recipe: Recipe) -> Tensor:
    """Weights of the log-probabilities in the loss, shape (2 x classes, n): of each class at T, then at 1."""
    labels = labels.flatten()
    counts = labels != recipe.ignore_index
    soft = targets.dense().flatten(0, -2).t() * (counts * (recipe.alpha * recipe.temperature**2))
    hard = torch.zeros_like(soft).scatter_(0, (labels * counts)[None], (counts * (1 - recipe.alpha))[None].to(soft))
    return torch.stack((soft, hard), dim=1).flatten(0, 1)


def few_classes_loss(student_logits: Tensor, weights: Tensor, scales: Tensor) -> Tensor:
    """The sum over positions of logits (n, classes), with the weights above and `scales_of` the recipe.

    Classes lie in rows: a softmax along columns works on many positions at once, in a tenth of the time.
    """
    at_both = student_logits.t().unsqueeze(1) * scales
    return -torch.dot(torch.log_softmax(at_both, dim=0).flatten(), weights.flatten())


def scales_of(recipe: Recipe, like: Tensor) -> Tensor:
    """What logits are multiplied by for the soft and the hard term, shape (2, 1)."""
    return like.new_tensor([[1 / recipe.temperature], [1.0]], dtype=torch.float32)


class _OfMany(torch.autograd.Function):
    """Computes the gradient along with the loss, piece by piece, so that no more than one table of logits is kept.

    With the target p, its sum m, which is 1 or nearly so, and w = alpha T p + (1 - alpha) onehot(label):
    loss = alpha T^2 m logsumexp(z / T) + (1 - alpha) logsumexp(z) - sum w z
    gradient = alpha T m softmax(z / T) + (1 - alpha) softmax(z) - w
    """

    @staticmethod
    def forward(
        ctx: Any, student: Tensor, ids: Tensor | None, weights: Tensor, labels: Tensor, recipe: Recipe
    ) -> Tensor:
        gradient = torch.empty_like(student)
        total = student.new_zeros(())
        step = max(1, ELEMENTS_AT_ONCE // student.shape[1])
        counts = labels != recipe.ignore_index
        for start in range(0, len(student), step):
            piece = slice(start, start + step)
            total += _piece(
                student[piece], None if ids is None else ids[piece], weights[piece], labels[piece, None],
                counts[piece, None], gradient[piece], recipe,
            )  # fmt: skip
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, outer: Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * outer, None, None, None, None


def _piece(
    z: Tensor, ids: Tensor | None, weights: Tensor, label: Tensor, counts: Tensor, gradient: Tensor, recipe: Recipe
) -> Tensor:
    """The loss of some rows; their gradient is written to `gradient`."""
    alpha, temperature = recipe.alpha, recipe.temperature
    row, label = counts.to(z), label * counts
    pull, pull_hard = weights * (alpha * temperature), torch.full_like(row, 1 - alpha)
    highest = z.amax(1, keepdim=True)
    hard = torch.softmax(z, dim=1)
    # logsumexp(z) = max(z) - log(max(softmax(z))): cheaper than another pass of exponentials
    value = (highest - hard.amax(1, keepdim=True).log()) * (1 - alpha) - z.gather(1, label) * pull_hard
    if temperature == 1:
        soft, value_soft = hard, highest - hard.amax(1, keepdim=True).log()
    else:
        soft = torch.softmax(z / temperature, dim=1)
        value_soft = highest / temperature - soft.amax(1, keepdim=True).log()
    mass = weights.sum(1, keepdim=True) * (alpha * temperature)
    value.addcmul_(value_soft, mass, value=temperature)
    at_ids = z if ids is None else z.gather(1, ids)
    value.sub_((at_ids * pull).sum(1, keepdim=True))
    torch.mul(soft, mass, out=gradient).add_(hard, alpha=1 - alpha)
    if ids is None:
        gradient.sub_(pull)
    else:
        gradient.scatter_add_(1, ids, -pull)
    gradient.scatter_add_(1, label, -pull_hard)
    gradient.mul_(row)
    return (value * row).sum()
