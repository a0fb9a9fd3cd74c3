"""Seeds, and the state of every random generator, so that a resumed run draws the same as an unbroken run."""

from __future__ import annotations

import random
import sys
from typing import Any

import torch


def seed_all(seed: int, rank: int = 0) -> None:
    """Seed Python's, NumPy's (if it is loaded) and torch's generators, and let torch take repeatable algorithms.

    Each process draws others by its rank; what it begins with, as weights, is rank 0's in the end.
    """
    seed = (seed + 7_919 * rank) % 2**63
    random.seed(seed)
    torch.manual_seed(seed)  # of every device
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    torch.use_deterministic_algorithms(True, warn_only=True)


def states() -> dict[str, Any]:
    """The state of each, of types that `torch.load(weights_only=True)` takes."""
    found: dict[str, Any] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state_all()
    if numpy := sys.modules.get("numpy"):
        kind, keys, *rest = numpy.random.get_state()
        found["numpy"] = [kind, [int(key) for key in keys], *rest]
    return found


def restore(found: dict[str, Any]) -> None:
    """Set each to a state that `states` gave."""
    version, numbers, gauss = found["python"]
    random.setstate((version, tuple(numbers), gauss))
    torch.set_rng_state(found["torch"])
    if "cuda" in found and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(found["cuda"])
    if "numpy" in found:
        import numpy

        kind, keys, *rest = found["numpy"]
        numpy.random.set_state((kind, numpy.array(keys, dtype=numpy.uint32), *rest))
