"""The comments as an HTML page that looks like the pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.reporting.comment.markdown import Markdown
from greenai_infra.reporting.comment.render import environment

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_page(bodies: Sequence[str]) -> str:
    """One page with each comment in a box; tables and raw HTML are understood as GitHub does."""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": True}).enable("table")
    return environment().get_template("page.html.j2").render(bodies=[Markdown(renderer.render(one)) for one in bodies])
