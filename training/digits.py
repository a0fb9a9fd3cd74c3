"""Example: a small convolutional network reads handwritten digits (1,797 images of 8 x 8 pixels, 10 classes)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy
import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from greenai_infra.typed_yaml.section import Positive
from training import job as jobs
from training import randomness
from training.loop import fit, steps_an_epoch

if TYPE_CHECKING:
    from training.job import Job

DATA = Path(__file__).with_name("data") / "digits.npz"
HELD_OUT = 360
"""Images, the last ones, that the network is judged by: other people wrote them."""


class Settings(jobs.Settings, frozen=True, kw_only=True):
    """`width`: channels of the first layer. `samples`: of the 1,437 images for training, the first so many."""

    batch_size: Annotated[int, Meta(ge=1)] = 64
    learning_rate: Positive = 3e-3
    width: Annotated[int, Meta(ge=1)] = 160
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.2
    samples: Annotated[int, Meta(ge=1, le=1437)] = 1437


def run(job: Job[Settings]) -> None:
    """Train, say how many of the held-out images are read right, and write the model."""
    job.save_model(trained(job))


def trained(job: Job[Any]) -> nn.Sequential:
    """The network, trained by the settings of the job; says how many of the held-out images it reads right."""
    settings = job.settings
    randomness.seed_all(settings.seed, job.world.rank)
    images, labels = (part.to(job.world.device) for part in read_digits())
    model = network(settings.width, settings.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate)
    steps = settings.epochs * steps_an_epoch(settings.samples, settings.batch_size, job.world.size)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    def loss(module: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(module(shifted(images[indices])), labels[indices])

    fit(
        job, model, optimizer, loss, count=settings.samples, batch_size=settings.batch_size, scheduler=scheduler,
        keep=settings.epochs,
    )  # fmt: skip
    if job.world.writes:
        right = accuracy(model, images[-HELD_OUT:], labels[-HELD_OUT:])
        print(f"accuracy on {HELD_OUT} images that were held out: {100 * right:.1f} %")
    return model


def network(width: int, dropout: float = 0.0) -> nn.Sequential:
    """Takes images of shape (n, 64); gives logits of shape (n, 10)."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(dropout), nn.Linear(8 * width, 10),
    )  # fmt: skip


def shifted(images: torch.Tensor) -> torch.Tensor:
    """All images of a batch moved by up to one pixel each way, by torch's generator."""
    down, right = (int(one) for one in torch.randint(-1, 2, (2,)))
    return images.unflatten(1, (8, 8)).roll((down, right), (1, 2)).flatten(1)


def read_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Images, shape (1797, 64), from 0 to 1, and labels, shape (1797,)."""
    with numpy.load(DATA, allow_pickle=False) as data:
        images, labels = torch.from_numpy(data["images"]), torch.from_numpy(data["labels"])
    return images.to(torch.float32) / 16, labels.to(torch.int64)


def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share that the model reads right."""
    model.eval()
    with torch.no_grad():
        return float((model(images).argmax(dim=1) == labels).double().mean())
