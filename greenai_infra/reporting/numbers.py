"""Numbers as a person reads them: rounded here and nowhere else."""

from __future__ import annotations

from math import floor, log10


def significant(value: float, digits: int = 3) -> str:
    """A number with that many significant digits, thousands separated, never in exponent form: 0.00123, 1,230."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    places = digits - 1 - floor(log10(abs(rounded)))
    return f"{rounded:,.{max(0, places)}f}"


def short_time(moment: str) -> str:
    """An RFC 3339 time in UTC as `2026-01-31 18:00`."""
    return moment[:10] + " " + moment[11:16]


def duration(hours: float) -> str:
    """Hours as `45 min`, `7.2 h` or `12.5 days`."""
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"


def percent(value: float) -> str:
    """Percent with two significant digits, three from 10 on, no finer than hundredths: `8.2 %`, `12.5 %`, `0 %`."""
    return f"{float(f'{round(value, 2):.{3 if abs(value) >= 10 else 2}g}'):g} %"
