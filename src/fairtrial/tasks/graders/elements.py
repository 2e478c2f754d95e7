"""The things that a written answer lists, and whether two of them are the same.  Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.graders.number import find_reach
from fairtrial.tasks.reading import clean, read_number
from fairtrial.tasks.reading.plain import cut_own_part, find_marked_answer

MOST = 500
"""Things in one answer; a text with more lists nothing."""

NONE = {"none", "nothing", "empty", "no items", "n/a", "{}", "[]", "()", "-"}
"""Ways to say that there are none."""

_BULLET = re.compile(r"[ \t]*(?:[-*•–]|\(?\d{1,3}[.)])[ \t]+(\S.*)")
_FENCE = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL)
_LIST = re.compile(r"\[[^\[\]]*\]")
_MARK = re.compile(
    r"\b(?:final |correct )?(?:answers?|list|set)\b[^.\n:]{0,40}?(?:\bis\b|\bare\b|:)[ \t:]*", re.IGNORECASE
)
_LEAD = re.compile(r"[^,;\n:]{0,200}?(?::|\bare\b|\bis\b)\s+", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMERIC = re.compile(r"[^\w\s]?\s*[-+\u2212]?\s*[$€£¥]?\d[\d.,\u00a0\u202f ]{0,40}(?:[eE][-+]?\d{1,3})?\s*%?")
_TIGHT = "\ue001"
_KEPT, _KEPT_PLACE = "\ue002{}\ue003", re.compile("\ue002(\\d+)\ue003")


def read_right(text: str, separators: Sequence[str]) -> list[str] | None:
    """Return the things that a right answer lists, which has no words around them; None if it lists none."""
    said = clean(text)
    found = _clean_elements(_find_json(said) or _split(said, separators, None))
    return found if found or said.casefold() in NONE else None


def read_elements(text: str, separators: Sequence[str], right: Sequence[str] = ()) -> list[str] | None:
    """Return the things that a text lists; None if it lists nothing that can be read.

    A JSON list counts first, then bulleted or numbered lines, then what stands between separators, without the words
    that lead to it ("The colours are"); of a text with a marked answer only that is read.

    Args:
        text: an answer.
        separators: what parts things; one made of letters counts as a word only.
        right: what should be there.  A name of these that holds a separator (*Trinidad and Tobago*) is one thing in the
            text, too; digits in threes between commas (``100,200``) are one number, unless as several they are so many.
    """
    said = clean(cut_own_part(text))
    marked = find_marked_answer(said)
    said = clean(marked) if marked else said
    if not said:
        return None
    if said.casefold().strip(" .!") in NONE:
        return []
    found = _find_json(said)
    if found is None and (bullets := [m[1] for line in said.splitlines() if (m := _BULLET.fullmatch(line))]):
        found = bullets
    if found is None:
        found = _split_around(_cut_lead(said), separators, right)
    found = _clean_elements(found)
    return None if len(found) > MOST or (not found and said != "[]") else found


def _clean_elements(found: Sequence[str]) -> list[str]:
    """Return things without quotation marks around them; none where it is said that there are none."""
    kept = [one for part in found if (one := clean(part).strip("\"'`“”").strip())]
    return [] if len(kept) == 1 and kept[0].casefold().strip(" .!") in NONE else kept


def _find_json(text: str) -> list[str] | None:
    """Return the texts of the last list of JSON values in an answer."""
    fenced = [block for block in _FENCE.findall(text) if block.strip().startswith("[")]
    lists = _LIST.findall(fenced[-1] if fenced else text)
    for one in reversed(lists):
        try:
            found = json.loads(one)
        except (ValueError, RecursionError):
            if len(lists) == 1 and one == text.strip():
                return None if '"' in one or "'" in one else one[1:-1].split(",")
            continue
        if all(isinstance(value, str | int | float) for value in found):
            return [value if isinstance(value, str) else json.dumps(value) for value in found]
    return None


def _cut_lead(text: str) -> str:
    """Return a text without the words that lead to what it lists."""
    if marks := list(_MARK.finditer(text)):
        text = text[marks[-1].end() :]
    lead = _LEAD.match(text)
    return text[lead.end() :] if lead and text[lead.end() :].strip() else text


def _split_around(text: str, separators: Sequence[str], right: Sequence[str]) -> list[str]:
    """Return what stands between separators, but for those inside of names that are right."""
    between = _compile(separators)
    whole = sorted({name for name in right if between.search(name) and not _NUMERIC.fullmatch(name)}, key=len)[::-1]
    if not whole:
        return _split(text, separators, len(right) or None)
    found: list[str] = []

    def keep(match: re.Match[str]) -> str:
        found.append(match[0])
        return _KEPT.format(len(found) - 1)

    names = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in whole), re.IGNORECASE)
    parts = _split(names.sub(keep, text), separators, len(right) or None)
    return [_KEPT_PLACE.sub(lambda place: found[int(place[1])], part) for part in parts]


def _split(text: str, separators: Sequence[str], wanted: int | None) -> list[str]:
    kept = _THOUSANDS.sub(_TIGHT, text)
    parts = [part.replace(_TIGHT, ",") for part in _compile(separators).split(kept)]
    if _TIGHT in kept and wanted is not None and len([one for one in parts if one.strip()]) != wanted:
        apart = _compile(separators).split(text)
        parts = apart if len([one for one in apart if one.strip()]) == wanted else parts
    return [part.strip().rstrip(".!?") if not part.strip()[:-1].isdigit() else part.strip(" .!?") for part in parts]


def _compile(separators: Sequence[str]) -> re.Pattern[str]:
    longest = sorted(separators, key=len, reverse=True)
    marks = [rf"(?<!\w){re.escape(one)}(?!\w)" if one[0].isalpha() else re.escape(one) for one in longest]
    return re.compile("|".join(marks), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListElement:
    """One thing of a list, ready to be compared: its folded text, and the number that it is."""

    text: str
    number: Fraction | None

    @classmethod
    def read(cls, text: str, ignore: Sequence[str]) -> ListElement:
        """Return a thing from its text, without what is to be ignored."""
        return cls(drop_ignored(text, ignore), read_plain_number(text))


def find_like(said: Sequence[ListElement], right: Sequence[ListElement], tolerance: float | str) -> list[list[int]]:
    """Return, for each thing that was said, the places of the right things that it may be.

    Two things are one if their texts are, or the numbers that both of them are.
    """
    spans = [None if one.number is None else _find_span(one.number, tolerance) for one in right]
    return [
        [
            j
            for j, (other, span) in enumerate(zip(right, spans, strict=True))
            if one.text == other.text or (one.number is not None and span and span[0] <= one.number <= span[1])
        ]
        for one in said
    ]


def _find_span(number: Fraction, tolerance: float | str) -> tuple[Fraction, Fraction]:
    reach = find_reach(number, tolerance)
    return number - reach, number + reach


def read_plain_number(text: str) -> Fraction | None:
    """Return the number that a thing is; None if it is more, or something else."""
    return read_number(text) if _NUMERIC.fullmatch(text.strip()) else None


def compute_f1(matched: int, said: int, right: int) -> float:
    """Return the harmonic mean of the shares of what was said and of what is right that match; 1 if both are none."""
    return 2 * matched / (said + right) if said + right else 1.0
