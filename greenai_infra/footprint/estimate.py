"""A quantity with its band. Uncertainty survives arithmetic instead of being rounded away."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

from greenai_infra.footprint.constants import constant


class Estimate(Struct, frozen=True):
    """A non-negative quantity: the value to plan with, and the low and high end of what is plausible."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.value <= self.high < float("inf"):
            raise ValueError(f"not a band around a value: {self.low} <= {self.value} <= {self.high}")

    @classmethod
    def exact(cls, value: float) -> Self:
        """A quantity without a band, such as a measured quantity."""
        return cls(value, value, value)

    @classmethod
    def of(cls, name: str) -> Self:
        """A model constant by name."""
        known = constant(name)
        return cls(known.value, known.low, known.high)

    def __mul__(self, other: Estimate | float) -> Estimate:
        if isinstance(other, Estimate):
            return Estimate(self.value * other.value, self.low * other.low, self.high * other.high)
        return Estimate(self.value * other, self.low * other, self.high * other)

    __rmul__ = __mul__

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.low + other.low, self.high + other.high)

    def __truediv__(self, other: Estimate | float) -> Estimate:
        if isinstance(other, Estimate):
            return Estimate(self.value / other.value, self.low / other.high, self.high / other.low)
        return Estimate(self.value / other, self.low / other, self.high / other)
