"""Calibration on one half of the templates, asked on the other: bound, hits, and what a threshold alone would do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from greenai_infra.errors import InputError
from greenai_infra.serving.semantic.bounds import clopper_pearson
from greenai_infra.serving.semantic.calibration import (
    CELLS,
    SHIPPED_PAIRS,
    Calibration,
    Counts,
    Pair,
    calibrate,
    evaluate,
)
from greenai_infra.serving.semantic.calibration_files import as_bytes, read_calibration, read_pairs
from greenai_infra.serving.semantic.encoder import static_encoder, unit
from tests.serving.semantic.pairs import rows

if TYPE_CHECKING:
    from pathlib import Path

RATE = 0.01


@pytest.fixture(scope="module")
def folds() -> tuple[list[Pair], list[Pair]]:
    names = list(dict.fromkeys(row.template for row in rows()))
    parts: tuple[list[Pair], list[Pair]] = ([], [])
    for row in rows():
        parts[names.index(row.template) % 2].append(Pair(row.question, row.other, bool(row.same_answer)))
    return parts


def test_the_pairs_are_as_many_and_as_hard_as_stated() -> None:
    negatives = [row for row in rows() if not row.same_answer]

    assert len(rows()) >= 600
    assert len(set(rows())) == len(rows())
    assert len(negatives) / len(rows()) >= 0.4


def test_two_folds_pooled_keep_the_bound_and_hit_a_quarter_of_the_paraphrases(
    folds: tuple[list[Pair], list[Pair]],
) -> None:
    first, second = folds
    encoder = static_encoder()
    pooled = evaluate(second, calibrate(first, encoder), RATE, encoder) + evaluate(
        first, calibrate(second, encoder), RATE, encoder
    )

    assert pooled.pairs == len(rows())
    assert pooled.false_hit_rate_upper_95 <= RATE
    assert pooled.paraphrase_hit_share is not None
    assert pooled.paraphrase_hit_share >= 0.25


def test_a_threshold_alone_hits_nothing_at_that_rate(folds: tuple[list[Pair], list[Pair]]) -> None:
    """The lowest threshold of cosine similarity that keeps the bound on one fold, asked on the other."""
    hits = 0
    for fit, asked in (folds, folds[::-1]):
        cosine, same = _cosines(fit)
        allowed = [t for t in np.unique(cosine) if clopper_pearson(int((~same[cosine >= t]).sum()), len(fit)) <= RATE]
        threshold = min(allowed, default=2.0)
        cosine, same = _cosines(asked)
        hits += int(same[cosine >= threshold].sum())

    assert hits == 0


def _cosines(pairs: list[Pair]) -> tuple[np.ndarray, np.ndarray]:
    encoder = static_encoder()
    left, right = unit(encoder([pair.question for pair in pairs])), unit(encoder([pair.other for pair in pairs]))
    return (left * right).sum(axis=1), np.array([pair.same_answer for pair in pairs])


def test_labels_are_for_counting_only(folds: tuple[list[Pair], list[Pair]]) -> None:
    first, second = folds
    encoder = static_encoder()
    calibration = calibrate(first, encoder)
    flipped = [pair._replace(same_answer=not pair.same_answer) for pair in second]

    straight, turned = (evaluate(pairs, calibration, RATE, encoder) for pairs in (second, flipped))

    assert straight.hits == turned.hits > 0
    assert turned.false_hits == straight.hits - straight.false_hits


def test_the_shipped_pairs_are_a_quarter_of_those_measured_here_without_a_false_hit(
    folds: tuple[list[Pair], list[Pair]],
) -> None:
    counts = calibrate([*folds[0], *folds[1]], static_encoder()).counts

    assert sum(counts.false) == 0
    assert counts.asked / 4 >= SHIPPED_PAIRS
    assert clopper_pearson(0, SHIPPED_PAIRS) > RATE  # never enough alone


@pytest.mark.parametrize(
    ("asked", "false_in", "opened"), [(300, None, 18), (290, None, 18), (300, 16, 16), (40, None, 0)]
)
def test_cells_open_in_order_up_to_the_first_that_breaks_the_bound(
    asked: int, false_in: int | None, opened: int
) -> None:
    false = tuple(int(cell == false_in) for cell in range(len(CELLS)))

    assert Calibration(Counts(asked, (1,) * len(CELLS), false), "any").open_cells(RATE) == opened


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path, folds: tuple[list[Pair], list[Pair]]) -> None:
    encoder = static_encoder()
    calibration = calibrate(folds[0], encoder)
    path = tmp_path / "calibration.json"
    path.write_bytes(as_bytes(calibration))

    assert read_calibration(path, encoder) == calibration

    path.write_bytes(as_bytes(replace(calibration, encoder="another")))
    with pytest.raises(InputError, match="made with the encoder 'another'"):
        read_calibration(path, encoder)

    path.write_bytes(b"{}")
    with pytest.raises(InputError, match="is not a calibration"):
        read_calibration(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,other\na,b\n", "column same_answer is missing"),
        ("question,other,same_answer\na,b,maybe\n", "same_answer 'maybe' is none of"),
        ("question,other,same_answer\na,,1\n", "other '' is empty"),
        ("question,other,same_answer\n", "has no rows"),
    ],
)
def test_pairs_that_can_not_be_read_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)

    with pytest.raises(InputError, match=message):
        read_pairs(path)
