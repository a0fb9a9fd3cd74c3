"""What sections of a user's file are made of: the base of all structs, and the kinds of number."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from greenai_infra.numbers import COUNT_PATTERN

Amount = Annotated[float, Meta(gt=0, le=1e18)]
Count = Annotated[float, Meta(gt=0, le=1e18, extra_json_schema={"pattern": COUNT_PATTERN})]
Hours = Annotated[float, Meta(gt=0, le=87_600)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """Base of all sections: unknown keys are errors. `example` is shown where something else stands in its place."""

    example: ClassVar[str]
