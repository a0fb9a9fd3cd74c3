"""Every table says where it comes from, in the table and in the README beside it."""

import csv
from pathlib import Path

import pytest

from greenai_infra.catalog.read import DATA

TABLES = sorted(DATA.rglob("*.csv"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_row_has_a_source(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = [name for name in rows[0] if name == "source"] or [name for name in rows[0] if name == "embodied_source"]
    assert columns, "no source column"
    assert [row for row in rows if not row[columns[0]].strip()] == []


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_table_is_described(path: Path) -> None:
    assert f"`{path.relative_to(DATA)}`" in (DATA / "README.md").read_text(encoding="utf-8")


def test_the_odbl_table_has_its_licence_beside_it() -> None:
    text = (DATA / "electricity_maps" / "LICENSE-ODbL.txt").read_text(encoding="utf-8")
    assert text.startswith("## Open Data Commons Open Database License (ODbL)")
    assert "4.6 Access to Derivative Databases." in text
    assert "10.4 Choice of law." in text
