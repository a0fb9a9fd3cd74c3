"""Rendering the comment's template: nothing but checked Markdown gets in, and the whole fits into a comment."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from greenai_infra.reporting.comment.markdown import Markdown
from greenai_infra.reporting.comment.view import SHORTER, view
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from greenai_infra.reporting.comment.view import Facts

TEMPLATES = "templates/comment"
GITHUB_LIMIT = 65_536  # characters of an issue comment; counted here in bytes of UTF-8, which are never fewer
_BLANK_LINES = re.compile(r"\n{3,}")


def render_comment(facts: Facts, limit: int = GITHUB_LIMIT) -> Markdown:
    """The comment on one stack, at most `limit` bytes: where it is longer, the details are shortened first."""
    template = environment().get_template("comment.md.j2")
    for limits in SHORTER:
        body = Markdown(_BLANK_LINES.sub("\n\n", template.render(view(facts, limits))))
        if len(body.encode()) <= limit:
            return body
    raise AssertionError(f"the shortest comment has {len(body.encode())} bytes")  # every list and text is bounded


def render_emissions(variables: dict[str, Any]) -> Markdown:
    """The comment on a measured run; its length is bounded by its template."""
    return Markdown(_BLANK_LINES.sub("\n\n", environment().get_template("emissions.md.j2").render(variables)))


@cache
def environment() -> jinja2.Environment:
    """Templates of comments, which refuse any text that was not made Markdown."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped(TEMPLATES)),
        undefined=jinja2.StrictUndefined,
        finalize=_only_markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # HTML is the least of it: see _only_markdown
        keep_trailing_newline=True,
    )


def _only_markdown(value: Any) -> Any:
    if isinstance(value, Markdown | int):
        return value
    raise TypeError(f"a template may show Markdown and whole numbers, not {type(value).__name__}: {value!r}")
