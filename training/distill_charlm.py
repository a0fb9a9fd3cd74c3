"""Example: a small character model learns from a larger one, whose outputs are sampled: of 97 characters 30 are kept.

Text is that of `charlm`. An inference is a forward pass over one piece of text of `context` characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from torch.nn import functional

from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.section import Positive
from training import distilled_pair
from training.charlm import HELD_OUT_SHARE, CharacterModel, encode, read_text, windows
from training.distilled_pair import Pair, run_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from training.job import Job


class Settings(distilled_pair.Settings, frozen=True, kw_only=True):
    """`context`: characters that the models see. `characters`: of the text, the first so many."""

    epochs: Annotated[int, Meta(ge=1)] = 4
    batch_size: Annotated[int, Meta(ge=1)] = 32
    temperature: Positive = 1.0
    teacher_width: Annotated[int, Meta(ge=4, multiple_of=4)] = 128
    teacher_layers: Annotated[int, Meta(ge=1)] = 2
    student_width: Annotated[int, Meta(ge=4, multiple_of=4)] = 64
    student_layers: Annotated[int, Meta(ge=1)] = 1
    context: Annotated[int, Meta(ge=2)] = 64
    characters: Annotated[int, Meta(ge=1_000)] = 200_000


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
