"""`anls`: how like a right answer a text is, letter by letter; for text that was read from an image.

Average normalised Levenshtein similarity (Biten et al. 2019, "Scene text visual question answering", equation 1): with
NL the edit distance over the length of the longer text, an answer is worth 1 - NL where NL is below the threshold, else
0; the right answer that is nearest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from fairtrial.errors import DataError
from fairtrial.records import Measure
from fairtrial.spec.answers import Anls
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.exact import drop_ignored


class AnlsGrader(Grader[Anls]):
    """The similarity to the nearest right answer, 0 from the threshold on."""

    Settings: ClassVar = Anls
    measures = (Measure("anls"),)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Compare after what is ignored is gone from both, white space in between counted once."""
        said = self._fold(answer)
        value = max(
            (compute_similarity(said, self._fold(text), self.settings.threshold) for text in expected), default=0.0
        )
        return {"anls": (value, 1.0)}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if a right answer is too long to be compared letter by letter."""
        super().check_row(expected, row)
        if longest := next((text for text in expected if len(text) > MOST), None):
            raise DataError(f"a right answer has {len(longest):,} characters; `anls` compares at most {MOST:,}")

    def _fold(self, text: str) -> str:
        return " ".join(drop_ignored(text, self.settings.ignore).split())


MOST = 10_000
"""Letters of a right answer: more take seconds to compare."""


def compute_similarity(said: str, right: str, threshold: float) -> float:
    """Return 1 - NL of two texts where NL is below the threshold, else 0."""
    longest = max(len(said), len(right))
    if said == right:
        return 1.0
    if abs(len(said) - len(right)) >= threshold * longest:  # so many letters at least must come or go
        return 0.0
    distance = compute_edit_distance(said, right) / longest
    return 1.0 - distance if distance < threshold else 0.0


def compute_edit_distance(a: str, b: str) -> int:
    """Return the insertions, deletions and replacements of letters that make one text of another."""
    if len(a) > len(b):
        a, b = b, a  # a step of the loop for each letter of the shorter one
    codes = np.array([ord(char) for char in b], np.int64)
    steps = np.arange(len(b) + 1)
    row = steps.copy()
    for i, char in enumerate(a, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(char)))
        # an insertion follows from the cell to the left: the least of all to the left, each a step further
        row = np.minimum.accumulate(np.concatenate(([i], best)) - steps) + steps
    return int(row[-1])
