"""The two words that every carbon intensity carries; values that differ in either must not be mixed."""

from __future__ import annotations

from enum import StrEnum


class Signal(StrEnum):
    """Which plants an intensity speaks of: all that run, or those that answer to one kWh more."""

    AVERAGE = "average"
    MARGINAL = "marginal"


class Basis(StrEnum):
    """Which emissions of a plant count: its stack alone, or its whole life cycle."""

    LIFECYCLE = "lifecycle"
    DIRECT = "direct"


AVERAGE_LIFECYCLE = (Signal.AVERAGE, Basis.LIFECYCLE)
AVERAGE_DIRECT = (Signal.AVERAGE, Basis.DIRECT)
MARGINAL_DIRECT = (Signal.MARGINAL, Basis.DIRECT)
