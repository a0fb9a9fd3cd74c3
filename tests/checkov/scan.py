"""Run checkov over Terraform JSON, and the reasons that the code gives for checks it does not keep."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terraform import translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenai_infra.contracts.declared import DeclaredResource

ROOT = Path(__file__).resolve().parents[2]
SCAN_SECONDS = 600
# checkov's own comment, for one check or several. A reason is words.
_SKIP = re.compile(r"#\s*checkov:skip=(CKV2?_[A-Z]+_\d+(?:,CKV2?_[A-Z]+_\d+)*):\s*(\S+\s+\S.*)")


@dataclass(frozen=True, order=True)
class Failed:
    """A check that a resource does not keep; `label` is the resource's in the Terraform JSON."""

    check: str
    label: str
    title: str


@dataclass(frozen=True)
class Scan:
    """What checkov says of all stacks."""

    failed: tuple[Failed, ...]
    passed: int


def scan(checkov: Path, folder: Path, stacks: Mapping[str, Mapping[str, DeclaredResource]]) -> Scan:
    """Translate each stack into a file of its own and scan them all; checkov asks no network for that."""
    for name, labels in stacks.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "main.tf.json").write_text(json.dumps(translate(labels), indent=1))
    options = ["--framework", "terraform_json", "--skip-download", "--output", "json", "--quiet"]
    command = [str(checkov), "--directory", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SCAN_SECONDS, check=False)
    report = json.loads(done.stdout)
    assert not report["summary"]["parsing_errors"], done.stdout
    failed = {_failed(one) for one in report["results"]["failed_checks"]}
    return Scan(tuple(sorted(failed)), report["summary"]["passed"])


def _failed(record: Mapping[str, Any]) -> Failed:
    return Failed(record["check_id"], record["resource"].rpartition(".")[2], record["check_name"])


@dataclass(frozen=True, order=True)
class Skip:
    """A check that the code says it does not keep in one function, and why. `file` is relative to the project."""

    check: str
    file: str
    line: int
    reason: str


def skips(files: Iterable[Path]) -> list[Skip]:
    """Every skip in these files."""
    return [
        Skip(check, str(file.relative_to(ROOT)), number, found[2])
        for file in sorted(files)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if (found := _SKIP.search(line))
        for check in found[1].split(",")
    ]


def excuse(failed: Failed, resource: DeclaredResource, known: Iterable[Skip]) -> Skip | None:
    """The skip that covers it: in the function whose call declared the resource."""
    file, _, line = resource.source.rpartition(":")
    first, last = _function(file, int(line))
    for one in known:
        if one.check == failed.check and one.file == file and first <= one.line <= last:
            return one
    return None


@cache
def _functions(file: str) -> tuple[tuple[int, int], ...]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return tuple(
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _function(file: str, line: int) -> tuple[int, int]:
    """First and last line of the innermost function around a line."""
    around = [(first, last) for first, last in _functions(file) if first <= line <= last]
    return max(around, default=(line, line))
