"""The two words that every carbon intensity carries; values that differ in either must not be mixed."""

from __future__ import annotations

from enum import StrEnum


class Signal(StrEnum):
    """The plants that an intensity describes: all that run, or those that respond to an additional kWh."""

    AVERAGE = "average"
    MARGINAL = "marginal"


class Basis(StrEnum):
    """The emissions of a plant that count: its stack alone, or its whole life cycle."""

    LIFECYCLE = "lifecycle"
    DIRECT = "direct"


AVERAGE_LIFECYCLE = (Signal.AVERAGE, Basis.LIFECYCLE)
AVERAGE_DIRECT = (Signal.AVERAGE, Basis.DIRECT)
MARGINAL_DIRECT = (Signal.MARGINAL, Basis.DIRECT)
