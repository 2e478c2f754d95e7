"""Characters that nobody sees, or that change what others look like: taken out of texts, and counted.

Taken out: zero-width characters and joiners (but where a script or an emoji needs them), bidirectional controls,
tags (U+E0000 to U+E007F, but in the flags of England, Scotland and Wales), selectors of variants that stand in rows,
fillers without a glyph, control characters, and combining marks beyond what any language stacks.  Letters that only
look like Latin ones stay; words that mix them with Latin letters are counted, and folded where instructions are sought.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

MOST_MARKS = 6
"""Combining marks on one letter that stay."""

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_ZERO_WIDTH = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f"
                         "\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\u2800]")  # fmt: skip
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FLAGS = "\U0001f3f4(?:" + "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("gbeng", "gbsct", "gbwls")
) + ")\U000e007f"  # fmt: skip
_TAGS = re.compile(f"({_FLAGS})|[\U000e0000-\U000e007f]")
_SELECTORS = re.compile("(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_NEEDS_JOINERS = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc"
_EMOJI = "\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff\ufe0f"
_JOINERS = re.compile(
    f"(?<=[{_NEEDS_JOINERS}])[\u200c\u200d](?=[{_NEEDS_JOINERS}])|(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])|([\u200c\u200d])"
)
_BROKEN = re.compile("[\ud800-\udfff\ufdd0-\ufdef]|[\ufffe\uffff]")
_WORD = re.compile(r"[^\W\d_]{3,}")
_RARE = re.compile("[\ufe00-\ufe0f\U000e0000-\U000e01ef]")
_LAST_PLANE = 0x20000
"""No combining mark has a higher code."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without characters that nobody sees.

    Attributes:
        text: in Unicode NFC, lines end with a line feed.
        counts: kind -> how many characters were taken out, or words are doubtful; those that were found alone.
    """

    text: str
    counts: dict[str, int]


def clean_characters(text: str) -> Cleaned:
    """Return a text in NFC without characters that nobody sees; pure, and the same for what it returned."""
    counts: dict[str, int] = {}
    text = _LINE_ENDS.sub("\n", text)
    for name, pattern in (("control characters", _CONTROLS), ("bidirectional controls", _BIDI),
                          ("zero-width characters", _ZERO_WIDTH)):  # fmt: skip
        text, found = pattern.subn("", text)
        _count(counts, name, found)
    if "\u200c" in text or "\u200d" in text:
        text = _take_out(_JOINERS, text, "zero-width characters", counts, unwanted_group=1)
    if not text.isascii() and _RARE.search(text):
        text = _take_out(_TAGS, text, "tag characters", counts, kept_group=1)
        before = len(text)
        text = _SELECTORS.sub("", text)
        _count(counts, "variation selectors in rows", before - len(text))
    text, found = _BROKEN.subn("\ufffd", text)
    _count(counts, "characters that are none", found)
    text = unicodedata.normalize("NFC", text)
    if not text.isascii():
        text = _unstack(text, counts)
        _count(counts, "words of mixed scripts", sum(map(_mixes_scripts, _WORD.findall(text))))
    return Cleaned(text, counts)


def _count(counts: dict[str, int], name: str, found: int) -> None:
    if found:
        counts[name] = counts.get(name, 0) + found


def _take_out(
    pattern: re.Pattern[str], text: str, name: str, counts: dict[str, int], unwanted_group: int = 0, kept_group: int = 0
) -> str:
    removed = 0

    def decide(match: re.Match[str]) -> str:
        nonlocal removed
        kept = match[kept_group] is not None if kept_group else match[unwanted_group] is None
        removed += not kept
        return match[0] if kept else ""

    text = pattern.sub(decide, text)
    _count(counts, name, removed)
    return text


@cache
def _compile_stacks() -> re.Pattern[str]:
    """Return the pattern of more combining marks in a row than stay."""
    marks = "".join(one for one in map(chr, range(0x300, _LAST_PLANE)) if unicodedata.combining(one))
    return re.compile(f"[{marks}]{{{MOST_MARKS + 1}}}")


def _unstack(text: str, counts: dict[str, int]) -> str:
    """Return a text with at most so many combining marks in a row."""
    if not _compile_stacks().search(text):
        return text
    kept: list[str] = []
    marks = 0
    for one in text:
        marks = marks + 1 if unicodedata.combining(one) else 0
        if marks <= MOST_MARKS:
            kept.append(one)
    _count(counts, "stacked combining marks", len(text) - len(kept))
    return "".join(kept)


_LOOK_ALIKES = dict(zip(
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u051b\u051d\u0501\u04bb\u043a\u0442\u043c\u043d\u0432\u0433"
    "\u0410\u0412\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425\u0423\u0406\u0408\u0405"
    "\u03b1\u03bf\u03b9\u03ba\u03bd\u03c1\u03c4\u03c5\u03c7\u03b3\u03b7\u03c9\u03b5"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0261\u0251\u0131\u0269\u1d0f\u1d04\u1d1c\u1d20\u1d21\u1d22\u0280\u0274\u1d07\u026a\u029f\u0262",
    "aceopxyijsqwdhktmhbr"
    "ABCEHKMOPTXYIJS"
    "aoikvptuxynwe"
    "ABEZHIKMNOPTYX"
    "gaiiocuvwzrneilg",
    strict=True,
))  # fmt: skip
"""Letters of Cyrillic, Greek and phonetic alphabets -> the Latin letter that they are taken for."""


def fold_look_alikes(character: str) -> str:
    """Return the Latin letter that a character is taken for; itself if it looks like none."""
    return _LOOK_ALIKES.get(character, character)


def _mixes_scripts(word: str) -> bool:
    """Whether a word has Latin letters and, among them, letters of others that look like Latin ones."""
    if word.isascii():
        return False
    latin = sum("a" <= one.lower() <= "z" or "\u00c0" <= one <= "\u024f" for one in word)
    return latin > 1 and any(one in _LOOK_ALIKES for one in word)


def describe_counts(counts: dict[str, int]) -> list[str]:
    """Return notes about what was taken out, in a fixed order."""
    notes = []
    for name, found in sorted(counts.items()):
        if name == "words of mixed scripts":
            notes.append(f"{found} word{'s' * (found > 1)} of mixed scripts: letters that only look like Latin ones")
        else:
            notes.append(f"left out {found} {name if found > 1 else name.replace('characters', 'character')}")
    return notes
