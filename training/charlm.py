"""Example: a small transformer learns to write English character by character, from the text that Python ships.

Text of your own goes into the data channel `train`: every .txt file of it, in the order of their names.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Annotated

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.section import Positive
from training import job as jobs
from training import randomness
from training.loop import fit, steps_an_epoch

if TYPE_CHECKING:
    from training.contract import Folders
    from training.job import Job

CHARACTERS = [chr(number) for number in (9, 10, *range(32, 127))]
"""The characters of the model; any other character of the text counts as `~`, the last of them."""
HELD_OUT_SHARE = 0.1


class Settings(jobs.Settings, frozen=True, kw_only=True):
    """`context`: characters that it sees. `characters`: of the text, the first so many."""

    epochs: Annotated[int, Meta(ge=1)] = 4
    batch_size: Annotated[int, Meta(ge=1)] = 32
    learning_rate: Positive = 2e-3
    width: Annotated[int, Meta(ge=4, multiple_of=4)] = 64
    layers: Annotated[int, Meta(ge=1)] = 2
    context: Annotated[int, Meta(ge=2)] = 64
    characters: Annotated[int, Meta(ge=1_000)] = 400_000


def run(job: Job[Settings]) -> None:
    """Train, say how well the held-out last tenth of the text is foreseen, and write the model."""
    settings = job.settings
    randomness.seed_all(settings.seed, job.world.rank)
    codes = encode(read_text(job.folders)[: settings.characters]).to(job.world.device)
    inputs, targets = windows(codes, settings.context)
    held_out = max(1, int(HELD_OUT_SHARE * len(inputs)))
    count = len(inputs) - held_out
    if count < 1:
        raise InputError(f"the text of {len(codes)} characters is too short for a context of {settings.context}")
    model = CharacterModel(settings.width, settings.layers, settings.context)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate)
    steps = settings.epochs * steps_an_epoch(count, settings.batch_size, job.world.size)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps + 1)

    def loss(module: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(module(inputs[indices]).flatten(0, 1), targets[indices].flatten())

    fit(
        job, model, optimizer, loss, count=count, batch_size=settings.batch_size, scheduler=scheduler,
        keep=settings.epochs,
    )  # fmt: skip
    if job.world.writes:
        nats = held_out_loss(model, inputs[count:], targets[count:], settings.batch_size)
        print(f"held-out text: {nats:.3f} nats a character, perplexity {exp(nats):.2f} of {len(CHARACTERS)}")
    job.save_model(model)


def read_text(folders: Folders) -> str:
    """The .txt files of the channel `train` if the run has one, else the help texts that Python ships (PSF licence).

    Raises InputError for a channel without such a file, or a file that is not UTF-8.
    """
    if "train" not in folders.channels:
        from pydoc_data.topics import topics

        return "\n".join(topics[name] for name in sorted(topics))
    folder = folders.channel("train")
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise InputError(f"the data channel 'train' has no .txt file: {folder}")
    try:
        return "\n".join(file.read_text(encoding="utf-8") for file in files)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder}: a text can't be read: {error}") from None


def encode(text: str) -> torch.Tensor:
    """Codes of the characters, shape (n,)."""
    known = {character: code for code, character in enumerate(CHARACTERS)}
    return torch.tensor([known.get(character, len(CHARACTERS) - 1) for character in text], dtype=torch.int64)


def windows(codes: torch.Tensor, context: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces of the text side by side, and the character after each of theirs; both of shape (n, context)."""
    whole = (len(codes) - 1) // context * context
    return codes[:whole].view(-1, context), codes[1 : whole + 1].view(-1, context)


class CharacterModel(nn.Module):
    """A causal transformer: codes of shape (n, t) give logits of shape (n, t, characters), t up to `context`."""

    def __init__(self, width: int, layers: int, context: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(len(CHARACTERS), width)
        self.places = nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, len(CHARACTERS))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits of the next character at each place."""
        length = codes.shape[1]
        ahead = nn.Transformer.generate_square_subsequent_mask(length, device=codes.device)
        inside = self.characters(codes) + self.places.weight[:length]
        return self.head(self.layers(inside, mask=ahead, is_causal=True))


def held_out_loss(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, batch_size: int) -> float:
    """Mean cross-entropy in nats a character."""
    model.eval()
    total = 0.0
    with torch.no_grad():
        for some, following in zip(inputs.split(batch_size), targets.split(batch_size), strict=True):
            total += float(functional.cross_entropy(model(some).flatten(0, 1), following.flatten(), reduction="sum"))
    return total / int(targets.numel())
