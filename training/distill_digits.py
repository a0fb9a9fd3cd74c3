"""Example: a small network learns to read digits from a large one, and both are measured: does it pay, and when?

The large network is trained first, then its outputs are computed once for each training image and its eight shifts by a
pixel. The student learns from those. The images that both are judged by take no part in either training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import torch
from msgspec import Meta
from torch.nn import functional

from training import distilled_pair
from training.digits import HELD_OUT, network, read_digits, shifted
from training.distilled_pair import Pair, run_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from training.job import Job

STEP = 1
"""Pixels that an image is shifted by, each way."""


class Settings(distilled_pair.Settings, frozen=True, kw_only=True):
    """Widths are channels of the first layer. `samples`: of the 1,437 images for training, the first so many."""

    teacher_width: Annotated[int, Meta(ge=1)] = 64
    student_width: Annotated[int, Meta(ge=1)] = 12
    samples: Annotated[int, Meta(ge=1, le=1437)] = 1437


def run(job: Job[Settings]) -> Callable[[], None] | None:
    """Train the teacher, distil, compare, write the student."""
    settings = job.settings
    images, labels = (part.to(job.world.device) for part in read_digits())
    own, right = images[: settings.samples], labels[: settings.samples]

    def loss(module: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(module(shifted(own[indices])), right[indices])

    inputs = all_shifts(own)
    pair = Pair(
        teacher=lambda: network(settings.teacher_width, dropout=0.2),
        teacher_loss=loss,
        teacher_items=len(own),
        student=lambda: network(settings.student_width),
        inputs=inputs,
        labels=right.repeat(len(inputs) // len(own)),
        held_out=(images[-HELD_OUT:], labels[-HELD_OUT:]),
        each="image",
    )
    return run_pair(job, pair)


def all_shifts(images: torch.Tensor) -> torch.Tensor:
    """Images of shape (n, 64) as they are and by a pixel each way, shape (9 n, 64)."""
    steps = range(-STEP, STEP + 1)
    square = images.unflatten(1, (8, 8))
    return torch.cat([square.roll((down, right), (1, 2)).flatten(1) for down in steps for right in steps])
