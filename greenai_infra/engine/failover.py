"""If a region has no capacity or is closed to the account, tries the next region of the ranking; other failures stop.

Only a stack that claims capacity at once (`launch: now`) can fail for capacity while building. A scheduled run needs
capacity at its start: the state machine then retries in the same region and sends a notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from greenai_infra.errors import NoCapacity, RegionClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Built = TypeVar("Built")


@dataclass(frozen=True)
class Applied(Generic[Built]):
    """The stack that was built, what building it gave, and the stacks tried before it, which had no capacity."""

    stack: str
    result: Built
    without_capacity: tuple[str, ...]


def build_first_with_capacity(
    stacks: Sequence[str],
    build: Callable[[str], Built],
    on_no_capacity: Callable[[str, NoCapacity, str | None], None],
) -> Applied[Built]:
    """Builds the first stack, best first, whose region has capacity.

    Calls `on_no_capacity(stack, error, next_stack)` for each stack without capacity. At the end of the ranking,
    `next_stack` is None and NoCapacity is raised.
    """
    tried: list[str] = []
    had = "has capacity or quota"
    for stack, following in zip(stacks, [*stacks[1:], None], strict=True):
        try:
            return Applied(stack, build(stack), tuple(tried))
        except NoCapacity as error:
            tried.append(stack)
            if isinstance(error, RegionClosed):
                had = "is open to the account and has capacity and quota"
            on_no_capacity(stack, error, following)
    raise NoCapacity(
        f"none of the ranked regions that were tried {had}: {', '.join(tried)}; "
        "try later, try more of the ranking with --top, or plan again"
    )
