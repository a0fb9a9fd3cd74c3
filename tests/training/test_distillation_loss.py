"""The loss by hand, and against NumPy in float64; the loss from stored outputs against the one from logits."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
import torch

from greenai_infra.errors import InputError
from training.distillation_loss import Recipe, distillation_loss, stored_loss
from training.teacher_targets import Layout, Targets

Array = np.ndarray[Any, Any]
STUDENT = torch.tensor([[0.0, 0.0], [0.0, 2 * log(3)], [5.0, -4.0]])
TEACHER = torch.tensor([[2 * log(2), 0.0], [2 * log(2), 0.0], [9.0, -9.0]])
LABELS = torch.tensor([0, 1, -100])
# At T = 2 the teacher says (2/3, 1/3) and the student (1/2, 1/2) and (1/4, 3/4); at T = 1 it says 1/2 and 9/10.
KL = [2 / 3 * log(4 / 3) + 1 / 3 * log(2 / 3), 2 / 3 * log(8 / 3) + 1 / 3 * log(4 / 9)]
HARD = [log(2), log(10 / 9)]
TOTAL = 0.7 * 4 * sum(KL) + 0.3 * sum(HARD)


def test_loss_by_hand() -> None:
    recipe = Recipe(temperature=2, alpha=0.7)
    one = distillation_loss(STUDENT[:1], TEACHER[:1], LABELS[:1], recipe)
    assert float(one) == pytest.approx(0.366517, abs=1e-6)  # 0.7 x 4 x 0.0566330 + 0.3 x 0.693147
    # the mean is over the positions that count, the padding at the end is none
    assert float(distillation_loss(STUDENT, TEACHER, LABELS, recipe)) == pytest.approx(TOTAL / 2)
    assert float(distillation_loss(STUDENT, TEACHER, LABELS, recipe, "sum")) == pytest.approx(TOTAL)


def test_a_language_model_is_averaged_over_its_tokens_and_not_over_its_texts() -> None:
    loss = distillation_loss(STUDENT[None], TEACHER[None], LABELS[None], Recipe(temperature=2))
    assert float(loss) == pytest.approx(TOTAL / 2)


@pytest.mark.parametrize(("alpha", "expected"), [(0.0, sum(HARD) / 2), (1.0, 4 * sum(KL) / 2)])
def test_alpha_weighs_the_teacher(alpha: float, expected: float) -> None:
    assert float(distillation_loss(STUDENT, TEACHER, LABELS, Recipe(2, alpha))) == pytest.approx(expected)


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


def _softmax(logits: Array) -> Array:
    return np.asarray(np.exp(_log_softmax(logits)))


def _reference(student: Array, target: Array, labels: Array, recipe: Recipe) -> tuple[float, float, Array]:
    """Cross-entropy form and KL form of the mean loss, and the gradient, in float64; target is p at T."""
    student, labels = student.reshape(-1, student.shape[-1]), labels.ravel()
    at = np.flatnonzero(labels != recipe.ignore_index)
    temperature, alpha = recipe.temperature, recipe.alpha
    onehot = np.zeros(student.shape)
    onehot[at, labels[at]] = 1
    soft = -(target * _log_softmax(student / temperature))[at].sum()
    hard = -(onehot * _log_softmax(student)).sum()
    known = np.where(target > 0, target * np.log(np.where(target > 0, target, 1)), 0)[at].sum()
    gradient = np.zeros(student.shape)
    gradient[at] = (
        alpha * temperature * (target.sum(-1, keepdims=True) * _softmax(student / temperature) - target)
        + (1 - alpha) * (_softmax(student) - onehot)
    )[at]
    scale = alpha * temperature**2
    return (
        (scale * soft + (1 - alpha) * hard) / len(at),
        (scale * (soft + known) + (1 - alpha) * hard) / len(at),
        gradient / len(at),
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(("positions", "classes"), [((50,), 10), ((4, 9), 30), ((7, 5), 1000), ((301,), 1000)])
def test_both_losses_and_their_gradients_agree_with_numpy(
    positions: tuple[int, ...], classes: int, temperature: float
) -> None:
    draw = torch.Generator().manual_seed(classes)
    recipe = Recipe(temperature, 0.6)
    teacher = 3 * torch.randn(*positions, classes, generator=draw)
    labels = torch.randint(0, classes, positions, generator=draw)
    labels[torch.rand(positions, generator=draw) < 0.2] = -100
    target = torch.softmax(teacher / temperature, -1)
    student = (4 * torch.randn(*positions, classes, generator=draw)).requires_grad_()
    flat = target.reshape(-1, classes).numpy().astype(np.float64)
    cross, kl, gradient = _reference(student.detach().double().numpy(), flat, labels.numpy(), recipe)
    for loss, expected in (
        (distillation_loss(student, teacher, labels, recipe), kl),
        (stored_loss(student, Targets(classes, target), labels, recipe), cross),
    ):
        (found,) = torch.autograd.grad(3 * loss, student)
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(found.reshape(-1, classes) / 3, gradient, atol=2e-7)


@pytest.mark.parametrize("kind", ["sampled", "top_k"])
@pytest.mark.parametrize("classes", [20, 500])
def test_few_stored_classes_are_a_target_as_good_as_all(kind: str, classes: int) -> None:
    draw = torch.Generator().manual_seed(7)
    layout = Layout(kind, classes, 12)  # type: ignore[arg-type]
    rows = layout.pack(torch.softmax(3 * torch.randn(64, classes, generator=draw), -1), (1,))
    targets = layout.unpack(rows)
    student = torch.randn(64, classes, generator=draw, requires_grad=True)
    labels = torch.randint(-1, classes, (64,), generator=draw)
    recipe = Recipe(2.0, 0.7, ignore_index=-1)
    cross, _, gradient = _reference(
        student.detach().double().numpy(), targets.dense().double().numpy(), labels.numpy(), recipe
    )
    loss = stored_loss(student, targets, labels, recipe)
    (found,) = torch.autograd.grad(loss, student)
    assert float(loss.detach()) == pytest.approx(cross, rel=1e-5)
    np.testing.assert_allclose(found, gradient, atol=2e-7)


@pytest.mark.parametrize("classes", [4, 100])
def test_padding_takes_no_part_whatever_stands_there(classes: int) -> None:
    student = torch.randn(3, classes)
    target = torch.softmax(torch.randn(3, classes), -1)
    labels = torch.tensor([1, -100, 2])
    expected = stored_loss(student[[0, 2]], Targets(classes, target[[0, 2]]), labels[[0, 2]])
    assert float(stored_loss(student, Targets(classes, target), labels)) == pytest.approx(float(expected))
    nothing = torch.full((3,), -100)
    assert float(stored_loss(student, Targets(classes, target), nothing)) == 0
    assert float(distillation_loss(student, student + 1, nothing)) == 0


def test_a_student_that_is_sure_of_the_wrong_class_has_a_finite_loss() -> None:
    student = torch.zeros(1, 100)
    student[0, 3] = 1000.0
    target = torch.zeros(1, 100)
    target[0, 5] = 1.0
    loss = stored_loss(student, Targets(100, target), torch.tensor([5]), Recipe(1.0, 0.5))
    assert float(loss) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"alpha": 1.2}, "alpha must be from 0 .* not 1.2"),
        ({"alpha": -0.1}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"temperature": 0}, "temperature must be a number above 0, not 0"),
        ({"temperature": -2.0}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
    ],
)
def test_impossible_recipes_are_refused(stated: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Recipe(**stated)  # type: ignore[arg-type]


def test_shapes_that_do_not_match_are_refused() -> None:
    student, labels = torch.zeros(4, 12), torch.zeros(4, dtype=torch.int64)
    with pytest.raises(InputError, match="12 classes and the teacher 10"):
        stored_loss(student, Targets(10, torch.zeros(4, 10)), labels)
    with pytest.raises(InputError, match=r"\(4, 12\) and the teacher's \(4, 10\)"):
        distillation_loss(student, torch.zeros(4, 10), labels)
    with pytest.raises(InputError, match=r"logits of shape \(4, 12\) don't go with labels of shape \(2, 2\)"):
        distillation_loss(student, student, labels.view(2, 2))
    with pytest.raises(InputError, match="3 positions for 4"):
        stored_loss(student, Targets(12, torch.zeros(3, 12)), labels)
