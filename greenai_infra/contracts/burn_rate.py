"""From a monthly carbon budget to alarms on the rate at which it is used up.

A burn rate of 1 uses the month's budget in exactly a month. With B the budget in kg and a month of 30 days = 720 h:

    rate 1     = B / 720 kg an hour
    threshold  = rate x window_hours / 720 x B       kg within the window

The windows and rates are those of Google's Site Reliability Workbook, chapter 5 ("Alerting on SLOs"), table 5-8, with
carbon in place of errors:

    fast   2 % of B within 1 h   rate 0.02 x 720 / 1 = 14.4   gone in 720 / 14.4 = 50 h
           and in the last 5 min, still at that rate: 14.4 x (1/12) / 720 x B = B / 600
    slow   5 % of B within 6 h   rate 0.05 x 720 / 6 = 6      gone in 720 / 6 = 120 h
           and in the last 30 min, still at that rate: 6 x 0.5 / 720 x B = B / 240

The long window shows that the rate matters, the short window that it continues: with the long window alone, an alarm
would stay on for an hour (six hours) after the cause has ended. Worked out for B = 72 kg (0.1 kg an hour at rate 1):
fast needs more than 1.44 kg in an hour and 0.12 kg in five minutes, slow 3.6 kg in six hours and 0.3 kg in half an
hour. At 2.88 kg an hour, twice the fast rate, the hour is over its threshold after 30 minutes; once emissions end, the
five minutes reset it at once.

The workbook's third pair (10 % within 3 days) is left out: the daily budget covers that span, and more strictly.

CloudWatch allows each of these windows as a single period: it takes multiples of 60 s, at most a day in all for periods
below an hour, at most seven days for longer periods.
"""

from __future__ import annotations

from dataclasses import dataclass

MONTH_H = 720
"""Hours of the month that a budget is for: 30 days, as in the workbook. A calendar month is at most 3 % longer."""


@dataclass(frozen=True)
class Window:
    """Emissions within `length_s` seconds above `threshold_kg`."""

    length_s: int
    threshold_kg: float


@dataclass(frozen=True)
class BurnRate:
    """Both windows have to be over their threshold. `rate` is in multiples of the rate that lasts a month."""

    name: str
    rate: float
    long: Window
    short: Window

    @property
    def hours_left(self) -> float:
        """How long a whole month's budget lasts at this rate."""
        return MONTH_H / self.rate


PAIRS = (("fast", 14.4, 3600, 300), ("slow", 6.0, 21600, 1800))
"""Name, burn rate, long window and short window in seconds."""


def window_kg(monthly_budget_kg: float, rate: float, length_s: int) -> float:
    """kg that are emitted within a window at a burn rate."""
    return rate * (length_s / 3600) / MONTH_H * monthly_budget_kg


def burn_rates(monthly_budget_kg: float) -> tuple[BurnRate, ...]:
    """The fast and the slow alarm of a monthly budget in kg."""
    return tuple(
        BurnRate(
            name,
            rate,
            Window(long_s, window_kg(monthly_budget_kg, rate, long_s)),
            Window(short_s, window_kg(monthly_budget_kg, rate, short_s)),
        )
        for name, rate, long_s, short_s in PAIRS
    )
