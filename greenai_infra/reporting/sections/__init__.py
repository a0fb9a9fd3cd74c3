"""Sections of reports: each is a file in here with a `SPEC`, shown in every form that its report has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from greenai_infra.discovery import modules_of

if TYPE_CHECKING:
    from greenai_infra.reporting.section import Section, SectionSpec


@cache
def section_specs() -> tuple[SectionSpec, ...]:
    """All of them, in the order in which reports have them."""
    found: list[tuple[str, SectionSpec]] = [(module.__name__, module.SPEC) for module in modules_of(__name__)]
    return tuple(spec for _, spec in sorted(found, key=lambda named: (named[1].order, named[0])))


def sections_of(report: Literal["run", "preview"], facts: Any) -> list[Section]:
    """The sections of a report that have something to say of these facts."""
    described = (spec.describe(facts) for spec in section_specs() if spec.report == report)
    return [section for section in described if section is not None]
