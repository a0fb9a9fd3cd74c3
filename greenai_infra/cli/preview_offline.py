"""`greenai-infra preview --offline`: what a stack would build, with its tags, outputs and problems."""

from __future__ import annotations

import gc
import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from greenai_infra.cli.child_output import children_write_to_stderr
from greenai_infra.contracts.declared import STACK_TYPE, DeclaredResource, Finding, redact
from greenai_infra.errors import InputError
from greenai_infra.numbers import counted
from greenai_infra.policy.judged import not_judged_text
from greenai_infra.previews.diff import diff_previews
from greenai_infra.previews.gate import open_gate, project_gate
from greenai_infra.previews.run import preview
from greenai_infra.reporting.check_text import shut_reasons
from greenai_infra.reporting.standing_text import change_lines, standing_lines
from greenai_infra.terminal import in_colour, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from greenai_infra.policy.judge import Verdict
    from greenai_infra.previews.result import PreviewResult

STYLES = {"error": "bold red", "warning": "yellow", "heading": "bold"}
PLAIN_WIDTH = 80
LARGEST_EMPTY = 16
"""Only files smaller than this many bytes are checked for being empty."""


def run_offline(
    project_dir: Path,
    stack: str | None,
    as_json: bool,
    base: Path | None = None,
    packs: Sequence[Path] | None = None,
) -> int:
    """Previews a stack offline and prints it; returns the exit code of `PreviewResult`.

    `base` is a preview of an earlier state of the stack, as printed by `--json`: the changes since then are shown too.
    `packs` are policy packs: the carbon gate uses the settings of the first. An empty sequence means no gate, None the
    project's gate.
    """
    before = read_preview(base) if base else None
    choose = project_gate if packs is None else lambda _: open_gate(packs[0]) if packs else None
    collecting = gc.isenabled()
    gc.disable()  # collections would scan the SDK's hundreds of classes again and again
    try:
        with children_write_to_stderr():
            result = preview(project_dir, stack, choose_gate=choose)
        document = result.as_json() if as_json or before is not None else {}
        change = diff_previews(before, document) if before is not None else None
        if as_json:
            print(json.dumps({**document, "change": change} if change else document, indent=2, ensure_ascii=False))
        elif sys.stdout.isatty():
            _print_styled(result, change, shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns)
        else:
            for _, line in preview_lines(result, PLAIN_WIDTH, change):
                print(line)
    finally:
        if collecting:
            gc.freeze()  # the process is about to end: skip a last scan of the SDK
            gc.enable()
    return result.exit_code


def read_preview(path: Path) -> dict[str, Any]:
    """A preview as printed by `--json`; an empty file stands for a stack that did not exist. Raises InputError."""
    from greenai_infra.contracts.preview import read_preview as read_whole_preview

    try:
        is_empty = path.stat().st_size < LARGEST_EMPTY and path.read_text(encoding="utf-8").strip() in ("", "{}")
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        is_empty = False
    return {} if is_empty else dict(read_whole_preview(path).raw)


def _print_styled(result: PreviewResult, change: Mapping[str, Any] | None, width: int) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=in_colour(sys.stdout))
    for kind, line in preview_lines(result, width, change):
        console.print(Text(plain(line), style=STYLES.get(kind, "")), soft_wrap=True)


def preview_lines(
    result: PreviewResult, width: int, change: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, str]]:
    """(kind of line, text without styling) from top to bottom; the kind is a key of STYLES or an empty string."""
    yield "heading", f"Offline preview of {result.project}/{result.stack}" + _place(result)
    yield "", ""
    for note in result.notes:
        for line in _wrapped(f"note: {note}", width, "", "  "):
            yield "", line
    if result.notes:
        yield "", ""
    for line in _tree_lines(result, width):
        yield "", line
    for title, lines in (
        ("Tags on every taggable resource" if not result.missing_tags() else "Tags", _tag_lines(result)),
        ("Outputs", [f"{name}: {_output(value)}" for name, value in result.outputs.items()]),
        ("Messages of the program", result.messages),
    ):
        if lines:
            yield "", ""
            yield "heading", title
            for line in lines:
                for part in _wrapped(line, width, "  ", "    "):
                    yield "", part
    if result.standing and result.built:
        yield from _block("Standing per month", standing_lines(result.standing, result.budget, width - 2), width)
    if change:
        yield from _block("Against the base", change_lines(change, width - 2), width)
    if result.findings:
        yield "", ""
        yield "heading", "Findings"
        for finding in result.findings:
            yield from _finding_lines(finding, width)
    yield "", ""
    if result.verdict:
        for line in _wrapped(gate_line(result.verdict, stopped=result.stopped), width, "", "  "):
            yield "heading" if result.verdict.passed and not result.stopped else "error", line
        for line in _wrapped(not_judged_text(result.not_judged), width, "", "  ") if result.not_judged else ():
            yield "warning", line
    for line in _wrapped(_summary(result), width, "", ""):
        yield "error" if result.failed else "heading", line


def _block(title: str, lines: Iterator[str], width: int) -> Iterator[tuple[str, str]]:
    """A heading and its lines; lines that fit the width keep their columns."""
    yield "", ""
    yield "heading", title
    for line in lines:
        for part in [f"  {line}"] if len(line) <= width - 2 else _wrapped(line, width, "  ", "    "):
            yield "", part


def _place(result: PreviewResult) -> str:
    return f" in {result.region}" if result.region else ""


def _tree_lines(result: PreviewResult, width: int) -> Iterator[str]:
    """A line per resource, indented below its parent: type and name, and a mark on resources with problems."""
    urns = {resource.urn for resource in result.resources}
    children: dict[str, list[DeclaredResource]] = {}
    for resource in result.resources:
        children.setdefault(resource.parent if resource.parent in urns else "", []).append(resource)
    marks: dict[str, str] = {}
    for finding in result.findings:
        if marks.get(finding.urn) != "error":
            marks[finding.urn] = finding.severity
    for start, name, end in _branch(children.get("", []), children, marks, ""):
        yield f"{start}{_shorten(name, width - len(start) - len(end))}{end}"


def _branch(
    level: list[DeclaredResource], children: dict[str, list[DeclaredResource]], marks: dict[str, str], indent: str
) -> Iterator[tuple[str, str, str]]:
    """(branch and type, name, mark) of each resource."""
    for index, resource in enumerate(level):
        last = index == len(level) - 1
        top = resource.type == STACK_TYPE and not indent
        joint = "" if top else "└─ " if last else "├─ "
        mark = f"   <-- {marks[resource.urn]}" if resource.urn in marks and not top else ""
        read = " (read)" if resource.read else ""
        yield f"{indent}{joint}{_short_type(resource)}  ", resource.name, f"{read}{mark}"
        below = indent if top else indent + ("   " if last else "│  ")
        yield from _branch(children.get(resource.urn, []), children, marks, below)


def _short_type(resource: DeclaredResource) -> str:
    """`aws:sns:Topic` for `aws:sns/topic:Topic`, as the engine shows it."""
    parts = resource.type.split(":")
    return ":".join([parts[0], parts[1].split("/")[0], *parts[2:]]) if len(parts) == 3 else resource.type


def _tag_lines(result: PreviewResult) -> list[str]:
    lines = [f"{key}: {value}" for key, value in result.common_tags.items()]
    names = {resource.urn: f"{_short_type(resource)} {resource.name}" for resource in result.resources}
    for urn, keys in result.missing_tags().items():
        lines.append(f"not on {names[urn]}: {', '.join(keys)}")
    return lines


def _output(value: object) -> str:
    shown = redact(value)
    if shown == "[unknown]":
        return "known after apply"
    if isinstance(shown, str):
        return shown
    return json.dumps(shown, ensure_ascii=False).replace('"[unknown]"', "known after apply")


def _finding_lines(finding: Finding, width: int) -> Iterator[tuple[str, str]]:
    where = ""
    if finding.urn:
        type_, name = finding.urn.split("::", 3)[2:]
        parts = type_.rsplit("$", 1)[-1].split(":")
        where = (
            ":".join([parts[0], parts[1].split("/")[0], *parts[2:]]) + f" {name}: " if len(parts) == 3 else f"{name}: "
        )
    source = f" ({finding.source})" if finding.source else ""
    first = f"{finding.severity} [{finding.code}] {where}{finding.message}{source}"
    for line in _wrapped(first, width, "  ", "    "):
        yield finding.severity, line
    if finding.remedy:
        for line in _wrapped(finding.remedy, width, "    -> ", "       "):
            yield "", line


def _wrapped(text: str, width: int, first: str, rest: str) -> Iterator[str]:
    for paragraph in text.splitlines() or [""]:
        yield from textwrap.wrap(
            paragraph,
            width,
            initial_indent=first,
            subsequent_indent=rest,
            break_on_hyphens=False,
            break_long_words=False,
        ) or [first]
        first = rest


def _shorten(name: str, width: int) -> str:
    """The name within that many columns (at least 20). Long names differ at their ends, so the middle is cut."""
    width = max(width, 20)
    if len(name) <= width:
        return name
    tail = (width - 3) * 2 // 3
    return f"{name[: width - 3 - tail]}...{name[-tail:]}"


def gate_line(verdict: Verdict, *, stopped: bool) -> str:
    """Whether the carbon gate passes; which rules fail, and which could not run; `stopped`: the stack is incomplete."""
    in_force = [rule for rule in verdict.rules if rule.in_force]
    if stopped and in_force:
        return "Carbon gate: shut, as the program stopped and no rule could run."
    if reasons := shut_reasons(verdict.stopping):
        return f"Carbon gate: shut {reasons}."
    noted = [rule.id for rule in in_force if rule.fails]
    notes = f"; noted: {', '.join(noted)}" if noted else ""
    return f"Carbon gate: open, {len(in_force)} rules in force{notes}."


def _summary(result: PreviewResult) -> str:
    counts = result.summary()
    parts = [
        f"{counted(counts['resources'], 'resource')} in {counted(counts['components'], 'component')}",
        counted(counts["errors"], "error"),
        counted(counts["warnings"], "warning"),
    ]
    return ", ".join(parts) + ". Nothing was built and no cloud was asked."
