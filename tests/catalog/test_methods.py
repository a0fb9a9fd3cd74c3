"""METHODS.md: it names every constant and every table, and no other."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

import greenai_infra

DATA = Path(greenai_infra.__file__).parent / "data"
TEXT = (DATA / "METHODS.md").read_text(encoding="utf-8")
WORDS = frozenset(re.findall(r"[A-Za-z0-9_.-]*[A-Za-z0-9_]", TEXT))
NAMED_BY = {
    "model-constants.csv": "name",
    "serving-fit.csv": "name",
    "training-measured.csv": "quantity",
    "equivalents.csv": "name",
}


def constants(table: str) -> set[str]:
    with (DATA / table).open(encoding="utf-8", newline="") as file:
        return {row[NAMED_BY[table]] for row in csv.DictReader(file)}


@pytest.mark.parametrize("table", NAMED_BY)
def test_every_constant_is_named(table: str) -> None:
    assert not constants(table) - WORDS


def test_every_table_is_named_and_no_other() -> None:
    named = {word for word in WORDS if word.endswith(".csv")}

    assert named == {path.name for path in DATA.rglob("*.csv")}


def test_coefficients_that_are_named_exist() -> None:
    """A coefficient that was renamed must not stay behind in the text."""
    known = set().union(*map(constants, NAMED_BY))
    families = {name.partition(".")[0] for name in constants("serving-fit.csv") if "." in name}
    named = {word for word in re.findall(r"`([a-z_0-9.-]+)`", TEXT) if word.partition(".")[0] in families}

    assert named
    assert not named - known


def test_it_stays_short_and_ships_with_the_package() -> None:
    assert len(TEXT.splitlines()) <= 250
    assert DATA.parent.name == "greenai_infra"
