"""The training loop: it may stop at any step and resume there, to the same weights bit for bit.

    history = fit(job, model, optimizer, loss, count=len(images), batch_size=64, scheduler=scheduler)

`loss(model, indices)` is the mean loss of a batch, `indices` its samples. A checkpoint holds model, optimizer,
scheduler, every random generator and the place in the data order. It is written at the end of each epoch, in a long one
every ten minutes, and before the run stops.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.nn.parallel import DistributedDataParallel

from greenai_infra.errors import InputError
from training import checkpoints, randomness
from training.contract import TrainingFailed
from training.job import differs
from training.stopping import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from training.job import Job, Settings

CHECKPOINT_EVERY_S = 600.0
SAVE, NOT_FINITE = 1, 1_000  # outside the exit codes, which lie between


class Stateful(Protocol):
    """What is kept in checkpoints."""

    def state_dict(self) -> dict[str, Any]:
        """Of types that `torch.load(weights_only=True)` takes."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Go on from it."""
        ...


@dataclass
class Position:
    """Where the training is: `step` batches of `epoch` are done, `steps` of all epochs."""

    epoch: int = 0
    step: int = 0
    steps: int = 0
    finished: bool = False
    losses: list[float] = field(default_factory=list)
    """Mean loss of each whole epoch."""
    loss_sum: float = 0.0
    """Of this process, over the samples of this epoch."""


def batches(count: int, batch_size: int, seed: int, epoch: int) -> list[torch.Tensor]:
    """The samples of each batch of an epoch, shuffled by seed and epoch alone."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + 1_000_003 * (epoch + 1)))
    return list(order.split(batch_size))


def steps_an_epoch(count: int, batch_size: int, processes: int = 1) -> int:
    """Batches of an epoch. The last batch counts if it has a sample for each process."""
    whole, rest = divmod(count, batch_size)
    return whole + (rest >= processes)


def fit(
    job: Job[Any],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
    *,
    count: int,
    batch_size: int,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    others: Mapping[str, Stateful] | None = None,
    stage: str = "",
    accumulate: int = 1,
    keep: int = checkpoints.KEEP,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    after_epoch: Callable[[int, float], bool | None] | None = None,
) -> list[float]:
    """Train for `job.settings.epochs`; returns the mean loss of each epoch. `batch_size` is that of all processes.

    `scheduler` steps after each batch. `others` are kept in checkpoints, too. A program with several trainings names
    each by `stage`. `after_epoch(epoch, mean loss)` may end the training by True. Raises TrainingFailed for a loss that
    is no number (with the step), InputError for a checkpoint of another model, Stopped or CarbonBudgetReached.
    """
    return _Fit(
        job, model, optimizer, loss, count, batch_size, scheduler, dict(others or {}), stage, accumulate, keep,
        checkpoint_every_s, after_epoch,
    ).run()  # fmt: skip


@dataclass
class _Fit:
    job: Job[Settings]
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    loss: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor]
    count: int
    batch_size: int
    scheduler: torch.optim.lr_scheduler.LRScheduler | None
    others: dict[str, Stateful]
    stage: str
    accumulate: int
    keep: int
    checkpoint_every_s: float
    after_epoch: Callable[[int, float], bool | None] | None

    def run(self) -> list[float]:
        job, world = self.job, self.job.world
        self.at = Position()
        self.steps = steps_an_epoch(self.count, self.batch_size, world.size)
        self.model.to(world.device)
        self._resume()
        module = DistributedDataParallel(self.model) if world.size > 1 else self.model
        self.saved_s = time.monotonic()
        epochs = job.settings.epochs
        with _bar(world.writes, f"{self.stage or job.program}", epochs * self.steps) as advance:
            advance(self.at.steps, "")
            while self.at.epoch < epochs and not self.at.finished:
                self._epoch(module, advance)
        return self.at.losses

    def _epoch(self, module: torch.nn.Module, advance: Callable[[int, str], None]) -> None:
        job, at = self.job, self.at
        module.train()
        order = batches(self.count, self.batch_size, job.settings.seed, at.epoch)[: self.steps]
        for batch in order[at.step :]:
            value = self._step(module, batch)
            at.step, at.steps = at.step + 1, at.steps + 1
            advance(1, f"loss {value:.4f}")
            self._hold(value)
        samples = sum(len(batch) for batch in order)
        mean = job.world.total(at.loss_sum) / samples
        at.losses.append(mean)
        at.epoch, at.step, at.loss_sum = at.epoch + 1, 0, 0.0
        if job.world.writes:
            print(f"epoch {at.epoch} of {job.settings.epochs}: loss {mean:.4f}", flush=True)
        ends = bool(self.after_epoch(at.epoch, mean)) if self.after_epoch else False
        at.finished = at.epoch == job.settings.epochs or bool(job.world.highest(ends))
        self._save()

    def _step(self, module: torch.nn.Module, batch: torch.Tensor) -> float:
        """One step on this process's share; with unequal shares the gradient is still the mean over the batch."""
        world = self.job.world
        mine = batch[world.rank :: world.size]
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for part in mine.split(ceil(len(mine) / self.accumulate)):
            loss = self.loss(module, part.to(world.device))
            (loss * (len(part) * world.size / len(batch))).backward()
            total += float(loss.detach()) * len(part)
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        self.at.loss_sum += total
        return total / len(mine)

    def _hold(self, value: float) -> None:
        """After each step: go on, save, stop or fail, as the processes agree."""
        job, at = self.job, self.at
        code = job.must_stop()
        if not code and time.monotonic() - self.saved_s >= self.checkpoint_every_s:
            code = SAVE
        if not isfinite(value):
            code = NOT_FINITE
        code = job.world.highest(code)
        if code == NOT_FINITE:
            whose = f"the loss is {value}" if not isfinite(value) else "the loss of another process is no number"
            raise TrainingFailed(
                f"{whose} at step {at.steps} (epoch {at.epoch + 1}, batch {at.step}): no checkpoint of it is kept; "
                "lower the learning rate, or look at the data of this batch"
            )
        if code:
            self._save()
        if code > SAVE:
            if job.world.writes:
                say(f"checkpoint of step {at.steps} written to {self._folder()}")
            job.end(code)

    def _folder(self) -> Path:
        return self.job.folders.checkpoints / self.stage

    def _parts(self) -> dict[str, Stateful]:
        parts: dict[str, Stateful] = {"model": self.model, "optimizer": self.optimizer, **self.others}
        return parts if self.scheduler is None else {**parts, "scheduler": self.scheduler}

    def _save(self) -> None:
        at, world = self.at, self.job.world
        of_ranks = world.of_all({"random": randomness.states(), "loss_sum": at.loss_sum})
        if world.writes:
            state = {
                "identity": self.job.identity(),
                "epoch": at.epoch, "step": at.step, "steps": at.steps, "finished": at.finished, "losses": at.losses,
                "of_ranks": of_ranks, "threads": torch.get_num_threads(),
                **{name: part.state_dict() for name, part in self._parts().items()},
            }  # fmt: skip
            checkpoints.save(self._folder(), at.steps, state, self.keep)
        self.saved_s = time.monotonic()

    def _resume(self) -> None:
        world, at = self.job.world, self.at
        found = world.of_first(checkpoints.load_newest(self._folder()) if world.writes else None)
        if found is None:
            return
        path, state = found
        if state.get("identity") != self.job.identity():
            raise InputError(
                f"{path} is a checkpoint of another run ({differs(state.get('identity'), self.job.identity())}); "
                "state the same hyperparameters, or name another folder"
            )
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            at.epoch, at.step, at.steps = state["epoch"], state["step"], state["steps"]
            at.finished, at.losses = state["finished"], list(state["losses"])
        except (LookupError, RuntimeError, ValueError, TypeError) as error:
            raise InputError(
                f"{path} is a checkpoint of another model ({' '.join(str(error).split())[:200]}); remove it, or name "
                "another folder"
            ) from None
        of_ranks = state["of_ranks"]
        if len(of_ranks) == world.size:
            randomness.restore(of_ranks[world.rank]["random"])
            at.loss_sum = of_ranks[world.rank]["loss_sum"]
        else:
            randomness.seed_all(self.job.settings.seed + at.steps, world.rank)
            at.loss_sum = sum(one["loss_sum"] for one in of_ranks) / world.size
            if world.writes:
                say(f"warning: {path.name} is of {len(of_ranks)} processes, not {world.size}: random draws differ")
        if world.writes and state.get("threads") != torch.get_num_threads():
            threads = f"{state.get('threads')} threads before, {torch.get_num_threads()} now"
            say(f"warning: {threads}: sums are rounded otherwise, so that the last bits of the weights may differ")
        if world.writes:
            say(f"goes on from {path.name}: epoch {at.epoch + 1}, {at.steps} steps done")


@contextmanager
def _bar(shown: bool, name: str, steps: int) -> Iterator[Callable[[int, str], None]]:
    """A progress bar on a terminal; elsewhere nothing."""
    if not (shown and sys.stderr.isatty()):
        yield lambda steps, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown_by = Console(stderr=True)
    both = sys.stdout.isatty()
    with Progress(*columns, TextColumn("{task.fields[told]}"), console=shown_by, redirect_stdout=both) as progress:
        task = progress.add_task(name, total=steps, told="")
        yield lambda done, told: progress.update(task, advance=done, told=told)
