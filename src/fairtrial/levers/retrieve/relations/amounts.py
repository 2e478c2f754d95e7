"""Numbers in a text, with what they count or measure, and within what bounds they are meant.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SMALL = {
    word: number
    for language in (
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty",
        "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
        "achtzehn neunzehn zwanzig",
    )
    for number, word in enumerate(language.split(" "), 2)
}
TENS = {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90,
}  # fmt: skip
SCALES = {
    "hundred": 1e2, "dozen": 12, "thousand": 1e3, "million": 1e6, "billion": 1e9, "m": 1e6, "mn": 1e6, "bn": 1e9,
    "k": 1e3, "hundert": 1e2, "dutzend": 12, "tausend": 1e3, "millionen": 1e6, "milliarde": 1e9, "milliarden": 1e9,
    "mio": 1e6, "mrd": 1e9,
}  # fmt: skip
CURRENCIES = {
    "€": "euro", "$": "dollar", "£": "pound", "euro": "euro", "euros": "euro", "eur": "euro", "dollar": "dollar",
    "dollars": "dollar", "pounds": "pound", "crowns": "crown", "kronen": "crown", "kroner": "crown", "francs": "franc",
    "franken": "franc",
}  # fmt: skip
_DAY, _YEAR = 1.0, 365.25
MEASURES: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("%", "per cent", "percent", "prozent"), ("share", 1.0)),
    **dict.fromkeys(("percentage points", "percentage point", "prozentpunkte", "prozentpunkten"), ("points", 1.0)),
    **dict.fromkeys(("minute", "minutes", "minuten", "mins"), ("duration", _DAY / 1440)),
    **dict.fromkeys(("hour", "hours", "stunde", "stunden"), ("duration", _DAY / 24)),
    **dict.fromkeys(("day", "days", "tage", "tagen"), ("duration", _DAY)),
    **dict.fromkeys(("week", "weeks", "woche", "wochen"), ("duration", 7 * _DAY)),
    **dict.fromkeys(("month", "months", "monat", "monate", "monaten"), ("duration", _YEAR / 12)),
    **dict.fromkeys(("year", "years", "jahr", "jahre", "jahren"), ("duration", _YEAR)),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters", "zentimeter"), ("length", 0.01)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters", "metern"), ("length", 1.0)),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers", "kilometern"), ("length", 1000.0)),
    **dict.fromkeys(("mile", "miles", "meilen"), ("length", 1609.0)),
    **dict.fromkeys(("foot", "feet"), ("length", 0.3048)),
    **dict.fromkeys(("square metre", "square metres", "square meters", "quadratmeter", "quadratmetern"), ("area", 1.0)),
    **dict.fromkeys(("hectare", "hectares", "hektar"), ("area", 1e4)),
    **dict.fromkeys(("acre", "acres"), ("area", 4047.0)),
    **dict.fromkeys(("square kilometres", "square kilometers", "quadratkilometer"), ("area", 1e6)),
    **dict.fromkeys(("gram", "grams", "gramm"), ("weight", 0.001)),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms", "kilogramm"), ("weight", 1.0)),
    **dict.fromkeys(("tonne", "tonnes", "ton", "tons", "tonnen"), ("weight", 1000.0)),
    **dict.fromkeys(("litre", "litres", "liter", "liters", "litern"), ("volume", 1.0)),
    **dict.fromkeys(("cubic metres", "cubic meters", "kubikmeter"), ("volume", 1000.0)),
    **dict.fromkeys(("kilowatt", "kilowatts"), ("power", 1.0)),
    **dict.fromkeys(("megawatt", "megawatts", "mw"), ("power", 1000.0)),
    **dict.fromkeys(("degrees", "grad"), ("degrees", 1.0)),
}
"""What a unit measures, and how much of it one is."""

_HEDGES = (
    ("about", r"about|around|some|roughly|approximately|almost exactly|circa|c\.|rund|etwa|ungefähr|zirka"),
    ("nearly", r"nearly|almost|just under|close to|knapp|fast|beinahe"),
    ("least", r"at least|no fewer than|no less than|mindestens|wenigstens"),
    ("over", r"more than|over|upwards of|above|mehr als|über"),
    ("most", r"at most|up to|no more than|fewer than|less than|under|below|höchstens|bis zu|weniger als|unter"),
)
_HEDGE = re.compile("|".join(rf"\b(?P<{name}>{words})\s+(?:[€$£]\s?)?$" for name, words in _HEDGES), re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:another|further|additional|extra|weitere[nr]?|zusätzliche[nr]?|noch)\s+(?:[€$£]\s?)?$", re.IGNORECASE
)
_AFTER = re.compile(r"\s?(?P<scale>[A-Za-z]+)\b\.?")
_WORDS = "|".join(sorted((*SMALL, *TENS), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w.,:/–-])(?P<money>[€$£])?\s?"
    rf"(?:(?P<whole>\d{{1,3}}(?:[ ,.\u202f]\d{{3}})+(?!\d)|\d+)(?P<part>[.,]\d{{1,2}})?"
    rf"|(?P<tens>{'|'.join(TENS)})(?:-(?P<ones>{'|'.join(SMALL)}))?|(?P<word>{'|'.join(SMALL)}))"
    r"(?![\w/:–-]|[.,]\d)(?P<end>)|(?<![\w.,:/–-])(?P<money2>[€$£])\s?(?P<whole2>\d+)(?P<part2>[.,]\d{1,2})?(?P<short>m|mn|bn|k)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WrittenAmount:
    """A number that a text gives.

    Attributes:
        start, end: where it stands, with its unit where that is one of measure or money.
        kind: ``number``, ``money``, or what its unit measures.
        unit: a currency, or nothing.
        low, high: bounds.
        name: of the unit as it is written.
        more: whether it comes on top of another number.
    """

    start: int
    end: int
    kind: str
    unit: str
    low: float
    high: float
    name: str
    more: bool


def find_amounts(text: str) -> Iterator[WrittenAmount]:
    """Yield the numbers of a text; no years, and none within longer signs such as ``17/4`` or ``v17``."""
    for found in _NUMBER.finditer(text):
        value, step = _read_number(found)
        end, currency = found.end(), CURRENCIES.get(found["money"] or found["money2"] or "", "")
        scale = _AFTER.match(text, end)
        if found["short"]:
            value, step = value * SCALES[found["short"].casefold()], step * SCALES[found["short"].casefold()]
        elif scale and scale["scale"].casefold() in SCALES and (len(scale["scale"]) > 2 or currency):
            factor = SCALES[scale["scale"].casefold()]
            value, step, end = value * factor, step * factor, scale.end()
        kind, unit, factor, end, name = _read_unit(text, end, currency)
        bare = found["whole"] and not found["part"] and found["whole"].isdigit()
        if kind == "number" and bare and 1900 <= value < 2100 and len(found["whole"]) == 4:
            continue  # a year
        before = text[: found.start() + 1 if found[0][:1].isspace() else found.start()]
        low, high = _bound(value * factor, step * factor, before, kind)
        yield WrittenAmount(found.start(), end, kind, unit, low, high, name, bool(_MORE.search(before[-40:])))


def _read_number(found: re.Match[str]) -> tuple[float, float]:
    """Return a number and how exact it is written: the last of its places that says something."""
    if found["word"]:
        return SMALL[found["word"].casefold()], 0.0
    if found["tens"]:
        return TENS[found["tens"].casefold()] + SMALL.get((found["ones"] or "").casefold(), 0), 0.0
    digits = re.sub(r"\D", "", found["whole"] or found["whole2"])
    part = (found["part"] or found["part2"] or "")[1:]
    value = float(f"{digits}.{part or 0}")
    if part:
        return value, 10.0 ** -len(part)
    zeros = len(digits) - len(digits.rstrip("0"))
    return value, 10.0**zeros if zeros > 1 else 0.0 if not found["short"] else 1.0


def _read_unit(text: str, end: int, currency: str) -> tuple[str, str, float, int, str]:
    """Return (kind, unit, factor, end, name) of what stands behind a number."""
    if currency:
        return "money", currency, 1.0, end, currency
    after = re.match(r"[\s-]?(%|€|[^\W\d_]+)(?:\s([^\W\d_]+))?", text[end : end + 40])
    if not after:
        return "number", "", 1.0, end, ""
    one, two = after[1].casefold(), (after[2] or "").casefold()
    if one in CURRENCIES:
        return "money", CURRENCIES[one], 1.0, end + after.end(1), CURRENCIES[one]
    for name, stop in ((f"{one} {two}", after.end(2)), (one, after.end(1))):
        if name in MEASURES:
            kind, factor = MEASURES[name]
            return kind, "", factor, end + stop, name
    return "number", "", 1.0, end, ""


def _bound(value: float, step: float, before: str, kind: str) -> tuple[float, float]:
    """Return between what a number lies, as it is written and hedged."""
    hedge = _HEDGE.search(before[-40:])
    name = hedge.lastgroup if hedge else ""
    if name == "about":
        return 0.9 * value, 1.1 * value
    if name == "nearly":
        return 0.9 * value, value
    if name == "least":
        return value, float("inf")
    if name == "over":
        return value, 1.5 * value
    if name == "most":
        return (0.0, value)
    if kind in ("share", "length", "area", "weight", "volume", "degrees") and not step:
        step = value * 0.02
    half = min(step / 2, 0.05 * value)
    return value - half, value + half
