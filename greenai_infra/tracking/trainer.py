"""`GreenTrainer`: measures the code that runs inside it, and reports its emissions.

    with GreenTrainer("digits", zone="DE") as trainer:
        for step in range(steps):
            ...
            trainer.check()          # ends the run where its carbon budget is used up
    trainer.report.emissions_kg

It is also a decorator, and `GreenTrainer(...).train(fn, *args)` runs a function. It never makes the training fail: the
report counts failures of sinks and meter. Wrong settings raise InputError before the training begins.

Distributed training runs the same lines in every process. The process's position comes from torchrun's variables,
SageMaker's hosts or Vertex AI's cluster (`ranks`). Local rank 0 measures its node; other processes measure nothing.
Only node 0 adds up the nodes, enforces the budget and reports to the sinks and (once) the ledger; its `report` covers
the whole run. On other nodes `report` covers the node (`emissions_report.node-1.json`), in all other processes it is
None. `exchange` describes how reports travel. If a node's report does not arrive, the report names the node, and the
sums are null.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import FILE_NAME
from greenai_infra.numbers import significant
from greenai_infra.tracking.codecarbon_meter import CodecarbonMeter
from greenai_infra.tracking.context import open_grid, output_folder, read_context
from greenai_infra.tracking.exchange import Exchange
from greenai_infra.tracking.limit import BUDGET_REACHED, CarbonBudgetReached
from greenai_infra.tracking.ranks import find_ranks
from greenai_infra.tracking.run import Run
from greenai_infra.tracking.settings import Settings
from greenai_infra.tracking.stop_sign import StopSign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from greenai_infra.intensity.choice.elapsed import Grid
    from greenai_infra.monitoring.run_report import RunReport, Status
    from greenai_infra.tracking.meter import Meter
    from greenai_infra.tracking.sinks.delivery import Sink

__all__ = ["BUDGET_REACHED", "CarbonBudgetReached", "GreenTrainer", "track"]

MEASURE_EVERY_S = 15.0

P = ParamSpec("P")
T = TypeVar("T")


class GreenTrainer:
    """Tracks a run. It may be entered again during the run (the outermost counts), and reused for other runs."""

    def __init__(
        self,
        name: str | None = None,
        *,
        region: str | None = None,
        zone: str | None = None,
        pue: float | None = None,
        intensity: float | str | Grid | None = None,
        plan: str | os.PathLike[str] | None = None,
        team: str | None = None,
        project: str | None = None,
        run_id: str | None = None,
        report: str | os.PathLike[str] | None = "",
        max_emissions_kg: float | None = None,
        ledger: str | os.PathLike[str] | None = None,
        kind: str = "training",
        checkpoint: Callable[[], object] | None = None,
        prometheus_port: int | None = None,
        mlflow: str | None = None,
        sinks: Sequence[Sink] = (),
        summary: bool = True,
        measure_every_s: float = MEASURE_EVERY_S,
        node: int | None = None,
        nodes: int | None = None,
        nodes_folder: str | os.PathLike[str] | None = None,
        meter: Callable[[], Meter] | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        """`intensity`: g/kWh, a file (`file:grid.csv`), a source (`auto`, `neso`) or a Grid; `zone` its zone.

        `report` is the file, by default in the folder that the cloud keeps, else the current folder; None writes no
        file. Without `max_emissions_kg` a `ledger` (with team and project) limits the run to the rest of the budget; at
        the end the run is recorded there. `check` calls `checkpoint` before it ends the run. `node`, from 0, and
        `nodes` give the machine's number and the number of machines, where the environment does not; all machines see
        `nodes_folder`.
        """
        if callable(name):
            raise InputError(f"write @track() with brackets: {name!r} is no name of a run")
        environment = os.environ if environment is None else environment
        context, placement = read_context(
            environment, name=name, team=team, project=project, region=region, zone=zone, pue=pue,
            plan=Path(plan) if plan else None,
        )  # fmt: skip
        _refuse_unless_positive("max_emissions_kg", max_emissions_kg)
        _refuse_unless_positive("measure_every_s", measure_every_s)
        open_grid(intensity, context.zone, environment, placement, 0.0)  # reports errors now
        self._node, self._nodes = node, nodes
        find_ranks(environment, node, nodes)
        self._nodes_folder = Path(nodes_folder) if nodes_folder else None
        self._checkpoint = checkpoint
        self._settings = Settings(
            context=context,
            environment=environment,
            placement=placement,
            intensity=intensity,
            run_id=run_id or environment.get("GREENAI_RUN_ID") or None,
            path=None if report is None else Path(report or output_folder(environment) / FILE_NAME),
            max_kg=max_emissions_kg,
            ledger=ledger,
            kind=kind,
            prometheus_port=prometheus_port,
            mlflow=mlflow,
            sinks=tuple(sinks),
            summary=summary,
            measure_every_s=measure_every_s,
            meter=meter or (lambda: CodecarbonMeter(measure_every_s, clock)),
            clock=clock,
            wall_s=wall_s,
        )
        self._run: Run | None = None
        self._sign = StopSign(None, leads=True)
        self._depth = 0
        self._lock = threading.RLock()
        self.report: RunReport | None = None
        """The report of the last run; None before the first run has ended, and in a process that does not measure."""

    def __enter__(self) -> Self:
        with self._lock:
            if self._depth == 0:
                self._start()
            self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
        if kind is None:
            status: Status = "complete"
        else:
            status = "failed" if issubclass(kind, Exception) else "stopped"
            if isinstance(error, SystemExit) and not error.code:
                status = "complete"
        run, self._run = self._run, None
        self.report = run.stop(status) if run else None

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorator: each call is a run."""

        @functools.wraps(function)
        def tracked(*args: P.args, **kwargs: P.kwargs) -> T:
            with self:
                return function(*args, **kwargs)

        return tracked

    def train(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a function, tracked, and returns its result."""
        with self:
            return function(*args, **kwargs)

    @property
    def budget_reached(self) -> bool:
        """Whether the run has reached its limit. Only node 0 knows; `must_end` works in every process."""
        return self._run is not None and self._run.limit.reached

    def must_end(self) -> bool:
        """Like `check`, for a loop that ends itself: whether it must end, at the same step in every process."""
        return self._depth > 0 and self._sign.due(reached=self.budget_reached)

    def check(self) -> None:
        """Call once per step in the training loop. At 100 % of the budget it calls the checkpoint and ends the run.

        It raises CarbonBudgetReached, a SystemExit: a process that lets it through ends with the code BUDGET_REACHED.
        """
        if not self.must_end():
            return
        if self._checkpoint is not None:
            self._checkpoint()
        if self.budget_reached and self._run is not None:
            limit = self._run.limit
            text = f"{limit.source}: the run has emitted its {significant(limit.kg)} kg CO2e and ends here"
            print(f"greenai-infra: {text}", file=sys.stderr)
        raise CarbonBudgetReached

    def _start(self) -> None:
        of = self._settings
        ranks = find_ranks(of.environment, self._node, self._nodes)
        exchange = None if ranks.alone else Exchange(of.environment, self._nodes_folder)
        self._sign = StopSign(exchange, leads=ranks.leads)
        self._run = Run(of, ranks, exchange) if ranks.measures else None


track = GreenTrainer
"""The same, as the command is called: `with track("digits"):`, or `@track("digits")` before a function."""


def _refuse_unless_positive(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and value > 0):
        raise InputError(f"{name} must be a number above 0, not {value!r}")
