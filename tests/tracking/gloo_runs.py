"""Distributed runs in real processes with gloo: forked from one that has imported torch, by `test_distributed`.

    python -m tests.tracking.gloo_runs FOLDER

A rank writes what it knows at its end to `FOLDER/CASE/rank-N.json`, and its exit code is kept in `codes.json`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from msgspec import to_builtins

from greenai_infra.tracking import nodes as nodes_module
from greenai_infra.tracking import run as run_module
from greenai_infra.tracking.meter import Told

from .fakes import Bench, Remembering, ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.tracking.trainer import GreenTrainer


def machine(host: str, parts: tuple[str, ...] = ("cpu", "gpu")) -> Bench:
    bench = Bench()
    how = dict.fromkeys(parts, ("measured", "counter"))
    bench.told_now = Told(how, {"cpu": "Abacus", "cpu_count": 2, "gpu": "A10G"}, host=host)  # type: ignore[arg-type]
    return bench


def work(bench: Bench, trainer: GreenTrainer, kwh: float, gpus: dict[str, float]) -> None:
    """An hour in which the node uses so much, and an exchange of gradients."""
    if trainer._run is not None:
        ready(trainer)
        bench.use(3600, kwh, gpus=gpus)
    gradient = torch.ones(4)
    dist.all_reduce(gradient)
    assert gradient[0] == dist.get_world_size()


def sums(rank: int, folder: Path, *, destroys: bool = False) -> None:
    """Rank n uses n + 1 kWh and its GPU 10. The group is gone before the trainer ends, in one of the cases."""
    bench, sink = machine(f"host-{rank}"), Remembering()
    with bench.trainer(environment=os.environ, report=folder / "emissions_report.json", sinks=[sink]) as trainer:
        dist.init_process_group("gloo")
        work(bench, trainer, rank + 1.0, {f"GPU-{rank}": 10.0})
        if destroys:
            dist.barrier()
            if trainer._run is not None and trainer._run._nodes is not None:
                for _ in range(1000):
                    if trainer._run._nodes.connected:
                        break
                    signal.sigtimedwait([], 0.01)
            dist.destroy_process_group()
    report = to_builtins(trainer.report) if trainer.report else None
    told_kg = sum(one.emissions_kg for one in sink.deltas)
    said = {"report": report, "told_kg": told_kg, "reports": len(sink.reports)}
    (folder / f"rank-{rank}.json").write_text(json.dumps(said))


def destroyed(rank: int, folder: Path) -> None:
    sums(rank, folder, destroys=True)


def shared(rank: int, folder: Path) -> None:
    """Two containers on one machine: both see GPU-0, the second sees another besides."""
    bench = machine("host-0")
    with bench.trainer(environment=os.environ) as trainer:
        dist.init_process_group("gloo")
        work(bench, trainer, 1.0, {"GPU-0": 5.0} if rank == 0 else {"GPU-0": 5.0, "GPU-1": 3.0})
    said = {"report": to_builtins(trainer.report) if trainer.report else None}
    (folder / f"rank-{rank}.json").write_text(json.dumps(said))


def killed(rank: int, folder: Path) -> None:
    """Node 1 is heard of once, and then no more."""
    vars(run_module)["HEARTBEAT_S"] = 0.05
    nodes_module.NODES_WITHIN_S = 1.0
    bench = machine(f"host-{rank}", ("cpu",))
    with bench.trainer(environment=os.environ, report=folder / "emissions_report.json") as trainer:
        dist.init_process_group("gloo")
        work(bench, trainer, rank + 1.0, {})
        if rank == 1:
            path = folder / "emissions_report.node-1.json"
            for _ in range(1000):
                if path.exists() and json.loads(path.read_text())["energy_kwh"] is not None:
                    break
                signal.sigtimedwait([], 0.02)
            signal.sigtimedwait([], 0.2)
            os.kill(os.getpid(), signal.SIGKILL)


def budget(rank: int, folder: Path) -> None:
    """Each step takes 0.1 kg on node 0, of a limit of 1 kg. All must leave after the same step."""
    bench, steps = machine(f"host-{rank}", ("cpu",) if rank == 0 else ()), 0
    checkpoint = folder / f"checkpoint-{rank}"
    trainer = bench.trainer(environment=os.environ, max_emissions_kg=1.0, checkpoint=checkpoint.touch)
    try:
        with trainer:
            dist.init_process_group("gloo")
            while True:
                work(bench, trainer, 0.2 if rank == 0 else 0.0, {})
                steps += 1
                trainer.check()
    finally:
        (folder / f"rank-{rank}.json").write_text(json.dumps({"steps": steps}))


CASES: dict[str, tuple[Callable[[int, Path], None], int, int]] = {
    "one": (sums, 1, 1),
    "two": (sums, 2, 1),
    "four": (destroyed, 4, 1),
    "two-by-two": (sums, 4, 2),
    "shared": (shared, 2, 1),
    "killed": (killed, 2, 1),
    "budget": (budget, 4, 2),
}
"""What each rank does, the world size, and how many ranks a node has."""


def run(name: str, folder: Path) -> dict[int, int]:
    """Fork the ranks as torchrun tells them who they are; returns their exit codes."""
    what, world, local = CASES[name]
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ranks = {}
    for rank in range(world):
        pid = os.fork()
        if pid == 0:
            os.environ |= {
                "RANK": str(rank), "WORLD_SIZE": str(world), "LOCAL_RANK": str(rank % local),
                "LOCAL_WORLD_SIZE": str(local), "GROUP_RANK": str(rank // local), "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }  # fmt: skip
            code = 1
            try:
                what(rank, folder)
                code = 0
            except SystemExit as error:
                code = int(error.code or 0)
            finally:
                sys.stderr.flush()
                os._exit(code)
        ranks[pid] = rank
    codes: dict[int, int] = {}
    for pid, rank in ranks.items():
        codes[rank] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return codes


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    codes: dict[str, Any] = {name: run(name, folder / name) for name in CASES}
    (folder / "codes.json").write_text(json.dumps(codes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
