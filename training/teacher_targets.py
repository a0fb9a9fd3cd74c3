"""What is kept of a teacher's output at each position, in at most 64 bytes, and how it is drawn.

| kind | what | bytes | as a target |
| --- | --- | --- | --- |
| exact | probabilities of all classes, up to 32 of them | 4 (up to 16 classes), else 2 a class | exact |
| sampled | the classes of k draws from the teacher's distribution, and how often each | 2 to 5 a class | unbiased |
| top_k | the k most probable classes, their probabilities made to add up to 1 | 3 to 6 a class | **biased** |

Cutting a distribution to its top k moves the student's optimum; draws from it don't (Sparse Logit Sampling, ACL 2025,
arXiv 2503.16870): E[times drawn] / k = p, so a loss that is linear in p has the exact gradient as its mean. The draws
are systematic: points (u + i) / k of the cumulative distribution with one uniform u. Each class is drawn k p times,
rounded up or down, so that they vary less than independent ones. Where more classes are drawn than have room, as many
draws as have room are kept at random, which leaves the mean as it is.
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
DRAWS = 16
"""About 12 draws suffice (arXiv 2503.16870); 16 of a vocabulary of 65,536 take 48 bytes."""
MOST_DRAWS = 255
"""What a byte counts."""


@dataclass(frozen=True, slots=True)
class Targets:
    """A batch of teacher outputs: `weights` of shape (..., classes), or (..., slots) with the classes `ids` beside it.

    Weights of a position add up to 1; a slot of weight 0 is empty.
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
    """How the outputs of a position lie in the file. Raises InputError for what does not fit into 64 bytes."""

    kind: Kind
    classes: int
    k: int = DRAWS

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"unknown kind of teacher outputs {self.kind!r}: there are {', '.join(KINDS)}")
        if self.classes < 1:
            raise InputError(f"a teacher needs classes, not {self.classes}")
        if self.kind != "exact" and not 1 <= self.k <= MOST_DRAWS:
            raise InputError(f"k must be from 1 to {MOST_DRAWS}, not {self.k!r}; about 12 to 50 are usual")
        if self.kind == "exact" and self.classes > MOST_EXACT_CLASSES:
            raise InputError(
                f"exact outputs of {self.classes:,} classes take {2 * self.classes:,} bytes a position, more than "
                f"{MOST_BYTES}; take sampled ones"
            )
        if self.kind == "top_k" and self.slots > (most := MOST_BYTES // (self._id.itemsize + 2)):
            raise InputError(f"top_k with k = {self.k} takes more than {MOST_BYTES} bytes a position; at most {most}")

    @property
    def slots(self) -> int:
        """Places for classes at a position."""
        if self.kind == "exact":
            return self.classes
        wanted = min(self.k, self.classes)
        return wanted if self.kind == "top_k" else min(wanted, MOST_BYTES // (self._id.itemsize + 1))

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
        weights = np.uint8 if self.kind == "sampled" else np.float16
        return np.dtype([("ids", self._id, (self.slots,)), ("weights", weights, (self.slots,))])

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
            drawn = systematic_draws(probabilities, self.k, draw.random(len(probabilities)))
            new = np.diff(drawn, axis=1, prepend=-1) != 0
            wide = np.flatnonzero(new.sum(1) > self.slots)
            _count(rows, np.arange(len(rows)), drawn)
            if len(wide):
                kept = np.sort(np.argsort(draw.random((len(wide), self.k)), axis=1)[:, : self.slots], axis=1)
                _count(rows, wide, np.take_along_axis(drawn[wide], kept, axis=1))
        return rows

    def unpack(self, ids: np.ndarray[Any, Any] | None, weights: np.ndarray[Any, Any]) -> Targets:
        """The targets of rows, of shape (...)."""
        found = torch.from_numpy(weights).float()
        if self.kind != "exact" or weights.dtype != np.float32:
            found /= found.sum(-1, keepdim=True)
        return Targets(self.classes, found, None if ids is None else torch.from_numpy(ids.astype(np.int64)))


def systematic_draws(probabilities: Tensor, k: int, uniform: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Classes of k draws in ascending order, shape (n, k); `uniform` has shape (n,), from 0 to below 1."""
    cumulative = probabilities.double().cumsum(1)
    total = cumulative[:, -1:]
    start = torch.from_numpy(uniform).to(cumulative.device)[:, None]
    points = (start + torch.arange(k, device=cumulative.device)) / k * total
    below_total = torch.nextafter(total, torch.zeros_like(total))
    drawn = torch.searchsorted(cumulative, torch.minimum(points, below_total), right=True)
    return np.asarray(drawn.cpu())


def _count(rows: np.ndarray[Any, Any], at: np.ndarray[Any, Any], drawn: np.ndarray[Any, Any]) -> None:
    """Write each drawn class and its count; what does not fit is dropped, for rows that are counted again."""
    slots = rows["ids"].shape[1]
    new = np.diff(drawn, axis=1, prepend=-1) != 0
    slot = new.cumsum(1) - 1
    row = np.broadcast_to(at[:, None], drawn.shape)
    fits = slot < slots
    rows["ids"][row[fits], slot[fits]] = drawn[fits]
    counts = np.zeros((len(rows), slots), np.uint8)
    np.add.at(counts, (row[fits], slot[fits]), 1)
    rows["weights"][at] = counts[at]
