"""What `init` writes into a user's folder: text from `templates/`, written as a whole or left out as a whole.

Delimiters are `@{ }@` and `<% %>`, because GitHub's expressions and Docker's formats use the usual delimiters.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.files import write_all
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import jinja2


def render(name: str, variables: Mapping[str, Any]) -> str:
    """A template, by its path below `templates/`."""
    return _environment().get_template(name).render(variables)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates")),
        undefined=jinja2.StrictUndefined,
        variable_start_string="@{",
        variable_end_string="}@",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def write_files(root: Path, files: Mapping[str, str], force: bool) -> list[tuple[str, str]]:
    """Writes files below a folder, or undoes all; returns (path, wrote | replaced | unchanged) of each.

    Without `force`, raises InputError naming a file that exists with different content.
    """
    before = {path: _content(root / path) for path in files}
    other = [path for path, content in before.items() if content is not None and content != files[path].encode()]
    if other and not force:
        raise InputError(f"{root} already has {', '.join(other)}, with other content; overwrite it with --force")
    todo = {root / path: text for path, text in files.items() if before[path] != text.encode()}
    try:
        for path in todo:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{error.filename} can't be made: {error.strerror}") from None
    write_all(todo)
    return [
        (path, "unchanged" if root / path not in todo else "wrote" if content is None else "replaced")
        for path, content in before.items()
    ]


def _content(path: Path) -> bytes | None:
    """Returns the content of a file; None if it does not exist."""
    if not os.path.lexists(path):
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
