"""Spans of a text that look like instructions to the model that reads it: found by stated rules, for marking.

A flag is no proof, and no flag is no proof either: the rules know common forms in some languages, plain, spelt out,
with digits or look-alike letters, backwards or encoded.  A span within quotation marks or code is told apart, since
articles quote what they report on; whoever attacks can use quotation marks as well.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from fairtrial.archive.hostile.folding import fold_text, read_digits
from fairtrial.archive.hostile.rules import RULES, SQUEEZED

MOST_SPANS = 200
"""Of one text that are told."""

_SPELT = re.compile(r"(?<![a-z])[a-z](?:[ ._*|/-]{1,3}[a-z](?![a-z])){8,400}")
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{24,4000}={0,2}")
_HEXADECIMAL = re.compile(r"(?<![\w])(?:[0-9a-fA-F]{2}[ :]?){20,2000}(?![\w])")
_PERCENT = re.compile(r"(?:[\w.~+-]{0,40}%[0-9A-Fa-f]{2}){6,600}[\w.~+-]{0,40}")
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{2,5};\s?){6,4000}")
_QUOTED = re.compile(
    "\u201c[^\u201c\u201d\n]{1,1500}\u201d"
    "|\u201e[^\u201e\u201c\u201d\n]{1,1500}[\u201c\u201d]"
    "|\u00ab[^\u00ab\u00bb\n]{1,1500}\u00bb"
    '|"[^"\n]{1,1500}"'
    "|(?<!\\w)\u2018[^\u2018\n]{1,1500}\u2019(?!\\w)"
    "|(?<!\\w)'[^'\n]{1,1500}'(?!\\w)"
    "|`[^`\n]{1,1500}`"
    "|```.{1,8000}?```",
    re.DOTALL,
)
_TOPIC = re.compile(r"instruction|prompt|directive|guideline")


@dataclass(frozen=True, slots=True)
class InstructionSpan:
    """A span that looks like an instruction.

    Attributes:
        start: first character in the text.
        end: one after the last.
        rule: what it looks like, e.g. ``overrides instructions``.
        quoted: whether it stands within quotation marks or code.
    """

    start: int
    end: int
    rule: str
    quoted: bool


def find_instructions(text: str) -> tuple[InstructionSpan, ...]:
    """Return the spans of a text that look like instructions to a model, by their place; pure.

    Spans of one rule that overlap are one; at most `MOST_SPANS` are told.
    """
    folded = fold_text(text)
    found = [*_find_plain(folded), *_find_encoded(text)]
    if (letters := read_digits(folded)) != folded and _TOPIC.search(letters):
        found += _find_plain(letters)
    found += _find_spelt(folded)
    for turned, name in ((folded[::-1], "written backwards"), (codecs.encode(folded, "rot13"), "encoded")):
        if _TOPIC.search(turned):
            backwards = name == "written backwards"
            found += [(len(text) - end, len(text) - start, name) if backwards else (start, end, name)
                      for start, end, rule in _find_plain(turned) if rule == "overrides instructions"]  # fmt: skip
    if not found:
        return ()
    quotes = [(one.start(), one.end()) for one in _QUOTED.finditer(text)]
    told = _merge(found)[:MOST_SPANS]
    return tuple(InstructionSpan(start, end, rule, _is_quoted(start, end, quotes)) for start, end, rule in told)


def _is_quoted(start: int, end: int, quotes: list[tuple[int, int]]) -> bool:
    """Return whether a span stands in one of some quotations, which are in order, or begins up to 3 characters before.

    A quotation has 3 characters or more, so that of those that begin before there the last two alone may reach it.
    """
    after = bisect(quotes, start + 3, key=lambda one: one[0])
    return any(first < end and start < last for first, last in quotes[max(0, after - 2) : after])


def _merge(found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return spans by their place, those of one rule that overlap as one."""
    merged: dict[str, list[tuple[int, int]]] = {}
    for start, end, rule in sorted(found):
        spans = merged.setdefault(rule, [])
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return sorted((start, end, rule) for rule, spans in merged.items() for start, end in spans)


def _find_plain(folded: str) -> Iterator[tuple[int, int, str]]:
    for name, words, pattern in RULES:
        if words and not any(word in folded for word in words):
            continue
        for match in pattern.finditer(folded):
            lead = len(match[0]) - len(match[0].lstrip(" \n\t.!?:;,>()[]*#\"'-"))
            lead = lead if match[0][:1] not in "<[#" else 0
            yield match.start() + lead, match.end(), name


def _find_spelt(folded: str) -> Iterator[tuple[int, int, str]]:
    for match in _SPELT.finditer(folded):
        if SQUEEZED.search(re.sub(r"[^a-z]", "", match[0])):
            yield match.start(), match.end(), "spelt out"


def _find_encoded(text: str) -> Iterator[tuple[int, int, str]]:
    for pattern, decode in ((_BASE64, _decode_base64), (_HEXADECIMAL, _decode_hexadecimal), (_PERCENT, unquote),
                            (_ENTITIES, unescape)):  # fmt: skip
        for match in pattern.finditer(text):
            said = decode(match[0])
            if said and (any(_find_plain(fold_text(said)))):
                yield match.start(), match.end(), "encoded"


def _decode_base64(text: str) -> str:
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _as_text(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _decode_hexadecimal(text: str) -> str:
    try:
        return _as_text(bytes.fromhex(re.sub(r"[ :]", "", text)))
    except ValueError:
        return ""


def _as_text(data: bytes) -> str:
    """Return bytes as text if they are mostly words."""
    text = data.decode("utf-8", "replace")
    letters = sum(one.isalpha() or one == " " for one in text)
    return text if letters >= 0.8 * len(text) else ""


def describe_spans(spans: tuple[InstructionSpan, ...]) -> list[str]:
    """Return notes about spans: how many of each rule, without their words."""
    notes = []
    for rule in sorted({one.rule for one in spans}):
        own = [one for one in spans if one.rule == rule]
        quoted = sum(one.quoted for one in own)
        within = f", {quoted} of them quoted" if quoted else ""
        notes.append(f"{len(own)} span{'s' * (len(own) > 1)} may be instructions to a model: {rule}{within}")
    return notes
