"""What sections of a user's file are made of: the base of all structs, and the kinds of number."""

from __future__ import annotations

import sys
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from greenai_infra.numbers import COUNT_PATTERN

LARGEST = sys.float_info.max
"""The bound of numbers that have no other: infinity is no figure."""

Amount = Annotated[float, Meta(gt=0, le=1e18)]
Count = Annotated[float, Meta(gt=0, le=1e18, extra_json_schema={"pattern": COUNT_PATTERN})]
Hours = Annotated[float, Meta(gt=0, le=87_600)]
Share = Annotated[float, Meta(gt=0, le=1)]
Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
NonNegative = Annotated[float, Meta(ge=0, le=LARGEST)]
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """Base of all sections: unknown keys are errors. `example` is shown where something else stands in its place."""

    example: ClassVar[str]
