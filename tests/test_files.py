"""Writing whole or not at all, and reading times."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from greenai_infra.clock import parse_duration_hours, parse_time
from greenai_infra.errors import InputError
from greenai_infra.files import write_all, write_whole


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


class Failing:
    """Makes `Path.replace` fail for the nth file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self.left = number
        self.replace = Path.replace
        monkeypatch.setattr(Path, "replace", lambda path, target: self(path, target))

    def __call__(self, path: Path, target: Path) -> Path:
        self.left -= 1
        if self.left == 0:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return self.replace(path, target)


def test_all_files_are_written(tmp_path: Path) -> None:
    write_all({tmp_path / "a": "1", tmp_path / "b": "é\r\n", tmp_path / "c": ""})

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"1",
        "b": "é\r\n".encode(),
        "c": b"",
    }


def test_nothing_to_write_is_nothing_written(tmp_path: Path) -> None:
    write_all({})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_failed_rename_leaves_every_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "a").write_text("old a")
    (tmp_path / "c").write_text("old c")
    (tmp_path / "c").chmod(0o640)
    Failing(monkeypatch, number)

    with pytest.raises(InputError, match=rf"{tmp_path}/{' abc'[number]}: cannot be written: Permission denied"):
        write_all({tmp_path / name: f"new {name}" for name in ("a", "b", "c")})

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old a", "c": "old c"}
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o640


def test_a_folder_in_the_way_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old a")
    (tmp_path / "b").mkdir()

    with pytest.raises(InputError, match=r"b: cannot be written: Is a directory"):
        write_all({tmp_path / "a": "new a", tmp_path / "b": "new b"})

    assert (tmp_path / "a").read_text() == "old a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_that_is_missing_for_one_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/b: cannot be written: No such file or directory"):
        write_all({tmp_path / "a": "new", tmp_path / "nowhere" / "b": "new"})

    assert list(tmp_path.iterdir()) == []
