"""Jobs in this process: a small model on made-up data, and a stop that comes at a stated step."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from training import randomness
from training.contract import folders_of
from training.job import Job, Settings
from training.loop import fit
from training.stopping import StopRequest
from training.world import World

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES, BATCH = 40, 8
STEPS = SAMPLES // BATCH
EPOCHS = 3


class Stopping(StopRequest):
    """Asks to stop with this exit code once `code` was asked for `after` times."""

    def __init__(self, after: int | None = None, code: int = 143) -> None:
        super().__init__({})
        self.after, self.with_code, self.asked = after, code, 0

    def code(self) -> int:
        self.asked += 1
        return self.with_code if self.after is not None and self.asked >= self.after else 0


def job(root: Path, stop: StopRequest | None = None, **settings: Any) -> Job[Settings]:
    folders = folders_of(root, {})
    folders.make()
    world = World(0, 1, 0, torch.device("cpu"))
    return Job("lines", Settings(**{"epochs": EPOCHS, "seed": 3, **settings}), folders, world, stop or Stopping())


def train(one: Job[Settings], *, width: int = 5, poison_at: int | None = None, **given: Any) -> dict[str, Any]:
    """Train a model with every kind of state: momentum, a schedule, dropout, draws of Python's and NumPy's generators.

    Returns its weights. From batch `poison_at` on the loss is NaN.
    """
    import numpy

    randomness.seed_all(one.settings.seed)
    model = nn.Sequential(nn.Linear(4, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.3), nn.Linear(width, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=EPOCHS * STEPS + 1)
    data = torch.randn(SAMPLES, 4, generator=torch.Generator().manual_seed(1))
    labels = (data.sum(dim=1) > 0).long()
    seen = 0

    def loss(module: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        nonlocal seen
        seen += 1
        noise = random.random() + float(numpy.random.rand()) + torch.rand(1)
        value = functional.cross_entropy(module(data[indices] + noise), labels[indices])
        return value * float("nan") if poison_at is not None and seen >= poison_at else value

    given = {"count": SAMPLES, "batch_size": BATCH, "scheduler": scheduler, **given}
    fit(one, model, optimizer, loss, **given)
    return dict(model.state_dict())


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
