"""Draws from a teacher: unbiased by a test that sees the bias of top-k, within 64 bytes, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from greenai_infra.errors import InputError
from training.distillation_loss import Recipe, stored_loss
from training.teacher_targets import Kind, Layout, Targets, drawn

Array = np.ndarray[Any, Any]
DRAWN = 4000


def _z_scores(layout: Layout, sharpness: float, temperature: float) -> Array:
    """Of each coordinate of the student's gradient: its mean over many draws less the exact one, in standard errors.

    Coordinates of classes that are hardly ever drawn are left out, as their standard error is not known.
    """
    generator = torch.Generator().manual_seed(11)
    logits = sharpness * torch.randn(1, layout.classes, generator=generator)
    probabilities = torch.softmax(logits / temperature, -1).expand(DRAWN, -1)
    student = torch.randn(1, layout.classes, generator=generator).expand(DRAWN, -1).clone().requires_grad_()
    labels = torch.full((DRAWN,), 3)
    recipe = Recipe(temperature, 0.7)

    def gradients(targets: Targets) -> Array:
        (found,) = torch.autograd.grad(stored_loss(student, targets, labels, recipe, "sum"), student)
        return np.asarray(found.double())

    rows = layout.pack(probabilities, (5,))
    targets = layout.unpack(rows)
    found = gradients(targets)
    exact = gradients(Targets(layout.classes, probabilities))[0]
    if layout.kind == "top_k":  # every draw is the same: held against the errors that sampling would have
        spread = np.sqrt(probabilities[0].double().numpy() / layout.k) * 0.7 * temperature
        return np.asarray((found.mean(0) - exact) / (spread / np.sqrt(DRAWN)))
    often = (targets.dense() > 0).sum(0).numpy()
    varies = (often >= 25) & (found.std(0) > 1e-5)
    assert varies.sum() >= 20
    errors = found[:, varies].std(0, ddof=1) / np.sqrt(DRAWN)
    return np.asarray((found.mean(0) - exact)[varies] / errors)


@pytest.mark.parametrize(
    ("classes", "k", "sharpness", "temperature"),
    [(40, 12, 2.0, 1.0), (1000, 12, 2.0, 1.0), (1000, 50, 1.0, 3.0), (300, 32, 4.0, 2.0)],
)
def test_mean_gradient_over_draws_is_the_exact_one(classes: int, k: int, sharpness: float, temperature: float) -> None:
    z = _z_scores(Layout("sampled", classes, k), sharpness, temperature)
    assert np.abs(z).max() < 4.5  # 1 in 150,000 beyond
    assert (z**2).mean() == pytest.approx(1, abs=6 * np.sqrt(2 / len(z)))


def test_top_k_is_caught_by_the_same_test() -> None:
    assert np.abs(_z_scores(Layout("top_k", 1000, 12), 1.0, 1.0)).max() > 50


def test_draws_by_hand() -> None:
    """Two of p = 0.5, 0.3, 0.2: c = 0.5, chances 1, 0.6, 0.4; points u and u + 1 of 1, 1.6, 2."""
    p = torch.tensor([[0.5, 0.3, 0.2]] * 2 + [[0.0, 0.8, 0.2], [0.0, 0.0, 1.0]])
    ids, weights = drawn(p, 2, np.array([0.4, 0.7, 0.9, 0.5]))
    assert ids.tolist() == [[0, 1], [0, 2], [1, 2], [2, 0]]
    np.testing.assert_allclose(weights, [[0.5, 0.5], [0.5, 0.5], [0.8, 0.2], [1.0, 0.0]], rtol=1e-6)


@pytest.mark.parametrize("k", [1, 3, 12, 30])
def test_weights_are_the_probability_or_the_threshold_and_add_up_to_one(k: int) -> None:
    p = torch.softmax(4 * torch.randn(500, 30, generator=torch.Generator().manual_seed(2)).double(), -1)
    p[:, 5:8] = 0
    p /= p.sum(1, keepdim=True)
    ids, weights = drawn(p, k, np.random.default_rng(3).random(500))
    np.testing.assert_allclose(weights.sum(1), 1)
    own = np.take_along_axis(np.asarray(p), ids, 1)
    least = np.where(weights > 0, weights, 1).min(1, keepdims=True)
    assert (np.isclose(weights, own) | np.isclose(weights, least) | (weights == 0)).all()
    assert (own[weights > 0] > 0).all()
    assert all(len(set(row[there])) == there.sum() for row, there in zip(ids, weights > 0, strict=True))


def test_a_class_that_can_not_be_is_never_drawn() -> None:
    p = torch.tensor([[0.0, 1 / 3, 0.0, 1 / 3, 1 / 3, 0.0]])
    ids, weights = drawn(p.expand(3, -1), 2, np.array([0.0, 0.5, 0.999999999]))
    assert set(ids.ravel().tolist()) <= {1, 3, 4}
    np.testing.assert_allclose(weights, 0.5, rtol=1e-6)


def test_rounding_to_a_byte_keeps_the_mean() -> None:
    """Of classes that are always kept: 0.1 / 0.6 lies between the levels 104 and 105 of 255, squared."""
    p = torch.tensor([0.6, 0.25, 0.1, 0.05] + [0.0] * 36).expand(20_000, -1)
    layout = Layout("sampled", 40, 12)
    found = layout.unpack(layout.pack(p, (1,))).dense().double()
    assert set(found[:, 2].div(0.6).sqrt().mul(255).round().int().tolist()) == {104, 105}
    errors = (found.mean(0) - p[0]) / (found.std(0) / 20_000**0.5 + 1e-8)
    assert float(errors.abs().max()) < 5


def test_draws_vary_less_than_independent_ones() -> None:
    """By the sum of squared errors; k independent draws have (1 - sum p^2) / k."""
    p = torch.softmax(2 * torch.randn(1, 200, generator=torch.Generator().manual_seed(4)), -1).expand(3000, -1)
    layout = Layout("sampled", 200, 12)
    error = ((layout.unpack(layout.pack(p, (1,))).dense() - p) ** 2).sum(1).mean()
    assert float(error) < 0.8 * float(1 - (p[0] ** 2).sum()) / 12


@pytest.mark.parametrize("classes", [256, 257, 65_536, 65_537])
def test_the_last_class_has_a_number_that_fits(classes: int) -> None:
    layout = Layout("sampled", classes, 12)
    rows = layout.pack(_one(classes), (0,))
    targets = layout.unpack(rows)
    assert targets.dense()[0, -1] == 1


def _one(classes: int) -> torch.Tensor:
    p = torch.zeros(1, classes)
    p[0, -1] = 1.0
    return p


@pytest.mark.parametrize("classes", [2, 16, 17, 32, 33, 256, 257, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("kind", ["exact", "sampled", "top_k"])
def test_no_position_takes_more_than_64_bytes(kind: Kind, classes: int) -> None:
    if kind == "exact" and classes > 32:
        with pytest.raises(InputError, match=f"exact outputs of {classes:,} classes take {2 * classes:,} bytes"):
            Layout(kind, classes)
        return
    layout = Layout(kind, classes, 50)
    assert layout.row.itemsize <= 64
    assert layout.slots >= min(classes, 10 if kind == "top_k" else 12)


def test_exact_outputs_are_kept_as_they_are() -> None:
    p = torch.softmax(3 * torch.randn(20, 10), -1)
    layout = Layout("exact", 10)
    assert torch.equal(layout.unpack(layout.pack(p, (0,))).weights, p)
    p = torch.softmax(3 * torch.randn(20, 32), -1)
    layout = Layout("exact", 32)
    kept = layout.unpack(layout.pack(p, (0,))).weights
    assert torch.allclose(kept, p, rtol=1.5e-3, atol=1e-7)  # two bytes have eleven bits
    assert torch.allclose(kept.sum(-1), torch.ones(20))


def test_top_k_keeps_the_most_probable_in_proportion() -> None:
    layout = Layout("top_k", 100, 2)
    rows = layout.pack(torch.tensor([[0.1, 0.45, 0.15, 0.3] + [0.0] * 96]), (0,))
    targets = layout.unpack(rows)
    assert targets.ids is not None
    assert targets.ids.tolist() == [[1, 3]]
    assert targets.weights[0].tolist() == pytest.approx([0.6, 0.4], abs=1e-3)


def test_the_seed_alone_decides_the_draw() -> None:
    p = torch.softmax(torch.randn(100, 1000), -1)
    layout = Layout("sampled", 1000, 50)  # more draws than there is room for
    first = layout.pack(p, (1, 2))
    assert first.tobytes() == layout.pack(p, (1, 2)).tobytes()
    assert first.tobytes() != layout.pack(p, (1, 3)).tobytes()
    assert layout.slots == 20


@pytest.mark.parametrize("k", [0, -3])
@pytest.mark.parametrize("kind", ["sampled", "top_k"])
def test_impossible_counts_of_draws_are_refused(kind: Kind, k: int) -> None:
    with pytest.raises(InputError, match=f"k must be 1 or more, not {k}"):
        Layout(kind, 100, k)


def test_what_can_not_be_kept_is_refused() -> None:
    with pytest.raises(InputError, match="unknown kind of teacher outputs 'topk'"):
        Layout("topk", 10)  # type: ignore[arg-type]
