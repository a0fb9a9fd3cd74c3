"""Numbers as a person reads them: rounded here and nowhere else."""

from __future__ import annotations

import re
from decimal import Decimal
from math import floor, isinf, log10

MOST, LEAST = 1e15, 1e-6
"""Outside of these zeros can no longer be counted by eye; no figure of a real workload is."""


COUNT_PATTERN = r"^(\d+(?:\.\d+)?) ?([kKmMbBgGtT])$"
"""A count with the letter of its power of ten, as in 13B. No amount with a unit takes one: 2T of kg may be tonnes."""
POWER_OF_TEN = {"k": 3, "m": 6, "b": 9, "g": 9, "t": 12}


def counted_in_words(text: str) -> float | str:
    """`13B`, `2 T`, `1.5k` as numbers; anything else as it stands."""
    found = re.fullmatch(COUNT_PATTERN, text.strip())
    return float(Decimal(found[1]).scaleb(POWER_OF_TEN[found[2].casefold()])) if found else text


def significant(value: float, digits: int = 3) -> str:
    """A number with that many significant digits, thousands separated: 0.00123, 1,230.

    An absurd one (from 1e15 on, below 1e-6) is written as 1.00e+308, and one that has overflowed as ∞.
    """
    if value == 0:
        return "0"
    if isinf(value):
        return "∞" if value > 0 else "-∞"
    if not LEAST <= abs(value) < MOST:
        return f"{value:.{digits - 1}e}"
    rounded = float(f"{value:.{digits - 1}e}")
    places = digits - 1 - floor(log10(abs(rounded)))
    return f"{rounded:,.{max(0, places)}f}"


def exact(value: float) -> str:
    """A number that somebody has written, with all its digits: 0.5, 1,200."""
    return f"{value:,.15g}"


def exceeding(value: float, limit: float) -> str:
    """Three significant digits of what is more than a limit; all of them where three would not show that."""
    return significant(value) if float(f"{value:.2e}") > limit else exact(value)


def counted(number: int, word: str) -> str:
    """`1 rule`, `2 rules`, `0 rules`."""
    return f"{number} {word}{'s' * (number != 1)}"


def short_time(moment: str) -> str:
    """An RFC 3339 time in UTC as `2026-01-31 18:00`."""
    return moment[:10] + " " + moment[11:16]


def duration(hours: float) -> str:
    """Hours as `36 s`, `45 min`, `7.2 h` or `12.5 days`."""
    if hours * 60 < 1:
        return f"{hours * 3600:.0f} s"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"


def percent(value: float) -> str:
    """Percent with two significant digits, three from 10 on, no finer than hundredths: `8.2 %`, `12.5 %`, `0 %`."""
    return f"{float(f'{round(value, 2):.{3 if abs(value) >= 10 else 2}g}'):g} %"
