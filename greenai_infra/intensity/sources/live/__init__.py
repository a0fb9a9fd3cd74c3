"""The live sources: every file or folder in here with a `SPEC` is found automatically.

A `SPEC` is read at each start, so it and its imports are light: code that asks and reads is imported within `open`, or
lives in a second file.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.discovery import modules_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.intensity.service.live_source import LiveSource

PUBLIC = "public"
"""After `--source`: the sources that need no contract, asked together."""


@cache
def live_sources() -> Mapping[str, LiveSource]:
    """All of them by name, in the order in which `auto` asks."""
    found: list[LiveSource] = [module.SPEC for module in modules_of(__name__)]
    found.sort(key=lambda spec: (spec.public, spec.rank, spec.name))
    return {spec.name: spec for spec in found}


def is_live(name: str) -> bool:
    """Whether a source of that name, as after `--source`, asks a service."""
    first = name.removeprefix("climatology:").partition(":")[0]
    return first in live_sources() or first == PUBLIC
