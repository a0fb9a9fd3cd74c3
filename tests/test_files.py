"""Writing whole or not at all, and reading times."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenai_infra.clock import parse_duration_hours, parse_time
from greenai_infra.errors import InputError
from greenai_infra.files import write_whole


def test_a_new_file_gets_the_mode_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "plan.json", "{}")
    finally:
        os.umask(before)

    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)

    write_whole(link, "new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_whole(Path("/dev/null"), "anything")

    assert Path("/dev/null").is_char_device()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/plan\.json: cannot be written"):
        write_whole(tmp_path / "nowhere" / "plan.json", "{}")


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-10:00", "2026-03-01T10:00:00", "soon"]
)
def test_times_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="time"):
        parse_time(text)


def test_durations_are_hours() -> None:
    assert [parse_duration_hours(text) for text in ("90m", "12h", "3d", "1.5 h")] == [1.5, 12, 72, 1.5]
