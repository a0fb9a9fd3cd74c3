"""Changes of a section of a stack's config, for tests that plant mistakes or edit a stack that stands."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def replaced(section: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with keys replaced, or taken out where None; `server.port` reaches into what stands below `server`.

    A key to be taken out must be there (KeyError), or the test would change nothing.
    """
    made = copy.deepcopy(dict(section))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = made
        for name in parents:
            place = place.setdefault(name, {})
        if value is None:
            place.pop(last)
        else:
            place[last] = value
    return made
