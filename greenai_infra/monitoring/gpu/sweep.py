"""A command under several power limits: work, time and joules of each, and a suggestion for a power cap."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.monitoring.gpu.intervals import interval_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from greenai_infra.monitoring.gpu.power_limit import Limiter
    from greenai_infra.monitoring.gpu.values import Reader, Round

LEAST_SAVING = 0.02
"""Smaller savings are within the difference of two runs; a larger spread of repeated runs replaces this."""
SAMPLE_EVERY_S = 1.0
LONGEST_S = 60.0


@dataclass(frozen=True)
class Run:
    """A run of the command under a limit. `work` is in the unit that the command prints, 1 per run without a unit."""

    limit_w: float
    seconds: float
    joules: float
    work: float
    by_counter: bool

    @property
    def joules_per_work(self) -> float:
        return self.joules / self.work

    @property
    def work_per_s(self) -> float:
        return self.work / self.seconds


@dataclass(frozen=True)
class Suggestion:
    """The limit with the least energy among the fast enough limits; None if no limit surely saves energy."""

    limit_w: float | None
    saving: float
    slower: float
    why: str


def suggest(runs: Sequence[Run], default_w: float, most_slower: float) -> Suggestion:
    """From measured runs alone. Shares of the mean run at the highest limit (the default, if that was among them)."""
    limits = sorted({one.limit_w for one in runs}, reverse=True)
    base_w = default_w if default_w in limits else limits[0]
    base = [one for one in runs if one.limit_w == base_w]
    base_j, base_speed = _mean([one.joules_per_work for one in base]), _mean([one.work_per_s for one in base])
    spread = max(_spread([one.joules_per_work for one in runs if one.limit_w == limit]) for limit in limits)
    needed = max(LEAST_SAVING, spread)
    best = Suggestion(None, 0.0, 0.0, f"no limit saves more than {100 * needed:.1f} %, by which runs may differ")
    for limit in limits:
        these = [one for one in runs if one.limit_w == limit]
        saving = 1 - _mean([one.joules_per_work for one in these]) / base_j
        slower = 1 - _mean([one.work_per_s for one in these]) / base_speed
        if limit < base_w and saving > max(needed, best.saving) and slower <= most_slower:
            best = Suggestion(limit, saving, slower, f"measured against {base_w:g} W")
    return best


def sweep(
    reader: Reader, limiter: Limiter, gpus: Sequence[int], limits_w: Sequence[float], command: Sequence[str],
    *, repeat: int, pattern: str | None, tell: Callable[[Run], None],
) -> list[Run]:  # fmt: skip
    """Runs the command under each limit, `repeat` times. Always restores the limits, also after a signal.

    Raises GreenAIError if a limit can't be set, the command fails, or energy can't be read.
    """
    found: list[Run] = []
    with _restored(limiter, gpus):
        for _ in range(repeat):
            for limit_w in limits_w:
                for gpu in gpus:
                    limiter.set(gpu, limit_w)
                    set_w = limiter.limits(gpu).now_w
                    if abs(set_w - limit_w) > 1:
                        raise GreenAIError(f"GPU {gpu} took {set_w:g} W where {limit_w:g} W was set")
                found.append(_once(reader, gpus, limit_w, command, pattern))
                tell(found[-1])
    return found


@contextmanager
def _restored(limiter: Limiter, gpus: Sequence[int]) -> Iterator[None]:
    before = {gpu: limiter.limits(gpu).now_w for gpu in gpus}
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        if not stopping:  # a second Ctrl-C must not leave a card limited
            stopping = True
            raise KeyboardInterrupt

    handlers = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        stopping = True
        failed = []
        for gpu, watts in before.items():
            try:
                if limiter.limits(gpu).now_w != watts:
                    limiter.set(gpu, watts)
            except GreenAIError as error:
                failed.append(f"{error}; put it back: sudo nvidia-smi -i {gpu} -pl {watts:g}")
        for one, handler in handlers.items():
            signal.signal(one, handler)
        if failed:
            raise GreenAIError("; ".join(failed))


def _once(reader: Reader, gpus: Sequence[int], limit_w: float, command: Sequence[str], pattern: str | None) -> Run:
    rounds = [reader.read()]
    start_s = time.monotonic()
    try:
        child = subprocess.Popen(command, stdout=subprocess.PIPE if pattern else None, text=True, errors="replace")
    except OSError as error:
        raise InputError(f"{command[0]} can't be run: {error.strerror}") from None
    try:
        text = _wait(child, lambda: rounds.append(reader.read()))
    except BaseException:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(10)
        child.kill()
        raise
    seconds = time.monotonic() - start_s
    rounds.append(reader.read())
    if child.returncode:
        ended = f"{command[0]} ended with exit code {child.returncode} at {limit_w:g} W"
        raise GreenAIError(f"{ended}: nothing is suggested")
    joules, by_counter = _energy(rounds, gpus)
    return Run(limit_w, seconds, joules, _work(text, pattern), by_counter)


def _wait(child: subprocess.Popen[str], sample: Callable[[], None]) -> str:
    """Its output, with power sampled meanwhile for cards without a counter."""
    while True:
        try:
            text, _ = child.communicate(timeout=SAMPLE_EVERY_S)
        except subprocess.TimeoutExpired:
            sample()
            continue
        if text:
            sys.stdout.write(text)
        return text or ""


def _work(text: str, pattern: str | None) -> float:
    if pattern is None:
        return 1.0
    found = re.findall(pattern, text)
    try:
        work = float(found[-1].replace(",", ""))
    except (IndexError, ValueError, AttributeError):
        raise GreenAIError(f"the command printed no number where --work {pattern!r} looks for one") from None
    if not 0 < work < float("inf"):
        raise GreenAIError(f"the command printed work of {work:g}, which must be above 0")
    return work


def _energy(rounds: Sequence[Round], gpus: Sequence[int]) -> tuple[float, bool]:
    total, by_counter = 0.0, True
    for gpu in gpus:
        all_of = [(one.at_s, sample) for one in rounds for sample in one.gpus if sample.index == str(gpu)]
        of = [(at_s, sample) for at_s, sample in all_of if not sample.lost]
        if len(of) != len(rounds):
            raise GreenAIError(f"GPU {gpu} could not be read during the run")
        counted = all(sample.energy_j is not None for _, sample in of)
        for (start_s, before), (end_s, after) in [(of[0], of[-1])] if counted else pairwise(of):
            interval = interval_of(start_s, before, end_s, after, longest_s=0.0 if counted else LONGEST_S)
            if interval is None or interval.joules is None:
                why = after.missing.get("energy_j", "the counter fell or stood still")
                raise GreenAIError(f"energy of GPU {gpu} can't be read: {why}")
            total += interval.joules
            by_counter = by_counter and interval.how == "counter"
    if total <= 0:
        raise GreenAIError("no energy was counted: the run must be longer than a second")
    return total, by_counter


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(values: Sequence[float]) -> float:
    return (max(values) - min(values)) / _mean(values)
