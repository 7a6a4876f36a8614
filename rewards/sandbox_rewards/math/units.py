"""What numbers count: names of units, their one spelling, and words around an answer that say nothing."""

from __future__ import annotations

import re
from functools import lru_cache

PREFIXES = frozenset(
    {"approximately", "about", "roughly", "approx", "approx.", "exactly", "answer", "the answer is", "is", "only"}
)
"""Words before a value that change nothing about it."""

_SPELLINGS = {
    "cm": "centimeter centimeters centimetre centimetres cms", "mm": "millimeter millimeters millimetre millimetres",
    "m": "meter meters metre metres", "km": "kilometer kilometers kilometre kilometres kms", "inch": "in inches ins",
    "foot": "ft feet", "yard": "yd yds yards", "mile": "mi miles", "hour": "hr hrs h hours", "minute": "min mins minutes",
    "second": "s sec secs seconds", "day": "days", "week": "weeks", "month": "months", "year": "years yr yrs", "g": "gram grams",
    "kg": "kilogram kilograms kgs kilo kilos", "mg": "milligram milligrams", "lb": "lbs pound pounds", "oz": "ounce ounces",
    "l": "liter liters litre litres", "ml": "milliliter milliliters millilitre millilitres", "gallon": "gallons gal",
    "ton": "tons tonne tonnes", "°": "deg degs degree degrees", "rad": "radian radians", "$": "dollar dollars usd bucks",
    "cent": "cents", "euro": "euros eur", "%": "percent pct percentage percents", "mile / hour": "mph", "km / hour": "kph kmh",
    "unit": "units", "square": "sq squared", "cubic": "cu cubed", "acre": "acres", "hectare": "hectares", "hz": "hertz",
    "j": "joule joules", "n": "newton newtons", "w": "watt watts", "v": "volt volts", "am": "a.m. a.m", "pm": "p.m. p.m",
}  # fmt: skip
_ONE = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in (unit, *spellings.split())}
_COUNTED = frozenset({
    "apple", "apples", "bag", "bags", "ball", "balls", "book", "books", "box", "boxes", "boy", "boys", "bus", "buses",
    "candies", "car", "cars", "child", "children", "coin", "coins", "cookie", "cookies", "digit", "digits", "egg", "eggs",
    "female", "females", "game", "games", "girl", "girls", "integer", "integers", "item", "items", "marble", "marbles",
    "male", "males", "member", "members", "number", "numbers", "page", "pages", "pair", "pairs", "people", "person",
    "persons", "piece", "pieces", "point", "points", "solution", "solutions", "step", "steps", "student", "students", "time",
    "times", "triangle", "triangles", "value", "values", "vote", "votes", "way", "ways", "word", "words", "per", "rpm",
})  # fmt: skip
_ONE_LETTER = frozenset({"m", "g", "s", "h", "l", "L", "J", "N", "W", "V"})


def is_unit(name: str) -> bool:
    """Whether a word says what a number counts."""
    return len(name) > 1 and name.isalpha() and (name.lower() in _ONE or name.lower() in _COUNTED)


def is_short_unit(name: str) -> bool:
    """Whether a single letter behind a number may be one: `5 m`."""
    return name in _ONE_LETTER


@lru_cache(maxsize=5_000)
def meridiem(unit: str) -> str:
    """`am` or `pm` where the unit is one, else nothing."""
    if not unit:
        return ""
    return {"am": "am", "pm": "pm"}.get(re.sub(r"[^a-z]", "", unit.lower()), "")


@lru_cache(maxsize=5_000)
def one_spelling(unit: str) -> str:
    """`square centimeters`, `cm²` and `cm^2` as the same words; articles and what is in brackets go."""
    if meridiem(unit):
        return meridiem(unit)
    unit = re.sub(r"\([^()]*\)", " ", unit.lower()).replace("\\", "")
    unit = re.sub(r"\bper\b", "/", unit)
    unit = re.sub(r"\b(?:sq\.?|square)\s+(?!units?\b)([a-z]+)", r"\1^2", unit)
    unit = re.sub(r"\b(?:cu\.?|cubic)\s+(?!units?\b)([a-z]+)", r"\1^3", unit)
    unit = re.sub(r"([a-z]+)\s+squared\b", r"\1^2", unit)
    unit = re.sub(r"([a-z]+)\s+cubed\b", r"\1^3", unit)
    words = re.findall(r"[a-z]+|\^?-?[0-9]+|[%°$/]", unit)
    return " ".join(
        _ONE.get(word, _singular(word)) for word in words if word not in ("of", "the", "a", "an", "in", "total") or word == unit
    )


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith("ss") else word
