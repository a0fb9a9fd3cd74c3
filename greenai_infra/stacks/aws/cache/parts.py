"""What either kind of cache is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.site import Site


@dataclass(frozen=True)
class CacheParts:
    """Network, key and users of a cache."""

    site: Site
    key_arn: Any
    subnet_ids: Sequence[Any]
    security_group_id: Any
    user_group_id: Any
