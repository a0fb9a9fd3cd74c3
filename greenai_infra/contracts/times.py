"""Times as a plan and a stack's config hold them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta

from greenai_infra.clock import EARLIEST_YEAR, LATEST_YEAR
from greenai_infra.typed_yaml.checked import checked_by, written_as

# What stands unquoted in a stack's file reaches the program as the engine prints it: 2026-12-01 22:00:00 +0000 UTC
PRINTED = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d\d)(\d\d) \S+")


def _as_written(value: Any) -> Any:
    return PRINTED.sub(r"\1T\2\3:\4", value) if isinstance(value, str) else value


def _of_this_era(moment: datetime) -> None:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"years from {EARLIEST_YEAR} to {LATEST_YEAR} are understood")


Time = Annotated[
    datetime,
    Meta(tz=True, examples=[datetime(2026, 12, 1, 22, tzinfo=UTC)]),
    written_as(_as_written),
    checked_by(_of_this_era),
]
"""Timezone-aware, of this era."""
