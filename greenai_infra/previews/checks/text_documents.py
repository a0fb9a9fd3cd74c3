"""Documents that a resource holds as text and that have a separate check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import DeclaredResource, Finding, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Problem = tuple[str, str]
"""What is wrong, and what to do."""


def document_findings(
    resource: DeclaredResource, name: str, code: str, problems: Callable[[str], Iterable[Problem]]
) -> Iterator[Finding]:
    """A finding for each problem of the text in a property, if it is known before `up`."""
    text = plain(resource.rendered.get(name))
    if isinstance(text, str):
        for message, remedy in problems(text):
            yield resource.finding(code, name, message, remedy)
