"""Example: a small character model learns from a larger one, whose outputs are sampled: of 97 characters 30 are kept.

Text is that of `charlm`. An inference is a forward pass over one piece of text of `context` characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from torch.nn import functional

from greenai_infra.errors import InputError
from training import distilled_pair
from training.charlm import HELD_OUT_SHARE, CharacterModel, encode, read_text, windows
from training.distilled_pair import Pair, run_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from training.job import Job


class Settings(distilled_pair.Settings):
    """`context`: characters that the models see. `characters`: of the text, the first so many."""

    epochs: int = Field(4, ge=1)
    batch_size: int = Field(32, ge=1)
    temperature: float = Field(1.0, gt=0)
    teacher_width: int = Field(128, ge=4, multiple_of=4)
    teacher_layers: int = Field(2, ge=1)
    student_width: int = Field(64, ge=4, multiple_of=4)
    student_layers: int = Field(1, ge=1)
    context: int = Field(64, ge=2)
    characters: int = Field(200_000, ge=1_000)


def run(job: Job[Settings]) -> Callable[[], None] | None:
    """Train the teacher, distil, compare, write the student."""
    settings = job.settings
    codes = encode(read_text(job.folders)[: settings.characters]).to(job.world.device)
    inputs, following = windows(codes, settings.context)
    count = len(inputs) - max(1, int(HELD_OUT_SHARE * len(inputs)))
    if count < 1:
        raise InputError(f"the text of {len(codes)} characters is too short for a context of {settings.context}")

    def loss(module: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(module(inputs[indices]).flatten(0, 1), following[indices].flatten())

    pair = Pair(
        teacher=lambda: CharacterModel(settings.teacher_width, settings.teacher_layers, settings.context),
        teacher_loss=loss,
        teacher_items=count,
        student=lambda: CharacterModel(settings.student_width, settings.student_layers, settings.context),
        inputs=inputs[:count],
        labels=following[:count],
        held_out=(inputs[count:], following[count:]),
        each="text",
    )
    return run_pair(job, pair)
