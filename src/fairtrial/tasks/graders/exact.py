"""`exact`: the answer is one of the right ones, but for white space at the ends and what is to be ignored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from fairtrial.records import Measure
from fairtrial.spec.graders import Exact
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.reading import clean

_ARTICLES = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
_FORMS = str.maketrans(
    dict.fromkeys("“”„‟«»「」『』《》", '"') | dict.fromkeys("‘’‚‛", "'") | dict.fromkeys("‐‑‒–−", "-")
)
_QUOTED = re.compile(r"(?<![\w\"])\"([^\"]*)\"|(?<!\w)'([^']*)'(?!\w)|`([^`]*)`")
_MARKED = re.compile(
    r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*]*)(?<=[^\s*])\1(?![\w*])|(?<![\w_])__(?=[^\s_])([^_]*)__(?![\w_])"
)
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_SHORTENED = re.compile(r"(?<![\w.])(?:[^\W\d_]\.){2,}(?!\w)")
_ENDS = re.compile(r"(?<=[^\s\d!])!+(?=\s|\Z)|(?<=\S)[.,?;:…。、，！？；：．]+(?=\s|\Z)|(?<!\S)[¿¡](?=\w)")
_LAST = re.compile(r"(?<=[^\W\d])\s+[.!?;:]+\Z")
_AROUND = re.compile(r"\(([^()\[\]{}]*)\)|\[([^()\[\]{}]*)\]|\{([^()\[\]{}]*)\}")


def drop_ignored(text: str, ignore: Sequence[str]) -> str:
    """Return a text without what is ignored, in one Unicode form (NFC), white space at its ends gone.

    Of punctuation only what means nothing is ignored: quotation marks, marks of emphasis, what ends a sentence or
    clause (at the end, or before white space), brackets around the whole.  Signs, operators and what stands between
    digits stay: ``3.5`` is not ``35``, nor ``C++`` ``C``.  A text of which nothing would be left stays, but for case.
    """
    return _reduce(text, ignore) or fold_case(text, ignore)


def fold_case(text: str, ignore: Sequence[str]) -> str:
    """Return a text in one Unicode form, white space at its ends gone, and in one case if that is ignored."""
    text = clean(unicodedata.normalize("NFC", text))
    return text.casefold() if "case" in ignore else text


def is_all_ignored(text: str, ignore: Sequence[str]) -> bool:
    """Return whether no letter or digit of a text would be left, so that it must be looked for as it stands."""
    return not any(char.isalnum() for char in _reduce(text, ignore))


def _reduce(text: str, ignore: Sequence[str]) -> str:
    text = fold_case(text, ignore)
    if "punctuation" in ignore:
        text = _remove_punctuation(text)
    if "articles" in ignore:
        text = _ARTICLES.sub(" ", text)
    if "numbers" in ignore:
        text = _NUMBERS.sub("", text)
    if {"articles", "punctuation", "numbers"} & {*ignore}:
        text = " ".join(text.split())
    return "".join(text.split()) if "spaces" in ignore else text


def _remove_punctuation(text: str) -> str:
    """Return a text without the punctuation that means nothing."""
    text = text.translate(_FORMS)
    is_list = "," in text or ";" in text  # (1, 2) is not [1, 2]
    for _ in range(3):  # marks within marks: **"Paris".**
        text = _QUOTED.sub(_keep_inside, _MARKED.sub(lambda m: m[2] if m[3] is None else m[3], text))
        text = _SHORTENED.sub(lambda m: m[0].replace(".", ""), text)
        text = _LAST.sub("", _ENDS.sub("", text)).strip()
        text = _keep_inside(whole).strip() if (whole := _AROUND.fullmatch(text)) and not is_list else text
    return _APOSTROPHE.sub("", text)


def _keep_inside(found: re.Match[str]) -> str:
    return next((part for part in found.groups() if part is not None), "")


class ExactGrader(Grader[Exact]):
    """1 where the answer is one of the right ones, else 0."""

    Settings: ClassVar = Exact
    measures = (Measure("exact_match"),)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare after what is ignored is gone from both."""
        said = drop_ignored(answer, self.settings.ignore)
        return {"exact_match": (float(any(said == drop_ignored(text, self.settings.ignore) for text in expected)), 1.0)}
