"""An edit changes the values that it is told to, and leaves the rest of the text as its author wrote it."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.errors import InputError
from greenai_infra.project.yaml_edit import REMOVE, dump, edit, load

STACK = """\
# Mine.
config:
  aws:region: eu-north-1   # the cleanest
  shop:training:
    # Why so large?
    volume_gb: 900
    slices:
      - {start: "2026-03-01T01:00:00Z"}
    spot: false

  # The end of it.
encryptionsalt: v1:abc
"""


def test_only_the_value_is_replaced() -> None:
    edited = edit(STACK, {("config", "aws:region"): "us-west-2"}, "a file")

    assert edited == STACK.replace("eu-north-1 ", "us-west-2 ")


def test_a_new_key_goes_to_the_end_of_its_section_before_the_comments_that_follow() -> None:
    edited = edit(STACK, {("config", "shop:training", "image"): "an image"}, "a file")

    assert edited == STACK.replace("    spot: false\n", "    spot: false\n    image: an image\n")


def test_a_key_is_taken_out_with_its_line() -> None:
    edited = edit(STACK, {("config", "shop:training", "spot"): REMOVE}, "a file")

    assert edited == STACK.replace("    spot: false\n", "")


def test_a_list_is_replaced_as_a_whole() -> None:
    times = [{"start": "2026-04-01T01:00:00Z"}, {"start": "2026-04-02T01:00:00Z"}]

    edited = edit(STACK, {("config", "shop:training", "slices"): times}, "a file")

    assert edited == STACK.replace(
        '      - {start: "2026-03-01T01:00:00Z"}\n',
        "      - start: '2026-04-01T01:00:00Z'\n      - start: '2026-04-02T01:00:00Z'\n",
    )


def test_a_value_that_is_there_already_leaves_the_text_as_it_is() -> None:
    same = {("config", "aws:region"): "eu-north-1", ("config", "nothing"): REMOVE, ("no", "such", "section"): REMOVE}

    assert edit(STACK, same, "a file") == STACK


def test_a_file_written_on_windows_keeps_its_line_ends() -> None:
    text = STACK.replace("\n", "\r\n")

    edited = edit(text, {("config", "shop:training", "image"): "an image"}, "a file")

    assert edited == text.replace("    spot: false\r\n", "    spot: false\r\n    image: an image\r\n")


def test_a_last_line_without_an_end_gets_one_before_the_new_key() -> None:
    assert edit("a: 1", {("b",): 2}, "a file") == "a: 1\nb: 2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "config:\n  k: v\n"),
        ("# Mine.\n", "# Mine.\nconfig:\n  k: v\n"),
        ("\n# Mine.\n\n", "# Mine.\nconfig:\n  k: v\n"),
        ("config:\n", "config:\n  k: v\n"),
        ("config: # Mine.\nother: 1\n", "config:\n  k: v # Mine.\nother: 1\n"),
        ("config: {}\n# Mine.\n", "config:\n  k: v\n# Mine.\n"),
        ("config: ~\n", "config:\n  k: v\n"),
    ],
)
def test_a_section_that_is_missing_or_empty_is_filled(text: str, expected: str) -> None:
    assert edit(text, {("config", "k"): "v"}, "a file") == expected


def test_a_value_that_is_missing_is_filled_in() -> None:
    assert edit("a:\nb: 1 # one\n", {("a",): "x"}, "a file") == "a: x\nb: 1 # one\n"


def test_text_blocks_are_replaced_and_appended_to() -> None:
    text = "config:\n  note: |\n    two\n    lines\n\n  # Mine.\nother: 1\n"

    assert edit(text, {("config", "k"): 1}, "a file") == (
        "config:\n  note: |\n    two\n    lines\n  k: 1\n\n  # Mine.\nother: 1\n"
    )
    assert edit(text, {("config", "note"): "short"}, "a file") == "config:\n  note: short\n\n  # Mine.\nother: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "# Mine.\n{config: {k: 1, other: 2}}\n",
        "# Mine.\nconfig: &anchor\n  k: 1\n  other: 2\ncopy: *anchor\n",
        "# Mine.\nbase: &base {k: 1}\nconfig:\n  <<: *base\n  other: 2\n",
    ],
    ids=["flow style", "anchor", "merge"],
)
def test_what_can_not_be_edited_in_place_is_written_anew_with_its_heading(text: str) -> None:
    edited = edit(text, {("config", "k"): 5}, "a file")

    assert yaml.safe_load(edited)["config"] == {"k": 5, "other": 2}
    assert edited.startswith("# Mine.\n")


def test_a_section_that_is_no_section_is_named() -> None:
    with pytest.raises(InputError, match=r"config\.k: 'config' is not a mapping; correct it or remove it"):
        edit("config: [1, 2]\n", {("config", "k"): 1}, "a file")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c\n", "a file is not valid YAML: mapping values are not allowed here"),
        ("a: [1, 2\n", "a file is not valid YAML"),
        ("\ta: 1\n", "a file is not valid YAML"),
        ("a: 1\n--- \nb: 2\n", "a file is not valid YAML: expected a single document"),
        ("a: !!python/object:os.system {}\n", "a file is not valid YAML"),
        ("- a\n", "a file: expected a mapping, found list"),
        ("just text\n", "a file: expected a mapping, found str"),
        ("a: " + "[" * 5000, "a file can't be read|a file is not valid YAML"),
        ("a: " + "1" * 5000 + "\n", "a file can't be read"),
        ("a: \x00\n", "a file is not valid YAML"),
    ],
)
def test_a_text_that_is_no_mapping_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        edit(text, {("a",): 1}, "a file")


TWICE = {
    "top level": ("config: {}\nother: 1\nconfig: {a: 1}\n", 3, "config", 1),
    "section": ("config:\n  shop:alarms:\n    daily_budget_kg: 4\n    daily_budget_kg: 5\n", 4, "daily_budget_kg", 3),
    "same value": ("a: 1\na: 1\n", 2, "a", 1),
    "quoted": ("a: 1\n'a': 2\n", 2, "a", 1),
    "number and text": ("a:\n  1: x\n  '1': y\n", 3, "1", 2),
    "flow style": ("a: {b: 1,\n  c: 2, b: 3}\n", 2, "b", 1),
    "in a list": ("a:\n- b: 1\n- b: 1\n  b: 2\n", 4, "b", 3),
    "merged twice": ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", 4, "<<", 3),
    "behind an alias": ("a: &a {x: 1,\n x: 2}\nb: *a\n", 2, "x", 1),
}
"""Go's yaml.v3, with which the engine reads, refuses each of them: `mapping key "b" already defined at line 1`."""


@pytest.mark.parametrize(("text", "line", "key", "first"), TWICE.values(), ids=TWICE)
def test_a_key_that_stands_twice_is_refused_where_it_does(text: str, line: int, key: str, first: int) -> None:
    said = f"a file:{line}: the key '{key}' stands twice, first in line {first}; keep one of them"
    with pytest.raises(InputError, match=f"^{re.escape(said)}$"):
        load(text, "a file")
    with pytest.raises(InputError, match=re.escape(said)):
        edit(text, {("new",): 1}, "a file")


def test_merge_keys_add_what_is_not_there() -> None:
    text = (
        "base: &b {x: 1, y: 2}\nmore: &m {<<: *b, y: 3}\none: {<<: *b, x: 4}\ntwo: {<<: [*b, {w: 0}], z: 5}\nsame: *m\n"
    )
    base, more = {"x": 1, "y": 2}, {"x": 1, "y": 3}

    assert load(text, "a file") == {
        "base": base,
        "more": more,
        "one": {"x": 4, "y": 2},
        "two": {"w": 0, "x": 1, "y": 2, "z": 5},
        "same": more,
    }


@pytest.mark.parametrize("text", ["a: &x {b: *x}\n", "a: &x [*x]\n", "a: &x {b: [1, {c: *x}]}\n"])
def test_a_value_within_itself_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^a file:1: an alias stands within the value that it names$"):
        load(text, "a file")


def test_aliases_that_make_a_hundred_thousand_values_are_refused_before_they_do() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 10)}]" for one in range(1, 9)]
    with pytest.raises(InputError, match=r"^a file:5: its aliases make more than 100,000 values$"):
        load("\n".join(lines), "a file")
    assert len(load("\n".join(lines[:4]), "a file")["a3"]) == 10


@pytest.mark.parametrize("value", ["!!bool maybe", "!!int ''", "!!int abc", "!!float x", "!!timestamp soon"])
def test_a_tag_that_does_not_fit_is_named_with_its_line(value: str) -> None:
    kind = value[2:].split()[0]
    with pytest.raises(InputError, match=f"^a file can't be read: what stands in line 2 is no {kind}$"):
        load(f"a:\n  b: [{value}]\n", "a file")


# What `pulumi config --json` (3.259) makes of these: Go's yaml.v3 reads YAML 1.2, octal numbers as in 1.1.
ENGINE_READS = [
    ("12:30", "12:30"),
    ("190:20:30.15", "190:20:30.15"),
    ("yes", "yes"),
    ("on", "on"),
    ("tRUE", "tRUE"),
    ("=", "="),
    ("TRUE", True),
    ("~", None),
    ("Null", None),
    ("010", 8),
    ("0o10", 8),
    ("1_000", 1000),
    ("0x1F", 31),
    ("0b11", 3),
    ("+1", 1),
    (".5", 0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
    ("1E-3", 0.001),
    ("1.5e3", 1500.0),
    ("1234567890123e45", 1.234567890123e57),
]


@pytest.mark.parametrize(("written", "read"), ENGINE_READS)
def test_scalars_are_read_as_the_engine_reads_them(written: str, read: Any) -> None:
    value = load(f"a: {written}\n", "a file")["a"]

    assert (value, type(value)) == (read, type(read))


def test_times_are_read_as_the_text_that_was_written() -> None:
    assert load("a: 2026-03-01T01:00:00Z\n", "a file") == {"a": "2026-03-01T01:00:00Z"}


@pytest.mark.parametrize(
    "text",
    ["1234567890123e45", "0123456789", "0o17", "12:30", "1e3", "08", ".5", "true", "null", "~", "", "2026-03-01", "no"],
)
def test_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    # A plan's id may be 1234567890123e45: sixteen hexadecimal digits, which the engine takes for a number.
    assert re.fullmatch(r"""k: (?:'[^']*'|"[^"]*")\n""", dump({"k": text}))


KEYS = st.sampled_from(["alpha", "b-c", "shop:key", '"with space"', "'quoted'", "delta", "e_1"])
SCALARS = st.one_of(
    st.integers(-99, 99),
    st.booleans(),
    st.sampled_from(
        ["plain", "two words", "it's", "a: b", "x # y", "", "yes", "2026-03-01T01:00:00Z", "é", "- a", "{"]
    ),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["m", "n"]), SCALARS, max_size=2),
    st.lists(st.fixed_dictionaries({"start": SCALARS, "end": SCALARS}), max_size=2),
)
Tree = dict[str, Any]
Path = tuple[str, ...]


class Written:
    """A text, what it says, and where in it an edit may take place."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.comments = 0
        self.mappings: list[Path] = []
        self.beside: dict[Path, str | None] = {}
        """Path of each value that is no mapping: the comment on its key's line."""
        self.inside: set[Path] = set()
        """Those whose comment stands between key and value, and goes with the value."""

    def comment(self) -> str:
        self.comments += 1
        return f"# comment {self.comments}."


@st.composite
def written(draw: st.DrawFn) -> tuple[Written, Tree]:
    out = Written()
    tree = _mapping(draw, out, (), "", 2)
    return out, tree


def _mapping(draw: st.DrawFn, out: Written, path: Path, indent: str, depth: int) -> Tree:
    out.mappings.append(path)
    tree: Tree = {}
    keys = draw(st.lists(KEYS, min_size=2, max_size=4, unique=True))
    for key in keys:
        if draw(st.booleans()):
            out.lines.append("")
        if draw(st.booleans()):
            out.lines.append(indent + out.comment())
        name = key.strip("'\"")
        trailing = out.comment() if draw(st.booleans()) else None
        after = f"  {trailing}" if trailing else ""
        kind = draw(st.sampled_from(["scalar", "scalar", "text", "list", "flow"] + ["mapping"] * (depth > 0)))
        if kind == "mapping":
            out.lines.append(f"{indent}{key}:{after}")
            tree[name] = _mapping(draw, out, (*path, name), indent + " " * draw(st.sampled_from([2, 4])), depth - 1)
            continue
        if kind == "scalar":
            tree[name] = draw(SCALARS)
            shown = f"{json.dumps(tree[name], ensure_ascii=False)}{after}"
        elif kind == "text":
            tree[name] = "two\nlines\n"
            shown = f"|{after}\n{indent}  two\n{indent}  lines"
        else:
            tree[name] = draw(st.lists(SCALARS, min_size=1, max_size=3))
            items = [json.dumps(one, ensure_ascii=False) for one in tree[name]]
            dash = f"\n{indent}{draw(st.sampled_from(['', '  ']))}- "
            shown = f"[{', '.join(items)}]{after}" if kind == "flow" else f"{after}{dash}{dash.join(items)}"
        out.lines.append(f"{indent}{key}: {shown}")
        out.beside[*path, name] = trailing
        if kind in ("text", "list"):
            out.inside.add((*path, name))
    return tree


@given(data=st.data(), case=written())
@settings(max_examples=300, deadline=None)
def test_any_edit_gives_the_wanted_mapping_and_keeps_comments(data: st.DataObject, case: tuple[Written, Tree]) -> None:
    out, tree = case
    text = "\n".join(out.lines) + "\n"
    leaves = list(out.beside)
    changed = data.draw(st.lists(st.sampled_from(leaves), max_size=3, unique=True)) if leaves else []
    changes: dict[Path, Any] = {path: data.draw(VALUES) for path in changed}
    taken_out = data.draw(st.booleans())
    if changed and taken_out:
        changes[changed[0]] = REMOVE
    for mapping in data.draw(st.lists(st.sampled_from(out.mappings), max_size=2, unique=True)):
        changes[*mapping, "new"] = data.draw(VALUES)
        changes[*mapping, "section", "inner"] = data.draw(VALUES)
    wanted = copy.deepcopy(tree)
    for path, value in changes.items():
        put(wanted, path, value)

    edited = edit(text, changes, "a file")

    gone = {out.beside[path] for path in changed if path in out.inside or changes[path] is REMOVE}
    assert yaml.safe_load(text) == tree
    assert yaml.safe_load(edited) == wanted
    assert comments(edited, gone) == comments(text, gone)
    assert edit(edited, changes, "a file") == edited


def put(tree: Tree, path: Path, value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    if value is REMOVE:
        del tree[path[-1]]
    else:
        tree[path[-1]] = value


def comments(text: str, without: set[str | None]) -> list[str]:
    return [one for one in re.findall(r"# comment \d+\.", text) if one not in without]
