"""Rewriting the imports of a program, so that it takes a component from a copy of its module."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

PACKAGE = "greenai_infra.stacks"


def with_copies(text: str, copies: Mapping[str, str], defined: Mapping[str, Collection[str]]) -> str:
    """Returns the program's text with `from` imports of each copied module, or of its names, redirected to the copy.

    `copies` is module of the package -> module of its copy, `defined` the names that the module defines. A text that is
    not valid Python stays unchanged.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = text.encode().splitlines(keepends=True)
    for node in sorted(_imports(tree), key=lambda found: (found.lineno, found.col_offset), reverse=True):
        parts = _parted(node, copies, defined)
        if [module for module, _ in parts] == [node.module]:
            continue
        before, after = lines[node.lineno - 1][: node.col_offset], lines[_end(node) - 1][node.end_col_offset :]
        between = b"; " if before.strip() else b"\n" + before
        written = between.join(f"from {module} import {', '.join(names)}".encode() for module, names in parts)
        lines[node.lineno - 1 : _end(node)] = [before + written + after]
    return b"".join(lines).decode()


def defined_names(text: str) -> list[str]:
    """What a module defines at its top: classes, functions and constants."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return found


def imports_any(text: str, modules: Collection[str]) -> bool:
    """Whether a program imports any of these modules, or a submodule."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    names = [node.module or "" for node in _imports(tree)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return any(name == module or name.startswith(f"{module}.") for name in names for module in modules)


def _imports(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level)


def _parted(
    node: ast.ImportFrom, copies: Mapping[str, str], defined: Mapping[str, Collection[str]]
) -> list[tuple[str, list[str]]]:
    """The same import in parts: (module, `NAME` or `NAME as OTHER` each), first what stays."""
    module = node.module or ""
    found: dict[str, list[str]] = {module: []}
    for alias in node.names:
        homes = [one for one in copies if alias.name in defined[one] and one.startswith(f"{module}.")]
        home = module if module in copies else homes[0] if homes and _is_public(module) else ""
        written = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        found.setdefault(copies.get(home, module), []).append(written)
    return [(one, names) for one, names in found.items() if names]


def _is_public(module: str) -> bool:
    """Whether it is `greenai_infra.stacks.aws` or its like, which offers components by their names."""
    return module.startswith(f"{PACKAGE}.") and module.count(".") == PACKAGE.count(".") + 1


def _end(node: ast.ImportFrom) -> int:
    return node.end_lineno or node.lineno
