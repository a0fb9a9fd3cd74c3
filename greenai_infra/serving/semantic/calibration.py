"""How far the guard's word is taken: cells of evidence and similarity, opened one after another by their false hits.

The cells stand in a fixed order, the surest first. A cell is open if all cells up to it together keep the upper bound
of false hits among all pairs asked below the stated rate. As the order is fixed before any pair is seen, and the walk
ends at the first cell that fails, the bound holds for what is opened without a correction for the number of cells
(fixed-sequence testing, as in Angelopoulos et al., "Learn then test", Annals of Applied Statistics 2025).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from greenai_infra.errors import InputError
from greenai_infra.serving.semantic.bounds import clopper_pearson
from greenai_infra.serving.semantic.guard import Evidence, equivalent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from greenai_infra.serving.semantic.encoder import Encoder

SIMILARITIES = (0.9, 0.75, 0.0)
"""Lower ends of the bands of cosine similarity, from the surest."""
SHIPPED_PAIRS = 150
"""Pairs without a false hit that any calibration starts with: a quarter of the project's own 640
(tests/serving/semantic), as a user's pairs are others. A bound of 1 % needs 299: never enough alone."""


class Cell(NamedTuple):
    """A kind of evidence within a band of similarity."""

    evidence: Evidence
    similarity_from: float


CELLS = tuple(Cell(evidence, lower) for evidence in Evidence for lower in SIMILARITIES)
"""All cells, the surest first."""


def cell_of(evidence: Evidence, similarity: float) -> int:
    """The index in CELLS."""
    band = next((at for at, lower in enumerate(SIMILARITIES) if similarity >= lower), len(SIMILARITIES) - 1)
    return evidence * len(SIMILARITIES) + band


class Pair(NamedTuple):
    """Two questions, and whether they have the same answer. `where` is file and line."""

    question: str
    other: str
    same_answer: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Pairs asked; by cell, how many the guard took for equivalent and how many of these were false."""

    asked: int = 0
    accepted: tuple[int, ...] = field(default=(0,) * len(CELLS))
    false: tuple[int, ...] = field(default=(0,) * len(CELLS))

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            self.asked + other.asked,
            tuple(map(sum, zip(self.accepted, other.accepted, strict=True))),
            tuple(map(sum, zip(self.false, other.false, strict=True))),
        )


SHIPPED = Counts(asked=SHIPPED_PAIRS)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was counted on pairs, and by which encoder."""

    counts: Counts
    encoder: str

    def open_cells(self, max_false_hit_rate: float) -> int:
        """How many of CELLS, from the first, are open at that rate. 0 where the evidence is not enough for any."""
        return open_cells(self.counts + SHIPPED, max_false_hit_rate, clopper_pearson)


def open_cells(counts: Counts, max_false_hit_rate: float, bound: Callable[[int, int], float]) -> int:
    """How many cells, from the first, keep `bound(false hits, pairs asked)` within the rate."""
    false = 0
    for index in range(len(CELLS)):
        false += counts.false[index]
        if bound(false, counts.asked) > max_false_hit_rate:
            return index
    return len(CELLS)


def check_rate(rate: float, name: str = "max_false_hit_rate") -> float:
    """The rate itself. Raises InputError unless 0 < rate < 1."""
    if not 0 < rate < 1:
        raise InputError(f"{name} is {rate:g}; it is a share between 0 and 1, such as 0.01")
    return rate


def cells_of(pairs: Sequence[Pair], encoder: Encoder) -> list[int | None]:
    """For each pair the cell in which the guard takes it for equivalent, or None. `same_answer` is not read."""
    from greenai_infra.serving.semantic.encoder import unit

    found: list[int | None] = []
    for start in range(0, len(pairs), 256):
        part = pairs[start : start + 256]
        left = unit(encoder([pair.question for pair in part]))
        right = unit(encoder([pair.other for pair in part]))
        similarities = (left * right).sum(axis=1)
        for pair, similarity in zip(part, similarities, strict=True):
            evidence = equivalent(pair.question, pair.other)
            found.append(None if evidence is None else cell_of(evidence, float(similarity)))
    return found


def calibrate(pairs: Sequence[Pair], encoder: Encoder) -> Calibration:
    """Count what the guard takes for equivalent, and what of it is false, by cell."""
    return Calibration(_count(pairs, cells_of(pairs, encoder)), encoder_name(encoder))


def _count(pairs: Iterable[Pair], cells: Iterable[int | None]) -> Counts:
    accepted, false, asked = [0] * len(CELLS), [0] * len(CELLS), 0
    for pair, cell in zip(pairs, cells, strict=True):
        asked += 1
        if cell is not None:
            accepted[cell] += 1
            false[cell] += not pair.same_answer
    return Counts(asked, tuple(accepted), tuple(false))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a calibrated cache would have done on pairs: `other` stored, `question` asked."""

    pairs: int
    hits: int
    false_hits: int
    paraphrases: int
    """Pairs with the same answer."""
    paraphrase_hits: int

    def __add__(self, other: Evaluation) -> Evaluation:
        """Two folds pooled."""
        return Evaluation(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def false_hit_rate_upper_95(self) -> float:
        """Upper end of the one-sided 95 % Clopper-Pearson interval of false hits among pairs asked."""
        return clopper_pearson(self.false_hits, self.pairs)

    @property
    def paraphrase_hit_share(self) -> float | None:
        """Share of the paraphrases that hit; None without paraphrases."""
        return self.paraphrase_hits / self.paraphrases if self.paraphrases else None

    def as_json(self) -> dict[str, Any]:
        """The fields as the command prints them."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "paraphrase_hit_share": self.paraphrase_hit_share,
            "false_hit_rate_upper_95": self.false_hit_rate_upper_95,
        }


def evaluate(
    pairs: Sequence[Pair], calibration: Calibration, max_false_hit_rate: float, encoder: Encoder
) -> Evaluation:
    """Ask each pair. Hits are decided before `same_answer` is read, which only counts."""
    is_open = calibration.open_cells(check_rate(max_false_hit_rate))
    hits = [cell is not None and cell < is_open for cell in cells_of(pairs, encoder)]
    same = [pair.same_answer for pair in pairs]
    right = sum(hit and truth for hit, truth in zip(hits, same, strict=True))
    return Evaluation(len(pairs), sum(hits), sum(hits) - right, sum(same), right)


def encoder_name(encoder: Encoder) -> str:
    """What tells encoders apart in a calibration: their `name`, else the function's own."""
    name = getattr(encoder, "name", None) or getattr(encoder, "__qualname__", None) or type(encoder).__qualname__
    return str(name)
