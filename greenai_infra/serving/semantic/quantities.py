"""Numbers, units, dates and times of day in one form each: `10 kilograms`, `10kg` and `10,000 g` are one token.

A conversion is made only where it is exact and nobody would answer differently: metric prefixes of length, mass,
volume, power and energy. A number alone stays as it is written but for the commas of thousands (3.10 isn't 3.1).
"""

from __future__ import annotations

import re
from fractions import Fraction

from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.units import NAMES, SYMBOLS, UNITS

_SMALL = dict(
    zip(
        listed(
            "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        ),
        (0, *range(2, 20)),
        strict=True,
    )
)
_TENS = {w: 10 * n for n, w in enumerate(listed("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_COUNTING = frozenset({*_SMALL, *_TENS, *_SCALES, "half"})
_ORDINALS = dict(
    zip(
        ["1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th", "11th", "12th"],
        listed("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"),
        strict=True,
    )
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        listed(
            "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october "
            "oct|november nov|december dec",
            "|",
        ),
        1,
    )
    for name in names.split()
}

_DIGIT = re.compile(r"[0-9]")
_NUMBER = re.compile(r"^([-+]?)([$€£¥]?)(\d+(?:,\d{3})+|\d+)(\.\d+)?(%|°[cCfF]?)?$")
_GLUED = re.compile(r"^(\d+(?:\.\d+)?)([A-Za-zµμ%]+)$")
_CLOCK = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
_ISO_DATE = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")
_DAY = re.compile(r"^([0-3]?\d)(?:st|nd|rd|th)?$")
_YEAR = re.compile(r"^[12]\d{3}$")


def in_one_form(tokens: list[str]) -> list[str]:
    """The tokens with each number, quantity, date and time of day as one token in one form."""
    if _COUNTING.isdisjoint(tokens) and not _has_digits("".join(tokens)):
        return [NAMES.get(token, token) for token in tokens]
    tokens = _digits(_rates_joined(tokens))
    found: list[str] = []
    at = 0
    while at < len(tokens):
        taken, made = _date(tokens, at) or _time(tokens, at) or _quantity(tokens, at) or (1, [_unit_name(tokens[at])])
        found.extend(made)
        at += taken
    return found


def _has_digits(text: str) -> bool:
    return _DIGIT.search(text) is not None if text.isascii() else any(map(str.isdigit, text))


_RATES = {("mile", "per", "hour"): "mph", ("kilometer", "per", "hour"): "kmh"}


def _rates_joined(tokens: list[str]) -> list[str]:
    """`miles per hour` as one unit, `half an hour` as 30 minutes."""
    found: list[str] = []
    at = 0
    while at < len(tokens):
        here = tuple(NAMES.get(token, token) for token in tokens[at : at + 3])
        if here in _RATES:
            found.append(_RATES[here])
        elif here == ("half", "an", "hour"):
            found.extend(("30", "minutes"))
        else:
            found.append(tokens[at])
            at -= 2
        at += 3
    return found


def _unit_name(token: str) -> str:
    return _ORDINALS.get(token) or NAMES.get(token, token)


def _digits(tokens: list[str]) -> list[str]:
    """Number words as digits. `one` and `a` count only before a scale: elsewhere they are pronoun and article."""
    found: list[str] = []
    at = 0
    while at < len(tokens):
        value, taken = _words_number(tokens, at)
        if taken:
            found.append(str(value))
            at += taken
            continue
        found.append(tokens[at])
        at += 1
    return found


def _words_number(tokens: list[str], at: int) -> tuple[Fraction | int, int]:
    total, part, start, seen = Fraction(0), Fraction(0), at, False
    while at < len(tokens):
        token = tokens[at]
        scale = _SCALES.get(token)
        if token in _SMALL and (not seen or (part % 10 == 0 and part % 100 != 10)):
            part += _SMALL[token]
        elif token in _TENS and part % 100 == 0:
            part += _TENS[token]
        elif (token == "one" and ((part % 100 >= 20 and part % 10 == 0) or _scale_follows(tokens, at))) or (
            token == "a" and not seen and _scale_follows(tokens, at)
        ):
            part += 1
        elif scale and not seen and (number := _NUMBER.match(token)):
            part = Fraction(number[3])
        elif scale and seen and part:
            if scale == 100:
                part *= 100
            else:
                total, part = total + part * scale, Fraction(0)
        elif (
            not seen
            and _scale_follows(tokens, at)
            and (number := _NUMBER.match(token))
            and not (number[2] or number[5])
        ):
            part = Fraction(number[3].replace(",", "") + (number[4] or ""))
        elif token == "and" and seen and at + 1 < len(tokens) and part % 100 == 0 and part:
            if tokens[at + 1] not in _SMALL and tokens[at + 1] not in _TENS:
                break
        else:
            break
        seen = True
        at += 1
    if not seen or at == start:
        return 0, 0
    value = total + part
    if value.denominator != 1:
        return 0, 0
    return int(value), at - start


def _scale_follows(tokens: list[str], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1] in _SCALES


def _quantity(tokens: list[str], at: int) -> tuple[int, list[str]] | None:
    token = tokens[at]
    number = _NUMBER.match(token)
    unit, taken = "", 1
    if number is None:
        glued = _GLUED.match(token)
        if glued is None or (unit := _symbol(glued[2])) == "":
            return None
        return 1, [_amount(Fraction(glued[1]), unit)]
    sign, currency, whole, fraction, after = number.groups()
    whole = whole.replace(",", "")
    if currency or after:
        unit = SYMBOLS[currency or after]
        if currency and at + 1 < len(tokens) and tokens[at + 1] in ("usd", "dollars", "euros"):
            taken = 2
        if unit == "degree" and at + 1 < len(tokens) and (scale := _temperature(tokens[at + 1])):
            unit, taken = scale, 2
    elif at + 1 < len(tokens):
        after_it = tokens[at + 1]
        unit = NAMES.get(after_it, "") or _symbol(after_it)
        if after_it == "second" and (at + 2 == len(tokens) or tokens[at + 2] != "of"):
            unit = ""  # `1 second` and `the second`: the plural decides
        taken = 2 if unit else 1
        if unit == "degree" and at + 2 < len(tokens) and (scale := _temperature(tokens[at + 2])):
            unit, taken = scale, 3
    value = Fraction(f"{'-' if sign == '-' else ''}{whole}{fraction or ''}")
    if unit:
        return taken, [_amount(value, unit)]
    return 1, [f"{'-' if sign == '-' else ''}{whole}{fraction or ''}"]


def _temperature(token: str) -> str:
    return {"c": "celsius", "f": "fahrenheit"}.get(token.lower(), "") or (
        NAMES[token] if token in ("celsius", "centigrade", "fahrenheit") else ""
    )


def _symbol(text: str) -> str:
    """The unit of a symbol that stands after a number; empty for others."""
    return SYMBOLS.get(text, "")


def _amount(value: Fraction, unit: str) -> str:
    dimension, factor = UNITS.get(unit, (unit, Fraction(1)))
    return f"{value * factor}:{dimension}"


def _time(tokens: list[str], at: int) -> tuple[int, list[str]] | None:
    token = tokens[at]
    clock = _CLOCK.match(token)
    half, taken = "", 1
    glued = re.match(r"^(\d{1,2})(am|pm)$", token)
    if glued:
        hour, minute, half = int(glued[1]), 0, glued[2]
    elif at + 1 < len(tokens) and tokens[at + 1].lower() in ("am", "pm") and (clock or re.match(r"^\d{1,2}$", token)):
        hour, minute = (int(clock[1]), int(clock[2])) if clock else (int(token), 0)
        half, taken = tokens[at + 1].lower(), 2
    elif clock:
        hour, minute = int(clock[1]), int(clock[2])
    else:
        return None
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return taken, [f"{hour:02d}:{minute:02d}:time"]


def _date(tokens: list[str], at: int) -> tuple[int, list[str]] | None:
    if iso := _ISO_DATE.match(tokens[at]):
        return 1, [f"{int(iso[1])}-{int(iso[2])}-{int(iso[3])}:date"]
    here = tokens[at : at + 4]
    while len(here) > 1 and here[-1] == ",":
        here.pop()
    if len(here) < 2:
        return None
    month, day, taken = _MONTHS.get(here[0]), _DAY.match(here[1]), 2
    if not (month and day and not _YEAR.match(here[1])):
        day, month = _DAY.match(here[0]), _MONTHS.get(here[1])
        if not (day and month):
            return None
    rest = here[2:]
    year = ""
    if rest[:1] == [","] and len(rest) > 1 and _YEAR.match(rest[1]):
        year, taken = rest[1], 4
    elif rest and _YEAR.match(rest[0]):
        year, taken = rest[0], 3
    return taken, [f"{year}-{month}-{int(day[1])}:date"]
