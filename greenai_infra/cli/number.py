"""Numbers on the command line."""

from __future__ import annotations

import math
from typing import Any

import click

from greenai_infra.numbers import counted_in_words


class NumberRange(click.FloatRange):
    """A float within bounds. Refuses nan, which passes click's range check."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; fails with a usage error."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("nan is not a number; give a finite number.", param, ctx)
        return number


class FiniteRange(NumberRange):
    """A finite float within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; fails with a usage error."""
        number = super().convert(value, param, ctx)
        if math.isinf(number):
            self.fail(f"{value} is not finite.", param, ctx)
        return number


class Count(FiniteRange):
    """A finite number above 0, also written as a count: 8.03e9, 8B, 15T."""

    name = "count"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; fails with a usage error."""
        return super().convert(counted_in_words(value) if isinstance(value, str) else value, param, ctx)
