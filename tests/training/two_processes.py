"""What two processes of torchrun do in test_two_processes.py: `torchrun ... two_processes.py ROOT`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from tests.training.jobs import Stopping, train
from training.contract import folders_of
from training.job import Job, Settings
from training.loop import fit
from training.stopping import Stopped, StopRequest
from training.world import World, joined

COUNT, BATCH = 37, 8
"""Its last batch has 5 samples: 3 for one process and 2 for the other."""


def line(job: Job[Settings]) -> torch.Tensor:
    """The weights of a straight line after two epochs of plain descent, with nothing left to chance but the order."""
    data = torch.randn(COUNT, 4, generator=torch.Generator().manual_seed(1))
    model = nn.Linear(4, 1)
    nn.init.constant_(model.weight, 0.1)
    nn.init.constant_(model.bias, 0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(
        job, model, optimizer, lambda module, i: functional.mse_loss(module(data[i])[:, 0], data[i].sum(1)),
        count=COUNT, batch_size=BATCH, stage="line",
    )  # fmt: skip
    return torch.cat([model.weight.detach()[0], model.bias.detach()])


def job_in(root: Path, world: World, stop: StopRequest | None = None) -> Job[Settings]:
    folders = folders_of(root, {})
    folders.make()
    return Job("lines", Settings(epochs=3, seed=3), folders, world, stop or Stopping())


def main(root: Path) -> None:
    torch.set_num_threads(1)
    with joined() as world:
        assert (world.size, world.highest(world.rank)) == (2, 1)
        weights = line(job_in(root / "line", world))
        unbroken = train(job_in(root / "unbroken", world))
        # Only the second process is told to stop: both do, after the same step.
        told = Stopping(after=7) if world.rank == 1 else Stopping()
        code = 0
        try:
            train(job_in(root / "stopped", world, told))
        except Stopped as stopped:
            code = int(str(stopped.code))
        resumed = train(job_in(root / "stopped", world))
        torch.save(
            {"line": weights, "code": code, "unbroken": unbroken, "resumed": resumed}, root / f"rank-{world.rank}.pt"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
