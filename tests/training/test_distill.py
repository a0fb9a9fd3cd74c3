"""Distilling in the training loop: resumed to the same bits, in parts as at once, ended early, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from greenai_infra.errors import InputError
from tests.training.jobs import Stopping, same
from training import randomness
from training.contract import TrainingFailed, folders_of
from training.distill import (
    OUTPUTS,
    Distilled,
    Recipe,
    StoredLoss,
    distill,
    fill,
    held_out_cross_entropy,
    local_job,
)
from training.distillation_loss import distillation_loss
from training.job import Job, Settings
from training.stopping import Stopped
from training.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

ITEMS, TOKENS, VOCABULARY = 24, 5, 40
CODES = torch.randint(0, VOCABULARY, (ITEMS, TOKENS), generator=torch.Generator().manual_seed(1))
FOLLOWING = CODES.roll(-1, 1)
FOLLOWING[:, -1] = -100
FOLLOWING[::3, 2:] = -100  # texts of other lengths
POINTS = torch.randn(60, 4, generator=torch.Generator().manual_seed(2))
SIGNS = (POINTS.sum(1) > 0).long() + 2 * (POINTS[:, 0] > 0).long()


def language_model(width: int, seed: int = 0) -> nn.Module:
    randomness.seed_all(seed)
    return nn.Sequential(nn.Embedding(VOCABULARY, width), nn.Dropout(0.1), nn.Linear(width, VOCABULARY))


def classifier(width: int, seed: int = 0) -> nn.Module:
    randomness.seed_all(seed)
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, 4))


def job(root: Path, stop: Stopping | None = None, **settings: Any) -> Job[Settings]:
    folders = folders_of(root, {})
    folders.make()
    world = World(0, 1, 0, torch.device("cpu"))
    return Job("distilled", Settings(**{"epochs": 3, "seed": 3, **settings}), folders, world, stop or Stopping())


def run(one: Job[Settings], tokens: bool = True, **given: Any) -> tuple[dict[str, Tensor], Distilled]:
    make, data = (language_model, (CODES, FOLLOWING)) if tokens else (classifier, (POINTS, SIGNS))
    teacher, student = make(16, 5), make(4, 6)
    optimizer = torch.optim.AdamW(student.parameters(), lr=0.02)
    done = distill(one, teacher, student, optimizer, *data, **{"batch_size": 8, **given})
    return dict(student.state_dict()), done


@pytest.mark.parametrize("tokens", [True, False])
def test_the_loss_falls_and_the_teacher_runs_once(tmp_path: Path, tokens: bool) -> None:
    _, done = run(job(tmp_path, epochs=12), tokens)
    assert len(done.losses) == 12
    assert done.losses[-1] < done.losses[0]
    assert done.outputs.facts.kind == ("sampled" if tokens else "exact")
    assert done.notes == ()
    assert (tmp_path / "checkpoints" / OUTPUTS / "outputs.bin").stat().st_size == len(CODES) * 5 * 64 or not tokens


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("after", [1, 2, 5, 8, 11])
def test_a_stop_at_any_time_leads_to_the_same_bits(tmp_path: Path, tokens: bool, after: int) -> None:
    """In the fill and in the training; with early stopping, whose best weights are kept, too."""
    data = (CODES, FOLLOWING) if tokens else (POINTS, SIGNS)
    given: dict[str, Any] = {"held_out": (data[0][:9], data[1][:9]), "patience": 2}
    whole, expected = run(job(tmp_path / "whole"), tokens, **given)
    with pytest.raises(Stopped):
        run(job(tmp_path / "cut", Stopping(after)), tokens, **given)
    found, done = run(job(tmp_path / "cut"), tokens, **given)
    assert same(found, whole)
    assert done.losses == expected.losses
    assert done.best_epoch == expected.best_epoch


def test_accumulated_parts_give_the_gradient_of_the_whole_batch(tmp_path: Path) -> None:
    """Though the texts have other lengths. Without dropout, whose draws would differ."""
    teacher = language_model(16).eval()
    student = language_model(8, 1).eval()
    outputs = fill(tmp_path, teacher, CODES, temperature=3.0)
    loss = StoredLoss(outputs, CODES, FOLLOWING)
    at = torch.arange(12)
    whole = torch.autograd.grad(loss(student, at), list(student.parameters()))
    parts = [torch.autograd.grad(loss(student, part) / 3, list(student.parameters())) for part in at.split(4)]
    for number, gradient in enumerate(whole):
        torch.testing.assert_close(sum(part[number] for part in parts), gradient, atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_stored_exact_outputs_give_the_gradient_of_running_the_teacher(tmp_path: Path, temperature: float) -> None:
    teacher, student = classifier(16).eval(), classifier(4, 1).eval()
    recipe = Recipe(temperature, 0.6)
    labels = SIGNS.clone()
    labels[::7] = -100
    loss = StoredLoss(fill(tmp_path, teacher, POINTS, temperature=temperature), POINTS, labels, recipe)
    everything = torch.arange(len(POINTS))
    found = torch.autograd.grad(loss(student, everything), list(student.parameters()))
    expected = torch.autograd.grad(
        distillation_loss(student(POINTS), teacher(POINTS), labels, recipe), list(student.parameters())
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_the_student_keeps_its_best_weights_and_the_training_ends_early(tmp_path: Path) -> None:
    """Held-out labels are the others' opposite: the student only gets worse on them after its first epochs."""
    held_out = (POINTS[:30], 3 - SIGNS[:30])
    one = job(tmp_path, epochs=40)
    weights, done = run(one, False, held_out=held_out, patience=3)
    assert done.best_epoch is not None
    assert len(done.losses) == done.best_epoch + 3 < 40
    student = classifier(4)
    student.load_state_dict(weights)
    best = held_out_cross_entropy(student, *held_out, 8)
    _, shorter = run(job(tmp_path / "shorter", epochs=done.best_epoch), False)
    assert shorter.losses == pytest.approx(done.losses[: done.best_epoch])
    student.load_state_dict(run(job(tmp_path / "longer", epochs=done.best_epoch + 3), False)[0])
    assert best < held_out_cross_entropy(student, *held_out, 8)


def test_held_out_cross_entropy_by_hand() -> None:
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.weight.copy_(torch.eye(2))
        model.bias.zero_()
    inputs = torch.tensor([[0.0, 0.0], [0.0, float(np.log(3))], [7.0, 7.0]])
    labels = torch.tensor([0, 1, -100])
    assert held_out_cross_entropy(model, inputs, labels, 2) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2, rel=1e-6)
    labels = torch.tensor([0, 1, 0])
    assert held_out_cross_entropy(model, inputs, labels, 2, ignore_index=0) == pytest.approx(np.log(4 / 3), rel=1e-6)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    run(job(tmp_path))
    with pytest.raises(InputError, match=r"another run \(alpha 0.7 there, 0.5 now\)"):
        run(job(tmp_path), recipe=Recipe(alpha=0.5))


def test_top_k_is_called_biased(tmp_path: Path) -> None:
    _, done = run(job(tmp_path), kind="top_k", k=8)
    assert "biased" in done.notes[0]
    assert json.loads((tmp_path / "checkpoints" / OUTPUTS / "outputs.json").read_text())["biased"] is True


def test_a_loss_that_is_no_number_ends_the_training_with_its_step(tmp_path: Path) -> None:
    student = classifier(4)
    optimizer = torch.optim.SGD(student.parameters(), lr=1e30)
    with pytest.raises(TrainingFailed, match=r"at step [234]"):
        distill(job(tmp_path), classifier(16), student, optimizer, POINTS, SIGNS, batch_size=8)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"patience": 2}, "patience must be 1 epoch or more and needs held_out"),
        ({"patience": 0, "held_out": (POINTS, SIGNS)}, "patience"),
        ({"accumulate": 0}, "accumulate must be 1 or more, not 0"),
        ({"k": 0, "kind": "sampled"}, "k must be"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(job(tmp_path), False, **given)


def test_data_that_does_not_match_is_refused(tmp_path: Path) -> None:
    outputs = fill(tmp_path / "of", classifier(8), POINTS, temperature=3.0)
    with pytest.raises(InputError, match="temperature 3, and the loss has 2"):
        StoredLoss(outputs, POINTS, SIGNS, Recipe(2.0))
    with pytest.raises(InputError, match="labels have shape"):
        StoredLoss(outputs, POINTS, SIGNS[:-1])
    with pytest.raises(InputError, match="labels go from 0 to 4, and the teacher has classes 0 to 3"):
        StoredLoss(outputs, POINTS, SIGNS + (SIGNS == 3).long())
    student = nn.Linear(4, 5)
    with pytest.raises(InputError, match="the student has 5 classes and the teacher 4"):
        StoredLoss(outputs, POINTS, SIGNS)(student, torch.arange(3))
    one = job(tmp_path)
    with pytest.raises(InputError, match="60 inputs and 59 labels"):
        distill(one, student, student, torch.optim.SGD(student.parameters(), 0.1), POINTS, SIGNS[:-1])


def test_a_job_of_ones_own_needs_a_folder_alone(tmp_path: Path) -> None:
    student = classifier(4)
    optimizer = torch.optim.AdamW(student.parameters())
    done = distill(local_job(tmp_path, epochs=2, seed=9), classifier(16), student, optimizer, POINTS, SIGNS)
    assert len(done.losses) == 2
    assert (tmp_path / "checkpoints" / "student").is_dir()
