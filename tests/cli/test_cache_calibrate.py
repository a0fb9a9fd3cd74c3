"""`cache calibrate` and `cache evaluate` as their user sees them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from tests.serving.semantic.pairs import rows

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Command


def write(path: Path, part: int, flipped: bool = False) -> Path:
    names = list(dict.fromkeys(row.template for row in rows()))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("template", "other", "same_answer", "question"))
        for row in rows():
            if names.index(row.template) % 2 == part:
                out.writerow((row.template, row.other, int(row.same_answer != flipped), row.question))
    return path


def test_calibrated_on_one_file_and_asked_another(tmp_path: Path, greenai: Command) -> None:
    out = tmp_path / "calibration.json"
    said = greenai("cache", "calibrate", write(tmp_path / "fit.csv", 0), "--out", out)
    assert said.code == 0, said.err
    assert "320 pairs" in said.out

    counts = []
    for flipped in (False, True):
        asked = write(tmp_path / "asked.csv", 1, flipped)
        said = greenai("cache", "evaluate", asked, "--calibration", out, "--max-false-hit-rate", "0.01", "--json")
        assert said.code == 0, said.err
        counts.append(json.loads(said.out))
    straight, turned = counts

    assert straight["pairs"] == 320
    assert straight["false_hits"] == 0
    assert straight["false_hit_rate_upper_95"] <= 0.01
    assert straight["paraphrase_hit_share"] >= 0.25
    assert turned["hits"] == straight["hits"] == turned["false_hits"]


def test_a_bad_file_is_named_and_nothing_is_written(tmp_path: Path, greenai: Command) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("question,other\na,b\n")
    out = tmp_path / "calibration.json"

    said = greenai("cache", "calibrate", bad, "--out", out)

    assert said.code == 2
    assert "column same_answer is missing" in said.err
    assert not out.exists()
