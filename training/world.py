"""The processes of one training: alone, or started by torchrun. They agree on each stop, and rank 0 writes."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class World:
    """This process among all: rank 0 to size - 1, local_rank on its machine, and the device it computes on."""

    rank: int
    size: int
    local_rank: int
    device: torch.device

    @property
    def writes(self) -> bool:
        """Whether this process writes checkpoints, model and report."""
        return self.rank == 0

    def highest(self, value: int) -> int:
        """The highest of the processes' values. All must ask."""
        if self.size == 1:
            return value
        told = torch.tensor(value, device=self.device)
        distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
        return int(told.item())

    def total(self, value: float) -> float:
        """The sum over the processes. All must ask."""
        if self.size == 1:
            return value
        told = torch.tensor(value, device=self.device, dtype=torch.float64)
        distributed.all_reduce(told)
        return float(told.item())

    def of_all(self, value: Any) -> list[Any]:
        """Each process's value, by rank. All must ask."""
        if self.size == 1:
            return [value]
        found = [None] * self.size
        distributed.all_gather_object(found, value)
        return list(found)

    def of_first(self, value: Any) -> Any:
        """Rank 0's value. All must ask."""
        if self.size == 1:
            return value
        told = [value]
        distributed.broadcast_object_list(told, src=0)
        return told[0]


@contextmanager
def joined() -> Iterator[World]:
    """Join the processes that torchrun has started, by its environment; without one this process is alone."""
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    gpu = torch.cuda.is_available()
    device = torch.device("cuda", local_rank) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    if size > 1:
        distributed.init_process_group("nccl" if gpu else "gloo")
    try:
        yield World(rank, size, local_rank, device)
        if size > 1:
            distributed.barrier()  # one that leaves early cuts the other's connections
    finally:
        if size > 1:
            gc.collect()  # garbage still holds the group, whose threads must end before the program does
            distributed.destroy_process_group()
