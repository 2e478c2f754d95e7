"""Which number a written answer gives.

A marked answer counts first (``\\boxed{}``, JSON, a tag, ``####``, "the answer is"), then what an equation ends in,
then the last number of the text, less brackets, reasons and what is denied.
Two numbers side by side, "5 or 6", give none.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache

from fairtrial.tasks.reading.plain import cut_own_part, find_marked_answer, remove_markup

MOST_DIGITS = 60
"""Digits of a number beyond which it is none that anybody asked for."""

_VULGAR = re.compile("(\\d)?[ ]?([\u00bc-\u00be\u2150-\u215e])")
_MINUS = re.compile("(?<![0-9A-Za-z)])[ ]?[\u2212\u2010-\u2015\ufe63\uff0d][ ]?(?=[.0-9])")
_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u2009]")
_FRAC = re.compile(r"\\[dt]?frac ?\{(\d{1,20})\}\{(\d{1,20})\}")
_UNIT = re.compile(r"\\(?:text|mathrm) ?\{([^{}]*)\}")
_DIGITS = r"(?:[1-9]\d{0,2}(?:[ ,.]\d{3})+(?!\d)|[1-9]\d?(?:,\d{2})+,\d{3}(?!\d)|\d{1,60})"
_NUMBER = re.compile(
    r"(?<![\w.,:/^])(?<!\d-)(?P<sign>[-+][ ]?)?(?:[$€£¥][ ]?(?P<late>-)?)?"
    rf"(?:(?P<whole>\d{{1,20}})[ ](?P<part>\d{{1,20}}/\d{{1,20}})|(?P<ratio>\d{{1,20}}/\d{{1,20}})"
    rf"|(?P<main>{_DIGITS})(?P<rest>[.,]\d{{1,60}})?|(?P<dot>\.\d{{1,60}}))"
    r"(?:[eE](?P<power>[-+]?\d{1,3})(?![\w])|[ ]?(?:[×x*·]|\\times)[ ]?10\^\{?(?P<ten>[-+]?\d{1,3})\}?)?"
    r"(?P<big>(?:[ ](?i:hundred|thousand|million|billion|trillion)\b)*)(?P<hundredths>\ue002)?"
    r"(?!(?:st|nd|rd|th)\b|[.,:/]?\d|-[A-Za-z\d]|[ ]?o'clock|[eE][-+]?\d)"
    "|(?P<odd>\ue000)"
)
_PERCENT = re.compile(
    r"(?<=[0-9\u00bc-\u00be\u2150-\u215e])"
    r"(?=[ \u00a0\u202f]{0,2}[*_$]{0,3}[ \u00a0\u202f]{0,2}\\?(?:[%\uff05]|per ?cent\b))",
    re.IGNORECASE,
)
"""Where a per cent sign follows a number, to be marked with the sign that makes hundredths."""

_ODD = re.compile(
    r"(?<![\w×·*])(?<![×x·*] )(?<!times)(?<!times )\d{1,60}\^\{?[-+]?\d{1,60}\}?|\d{1,60}\*\*\d{1,60}"
    r"|[√∛∜][ ]?\(?\d[\d.,]{0,60}\)?|\\sqrt ?(?:\[\d\])?\{\d[\d.,]{0,60}\}|(?<!\w)0[xXbBoO][0-9A-Fa-f]{1,60}\b"
    r"|(?<![\d.,])\d{1,60}(?:(?:--|#|_)\d{1,60})+|(?<![\d.,])\d{1,3},0{4,60}(?!\d)|(?<![\w.,])\d[\d.,]{0,60}[KMB]\b"
)
"""Powers, roots, hexadecimals and what may mean two things: put in one sign, they are numbers that are not read."""

_MONEY = re.compile(r"([$€£¥][ ]?\d[\d.,]{0,60})[ ]?(?:(k)|(m|mn)|(b|bn)|(t|tn))\b", re.IGNORECASE)
_KILO = re.compile(r"(?<![\w.,])(\d[\d.,]{0,60})k\b")
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_WORDS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_FIRST = "|".join([*_WORDS, "hundred", "thousand"])
_ANY = "|".join([*_WORDS, *_SCALES])
_SPELT = re.compile(rf"\b(?:(?:minus|negative) )?(?:{_FIRST})(?:(?:[ -]and)?[ -](?:{_ANY}))*\b")
_HASHES = re.compile(r"####[ \t]*([^\n]{1,80})")
_ANSWER = re.compile(
    r"\b(?:answer|result|total|sum|solution|response|respuesta|réponse|antwort|resposta|risposta|ответ|antwoord|odpowiedź"
    r"|svar(?:et)?|jawaban|cevap|đáp án)\b(?:(?!\bnot\b|n't)[^.\n\d]){0,40}?"
    r"(?:is|are|was|be|of|:|=|es|est|ist|é|è|är|er|là)\s*[:=]?\s*"
    r"|(?:答案|正解|答え?|정답)[是为為はが은는이가\s:：]*|\banswer\s+(?=[-+$\d])",
    re.IGNORECASE,
)
_TURN = re.compile(r"\b(?:wait|actually|no|hmm+|correction|sorry|oops|on second thoughts?)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:not|rather than|instead of)\s+(?:just\s+|only\s+)?[-+$€£]?\d[\d.,]*|n't\s+[-+$€£]?\d[\d.,]*", re.IGNORECASE
)
_PLAN = re.compile(
    r"\b(?:i need|need to|have to|must|let's|let us|going to|at first|initially|originally)\b", re.IGNORECASE
)
_RESULT = re.compile(r"=|\b(?:so|thus|therefore|hence|now|finally|left|remain|remains|makes|gives|is)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()\n]{0,200}\)|\[[^\[\]\n]{0,200}\]")
_REASON = re.compile(
    r",\s*as\b|(?:,\s*|\s)(?:(?:because|since|from|of|out of|when|if|where|in|that is|namely)\b|i\.e\.)", re.IGNORECASE
)
_LABEL = re.compile(r"\b(?:page|step|question|chapter|exercise|problem|figure)\s+\d+(?:\s+of\s+\d+)?", re.IGNORECASE)
_NAMED = re.compile(r"\b[^\W\d]+:\s*[$€£]?\d[\d.,]*[^,;\n\d]{0,20}[,;]\s*[^\W\d]+:\s*[$€£]?\d", re.IGNORECASE)
_JOINED = re.compile(
    r"\s*,\s+|[ \t]+|\s*(?:[A-Za-z]+\s+){0,2}(?:and|or|to|remainder|und|oder|et|ou|y|o|-|–|/)\s*"
    r"(?:(?:maybe|perhaps|possibly|probably|even)\s+)?",
    re.IGNORECASE,
)
_OPERATOR = re.compile(r"\s*(?:[A-Za-z$]{1,12}\s+)?(?:[-+*/×·÷x]|\\times)\s*[$]?\d")


@lru_cache(maxsize=64)
def read_number(text: str, *, hundredths: bool = False) -> Fraction | None:
    """Return the number that a text gives as its answer; None if it gives none, or more than one.

    ``1,234``, ``1 234`` and ``1.234.567`` are thousands, ``3,5`` and ``1.234`` decimals; ``5%`` is 5, ``5 million`` is
    5000000.  Number words count where the text has no digits.

    Args:
        text: an answer.
        hundredths: whether a number in digits with a per cent sign right behind it counts hundredths, so that ``5%``
            is 0.05.

    >>> read_number("Tom has 3 boxes of 4 pens, so he has 12 pens"), read_number("5 or 6")
    (Fraction(12, 1), None)
    """
    text = cut_own_part(text.replace("\ue002", " "))
    text = _PERCENT.sub("\ue002", text) if hundredths else text
    field = find_marked_answer(text)
    if field is not None:
        return _read(field) if len(field) < len(text) else None
    hashes = _HASHES.findall(text)
    return _read(hashes[-1] if hashes else text)


def _read(text: str) -> Fraction | None:
    text = _normalise(text)
    if not re.search("[0-9\ue000]", text):
        return _read_spelt(text)
    text = _LABEL.sub(" ", _DENIED.sub(" ", text))
    if _NAMED.search(text) or len(set(re.findall(r"\b([A-Za-z])\s*=", text))) > 1:
        return None
    stated = list(_ANSWER.finditer(text))
    for cue in reversed(stated):
        rest = text[cue.end() :]
        taken_back = next((m for m in _TURN.finditer(rest) if _NUMBER.search(rest, m.end())), None)
        if taken_back:
            return _read_last(rest[taken_back.end() :])
        line = rest.lstrip().split("\n", 1)[0]
        found = _NUMBER.match(line.lstrip(" ~≈"))
        if found:
            return _read_expression(line.lstrip(" ~≈"))
        spelt = _SPELT.match(line.lower())
        if spelt:
            return _read_words(spelt[0])
    return _read_last(text)


def _normalise(text: str) -> str:
    """Return a text with one kind of minus, digits and blanks, and fractions as ``a/b``."""
    text = _FRAC.sub(r" \1/\2 ", _UNIT.sub(r" \1", text.replace("{,}", ",").replace("\\,", "").replace("\\%", "%")))
    text = _VULGAR.sub(
        lambda m: f"{m[1] + ' ' if m[1] else ''}{unicodedata.normalize('NFKC', m[2])}", _SPACE.sub(" ", text)
    )
    text = re.sub(r"(?<=\d)[_'’](?=\d{3}(?!\d))", "", text)
    text = re.sub("([0-9])([⁰¹²³⁴-⁹]+)", lambda m: f"{m[1]}^{unicodedata.normalize('NFKC', m[2])}", text)
    text = _KILO.sub(r"\1 thousand", _MONEY.sub(_spell_scale, text))
    text = _ODD.sub(" \ue000 ", text)
    text = re.sub(r"(?<=\d)([ ]?)\*([ ]?)(?=\d)", r"\1×\2", text)
    text = remove_markup(text.replace("$", "\uf8ff")).replace("⁄", "/").replace("\uf8ff", "$")
    text = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    text = re.sub(r"\$(?=\D{0,200}\$|\s*\Z)|(?<=\d)\$", "", text)
    text = re.sub(r"^[ \t]*[-+][ ](?=\d)", lambda m: m[0].strip(), text)
    text = re.sub(r"(\d\s*)?\b(?:minus|negative)\s+(?=\d)", lambda m: m[0] if m[1] else "-", text, flags=re.IGNORECASE)
    return _MINUS.sub(lambda m: (" " if m[0].startswith(" ") else "") + "-", text)


def _spell_scale(found: re.Match[str]) -> str:
    """Return an amount of money with its scale written out: ``$5M`` as ``$5 million``."""
    return f"{found[1]} {('thousand', 'million', 'billion', 'trillion')[(found.lastindex or 2) - 2]}"


def _read_last(text: str) -> Fraction | None:
    """Return what an equation ends in, else the last number, less asides and reasons."""
    aside = _ASIDE.sub(" ", text)
    text = aside if _NUMBER.search(aside) else text
    before, mark, after = text.rpartition("=")
    if mark and _NUMBER.search(after):
        after_first = after.lstrip()
        found = _NUMBER.search(after_first)
        if found and _OPERATOR.match(after_first, found.end()) and (left := list(_NUMBER.finditer(before))):
            return _read_match(left[-1])
        rest = re.split(r"[.;\n]\s", after_first)
        return (
            _read_match(found)
            if found and not any(_NUMBER.search(part) for part in rest[1:])
            else _read_plain_last(after)
        )
    return _read_plain_last(text)


def _read_plain_last(text: str) -> Fraction | None:
    if _PLAN.search(re.split(r"[.!?]\s+(?=\S)", text.strip())[-1]) and not _RESULT.search(text):
        return None
    reason = next(
        (m for m in _REASON.finditer(text) if _NUMBER.search(text[: m.start()]) and _is_last_said(text, m)), None
    )
    if reason:
        text = text[: reason.start()]
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    if len(found) > 1:
        between = text[found[-2].end() : found[-1].start()]
        if _JOINED.fullmatch(between):
            return _read_match(found[-1]) if _read_match(found[-1]) == _read_match(found[-2]) else None
        if _OPERATOR.match(text, found[-2].end()) or (found[-1]["sign"] and not between.strip()):
            return None  # a sum that nobody has worked out
    return _read_match(found[-1])


def _is_last_said(text: str, reason: re.Match[str]) -> bool:
    """Whether a reason or source is the last thing that the text says: no further clause follows it."""
    rest = text[reason.end() :]
    if re.match(r",?\s*(?:because|since|as|i\.e|that is|namely)", reason[0], re.IGNORECASE):
        return not re.search(r"\b(?:so|thus|therefore|hence)\b", rest)
    return not re.search(r"[,;.\n:]\s+\S|\b(?:so|then|thus|leaves|has|have|get|is|are|gives|makes|left)\b|=", rest)


def _read_expression(text: str) -> Fraction | None:
    """Return the number at the beginning of a text, or what its equation ends in; None if two are offered."""
    found = _NUMBER.match(text)
    if not found:
        return None
    sentence = re.split(r"\.\s|\n", text)[0]
    if "=" in sentence and _OPERATOR.match(text, found.end()):
        return _read_last(sentence)
    following = _NUMBER.search(text, found.end())
    if following and (
        _JOINED.fullmatch(text[found.end() : following.start()])
        or _OPERATOR.match(text, found.end())
        or following["sign"]
    ):
        return None
    return _read_match(found)


def _read_match(found: re.Match[str]) -> Fraction | None:
    """Return a matched number; None for a fraction of nothing, or powers beyond reason."""
    if found["odd"]:
        return None
    power = int(found["power"] or found["ten"] or 0)
    if abs(power) > MOST_DIGITS:
        return None
    if ratio := found["part"] or found["ratio"]:
        above, below = map(int, ratio.split("/"))
        if below == 0:
            return None
        value = Fraction(above, below) + int(found["whole"] or 0)
    else:
        value = _read_decimal(found["main"] or "0", found["rest"] or found["dot"] or "")
    value *= Fraction(10) ** power
    for scale in (found["big"] or "").lower().split()[:3]:
        value *= _SCALES[scale]
    value /= 100 if found["hundredths"] else 1
    negative = "-" in (found["sign"] or "") or bool(found["late"])
    return -value if negative else value


def _read_decimal(main: str, rest: str) -> Fraction:
    """Return digits with thousands apart, and what follows a decimal point or comma."""
    groups = re.split(r"[ ,.]", main)
    points = main.count(".")
    if points == 1 and len(groups) == 2 and not rest:  # 1.234
        main, rest = groups[0], "." + groups[1]
        groups = [main]
    digits = "".join(groups)
    return Fraction(int(digits)) + (Fraction(int(rest[1:]), 10 ** len(rest[1:])) if rest else 0)


def _read_spelt(text: str) -> Fraction | None:
    """Return the one number that a text without digits spells."""
    found = [m[0] for m in _SPELT.finditer(text.lower())]
    bare = re.sub(r"[^a-z -]", "", text.lower()).strip()
    if found == ["one"] and bare != "one" and not _ANSWER.search(text):
        return None
    values = {_read_words(words) for words in found}
    return values.pop() if len(values) == 1 else None


def _read_words(words: str) -> Fraction | None:
    """Return the value of number words, or None if they make no number."""
    total, part, last = 0, 0, 10**15
    sign, _, rest = words.partition(" ")
    negative = sign in ("minus", "negative")
    for word in re.split(r"[ -]", rest if negative else words):
        if word == "and":
            continue
        if word == "hundred":
            part = (part or 1) * 100
        elif word in _SCALES:
            if _SCALES[word] >= last or (total and not part):
                return None
            last = _SCALES[word]
            total, part = total + (part or 1) * last, 0
        else:
            value = _WORDS[word]
            if part % 100 and not (part % 10 == 0 and value < 10 and part % 100 >= 20):
                return None
            part += value
    return Fraction(-(total + part) if negative else total + part)
