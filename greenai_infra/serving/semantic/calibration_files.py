"""Pairs of questions read from CSV, and a calibration as a JSON file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from greenai_infra.errors import InputError
from greenai_infra.serving.semantic.calibration import CELLS, Calibration, Counts, Pair, encoder_name

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.serving.semantic.encoder import Encoder

FORMAT = "greenai-infra cache calibration 1"
_YES = frozenset({"1", "1.0", "true", "t", "yes", "y"})
_NO = frozenset({"0", "0.0", "false", "f", "no", "n"})


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a CSV file with columns question, other and same_answer (1, 0, true, false, yes, no)."""
    from greenai_infra.catalog.read import table_from

    found = []
    for row in table_from(path, ("question", "other", "same_answer")):
        said = row.text("same_answer").lower()
        if said not in _YES | _NO:
            raise row.error("same_answer", "is none of 1, 0, true, false, yes, no")
        for column in ("question", "other"):
            if not row.text(column):
                raise row.error(column, "is empty")
        found.append(Pair(row.text("question"), row.text("other"), said in _YES, f"{path}:{row.line}"))
    return found


def as_bytes(calibration: Calibration) -> bytes:
    """The calibration as a JSON file."""
    counts = calibration.counts
    rows = [
        {
            "evidence": cell.evidence.name.lower(),
            "similarity_from": cell.similarity_from,
            "accepted": counts.accepted[index],
            "false": counts.false[index],
        }
        for index, cell in enumerate(CELLS)
    ]
    document = {"format": FORMAT, "encoder": calibration.encoder, "pairs": counts.asked, "cells": rows}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


class _CellRow(msgspec.Struct, forbid_unknown_fields=True):
    evidence: str
    similarity_from: float
    accepted: int
    false: int


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    encoder: str
    pairs: int
    cells: list[_CellRow]


def read_calibration(path: Path, encoder: Encoder | None = None) -> Calibration:
    """Read a file of `cache calibrate`. Raises InputError if it is another file, damaged, or of another encoder."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise InputError(
            f"{path}: is not a calibration: {error}; write one with: greenai-infra cache calibrate"
        ) from None
    if file.format != FORMAT:
        raise InputError(f"{path}: format is '{file.format}', not '{FORMAT}'; calibrate again")
    order = [(cell.evidence.name.lower(), cell.similarity_from) for cell in CELLS]
    if [(row.evidence, row.similarity_from) for row in file.cells] != order:
        raise InputError(f"{path}: its cells are not those of this version; calibrate again")
    for row in file.cells:
        if not 0 <= row.false <= row.accepted <= file.pairs:
            raise InputError(f"{path}: {row.false} false of {row.accepted} accepted of {file.pairs} pairs can't be")
    if encoder is not None and encoder_name(encoder) != file.encoder:
        raise InputError(
            f"{path}: was made with the encoder '{file.encoder}', not '{encoder_name(encoder)}'; calibrate again"
        )
    counts = Counts(file.pairs, tuple(row.accepted for row in file.cells), tuple(row.false for row in file.cells))
    return Calibration(counts, file.encoder)
