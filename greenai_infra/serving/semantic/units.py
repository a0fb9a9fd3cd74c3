"""Units: their names and symbols, and the factor to the base of their dimension."""

from __future__ import annotations

from fractions import Fraction

NAMES: dict[str, str] = {}
"""The kept name of each way in which a unit is written."""
UNITS: dict[str, tuple[str, Fraction]] = {}
"""Dimension and factor to its base, by the name that is kept."""
SYMBOLS: dict[str, str] = {}
"""The kept name of a symbol, which holds only after a number."""


def _add(names: str, symbols: str, dimension: str, factor: str = "1") -> None:
    """Units with the same meaning; the first name is the one that is kept."""
    first, *others = names.split()
    UNITS[first] = (dimension, Fraction(factor))
    for name in (first, *others):
        NAMES[name] = first
    for symbol in symbols.split():
        SYMBOLS[symbol] = first


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
hour hours|h hr hrs|duration|3600
minute minutes|min mins|duration|60
seconds|s sec secs|duration|1
millisecond milliseconds|ms|millisecond
day days||days|1
week weeks||days|7
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
