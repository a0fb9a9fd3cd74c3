"""What the READMEs hold: their code blocks, the commands in them, links and paths."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from greenai_infra.cli.init import FLAGS
from greenai_infra.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
RUNS = re.compile(r"<!-- runs(?P<project> in a project)? -->\s*\Z")
SHELL = {"&&", "&", "|", ";"}
BLOCK = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n(?:[ ]*\n(?= {4}))*)+", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")


def readmes() -> list[Path]:
    """Every README.md of the repository, and the pages beside them; METHODS.md is held by a test of its own."""
    rooms = ("greenai_infra", "stacks", "templates", "tests", "training")
    found = {path for room in rooms for path in (ROOT / room).rglob("*.md") if path.name != "METHODS.md"}
    return sorted({ROOT / "README.md", *found})


def name_of(path: Path) -> str:
    """The path as the tests call it."""
    return str(path.relative_to(ROOT))


@dataclass(frozen=True)
class Block:
    """An indented code block; `runs` says that the README marks it as one that needs no account, key or network.

    `in_project`: it runs in the folder of a project that `init` has written.
    """

    readme: Path
    text: str
    runs: bool
    in_project: bool


@cache
def blocks(readme: Path) -> list[Block]:
    """The code blocks of a README in their order."""
    text = readme.read_text(encoding="utf-8")
    found_blocks = []
    for found in BLOCK.finditer(text):
        mark = RUNS.search(text, 0, found.start())
        in_project = mark is not None and mark["project"] is not None
        found_blocks.append(Block(readme, textwrap.dedent(found.group()), mark is not None, in_project))
    return found_blocks


def prose(readme: Path) -> str:
    """A README without its code blocks."""
    return BLOCK.sub("\n", readme.read_text(encoding="utf-8"))


def shell_lines(text: str) -> list[list[str]]:
    """The commands of a block, as words; what follows `#` is dropped, and a line that ends in `\\` goes on."""
    commands: list[list[str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;>")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # no shell: an apostrophe in a table or in Python
            continue
        commands.append([])
        for word in words:
            if word in SHELL:
                commands.append([])
            else:
                commands[-1].append(word)
    return [command for command in commands if command]


def short_commands(readme: Path) -> list[list[str]]:
    """The commands with options that the text names without `greenai-infra`, as `select PLAN --force`."""
    spans = [" ".join(span.split()) for span in SPAN.findall(prose(readme))]
    return [shlex.split(span) for span in spans if span.partition(" ")[0] in COMMANDS and " -" in span]


def our_commands(readme: Path) -> list[list[str]]:
    """The words after `greenai-infra` of every command that a README shows, in blocks and in the text."""
    spans = [" ".join(span.split()) for span in SPAN.findall(prose(readme))]
    shown = [words for block in blocks(readme) for words in shell_lines(block.text)]
    shown += [words for span in spans if span.startswith("greenai-infra ") for words in shell_lines(span)]
    ours = []
    for words in shown:
        words = words[1:] if words[0] == "sudo" else words
        if words[0].rpartition("/")[2] == "greenai-infra" and len(words) > 1:
            ours.append(words[1 : words.index(">") if ">" in words else None])
    return ours


def resolve(words: list[str]) -> tuple[str, ...]:
    """The command that these words call, as a path; raises click.UsageError for an unknown command or option."""
    command: click.Command = main
    context = click.Context(main, info_name="greenai-infra")
    path: tuple[str, ...] = ()
    while True:
        if path == ("init",) and words and words[0] in FLAGS:
            words = ["--", *words]
        if "--" in words and command.context_settings.get("ignore_unknown_options"):
            words = words[: words.index("--")]
        given, words, _ = command.make_parser(context).parse_args(list(words))
        for parameter in command.params:
            if isinstance(parameter.type, click.Choice) and isinstance(value := given.get(parameter.name or ""), str):
                for choice in value.split("|"):
                    parameter.type.convert(choice, parameter, context)
        if not isinstance(command, click.Group) or not words:
            return path
        name, words = words[0], words[1:]
        below = command.get_command(context, name)
        if below is None:
            below = command.get_command(context, "project") if path == ("init",) else None
            if below is None:
                raise click.UsageError(f"no command {name!r} in {' '.join(path)}")
            return (*path, "project")
        command, path = below, (*path, name)
        context = click.Context(command, info_name=name, parent=context)


def leaves(command: click.Command = main, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command that is no mere group, as a path."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    own = [path] if command.invoke_without_command else []
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        own += leaves(below, (*path, name))
    return own
