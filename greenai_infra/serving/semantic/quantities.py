"""Numbers, units, dates and times of day in one form each: `10 kilograms`, `10kg` and `10,000 g` are one token.

A conversion is made only where it is exact and nobody would answer differently: metric prefixes of length, mass,
volume, power and energy. A number alone stays as it is written but for the commas of thousands (version 3.10 isn't 3.1).
"""

from __future__ import annotations

import re
from fractions import Fraction

_SMALL = dict(
    zip(
        "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split(),
        (0, *range(2, 20)),
        strict=True,
    )
)
_TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = dict(
    zip(
        "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th".split(),
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        strict=True,
    )
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct"
        "|november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}

# unit: (dimension, factor to its base), by every way in which it is written. Symbols hold only after a number.
_UNITS: dict[str, tuple[str, Fraction]] = {}
_SYMBOLS: dict[str, str] = {}


def _add(names: str, symbols: str, dimension: str, factor: str = "1") -> None:
    """Units with the same meaning; the first name is the one that is kept."""
    first, *others = names.split()
    _UNITS[first] = (dimension, Fraction(factor))
    for name in (first, *others):
        _NAMES[name] = first
    for symbol in symbols.split():
        _SYMBOLS[symbol] = first


_NAMES: dict[str, str] = {}
for _row in """
kilogram kilograms kilo kilos kilogramme kilogrammes|kg kgs Kg KG|mass|1000
gram grams gramme grammes|g gr|mass|1
milligram milligrams|mg|mass|0.001
microgram micrograms|mcg µg μg|mass|0.000001
tonne tonnes|t|tonne
ton tons||ton
pound pounds|lb lbs|pound
ounce ounces|oz|ounce
kilometer kilometers|km kms Km KM|length|1000
meter meters|m|length|1
centimeter centimeters|cm|length|0.01
millimeter millimeters|mm|length|0.001
mile miles|mi|mile
foot feet|ft|foot
inch inches||inch
yard yards|yd yds|yard
liter liters|l L|volume|1
milliliter milliliters|ml mL|volume|0.001
gallon gallons|gal|gallon
cup cups||cup
tablespoon tablespoons|tbsp|tablespoon
teaspoon teaspoons|tsp|teaspoon
hour hours|h hr hrs|hour
minute minutes|min mins|minute
seconds|s sec secs|second
millisecond milliseconds|ms|millisecond
day days||day
week weeks||week
month months||month
year years|yr yrs|year
kilowatt kilowatts|kW kw|power|1000
megawatt megawatts|MW|power|1000000
watt watts|W|power|1
kilowatthour kilowatthours|kWh kwh KWH|energy|1000
megawatthour megawatthours|MWh|energy|1000000
volt volts|V|volt
hertz|Hz|hertz
megahertz|MHz|megahertz
gigahertz|GHz|gigahertz
gigabyte gigabytes|GB gb|gigabyte
megabyte megabytes|MB mb|megabyte
terabyte terabytes|TB tb|terabyte
kilobyte kilobytes|KB kB|kilobyte
gigabit gigabits|Gb Gbit|gigabit
megabit megabits|Mb Mbit|megabit
percent|%|percent
celsius centigrade|°C °c|celsius
fahrenheit|°F °f|fahrenheit
kelvin||kelvin
dollar dollars bucks|$|dollar
euro euros|€ eur EUR|euro
gbp|£ GBP|gbp
yen|¥|yen
usd|USD|usd
calorie calories|cal|calorie
kilocalorie kilocalories|kcal|kilocalorie
acre acres||acre
hectare hectares|ha|hectare
mph|mph|mph
kmh kph|kph|kmh
degree degrees|°|degree
""".strip().splitlines():
    _names, _symbols, _dimension, *_factor = _row.split("|")
    _add(_names, _symbols, _dimension, *_factor)

_NUMBER = re.compile(r"^([-+]?)([$€£¥]?)(\d+(?:,\d{3})+|\d+)(\.\d+)?(%|°[cCfF]?)?$")
_GLUED = re.compile(r"^(\d+(?:\.\d+)?)([A-Za-zµμ%]+)$")
_CLOCK = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
_ISO_DATE = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")
_DAY = re.compile(r"^([0-3]?\d)(?:st|nd|rd|th)?$")
_YEAR = re.compile(r"^[12]\d{3}$")


def in_one_form(tokens: list[str]) -> list[str]:
    """The tokens with each number, quantity, date and time of day as one token in one form."""
    if not any(_may_count(token) for token in tokens):
        return [_NAMES.get(token, token) for token in tokens]
    tokens = _digits(tokens)
    found: list[str] = []
    at = 0
    while at < len(tokens):
        taken, made = _date(tokens, at) or _time(tokens, at) or _quantity(tokens, at) or (1, [_unit_name(tokens[at])])
        found.extend(made)
        at += taken
    return found


def _may_count(token: str) -> bool:
    return token[-1:].isdigit() or any(letter.isdigit() for letter in token) or token in _SMALL or token in _TENS or token in _SCALES


def _unit_name(token: str) -> str:
    return _ORDINALS.get(token) or _NAMES.get(token, token)


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
        if token in _SMALL and (not seen or part % 10 == 0 and part % 100 != 10):
            part += _SMALL[token]
        elif token in _TENS and part % 100 == 0:
            part += _TENS[token]
        elif token == "one" and (part % 100 >= 20 and part % 10 == 0 or _scale_follows(tokens, at)):
            part += 1
        elif token == "a" and not seen and _scale_follows(tokens, at):
            part += 1
        elif scale and not seen and (number := _NUMBER.match(token)):
            part = Fraction(number[3])
        elif scale and seen and part:
            if scale == 100:
                part *= 100
            else:
                total, part = total + part * scale, Fraction(0)
        elif not seen and _scale_follows(tokens, at) and (number := _NUMBER.match(token)) and not (number[2] or number[5]):
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
        unit = _SYMBOLS[currency or after]
        if currency and at + 1 < len(tokens) and tokens[at + 1] in ("usd", "dollars", "euros"):
            taken = 2
        if unit == "degree" and at + 1 < len(tokens) and (scale := _temperature(tokens[at + 1])):
            unit, taken = scale, 2
    elif at + 1 < len(tokens):
        after_it = tokens[at + 1]
        unit = _NAMES.get(after_it, "") or _symbol(after_it)
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
        _NAMES[token] if token in ("celsius", "centigrade", "fahrenheit") else ""
    )


def _symbol(text: str) -> str:
    """The unit of a symbol as it stands after a number; letters in the other case count only where they are unambiguous."""
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    return ""


def _amount(value: Fraction, unit: str) -> str:
    dimension, factor = _UNITS.get(unit, (unit, Fraction(1)))
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
