"""Which cells of evidence may be served, by what calibration has counted and what this service's own checks have shown.

A check compares the model's answer with the stored one that would have been served. It costs nothing while a cell is
shut, as the model answers anyway; of an open cell a small share is checked. Per tenant, model, version and cell:

- own checks open a cell once the upper bound of false ones among them is below the rate. The bound holds however often
  it is looked at (`bounds.at_any_time`);
- calibration opens a cell from the start, until own checks refute it: a test that holds at all looks together, too
  (`refuted`);
- without either a cell is shut, and the request is a miss.
"""

from __future__ import annotations

import random
import threading
from math import lgamma, log, log1p
from typing import TYPE_CHECKING

from greenai_infra.serving.semantic.bounds import CONFIDENCE, at_any_time
from greenai_infra.serving.semantic.calibration import CELLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.serving.store import Store

CHECKED_SHARE = 0.05
"""Of what may be served, so much is checked instead."""


def refuted(false: int, asked: int, share: float, confidence: float = CONFIDENCE) -> bool:
    """Whether the true share of false ones is above `share`, for all sample sizes at once.

    The likelihood ratio of a uniform mixture against `share` is a martingale with mean 1 if `share` is true; by Ville's
    inequality it reaches 1/(1 - confidence) with probability 1 - confidence at most.
    """
    if false <= asked * share:
        return False
    mixture = lgamma(false + 1) + lgamma(asked - false + 1) - lgamma(asked + 2)
    return mixture - false * log(share) - (asked - false) * log1p(-share) >= -log(1 - confidence)


class Budget:
    """Counts of checks by cell, added up over all workers in the store. Safe to share among threads."""

    def __init__(
        self,
        name: bytes,
        rate: float,
        calibrated: int,
        *,
        checked_share: float = CHECKED_SHARE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`calibrated`: so many of CELLS, from the first, are open by calibration. `name`: of a hash in the store."""
        self.name, self.rate = name, rate
        self._calibrated, self._share, self._chance = calibrated, checked_share, chance
        self.renew()
        self._asked, self._false = [0] * len(CELLS), [0] * len(CELLS)
        self._new: dict[str, int] = {}

    def renew(self) -> None:
        """New locks, in a fork: threads of the parent may have held them."""
        self.lock, self._exchanging = threading.Lock(), threading.Lock()

    def is_open(self, cell: int) -> bool:
        """Whether answers of this cell may be served."""
        asked, false = self._asked[cell], self._false[cell]
        if cell < self._calibrated and not refuted(false, asked, self.rate):
            return True
        return at_any_time(false, asked) <= self.rate

    def serves(self, cell: int) -> bool:
        """Whether to serve this answer; of an open cell all but the share that is checked."""
        return self.is_open(cell) and self._chance() >= self._share

    def record(self, cell: int, same: bool) -> None:
        """A check: the model's answer was, or was not, the same as the stored one."""
        with self.lock:
            self._asked[cell] += 1
            self._false[cell] += not same
            self._new[f"asked:{cell}"] = self._new.get(f"asked:{cell}", 0) + 1
            if not same:
                self._new[f"false:{cell}"] = self._new.get(f"false:{cell}", 0) + 1

    def checks(self) -> list[tuple[int, int]]:
        """Checked and false ones by cell, of all workers as far as they are known."""
        with self.lock:
            return list(zip(self._asked, self._false, strict=True))

    def exchange(self, store: Store, limit_s: float) -> None:
        """Tell the other workers, and hear from them. Raises StoreError; what was not told is kept."""
        with self._exchanging:
            self._exchange(store, limit_s)

    def _exchange(self, store: Store, limit_s: float) -> None:
        while self._new:
            with self.lock:
                field = next(iter(self._new))
                count = self._new[field]
            store.execute(b"HINCRBY", self.name, field, count, limit_s=limit_s)
            with self.lock:
                self._new[field] -= count
                if not self._new[field]:
                    del self._new[field]
        told = store.execute(b"HGETALL", self.name, limit_s=limit_s)
        known = dict(zip(told[::2], told[1::2], strict=True)) if isinstance(told, list) else told
        with self.lock:
            for counts, word in ((self._asked, "asked"), (self._false, "false")):
                for cell in range(len(CELLS)):
                    field = f"{word}:{cell}"
                    said = known.get(field.encode(), b"0")
                    counts[cell] = max(0, int(said) if said.isdigit() else 0) + self._new.get(field, 0)
