"""`exact`: the answer is one of the right ones, but for white space at the ends and what is to be ignored."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from fairtrial.records import Measure
from fairtrial.spec.graders import Exact
from fairtrial.tasks.graders.base import Grader, Grades, Row
from fairtrial.tasks.reading import clean

_ARTICLES = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
_OURS = str.maketrans("", "", string.punctuation)


def fold(text: str, ignore: Sequence[str]) -> str:
    """Return a text without what is ignored, in one Unicode form (NFC), white space at its ends gone."""
    text = clean(unicodedata.normalize("NFC", text))
    if "case" in ignore:
        text = text.casefold()
    if "punctuation" in ignore:
        text = "".join(c for c in text.translate(_OURS) if not unicodedata.category(c).startswith("P"))
    if "articles" in ignore:
        text = _ARTICLES.sub(" ", text)
    if "numbers" in ignore:
        text = _NUMBERS.sub("", text)
    if {"articles", "punctuation", "numbers"} & {*ignore}:
        text = " ".join(text.split())
    return "".join(text.split()) if "spaces" in ignore else text


class ExactGrader(Grader[Exact]):
    """1 where the answer is one of the right ones, else 0."""

    Settings: ClassVar = Exact
    measures = (Measure("exact_match"),)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare after what is ignored is gone from both."""
        said = fold(answer, self.settings.ignore)
        return {"exact_match": (float(any(said == fold(text, self.settings.ignore) for text in expected)), 1.0)}
