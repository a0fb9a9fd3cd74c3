"""Draws from a teacher: unbiased by a test that sees the bias of top-k, within 64 bytes, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from greenai_infra.errors import InputError
from training.distillation_loss import Recipe, stored_loss
from training.teacher_targets import Kind, Layout, Targets, systematic_draws

Array = np.ndarray[Any, Any]
DRAWN = 4000


def _z_scores(layout: Layout, sharpness: float, temperature: float) -> Array:
    """Of each coordinate of the student's gradient: its mean over many draws less the exact one, in standard errors.

    Coordinates that hardly ever vary are left out, as their standard error is not known.
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
    drawn = gradients(layout.unpack(rows["ids"], rows["weights"]))
    exact = gradients(Targets(layout.classes, probabilities))[0]
    if layout.kind == "top_k":  # every draw is the same: held against the errors that sampling would have
        spread = np.sqrt(probabilities[0].double().numpy() / layout.k) * 0.7 * temperature
        return np.asarray((drawn.mean(0) - exact) / (spread / np.sqrt(DRAWN)))
    often = (np.abs(drawn - np.median(drawn, axis=0)) > 1e-6).sum(0)
    varies = (often >= 25) & (often <= DRAWN - 25)
    assert varies.sum() >= 20
    errors = drawn[:, varies].std(0, ddof=1) / np.sqrt(DRAWN)
    return np.asarray((drawn.mean(0) - exact)[varies] / errors)


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


def test_draws_are_the_points_of_the_cumulative_distribution() -> None:
    """By hand: p = 0.5, 0.3, 0.2; four points (u + i) / 4 from 0.1 on: 0.1, 0.35, 0.6, 0.85."""
    p = torch.tensor([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]])
    assert systematic_draws(p, 4, np.array([0.4, 0.999999])).tolist() == [[0, 0, 1, 2], [2, 2, 2, 2]]


def test_a_class_that_can_not_be_is_never_drawn() -> None:
    p = torch.tensor([[0.0, 1 / 3, 0.0, 1 / 3, 1 / 3, 0.0]])
    ends = np.array([0.0, np.nextafter(1, 0)])
    assert set(systematic_draws(p.expand(2, -1), 7, ends).ravel().tolist()) == {1, 3, 4}


@pytest.mark.parametrize("classes", [256, 257, 65_536, 65_537])
def test_the_last_class_has_a_number_that_fits(classes: int) -> None:
    layout = Layout("sampled", classes, 12)
    rows = layout.pack(_one(classes), (0,))
    targets = layout.unpack(rows["ids"], rows["weights"])
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
    assert Layout(kind, classes, 10 if kind == "top_k" else 50).row.itemsize <= 64


def test_exact_outputs_are_kept_as_they_are() -> None:
    p = torch.softmax(3 * torch.randn(20, 10), -1)
    layout = Layout("exact", 10)
    assert torch.equal(layout.unpack(None, layout.pack(p, (0,))["weights"]).weights, p)
    p = torch.softmax(3 * torch.randn(20, 32), -1)
    layout = Layout("exact", 32)
    kept = layout.unpack(None, layout.pack(p, (0,))["weights"]).weights
    assert torch.allclose(kept, p, rtol=1.5e-3, atol=1e-7)  # two bytes have eleven bits
    assert torch.allclose(kept.sum(-1), torch.ones(20))


def test_top_k_keeps_the_most_probable_in_proportion() -> None:
    layout = Layout("top_k", 100, 2)
    rows = layout.pack(torch.tensor([[0.1, 0.45, 0.15, 0.3] + [0.0] * 96]), (0,))
    targets = layout.unpack(rows["ids"], rows["weights"])
    assert targets.ids is not None
    assert targets.ids.tolist() == [[1, 3]]
    assert targets.weights[0].tolist() == pytest.approx([0.6, 0.4], abs=1e-3)


def test_the_seed_alone_decides_the_draw() -> None:
    p = torch.softmax(torch.randn(100, 1000), -1)
    layout = Layout("sampled", 1000, 50)  # more draws than there is room for
    first = layout.pack(p, (1, 2))
    assert first.tobytes() == layout.pack(p, (1, 2)).tobytes()
    assert first.tobytes() != layout.pack(p, (1, 3)).tobytes()
    assert (first["weights"].sum(1) == layout.slots).all()


@pytest.mark.parametrize("k", [0, -3, 256])
@pytest.mark.parametrize("kind", ["sampled", "top_k"])
def test_impossible_counts_of_draws_are_refused(kind: Kind, k: int) -> None:
    with pytest.raises(InputError, match=f"k must be from 1 to 255, not {k}"):
        Layout(kind, 100, k)


def test_what_can_not_be_kept_is_refused() -> None:
    with pytest.raises(InputError, match="top_k with k = 50 takes more than 64 bytes a position; at most 16"):
        Layout("top_k", 1000, 50)
    with pytest.raises(InputError, match="unknown kind of teacher outputs 'topk'"):
        Layout("topk", 10)  # type: ignore[arg-type]
