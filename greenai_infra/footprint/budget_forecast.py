"""The forecast of a budget at the end of a period, from the emissions of each day so far.

Future days are modelled as independent draws from the past days: the expectation is `used + reserved + days left x
mean day`. The 90 % band is Student's prediction interval of a sum of days, so it covers both the scatter of the days
and the error of a mean of few days: `t(n - 1) x s x sqrt(left + left^2 / n)`. It never falls below what is used.
A single day shows no scatter: its scatter is then set to its value, as for exponential days, with the widest t.
The model ignores weekly rhythms, growth and single large runs that are not reserved.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW_DAYS = 14
"""With fewer days the band mostly reflects the error of the mean."""
Z_95 = 1.6448536269514722
T_95 = {1: 6.3137515, 2: 2.9199856}
"""Student's 95 % quantile where the series below is off by more than a percent (textbook tables)."""


@dataclass(frozen=True, slots=True)
class PeriodForecast:
    """kg CO2e at the end of a period; low to high is the 90 % band."""

    used_kg: float
    reserved_kg: float
    expected_kg: float
    low_kg: float
    high_kg: float
    days_left: float


def period_forecast(daily_kg: Sequence[float], used_kg: float, reserved_kg: float, days_left: float) -> PeriodForecast:
    """The end of a period. `daily_kg`: sums of past days, oldest first, days without a run as zero."""
    known_kg = used_kg + reserved_kg
    days = len(daily_kg)
    if not days or days_left <= 0:
        return PeriodForecast(used_kg, reserved_kg, known_kg, known_kg, known_kg, max(days_left, 0.0))
    mean_kg = sum(daily_kg) / days
    expected_kg = max(used_kg, known_kg + days_left * mean_kg)
    scatter_kg = sqrt(sum((kg - mean_kg) ** 2 for kg in daily_kg) / (days - 1)) if days > 1 else abs(mean_kg)
    half_kg = student_95(max(days - 1, 1)) * scatter_kg * sqrt(days_left + days_left**2 / days)
    low_kg = max(min(used_kg, expected_kg), expected_kg - half_kg)
    return PeriodForecast(used_kg, reserved_kg, expected_kg, low_kg, expected_kg + half_kg, days_left)


def student_95(freedom: int) -> float:
    """Student's 95 % quantile (Abramowitz and Stegun 26.7.5), exact to 0.5 %."""
    z = Z_95
    series = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    return T_95.get(freedom, series + third)
