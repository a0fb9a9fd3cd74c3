"""What is true in the campaign: the intensity of every place at any time, g/kWh, no two of them alike.

Every number tells by its decimals which place, day and edition it belongs to, so that a value that strayed is found.
"""

from datetime import UTC, datetime
from math import isclose

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
FIVE_S = 300

ORDINARY = (
    datetime(2026, 3, 10, 12, 30, tzinfo=UTC),
    datetime(2026, 6, 30, 23, 58, 59, 999_000, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
    datetime(2028, 2, 29, 6, 5, 1, tzinfo=UTC),
)
CLOCK_CHANGES = (
    (datetime(2026, 3, 29, 1, tzinfo=UTC), 60, 120),
    (datetime(2026, 10, 25, 1, tzinfo=UTC), 120, 60),
    (datetime(2026, 3, 8, 10, tzinfo=UTC), -480, -420),
    (datetime(2026, 11, 1, 9, tzinfo=UTC), -420, -480),
)
"""Moments at which central Europe's and California's clocks change, minutes from UTC before and after."""

OLD, NEW = 0, 1
"""Editions: of the answer that was kept some time ago, and of the one that is asked for now."""


def true_g(place: int, start_s: float, step_s: int, edition: int = NEW) -> float:
    """The mean over [start, start + step) at the place of that number; 150 to 420 g/kWh."""
    count = step_s // FIVE_S
    return sum(_five_minutes(place, start_s + FIVE_S * number) for number in range(count)) / count + 0.2117 * edition


def estimate_g(place: int, start_s: float, step_s: int, edition: int = NEW) -> float:
    """What was expected before it was measured."""
    return true_g(place, start_s, step_s, edition) + 5.0519


def same(one_g: float, other_g: float) -> bool:
    """Equal but for rounding."""
    return isclose(one_g, other_g, rel_tol=0, abs_tol=2e-5)


def floor_s(moment_s: float, step_s: int) -> int:
    """The start of the step that holds the moment."""
    return int(moment_s // step_s) * step_s


def _five_minutes(place: int, start_s: float) -> float:
    hour, five = int(start_s // HOUR_S) % 24, int(start_s // FIVE_S) % 12
    day = int(start_s // DAY_S) % 60
    return 150 + 1.00713 * place + 6 * hour + 0.5 * five + 0.0377 * day
