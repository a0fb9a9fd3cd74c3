"""Benchmarks compare with a peer in the same run. They run when asked for: `pytest tests/benchmarks --benchmark-only`.

Each prints its ratio and limit in a table at the end.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Outcome(NamedTuple):
    """Median seconds of ours and of the peer, and the largest ratio that is accepted."""

    name: str
    ours_s: float
    peer_s: float
    limit: float


OUTCOMES: list[Outcome] = []


class Compare(Protocol):
    """Times ours and a peer in turn and asserts that the ratio of the medians keeps its limit."""

    def __call__(
        self, name: str, ours: Callable[[], object], peer: Callable[[], object], limit: float, rounds: int
    ) -> None: ...


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--benchmark-only", default=False):
        benchmarks = [item for item in items if "benchmarks" in item.path.parts]
        config.hook.pytest_deselected(items=benchmarks)
        items[:] = [item for item in items if item not in benchmarks]


@pytest.fixture
def hold() -> Callable[[str, float, float, float], None]:
    """Puts seconds that a benchmark has taken itself into the table, and asserts that they keep their limit."""

    def put(name: str, ours_s: float, peer_s: float, limit: float) -> None:
        OUTCOMES.append(Outcome(name, ours_s, peer_s, limit))
        assert ours_s <= limit * peer_s, f"{name}: {ours_s / peer_s:.3g} > {limit}"

    return put


@pytest.fixture
def compare(benchmark: Any) -> Compare:
    """In turn, so that a drift of the machine meets both."""

    def run(name: str, ours: Callable[[], object], peer: Callable[[], object], limit: float, rounds: int) -> None:
        ours()
        peer()
        ours_s, peer_s = [], []
        for _ in range(rounds):
            ours_s.append(_seconds(ours))
            peer_s.append(_seconds(peer))
        outcome = Outcome(name, statistics.median(ours_s), statistics.median(peer_s), limit)
        OUTCOMES.append(outcome)
        benchmark.extra_info["ratio"] = outcome.ours_s / outcome.peer_s
        benchmark.pedantic(ours, rounds=1)
        assert outcome.ours_s <= limit * outcome.peer_s, f"{name}: {outcome.ours_s / outcome.peer_s:.3g} > {limit}"

    return run


def _seconds(action: Callable[[], object]) -> float:
    """One run as timeit does it: what earlier tests left behind is not collected meanwhile."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        action()
        return time.perf_counter() - start
    finally:
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if OUTCOMES:
        terminalreporter.section("ratios")
        for one in OUTCOMES:
            terminalreporter.write_line(
                f"{one.name:<62} {one.ours_s * 1e3:9.1f} ms / {one.peer_s * 1e3:9.1f} ms = "
                f"{one.ours_s / one.peer_s:7.3g} (limit {one.limit:g})"
            )
