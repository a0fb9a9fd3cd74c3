"""Lists resources that no rule of the carbon gate reads although they may matter.

The SDK's schema decides which types these are: a type unknown to the rules that has properties for a key, encryption or
public access; a type whose schema is not installed; and a type that builds hidden resources.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from greenai_infra.policy.judged import HIDES, JUDGED, is_telling
from greenai_infra.previews.sdk.schema import property_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.contracts.declared import DeclaredResource


def not_judged(resources: Iterable[DeclaredResource]) -> dict[str, int]:
    """Type -> how many of the resources of this type are built and judged by no rule; sorted by type."""
    built = (one for one in resources if one.custom and not one.read and not one.is_provider)
    counts = Counter(one.type for one in built if _is_not_judged(one.type))
    return dict(sorted(counts.items()))


def _is_not_judged(type_: str) -> bool:
    if type_ in JUDGED or type_.startswith("pulumi:"):
        return False
    if HIDES.match(type_):
        return True
    names = property_names(type_)
    return names is None or is_telling(type_, names)
