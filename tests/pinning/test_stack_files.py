"""The stack files of a project: where they lie, under which name, and which of them is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from greenai_infra.clock import parse_time
from greenai_infra.errors import InputError
from greenai_infra.project.stack_files import default_stack, mark_built, passed_start, require_stack, stack_files

from .plans import CANADA, FOUR, NORTH, again, config, make_project, pin, ranking, stack, stacks, training

if TYPE_CHECKING:
    from pathlib import Path


def test_the_keys_have_the_namespace_of_the_project(tmp_path: Path) -> None:
    pin(make_project(tmp_path, name="shop"), FOUR)
    pin(tmp_path, ranking(us_west_2=1.0, eu_north_1=2.0))

    read = config(stack(tmp_path, "us-west-2"))
    assert list(read) == ["aws:region", "shop:program", "shop:training", "shop:selected"]
    assert "shop:selected" not in config(stack(tmp_path, NORTH))


def test_keys_without_a_namespace_are_the_projects_own(tmp_path: Path) -> None:
    make_project(tmp_path)
    stack(tmp_path, NORTH).write_text("config:\n  program: training\n  training:\n    retention_days: 7\n")

    pin(tmp_path, FOUR)

    read = config(stack(tmp_path, NORTH))
    assert list(read) == ["program", "training", "aws:region", "greenai-infra:selected"]
    assert (read["training"]["retention_days"], read["training"]["region"]) == (7, NORTH)


def test_a_file_that_ends_in_yml_is_the_stacks_file(tmp_path: Path) -> None:
    pin(make_project(tmp_path), FOUR)
    stack(tmp_path, NORTH).rename(tmp_path / "Pulumi.tune-eu-north-1.yml")

    pin(tmp_path, again(FOUR))

    assert [name for name in stacks(tmp_path) if NORTH in name] == ["Pulumi.tune-eu-north-1.yml"]
    assert training(tmp_path / "Pulumi.tune-eu-north-1.yml")["planned"]["plan_id"] == again(FOUR)["plan_id"]


def test_a_project_file_that_ends_in_yml_is_found(tmp_path: Path) -> None:
    (make_project(tmp_path, name="shop") / "Pulumi.yaml").rename(tmp_path / "Pulumi.yml")

    pin(tmp_path, FOUR)

    assert "shop:training" in config(stack(tmp_path, NORTH))


def test_stack_files_lie_where_the_project_says(tmp_path: Path) -> None:
    make_project(tmp_path, more="stackConfigDir: config\n")
    (tmp_path / "config").mkdir()

    pin(tmp_path, FOUR)

    assert stacks(tmp_path) == []
    assert len(stacks(tmp_path / "config")) == 3
    assert default_stack(tmp_path) == "tune-eu-north-1"


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_file_keeps_its_line_ends(tmp_path: Path, end: str) -> None:
    pin(make_project(tmp_path), FOUR)
    file = stack(tmp_path, NORTH)
    file.write_bytes(file.read_bytes().replace(b"\n", end.encode()))

    pin(tmp_path, again(FOUR))

    written = file.read_bytes()
    assert again(FOUR)["plan_id"].encode() in written
    assert written.count(b"\n") == written.count(end.encode())


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    pin(make_project(tmp_path), FOUR)
    file = stack(tmp_path, NORTH)
    before = b"\xef\xbb\xbf" + file.read_bytes()
    file.write_bytes(before)

    pin(tmp_path, FOUR)

    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [\n", r"Pulumi\.yaml is not valid YAML"),
        (b"- a\n", r"Pulumi\.yaml: expected a mapping, found list"),
        (b"runtime: python\n", r"Pulumi\.yaml: 'name' is missing; give the project a name"),
        (b"name:\n", r"Pulumi\.yaml: 'name' is missing"),
        (b"name: \xff\n", r"Pulumi\.yaml is not UTF-8 text"),
        (b"", r"Pulumi\.yaml: 'name' is missing"),
    ],
)
def test_a_project_file_that_can_not_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes(content)

    with pytest.raises(InputError, match=message):
        pin(tmp_path, FOUR)

    assert stacks(tmp_path) == []


def test_a_key_that_stands_twice_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    make_project(tmp_path)
    file = stack(tmp_path, NORTH)
    before = b"config:\n  team: a\n  team: b\n"
    file.write_bytes(before)

    with pytest.raises(InputError, match=rf"Pulumi\.tune-{NORTH}\.yaml:3: the key 'team' stands twice"):
        pin(tmp_path, FOUR)
    assert file.read_bytes() == before


UNREADABLE = [
    (b"config: [\n", r"is not valid YAML"),
    (b"config: [1]\n", r"config: expected a mapping, found list"),
    (b"config: on\n", r"config: expected a mapping, found str"),
    (b"config: {1: 2}\n", r"config: key 1: expected a name, for example aws:region: eu-north-1"),
    (b"just text\n", r"expected a mapping, found str"),
    (b"\xff\xfe", r"is not UTF-8 text"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
@pytest.mark.parametrize("region", [NORTH, "ap-south-1"], ids=["pinned", "not pinned"])
def test_a_stack_file_that_can_not_be_read_is_named_and_nothing_is_written(
    tmp_path: Path, content: bytes, message: str, region: str
) -> None:
    make_project(tmp_path)
    stack(tmp_path, region).write_bytes(content)

    with pytest.raises(InputError, match=rf"Pulumi\.tune-{region}\.yaml:? {message}"):
        pin(tmp_path, FOUR)

    assert stacks(tmp_path) == [f"Pulumi.tune-{region}.yaml"]
    assert stack(tmp_path, region).read_bytes() == content


def test_a_training_section_that_is_none_is_named(tmp_path: Path) -> None:
    make_project(tmp_path)
    stack(tmp_path, NORTH).write_text("config:\n  greenai-infra:training: [1]\n")

    with pytest.raises(InputError, match=r"'greenai-infra:training' is not a mapping; correct it or remove it"):
        pin(tmp_path, FOUR)


def test_without_a_project_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{tmp_path} has no Pulumi\.yaml; .*--dir.*greenai-infra init DIR"):
        stack_files(tmp_path)


def test_the_only_stack_is_the_default_even_without_a_mark(tmp_path: Path) -> None:
    (make_project(tmp_path) / "Pulumi.dev.yaml").write_text("config: {}\n")

    assert default_stack(tmp_path) == "dev"


@pytest.mark.parametrize("marked", [(), ("a", "b")], ids=["none", "two"])
def test_where_several_could_be_meant_they_are_listed(tmp_path: Path, marked: tuple[str, ...]) -> None:
    make_project(tmp_path)
    for name in ("a", "b", "c"):
        mark = f"config:\n  greenai-infra:selected: {str(name in marked).lower()}\n"
        (tmp_path / f"Pulumi.{name}.yaml").write_text(mark)

    with pytest.raises(InputError, match=r"there are 3 stacks here; choose one with --stack: a, b, c"):
        default_stack(tmp_path)


def test_a_project_without_stacks_names_the_command_that_writes_them(tmp_path: Path) -> None:
    make_project(tmp_path)

    with pytest.raises(InputError, match=r"write one with: greenai-infra select plan\.json"):
        default_stack(tmp_path)


def test_a_stack_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (make_project(tmp_path) / "Pulumi.dev.yaml").write_text("config: {}\n")

    assert require_stack(tmp_path, "dev") == "dev"
    with pytest.raises(InputError, match=r"there is no Pulumi\.prod\.yaml in .*; stacks here: dev"):
        require_stack(tmp_path, "prod")


def test_the_marks_follow_to_where_it_was_built_and_nothing_else_changes(tmp_path: Path) -> None:
    pin(make_project(tmp_path), FOUR)
    before = {region: stack(tmp_path, region).read_text(encoding="utf-8") for region in (NORTH, CANADA)}

    mark_built(tmp_path, FOUR["plan_id"], built="tune-ca-central-1", without_capacity=["tune-eu-north-1"])

    after = {region: stack(tmp_path, region).read_text(encoding="utf-8") for region in (NORTH, CANADA)}
    assert yaml.safe_load(after[NORTH])["config"]["greenai-infra:no-capacity"] == FOUR["plan_id"]
    assert yaml.safe_load(after[CANADA])["config"]["greenai-infra:selected"] == "true"
    assert set(after[NORTH].splitlines()) ^ set(before[NORTH].splitlines()) == {
        "  greenai-infra:selected: 'true'",
        f"  greenai-infra:no-capacity: {FOUR['plan_id']}",
    }
    assert set(after[CANADA].splitlines()) ^ set(before[CANADA].splitlines()) == {"  greenai-infra:selected: 'true'"}


@pytest.mark.parametrize(
    ("launch", "now", "passed"),
    [
        ("scheduled", "2026-12-01T21:59:59Z", False),
        ("scheduled", "2026-12-01T22:00:00Z", True),
        ("now", "2199-01-01T00:00:00Z", False),
    ],
)
def test_start_that_has_passed(tmp_path: Path, launch: str, now: str, passed: bool) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: greenai-infra\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  greenai-infra:training:\n"
        f"    launch: {launch}\n    slices:\n      - {{start: 2026-12-01T22:00:00Z, end: 2026-12-02T06:00:00Z}}\n"
    )
    assert (passed_start(tmp_path, "dev", parse_time(now)) is not None) is passed


def test_start_of_a_stack_without_one_has_not_passed(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: greenai-infra\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    assert passed_start(tmp_path, "dev", parse_time("2199-01-01T00:00:00Z")) is None
