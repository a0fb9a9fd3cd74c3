"""What is kept of a teacher's output at each position, in at most 64 bytes, and how it is drawn.

| kind | what | bytes | as a target |
| --- | --- | --- | --- |
| exact | probabilities of all classes, up to 32 of them | 4 (up to 16 classes), else 2 a class | exact |
| sampled | k classes drawn with the teacher's probabilities, and their weights | 4, and 2 to 5 a class | unbiased |
| top_k | the k most probable classes, their probabilities made to add up to 1 | 3 to 6 a class | **biased** |

Cutting a distribution to its top k moves the student's optimum; draws from it don't (Sparse Logit Sampling, ACL 2025,
arXiv 2503.16870): where the mean of a drawn weight is p, a loss that is linear in it has the exact gradient as its
mean. A class is drawn with probability min(1, p / c) and then weighs max(p, c), c such that k are drawn: importance
sampling without replacement, which keeps what is probable as it is and draws from the rest (Horvitz and Thompson 1952;
the threshold as in Duffield, Lund and Thorup 2007). Draws are systematic, by one uniform number a position. A weight
takes a byte, rounded up or down at random so that its mean stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["exact", "sampled", "top_k"]
KINDS: tuple[Kind, ...] = ("exact", "sampled", "top_k")
BIASED: tuple[Kind, ...] = ("top_k",)
MOST_BYTES = 64
"""A position."""
MOST_EXACT_CLASSES = MOST_BYTES // 2
DRAWS = 30
"""12 suffice at temperature 1 (arXiv 2503.16870); a high temperature spreads the probability and wants more."""
LEVELS = 255
"""A weight is the position's largest weight x (level / 255)^2."""


@dataclass(frozen=True, slots=True)
class Targets:
    """A batch of teacher outputs: `weights` of shape (..., classes), or (..., slots) with the classes `ids` beside it.

    Weights of a position add up to 1, of sampled ones nearly so; a slot of weight 0 is empty.
    """

    classes: int
    weights: Tensor
    ids: Tensor | None = None

    def dense(self) -> Tensor:
        """Weights of all classes, shape (..., classes)."""
        if self.ids is None:
            return self.weights
        return self.weights.new_zeros((*self.weights.shape[:-1], self.classes)).scatter_add_(-1, self.ids, self.weights)

    def to(self, device: torch.device) -> Targets:
        """The same on a device."""
        ids = None if self.ids is None else self.ids.to(device, non_blocking=True)
        return Targets(self.classes, self.weights.to(device, non_blocking=True), ids)


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a position's outputs in the file. Raises InputError for outputs that exceed 64 bytes."""

    kind: Kind
    classes: int
    k: int = DRAWS

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"unknown kind of teacher outputs {self.kind!r}: there are {', '.join(KINDS)}")
        if self.classes < 1:
            raise InputError(f"a teacher needs classes, not {self.classes}")
        if self.kind != "exact" and self.k < 1:
            raise InputError(f"k must be 1 or more, not {self.k!r}; about 12 to 50 are usual")
        if self.kind == "exact" and self.classes > MOST_EXACT_CLASSES:
            raise InputError(
                f"exact outputs of {self.classes:,} classes take {2 * self.classes:,} bytes a position, more than "
                f"{MOST_BYTES}; take sampled ones"
            )

    @property
    def slots(self) -> int:
        """Classes that are kept at a position: k, or as many as fit into 64 bytes.

        That is 30 of up to 256 classes, 20 of up to 65,536, and 12 of more; of the top k 21, 16 and 10.
        """
        if self.kind == "exact":
            return self.classes
        width = self._id.itemsize
        room = MOST_BYTES // (width + 2) if self.kind == "top_k" else (MOST_BYTES - 4) // (width + 1)
        return min(self.k, self.classes, room)

    @property
    def _id(self) -> np.dtype[Any]:
        return np.dtype(np.uint8 if self.classes <= 1 << 8 else np.uint16 if self.classes <= 1 << 16 else np.uint32)

    @property
    def row(self) -> np.dtype[Any]:
        """A position in the file."""
        if self.kind == "exact":
            return np.dtype(
                [("weights", np.float32 if 4 * self.classes <= MOST_BYTES else np.float16, (self.classes,))]
            )
        ids = ("ids", self._id, (self.slots,))
        if self.kind == "top_k":
            return np.dtype([ids, ("weights", np.float16, (self.slots,))])
        return np.dtype([ids, ("weights", np.uint8, (self.slots,)), ("largest", np.float32)])

    def pack(self, probabilities: Tensor, seed: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """The rows of positions, `probabilities` having shape (n, classes). The same seed gives the same rows."""
        rows = np.zeros(len(probabilities), self.row)
        if self.kind == "exact":
            rows["weights"] = probabilities.float().cpu().numpy()
        elif self.kind == "top_k":
            weights, ids = probabilities.topk(self.slots, dim=1)
            rows["ids"] = ids.cpu().numpy()
            rows["weights"] = (weights / weights.sum(1, keepdim=True)).cpu().numpy()
        else:
            draw = np.random.default_rng(seed)
            ids, weights = drawn(probabilities, self.slots, draw.random(len(rows)))
            largest = weights.max(1, keepdims=True).astype(np.float32)
            rows["ids"], rows["largest"] = ids, largest[:, 0]
            rows["weights"] = _levels(weights / largest, draw.random(weights.shape))
        return rows

    def unpack(self, rows: np.ndarray[Any, Any]) -> Targets:
        """The targets of rows, of shape (...)."""
        weights = torch.from_numpy(rows["weights"].astype(np.float32))
        ids = None if self.kind == "exact" else torch.from_numpy(rows["ids"].astype(np.int64))
        if self.kind == "sampled":
            weights = (weights / LEVELS).square_().mul_(torch.from_numpy(rows["largest"])[..., None])
        elif rows["weights"].dtype == np.float16:
            weights /= weights.sum(-1, keepdim=True)
        return Targets(self.classes, weights, ids)


def drawn(
    probabilities: Tensor, k: int, uniform: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Classes and weights of k draws without replacement, both of shape (n, k); an empty place has weight 0.

    `probabilities` has shape (n, classes), k is at most as many, and `uniform`, shape (n,), is from 0 to below 1.
    """
    p = probabilities.double()
    likely = p.topk(k, dim=1).values
    rest = (p.sum(1, keepdim=True) - likely.cumsum(1) + likely).clamp_min(0)  # without those before
    thresholds = rest / torch.arange(k, 0, -1, device=p.device)
    may_lack = likely <= thresholds
    may_lack[:, -1] = True
    threshold = thresholds.gather(1, may_lack.int().argmax(1, keepdim=True))
    chance = torch.where(p >= threshold, (p > 0).double(), p / threshold.clamp_min(1e-300))
    points = torch.from_numpy(uniform).to(p.device)[:, None] + torch.arange(k, device=p.device)
    ids = torch.searchsorted(chance.cumsum(1), points, right=True)
    there = ids < p.shape[1]  # fewer than k classes may have a probability
    ids = torch.where(there, ids, 0)
    weights = torch.where(there, torch.maximum(p.gather(1, ids), threshold), 0.0)
    return np.asarray(ids.cpu()), np.asarray(weights.cpu())


def _levels(shares: np.ndarray[Any, Any], uniform: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Shares of the largest weight as levels, rounded down or up so that the mean is the share."""
    lower = np.minimum(np.floor(np.sqrt(shares) * LEVELS), LEVELS)
    below, above = (lower / LEVELS) ** 2, ((lower + 1) / LEVELS) ** 2
    return np.asarray(np.minimum(lower + (uniform < (shares - below) / (above - below)), LEVELS))
